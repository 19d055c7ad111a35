/**
 * The program as a bundle: one chunk for each set of modules that is loaded together, `main.js` first.
 * It starts faster than the modules, also inside an executable (docs/decisions.md).
 *
 *   deno run -P=tools tools/bundle.ts EMPTY_FOLDER FLAGS...
 */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { WRITTEN_COMMIT } from "../src/system/commit.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/**
 * Writes the bundle into an empty folder, with the commit in it.
 *
 * @param flags where the dependencies come from, and the configuration.
 * @returns the paths of its chunks, without `main.js`.
 * @throws {Error} if the program cannot be bundled; deno's own words are on stderr.
 */
export async function writeBundle(folder: string, flags: readonly string[]): Promise<string[]> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "-q", ...flags, "--code-splitting", "--outdir", folder, "main.ts"],
    cwd: ROOT,
    stdout: "null",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the program could not be bundled");
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  const commit = await readCommit();
  const cache = await findCache();
  let written = 0;
  for (const name of names) {
    const file = `${folder}/${name}`;
    const parts = (await Deno.readTextFile(file)).split(JSON.stringify(WRITTEN_COMMIT));
    written += parts.length - 1;
    const text = parts.join(JSON.stringify(commit)).replaceAll(`${cache}/`, "cache/");
    await Deno.writeTextFile(file, hideDynamicImports(text));
  }
  if (written !== 1) throw new Error(`the commit was written ${written} times into the bundle`);
  return names.filter((name) => name !== "main.js").map((name) => `${folder}/${name}`);
}

/** Deno reads all modules that a literal `import("...")` names at the start: 14 of 22 ms, measured. */
function hideDynamicImports(text: string): string {
  return text.replaceAll(/\bimport\(("\.\/[^"]+")\)/g, "import(String($1))");
}

/** The commit, with `-dirty` where files were changed after it; "" outside a repository, or without git. */
async function readCommit(): Promise<string> {
  const git = new Deno.Command("git", {
    args: ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
    cwd: ROOT,
    stderr: "null",
  });
  try {
    const { success, stdout } = await git.output();
    return success ? new TextDecoder().decode(stdout).trim() : "";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** The folder of the dependencies as the bundle names it: the machine that built it is not part of it. */
async function findCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string };
  return relative(ROOT, denoDir).replaceAll("\\", "/");
}

if (import.meta.main) {
  const [folder = "", ...flags] = Deno.args;
  await writeBundle(folder, flags);
}
