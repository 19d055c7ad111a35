/** What `deno publish` takes to JSR: the program, all that it reads, and nothing of tests and tools. */
import { assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { denoCommand } from "../e2e/program.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const FLAGS = denoCommand([]).slice(denoCommand([]).indexOf("--no-prompt") + 1);

interface Graph {
  modules: { specifier: string }[];
}

async function runDeno(args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
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

Deno.test("publish: a run without --unstable-net says which flag is missing", async () => {
  const folder = await Deno.makeTempDir({ prefix: "spknock-flags-" });
  try {
    const { unstable, ...rest } = config;
    assertEquals(unstable, ["net"]);
    // As of a remote module, whose deno.json is not read.
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(rest));
    const flags = FLAGS.map((flag) => flag === `${ROOT}deno.json` ? `${folder}/deno.json` : flag);
    const args = ["run", "-q", "--no-prompt", ...flags, "-P=spknock", "main.ts", "demo"];
    assertEquals(await runDeno(args), {
      code: 2,
      stdout: "",
      stderr: `error: Deno was started without --unstable-net, so it has no UDP
hint: deno run --unstable-net --allow-net --allow-read --allow-write --allow-env --allow-run \\
        jsr:@spknock/spknock
`,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
