/**
 * Runs deno with the dependencies that can be had: from JSR (deno.json) when they are cached or
 * reachable, else from the npm registry (`npm.importmap.json`). Every task goes through here.
 *
 *   deno run -P=tools tools/deno.ts run FILE ARGS... | test | check | lint | bench | torture | picture | docs | bundle
 *     | lock | release | compile
 *
 * `SPKNOCK_BIN=FILE` makes the tests start that executable instead of the checkout.
 * `SPKNOCK_DEPS=jsr|npm` decides by hand, and nothing replaces it: JSR needs `deno.lock` then. Without
 * it one line on stderr says so where npm is taken, and `compile` refuses npm's plain prompts. Nothing
 * goes to stdout but the output of what it runs (docs/decisions.md, "Lock files").
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { writeBundle } from "./bundle.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const CONFIG = `${ROOT}deno.json`;
const MAP = `${ROOT}npm.importmap.json`;

async function isQuietlyOk(args: string[]): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdout: "null",
    stderr: "null",
    stdin: "null",
  });
  return (await command.output()).success;
}

async function isJsrReachable(): Promise<boolean> {
  try {
    const response = await fetch("https://jsr.io/@std/toml/meta.json", {
      signal: AbortSignal.timeout(3_000),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Where dependencies come from: the flags for it, and whether `SPKNOCK_DEPS` asked for that. */
interface Dependencies {
  from: "jsr" | "npm";
  isChosen: boolean;
  flags: string[];
}

const NPM = [`--import-map=${MAP}`, `--lock=${ROOT}npm.lock`];
const JSR = [`--lock=${ROOT}deno.lock`];

/**
 * Returns where they come from. What was asked for by hand is never replaced: the run ends instead.
 *
 * @param isLocked the lock file has to fit; without it `deno task lock` writes it.
 */
async function findDependencies({ isLocked }: { isLocked: boolean }): Promise<Dependencies> {
  const chosen = Deno.env.get("SPKNOCK_DEPS");
  if (chosen !== undefined && chosen !== "jsr" && chosen !== "npm") {
    await fail(`SPKNOCK_DEPS="${chosen}": use jsr or npm`);
  }
  const isChosen = chosen !== undefined;
  const frozen = isLocked ? "--frozen" : "--frozen=false";
  const npm: Dependencies = { from: "npm", isChosen, flags: [...NPM, frozen] };
  if (chosen === "npm") return npm;
  const cached = ["install", "-q", "--config", CONFIG, "--cached-only", "--no-lock"];
  if (!await isQuietlyOk([...cached, "--entrypoint", "main.ts"]) && !await isJsrReachable()) {
    if (isChosen) await fail("SPKNOCK_DEPS=jsr: JSR cannot be reached");
    await say("deps: JSR cannot be reached; taking them from npm, prompts are plain");
    return npm;
  }
  if (!isLocked || existsSync(`${ROOT}deno.lock`)) {
    return { from: "jsr", isChosen, flags: [...JSR, frozen] };
  }
  if (isChosen) {
    await fail("SPKNOCK_DEPS=jsr: there is no deno.lock; deno task lock writes it, then commit it");
  }
  return { from: "jsr", isChosen, flags: [] };
}

const PROGRAM = ["--no-prompt", "-P=spknock"];

/** A test imports the bytes of a WebAssembly; the program must not need what is unstable. */
const TESTED = ["--unstable-raw-imports"];

/** A call of deno: the arguments after the dependency flags, and where. */
interface Call {
  args: string[];
  cwd?: string | undefined;
  /** A folder that is removed afterwards. */
  temporary?: string;
}

/** The executable that the tests start instead of the checkout; whatever cannot be one ends the run. */
async function findExecutable(): Promise<Record<string, string>> {
  const given = Deno.env.get("SPKNOCK_BIN");
  if (given === undefined) return {};
  const path = resolve(Deno.env.get("INIT_CWD") ?? Deno.cwd(), given);
  try {
    const { stdout } = await new Deno.Command(path, { args: ["--version"], stdin: "null" })
      .output();
    const version = new TextDecoder().decode(stdout).trim();
    if (/^spknock \d/.test(version)) return { SPKNOCK_BIN: path };
    throw new Error("it is another program: --version does not say spknock");
  } catch (error) {
    await say(`error: SPKNOCK_BIN=${path} cannot be tested: ${(error as Error).message}`);
    Deno.exit(2);
  }
}

/** Ends the run, since what was asked for cannot be done. */
async function fail(line: string): Promise<never> {
  await say(`error: ${line}`);
  Deno.exit(1);
}

