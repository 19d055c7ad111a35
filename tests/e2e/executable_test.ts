/** What differs in an executable from the checkout; `SPKNOCK_BIN` names it. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { EXECUTABLE, Home, valueOf } from "./program.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const TARGETS = '[targets.home]\nhost = "127.0.0.1"\nknocks = ["7/tcp"]\nprobes = []\n';

function executableTest(name: string, test: (executable: string, home: Home) => Promise<void>) {
  const reason = EXECUTABLE === undefined ? " (ignored: the checkout is tested)" : "";
  Deno.test({
    name: `executable: ${name}${reason}`,
    ignore: EXECUTABLE === undefined,
    async fn() {
      await using home = new Home();
      await home.write(TARGETS);
      await test(EXECUTABLE ?? "", home);
    },
  });
}

function listAll(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder)).flatMap(({ name, isDirectory }) =>
    isDirectory ? listAll(`${folder}/${name}`) : [`${folder}/${name}`]
  ).sort();
}

executableTest("names itself, its commit and its place", async (executable, home) => {
  const build = valueOf(await home.run(["--version", "--verbose", "--json"]));
  assertMatch(String(build["commit"]), /^[0-9a-f]{40}(-dirty)?$/);
  assertEquals([build["form"], build["place"]], ["executable", await Deno.realPath(executable)]);
});

executableTest("help speaks of spknock, and ssh-config of its path", async (executable, home) => {
  const help = (await home.run(["--help"])).stdout;
  assertStringIncludes(help, "usage: spknock ");
  assertEquals(/\bdeno\b|main\.[jt]s/.test(help), false, help);
  const { stdout } = await home.run(["ssh-config", "home"], { env: { PATH: home.path } });
  assertStringIncludes(
    stdout,
    `ProxyCommand ${await Deno.realPath(executable)} connect home %h %p`,
  );
});

/** A file whose name others know beforehand could be theirs: code that we would run. */
executableTest("keeps no code in the temporary folder or in the home", async (_, home) => {
  const temporary = `${home.path}/tmp`;
  await Deno.mkdir(temporary);
  const before = listAll(home.path);
  for (
    const argv of [["list"], ["knock", "home"], ["demo"], [
      "rules",
      "home",
      "--open",
      "22",
      "--for",
      "nftables",
    ]]
  ) {
    const { code, stderr } = await home.run(argv, { env: { TMPDIR: temporary } });
    assertEquals(code, 0, stderr);
  }
  assertEquals(listAll(home.path), before);
});

executableTest("names no folder of the machine that built it", async (executable) => {
  const bytes = await Deno.readFile(executable);
  const text = new TextDecoder("latin1").decode(bytes);
  assertStringIncludes(text, "spknock_simulated_door");
  // A stack trace names the modules as they are embedded.
  const cache = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
  const found = [`${ROOT}src/`, ROOT, `${cache}/npm`, "/.cache/deno/npm", "spknock-bundle-"]
    .filter((folder) => text.includes(folder));
  assertEquals(found, []);
});
