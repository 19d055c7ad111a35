/** Bad input gets an error that names the place and the fix; nothing is sent, nothing is lost. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Home } from "./program.ts";
import { Receivers } from "./receivers.ts";
import { HASHES } from "./vectors.ts";

const GOOD = '[targets.good]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\nsecret = "none"\n';

/** Files with one mistake each: the line, and what is said of it. */
const MISTAKES: readonly [text: string, line: number, message: string][] = [
  ['[targets.a]\nhost = "h"\nknocks = ["0/udp"]', 3, 'targets.a.knocks[0]: "0" is not a port'],
  ['[targets.a]\nhost = "h"\nknocks = [65536]', 3, 'targets.a.knocks[0]: "65536" is not a port'],
  [
    '[targets.a]\nhost = "h"\nknocks = [\n"1",\n"80x"]',
    5,
    'targets.a.knocks[1]: "80x" is not a port',
  ],
  ['[targets.a]\nhost = "h"\nknocks = ["7/sctp"]', 3, '"7/sctp" names an unknown protocol'],
  ['[targets.a]\nhost = "h"\nknocks = []', 3, "targets.a.knocks: is empty"],
  ['[targets.a]\nhost = "h"', 1, "targets.a: the knocks are missing"],
  ['[targets.a]\nknocks = ["1"]', 1, "targets.a: the host is missing"],
  [`${GOOD}[targets.good]\nhost = "h"`, 5, "targets.good: this table is defined already on line 1"],
  ['[targets.a]\nhost = "h"\nknocks = ["1"]\ndely = 1', 4, 'did you mean "delay"?'],
  [
    '[targets.a]\nhost = "h"\nknocks = ["1"]\ntries = "three"',
    4,
    'targets.a.tries: "three" cannot',
  ],
  ['[targets.a]\nhost = 5\nknocks = ["1"]', 2, "targets.a.host: "],
  ['[targets."a\\u001b"]\nhost = "h"\nknocks = ["1"]', 1, '"a\\u001b" cannot name a target'],
  ['[targets.a]\nhost = "h h"\nknocks = ["1"]', 2, '"h h" is not a host'],
  ["[targets.a\nhost", 1, "is not closed by ]"],
  ['[targets.a]\nhost = "unterminated', 2, ""],
];

Deno.test("a mistake in the file is told with its line, and nothing is sent", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const port = there.udp();
  for (const [text, line, message] of MISTAKES) {
    await home.write(text);
    const { code, stdout, stderr } = await home.run(["knock", "a", "--no-probe"]);
    assertEquals([code, stdout], [2, ""], text);
    assertStringIncludes(stderr, `error: ${home.config}:${line}: `);
    assertStringIncludes(stderr, message);
    // Nor does an edit touch a file that it does not understand.
    assertEquals((await home.run(["add", "new", "127.0.0.1", `${port}`])).code, 2, text);
    assertEquals(await Deno.readTextFile(home.config), text);
  }
  assertEquals(there.arrivals, []);
});

Deno.test("all mistakes of a file are told at once", async () => {
  await using home = new Home();
  await home.write(
    '[targets.a]\nhost = "h"\nknocks = ["0", "80x"]\ndely = 1\n[targets.b]\nhost = "::1"\n',
  );
  const { stderr } = await home.run(["list"]);
  const lines = stderr.split("\n").filter((line) => line.startsWith("error: "));
  assertEquals(lines.map((line) => line.split(":")[2]), ["3", "3", "4", "5"]);
});

Deno.test("a file that is none: missing, binary, a folder, UTF-16, too large", async () => {
  await using home = new Home();
  const files: [name: string, bytes: Uint8Array | undefined, message: string][] = [
    ["missing.toml", undefined, "there is no such file"],
    ["binary.toml", new Uint8Array([97, 0, 98]), "is a binary file: it has a NUL byte"],
    ["latin.toml", new Uint8Array([35, 10, 0xe9, 10]), "latin.toml:2: is not UTF-8"],
    ["utf16.toml", new Uint8Array([0xff, 0xfe, 97, 0]), "is UTF-16"],
    ["large.toml", new Uint8Array(10 * 1024 * 1024).fill(35), "is larger than 8 MiB"],
    [".", undefined, "is a folder"],
  ];
  for (const [name, bytes, message] of files) {
    if (bytes !== undefined) await Deno.writeFile(`${home.path}/${name}`, bytes);
    const { code, stdout, stderr } = await home.run(["list", "-c", name]);
    assertEquals([code, stdout], [2, ""], name);
    assertStringIncludes(stderr, message);
    if (bytes === undefined) continue;
    assertEquals((await home.run(["add", "a", "::1", "7", "-c", name])).code, 2, name);
    assertEquals(await Deno.readFile(`${home.path}/${name}`), bytes);
  }
});

