/** What `deno publish` takes to JSR: the program, all that it reads, and nothing of tests and tools. */
import { assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { denoCommand } from "../e2e/program.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const FLAGS = denoCommand([]).slice(denoCommand([]).indexOf("--no-prompt") + 1);

interface Graph {
  modules: { specifier: string }[];
}

async function runDeno(args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Every file that `publish.include` names; its entries are files and folders, not patterns. */
async function listPublished(): Promise<string[]> {
  const files: string[] = [];
  const add = async (path: string): Promise<void> => {
    if ((await Deno.stat(`${ROOT}${path}`)).isFile) files.push(path);
    else for await (const { name } of Deno.readDir(`${ROOT}${path}`)) await add(`${path}/${name}`);
  };
  for (const path of config.publish.include) await add(path);
  return files.sort();
}

const published = await listPublished();

Deno.test("publish: every file that the program loads, or has inside, is published", async () => {
  const { code, stdout, stderr } = await runDeno(["info", "--json", ...FLAGS, "main.ts"]);
  assertEquals(code, 0, stderr);
  const modules = (JSON.parse(stdout) as Graph).modules.map(({ specifier }) => specifier)
    .filter((specifier) => specifier.startsWith("file:"))
    .map((specifier) => new URL(specifier).pathname.slice(ROOT.length));
  assertEquals(modules.includes("main.ts") && modules.length > 100, true);
  assertEquals(modules.filter((path) => !published.includes(path)), []);
});

Deno.test("publish: documents, the program, its example and schema; no tests, tools or workflows", () => {
  const outside = published.filter((path) => !path.startsWith("src/"));
  assertEquals(outside, [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "deno.json",
    "main.ts",
    "targets.example.toml",
    "targets.schema.json",
  ]);
  assertEquals(published.filter((path) => /_test\.|\.lock$/.test(path)), []);
  const kinds = new Set(
    published.filter((path) => path.startsWith("src/"))
      .map((path) => path.replace(/^.*\./, "")),
  );
  assertEquals([...kinds].toSorted(), ["sh", "ts"]);
});

Deno.test("publish: what is exported has its documentation", async () => {
  const { code, stderr } = await runDeno([
    "doc",
    "--lint",
    ...FLAGS,
    ...Object.values(config.exports),
  ]);
  assertEquals(code, 0, stderr);
});
