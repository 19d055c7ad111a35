/** Bad input gets an error that names the place and the fix; nothing is sent, nothing is lost. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { lacks } from "../systems.ts";
import { table } from "../table.ts";
import { Home } from "./program.ts";
import { Receivers } from "./receivers.ts";
import { HASHES } from "./vectors.ts";

const GOOD = '[targets.good]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\nsecret = "none"\n';

/** The wrong file, the line of the mistake, and a part of the message. */
type Mistake = readonly [text: string, line: number, message: string];

const TARGET = '[targets.a]\nhost = "h"\n';

table<Mistake>("a mistake in the file is reported with its line, and nothing is sent or changed", {
  "port 0": [`${TARGET}knocks = ["0/udp"]`, 3, "targets.a.knocks[0]: is not a port"],
  "port 65536": [`${TARGET}knocks = [65536]`, 3, "targets.a.knocks[0]: is not a port"],
  "a port with a letter, on a later line": [
    `${TARGET}knocks = [\n"1",\n"80x"]`,
    5,
    "targets.a.knocks[1]: is not a port",
  ],
  "an unknown protocol": [
    `${TARGET}knocks = ["7/sctp"]`,
    3,
    "names an unknown protocol",
  ],
  "empty knocks": [`${TARGET}knocks = []`, 3, "targets.a.knocks: is empty"],
  "no knocks": [TARGET.trimEnd(), 1, "targets.a: the knocks are missing"],
  "no host": ['[targets.a]\nknocks = ["1"]', 1, "targets.a: the host is missing"],
  "a table defined twice": [
    `${GOOD}[targets.good]\nhost = "h"`,
    5,
    "this key or table is defined already",
  ],
  "an unknown key": [`${TARGET}knocks = ["1"]\ndely = 1`, 4, 'did you mean "delay"?'],
  "a number as a word": [
    `${TARGET}knocks = ["1"]\ntries = "three"`,
    4,
    "targets.a.tries: cannot",
  ],
  "a host that is a number": ['[targets.a]\nhost = 5\nknocks = ["1"]', 2, "targets.a.host: "],
  "a name with a control character": [
    '[targets."a\\u001b"]\nhost = "h"\nknocks = ["1"]',
    1,
    "cannot name a target",
  ],
  "a host with a space": [
    '[targets.a]\nhost = "h h"\nknocks = ["1"]',
    2,
    "targets.a.host: is not a host",
  ],
  "an unclosed table": ["[targets.a\nhost", 1, "is not closed by ]"],
  "an unclosed string": ['[targets.a]\nhost = "unterminated', 2, ""],
}, async ([text, line, message]) => {
  await using home = new Home();
  await using there = new Receivers();
  const port = there.udp();
  await home.write(text);
  const { code, stdout, stderr } = await home.run(["knock", "a", "--no-probe"]);
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, `error: ${home.config}:${line}: `);
  assertStringIncludes(stderr, message);
  assertEquals((await home.run(["add", "new", "127.0.0.1", `${port}`])).code, 2);
  assertEquals(await Deno.readTextFile(home.config), text);
  assertEquals(there.arrivals, []);
});

table<readonly [name: string, bytes: Uint8Array | undefined, message: string]>(
  "a file that is not a configuration is an error, and stays as it is",
  {
    "missing": ["missing.toml", undefined, "there is no such file"],
    "binary": ["binary.toml", new Uint8Array([97, 0, 98]), "is a binary file: it has a NUL byte"],
    "Latin-1": ["latin.toml", new Uint8Array([35, 10, 0xe9, 10]), "latin.toml:2: is not UTF-8"],
    "UTF-16": ["utf16.toml", new Uint8Array([0xff, 0xfe, 97, 0]), "is UTF-16"],
    "too large": ["large.toml", new Uint8Array(10_485_760).fill(35), "is larger than 8 MiB"],
    "a folder": [".", undefined, "is a folder"],
  },
  async ([name, bytes, message]) => {
    await using home = new Home();
    if (bytes !== undefined) await Deno.writeFile(`${home.path}/${name}`, bytes);
    const { code, stdout, stderr } = await home.run(["list", "-c", name]);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, message);
    if (bytes === undefined) return;
    assertEquals((await home.run(["add", "a", "::1", "7", "-c", name])).code, 2);
    assertEquals(await Deno.readFile(`${home.path}/${name}`), bytes);
  },
);

const MODES = { "0644": 0o644, "0640": 0o640, "0606": 0o606 };

table("a file with a hash that others can read is an error with the chmod", MODES, async (mode) => {
  await using home = new Home();
  await using there = new Receivers();
  const text = `[targets.a]\nhost = "127.0.0.1"\nknocks = [{ port = ${there.udp()}, ` +
    `protocol = "udp", secret = { hash = "${HASHES[0]}" } }]\n`;
  await home.write(text, { mode });
  const { code, stderr } = await home.run(["knock", "a"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, `hint: chmod 600 ${home.config}\n`);
  assertEquals([stderr.includes(HASHES[0] ?? ""), there.arrivals], [false, []]);
  await Deno.chmod(home.config, 0o600);
  assertEquals((await home.run(["knock", "a"])).code, 0);
  assertEquals((await there.wait(1)).length, 1);
}, { ignore: lacks("modes") });

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
const reason = canMount ? "" : " (ignored: mounting needs root on Linux)";

Deno.test({
  name: `a full disk keeps the old file${reason}`,
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
  name: `a read-only folder is an error for edits, and can be read${reason}`,
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

Deno.test({
  name: `a secret in a read-only mount: a copy is proposed, too${reason}`,
  ignore: !canMount,
  async fn() {
    await using home = new Home();
    await withMount("size=64k", async (folder) => {
      for (const mode of [0o444, 0o644]) {
        await Deno.writeTextFile(`${folder}/${mode}`, "x\n");
        await Deno.chmod(`${folder}/${mode}`, mode);
      }
      const args = ["-o", "remount,ro", folder];
      await new Deno.Command("mount", { args, stderr: "null" }).output();
      for (const mode of [0o444, 0o644]) {
        const file = `${folder}/${mode}`;
        const argv = ["knock", "127.0.0.1", "7/udp", "--secrets-from", file];
        const { code, stderr } = await home.run(argv);
        assertEquals([code, stderr], [
          4,
          `error: the file of --secrets-from can be read by others (mode 0${mode.toString(8)})\n` +
          `hint: chmod 600 ${file}, or where that is refused, ` +
          `use a copy of your own: (umask 077; cat ${file} > NEW-FILE)\n`,
        ]);
      }
    });
  },
});