Deno.test("a file with a hash that others may read is an error with the chmod", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const port = there.udp();
  const text = `[targets.a]\nhost = "127.0.0.1"\nknocks = [{ port = ${port}, protocol = "udp", ` +
    `secret = { hash = "${HASHES[0]}" } }]\n`;
  for (const mode of [0o644, 0o640, 0o606]) {
    await home.write(text, { mode });
    const { code, stderr } = await home.run(["knock", "a"]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `hint: chmod 600 ${home.config}\n`);
    assertEquals(stderr.includes(HASHES[0] ?? ""), false);
  }
  assertEquals(there.arrivals, []);
  await Deno.chmod(home.config, 0o600);
  assertEquals((await home.run(["knock", "a"])).code, 0);
  assertEquals((await there.wait(1)).length, 1);
});

Deno.test("a secret file must be there, private and not empty", async () => {
  await using home = new Home();
  const file = `${home.path}/phrases`;
  const run = () => home.run(["knock", "127.0.0.1", "7/udp", "--secrets-from", file]);
  assertStringIncludes((await run()).stderr, "there is no such file");
  await Deno.writeTextFile(file, "x\ny\n", { mode: 0o600 });
  const { code, stderr } = await run();
  assertEquals(code, 4);
  assertStringIncludes(stderr, "has 2 lines, but 1 secret knock needs one each");
  await Deno.writeTextFile(file, "TOPSECRET\n");
  await Deno.chmod(file, 0o644);
  const exposed = await run();
  assertEquals(exposed.code, 4);
  assertStringIncludes(exposed.stderr, `hint: chmod 600 ${file}`);
  assertEquals(exposed.stderr.includes("TOPSECRET"), false);
});

Deno.test("a name that does not resolve is exit code 3, and asks for nothing", async () => {
  await using home = new Home();
  await home.write('[targets.a]\nhost = "nosuch.invalid"\nknocks = ["7/udp"]\n');
  const { code, stderr } = await home.run(["knock", "a"]);
  assertEquals(code, 3);
  assertStringIncludes(stderr, 'error: the name "nosuch.invalid" does not resolve\nhint: ');
});

Deno.test("a file where the folder should be, or a folder where the file should be", async () => {
  await using home = new Home();
  await Deno.writeTextFile(`${home.path}/.config`, "mine");
  const { code, stderr } = await home.run(["add", "a", "::1", "7"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "a part of its path is not a folder");
  assertEquals(await Deno.readTextFile(`${home.path}/.config`), "mine");
  await Deno.remove(`${home.path}/.config`);
  await Deno.mkdir(home.config, { recursive: true });
  assertEquals((await home.run(["add", "a", "::1", "7"])).code, 2);
});

/** Mounts a small file system for `work`; root on Linux only, and where mounting is allowed. */
async function withMount(options: string, work: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "spknock-mount-" });
  const call = async (...command: string[]) => {
    const [program = "", ...args] = command;
    try {
      return (await new Deno.Command(program, { args, stderr: "null" }).output()).success;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  };
  try {
    if (!await call("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder)) return false;
    try {
      await work(folder);
    } finally {
      await call("umount", folder);
    }
    return true;
  } finally {
    await Deno.remove(folder);
  }
}

const canMount = Deno.build.os === "linux" &&
  await withMount("size=64k", () => Promise.resolve());
const reason = canMount ? "" : " (ignored: it takes root on Linux and leave to mount)";

Deno.test({
  name: `a full disk leaves the old file${reason}`,
  ignore: !canMount,
  async fn() {
    await using home = new Home();
    await withMount("size=64k", async (folder) => {
      const config = `${folder}/targets.toml`;
      await Deno.writeTextFile(config, GOOD, { mode: 0o600 });
      await Deno.writeFile(`${folder}/fill`, new Uint8Array(64 * 1024)).catch(() => {});
      const { code, stdout, stderr } = await home.run(["add", "b", "::1", "7", "-c", config]);
      assertEquals([code, stdout], [2, ""]);
      assertStringIncludes(stderr, `error: ${config}: cannot be written: `);
      assertStringIncludes(stderr, "nothing was changed");
      assertEquals(await Deno.readTextFile(config), GOOD);
      const left = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
      assertEquals(left.filter((name) => name.endsWith(".tmp")), []);
    });
  },
});

Deno.test({
  name: `a read-only folder is told, and reading it works${reason}`,
  ignore: !canMount,
  async fn() {
    await using home = new Home();
    await withMount("size=64k", async (folder) => {
      const config = `${folder}/targets.toml`;
      await Deno.writeTextFile(config, GOOD, { mode: 0o600 });
      const args = ["-o", "remount,ro", folder];
      await new Deno.Command("mount", { args, stderr: "null" }).output();
      const { code, stderr } = await home.run(["add", "b", "::1", "7", "-c", config]);
      assertEquals(code, 2);
      assertStringIncludes(stderr, `error: ${config}: cannot be written: `);
      assertStringIncludes(stderr, "nothing was changed");
      assertEquals((await home.run(["list", "-c", config])).stdout, "good  127.0.0.1  7/udp\n");
    });
  },
});
