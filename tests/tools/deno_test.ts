/** `tools/deno.ts`: packages are those of the lock files, no task renews one, and what was asked for by hand is not replaced. */
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { IS_FROM_NPM } from "../e2e/program.ts";
import { table } from "../table.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const reason = IS_FROM_NPM ? "" : " (ignored: the packages come from JSR)";

interface Lock {
  specifiers: Record<string, string>;
  npm: Record<string, unknown>;
}

/** Copies what `deno task spknock` needs. */
async function copyCheckout(to: string): Promise<void> {
  const files = [
    "deno.json",
    "npm.importmap.json",
    "main.ts",
    "src",
    "tools",
    "targets.example.toml",
  ];
  const from = files.map((file) => `${ROOT}${file}`);
  const { success } = await new Deno.Command("cp", { args: ["-R", ...from, to] }).output();
  assertEquals(success, true);
}

async function runTask(folder: string) {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "--config", `${folder}/deno.json`, "spknock", "--version"],
    env: { SPKNOCK_DEPS: "npm", NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

Deno.test({
  name: `deno task: a package that npm.lock does not hold is refused${reason}`,
  ignore: !IS_FROM_NPM,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "spknock-lock-" });
    try {
      await copyCheckout(folder);
      const text = await Deno.readTextFile(`${ROOT}npm.lock`);
      await Deno.writeTextFile(`${folder}/npm.lock`, text);
      assertEquals(await runTask(folder), { code: 0, stderr: "" });
      const lock = JSON.parse(text) as Lock;
      for (const part of [lock.specifiers, lock.npm]) {
        for (const key of Object.keys(part)) if (key.includes("deno-std@")) delete part[key];
      }
      await Deno.writeTextFile(`${folder}/npm.lock`, JSON.stringify(lock));
      const { code, stderr } = await runTask(folder);
      assertEquals(code, 1);
      assertStringIncludes(stderr, "The lockfile is out of date");
      const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
      assertEquals(names.includes("deno.lock"), false);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** A checkout and an empty cache, on a machine that reaches no registry: nothing listens at the proxy. */
async function runOffline(
  { args, chosen, files }: { args: readonly string[]; chosen?: string; files?: readonly string[] },
) {
  const folder = await Deno.makeTempDir({ prefix: "spknock-offline-" });
  try {
    await copyCheckout(folder);
    for (const name of files ?? []) await Deno.writeTextFile(`${folder}/${name}`, EMPTY_LOCK);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "-P=tools", `${folder}/tools/deno.ts`, ...args],
      cwd: folder,
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH") ?? "",
        HOME: folder,
        DENO_DIR: `${folder}/cache`,
        HTTPS_PROXY: "http://127.0.0.1:9",
        NO_COLOR: "1",
        ...(chosen === undefined ? {} : { SPKNOCK_DEPS: chosen }),
      },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    const made = Array.from(Deno.readDirSync(folder), ({ name }) => name)
      .filter((name) => name === "deno.lock" && !files?.includes(name));
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr), made };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const EMPTY_LOCK = '{ "version": "5" }';
const NO_JSR = "error: SPKNOCK_DEPS=jsr: JSR cannot be reached\n";

table<{ args: string[]; chosen?: string; files?: string[]; stderr: string }>(
  "deno task, where no registry can be reached",
  {
    "compile from JSR is refused, also with a lock file": {
      args: ["compile"],
      chosen: "jsr",
      files: ["deno.lock"],
      stderr: NO_JSR,
    },
    "a run from JSR is refused": { args: ["run", "main.ts"], chosen: "jsr", stderr: NO_JSR },
    "the tests from JSR are refused": { args: ["test"], chosen: "jsr", stderr: NO_JSR },
    "the lock file of JSR is not written": { args: ["lock"], chosen: "jsr", stderr: NO_JSR },
    "a compilation with plain prompts has to be asked for": {
      args: ["compile"],
      stderr: "deps: JSR cannot be reached; taking them from npm, prompts are plain\n" +
        "error: the executable would have plain prompts; SPKNOCK_DEPS=npm deno task compile makes it anyway\n",
    },
    "another source of packages is refused": {
      args: ["check"],
      chosen: "JSR",
      stderr: 'error: SPKNOCK_DEPS="JSR": use jsr or npm\n',
    },
  },
  async ({ stderr, ...call }) => {
    assertEquals(await runOffline(call), { code: 1, stdout: "", stderr, made: [] });
  },
);
