/** `tools/deno.ts`: the npm packages are those of npm.lock, and no task writes a lock file. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { IS_FROM_NPM } from "../e2e/program.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
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
