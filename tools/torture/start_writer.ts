import { fileURLToPath } from "node:url";

/** Starts a process that runs `writer.ts`. */
export function startWriter(args: readonly string[]): Deno.ChildProcess {
  const map = ["--import-map", "npm.importmap.json", "--lock", "npm.lock"];
  const flags = Deno.env.get("SPKNOCK_DENO_FLAGS");
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-q",
      "--no-prompt",
      ...(flags === undefined ? map : JSON.parse(flags)),
      "-P=tools",
      "tools/torture/writer.ts",
      ...args,
    ],
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    stdin: "null",
    stdout: "piped",
  }).spawn();
}