async function say(line: string): Promise<void> {
  await Deno.stderr.write(new TextEncoder().encode(`${line}\n`));
}

/** What each verb runs. */
const VERBS: Record<string, (rest: string[], dependencies: Dependencies) => Call | Promise<Call>> =
  {
    run: ([file = "main.ts", ...args]) => ({
      args: [...PROGRAM, `${ROOT}${file}`, ...args],
      cwd: Deno.env.get("INIT_CWD"),
    }),
    // Types are the business of `check`, which everything that lands goes through.
    test: (rest) => ({
      args: [
        ...TESTED,
        "--no-check",
        "--no-prompt",
        "-P=tools",
        ...(rest.length > 0 ? rest : ["tests"]),
      ],
    }),
    check: () => ({ args: [...TESTED, "main.ts", "tools", "tests"] }),
    lint: (rest) => ({ args: rest }),
    bench: (rest) => ({ args: ["--no-prompt", "-P=tools", `${ROOT}tools/bench.ts`, ...rest] }),
    torture: (rest) => ({
      args: ["--no-prompt", "-P=tools", `${ROOT}tools/torture.ts`, ...rest],
    }),
    release: (rest) => ({
      args: ["--no-prompt", "-P=tools", `${ROOT}tools/release.ts`, ...rest],
      cwd: Deno.env.get("INIT_CWD"),
    }),
    picture: (rest) => ({
      args: ["--no-prompt", "-P=tools", `${ROOT}tools/picture.ts`, ...rest],
    }),
    docs: () => ({ args: ["--no-prompt", "-P=tools", `${ROOT}tools/docs/blocks.ts`] }),
    bundle: ([folder = ""], { flags }) => ({
      args: [
        "--no-prompt",
        "-P=tools",
        `${ROOT}tools/bundle.ts`,
        folder,
        "--config",
        CONFIG,
        ...flags,
      ],
    }),
    // Renews the lock file of where the dependencies come from.
    lock: () => ({ args: [...TESTED, "main.ts", "tools", "tests"] }),
    async compile(rest, { from, isChosen, flags }) {
      if (from === "npm" && !isChosen) {
        await fail(
          "the executable would have plain prompts; SPKNOCK_DEPS=npm deno task compile makes it anyway",
        );
      }
      const temporary = await Deno.makeTempDir({ prefix: "spknock-bundle-" });
      const chunks = await writeBundle(temporary, ["--config", CONFIG, ...flags]);
      const output = rest.includes("-o") ? [] : ["-o", "spknock"];
      const args = [
        ...["--no-prompt", "-P=spknock"],
        // The code cache would be a file with a predictable name in the shared temporary folder.
        "--no-code-cache",
        ...chunks.flatMap((chunk) => ["--include", chunk]),
        ...output,
        ...rest,
        `${temporary}/main.js`,
      ];
      return { args, temporary };
    },
  };

const [verb = "", ...rest] = Deno.args;
const makeCall = VERBS[verb];
if (makeCall === undefined) {
  throw new Error(`"${verb}" is not a verb: use ${Object.keys(VERBS).join(", ")}`);
}
const executable = verb === "test" ? await findExecutable() : {};
// A linter needs none.
const dependencies: Dependencies = verb === "lint"
  ? { from: "jsr", isChosen: false, flags: [] }
  : await findDependencies({ isLocked: verb !== "lock" });
const { flags } = dependencies;
const { args, cwd, temporary } = await makeCall(rest, dependencies);
const subcommand = verb === "lock"
  ? "cache"
  : ["bench", "torture", "picture", "docs", "bundle", "release"].includes(verb)
  ? "run"
  : verb;
const child = new Deno.Command(Deno.execPath(), {
  args: [
    subcommand,
    "-q",
    "--config",
    CONFIG,
    ...flags,
    ...args,
  ],
  cwd: cwd ?? ROOT,
  // What the tests start the program with, so that it has the same dependencies.
  env: { SPKNOCK_DENO_FLAGS: JSON.stringify(["--config", CONFIG, ...flags]), ...executable },
}).spawn();
// The terminal sends Ctrl-C to the child as well: outlive it, to pass its exit code on.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  try {
    Deno.addSignalListener(signal, () => signal === "SIGTERM" && child.kill(signal));
  } catch {
    // Windows knows no SIGTERM.
  }
}
const { code } = await child.status;
if (temporary !== undefined) await Deno.remove(temporary, { recursive: true });
Deno.exit(code);
