/** The manual pages: mandoc and man find nothing wrong, and each page shows what it is made from. */
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/toml/parse";
import { COMMANDS } from "../../src/cli/command_table.ts";
import { TARGET_KEYS } from "../../src/config/target/keys.ts";
import { table } from "../table.ts";

const ROOT = new URL("../../", import.meta.url);
const FOLDER = fileURLToPath(new URL("man/", ROOT));
const PAGES = [...Deno.readDirSync(FOLDER)].map(({ name }) => [name, `${FOLDER}${name}`] as const);

interface Printed {
  stdout: string;
  stderr: string;
}

async function run(program: string, args: readonly string[]): Promise<Printed> {
  const { stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    env: { LC_ALL: "C.UTF-8", MANWIDTH: "80", PAGER: "cat", MANPAGER: "cat" },
  }).output();
  const decoder = new TextDecoder();
  return { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Whether the reader of manual pages is here; where the real firewall has to be tested, it has to be. */
async function isHere(program: string, args: readonly string[]): Promise<boolean> {
  const found = await run(program, args).then(() => true, (error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
  if (!found && Deno.env.get("SPKNOCK_REQUIRE_KERNEL") === "1") {
    throw new Error(`${program} is not installed`);
  }
  return found;
}

const hasMandoc = await isHere("mandoc", ["-T", "lint", "/dev/null"]);
// The man of macOS has no --warnings.
const hasMan = Deno.build.os === "linux" && await isHere("man", ["--version"]);
const missing = (isFound: boolean) => isFound ? "" : " (skipped: not installed)";

table(`mandoc finds nothing wrong in${missing(hasMandoc)}`, PAGES, async (path) => {
  const { stdout, stderr } = await run("mandoc", ["-T", "lint", "-W", "warning", path]);
  assertEquals(stdout + stderr, "");
}, { ignore: !hasMandoc });

table(`man has no warning for${missing(hasMan)}`, PAGES, async (path) => {
  const { stdout, stderr } = await run("man", ["--warnings", "-l", path]);
  assertEquals(stderr, "");
  assertEquals(stdout.includes("SEE ALSO"), true, stdout);
}, { ignore: !hasMan });

table(`no line is cut at 80 columns in${missing(hasMandoc)}`, PAGES, async (_, name) => {
  assertEquals((await readPage(name)).split("\n").filter((line) => line.length > 80), []);
}, { ignore: !hasMandoc });

/** Returns what a reader sees, at 78 columns and without bold. */
async function readPage(name: string): Promise<string> {
  const { stdout } = await run("mandoc", ["-T", "utf8", "-O", "width=78", `${FOLDER}${name}`]);
  // deno-lint-ignore no-control-regex
  return stdout.replaceAll(/.\x08/g, "");
}

Deno.test({
  name: `spknock.1 shows every command line${missing(hasMandoc)}`,
  ignore: !hasMandoc,
  async fn() {
    // A shell reads two lines with a backslash between them as one.
    const page = (await readPage("spknock.1")).replaceAll(/\\\n +/g, "");
    const lines = page.split("\n").map((line) => line.trim());
    for (const { name, load } of COMMANDS) {
      const { command: { usage, examples, options } } = await load();
      for (const line of [...usage, ...examples]) {
        assertEquals(lines.includes(`spknock ${line}`), true, `${name}: ${line}`);
      }
      for (const option of options) {
        assertStringIncludes(page, `--${option.name}`);
      }
    }
  },
});

Deno.test({
  name: `spknock-targets.5 names every key, and its example is ours${missing(hasMandoc)}`,
  ignore: !hasMandoc,
  async fn() {
    const page = await readPage("spknock-targets.5");
    const keys = [...page.matchAll(/^ +(\w+) \(/gm)].map(([, key]) => key);
    assertEquals(TARGET_KEYS.filter((key) => !keys.includes(key)), []);
    const [, shown = ""] = /^EXAMPLES\n([^]*?)^SEE ALSO/m.exec(page) ?? [];
    const example = new URL("targets.example.toml", ROOT);
    assertEquals(parse(shown), parse(await Deno.readTextFile(example)));
  },
});
