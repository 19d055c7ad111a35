/** Which configurations may make us run programs or read files. */
import { assertEquals, assertRejects } from "@std/assert";
import { type FileFacts, type FileSystem, realFiles } from "../../src/config/files.ts";
import { loadConfig } from "../../src/config/store.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { lacks, makeFolder } from "../systems.ts";
import { table } from "../table.ts";

const ignore = lacks("modes");
const PLAIN = '[targets.a]\nhost = "h"\nknocks = ["1/udp"]\nprobes = ["tcp:22", "ping"]\n';
const RUNS = `${PLAIN}[[targets.a.after]]\nrun = ["x"]\n`;
const OTHER = 1234;

/** The targets in a folder of their own, with the facts that a test gives them. */
async function load(
  text: string,
  { file = {}, folder = {}, own = 1000, isTrusted = false }: {
    file?: Partial<FileFacts>;
    folder?: Partial<FileFacts>;
    own?: number | undefined;
    isTrusted?: boolean;
  },
): Promise<string[]> {
  const home = makeFolder("spknock-trust-");
  const path = `${home}/t.toml`;
  const facts: FileFacts = {
    isDirectory: false,
    isFile: true,
    mode: 0o100600,
    uid: own,
    gid: 0,
  };
  const files: FileSystem = {
    ...realFiles,
    ownUid: () => own,
    stat: (asked) =>
      Promise.resolve(
        asked === home
          ? { ...facts, isFile: false, isDirectory: true, mode: 0o40700, ...folder }
          : { ...facts, ...file },
      ),
    read: (asked, limit) => realFiles.read(asked, limit),
  };
  try {
    await Deno.writeTextFile(path, text);
    const source = { file: path, env: () => undefined, os: "linux", isTrusted };
    const error = await loadConfig(source, files).then(() => undefined, (cause) => cause);
    if (error === undefined) return [];
    if (!(error instanceof ConfigError)) throw error;
    return [error.message, error.hint ?? ""].map((line) => line.replaceAll(home, "HOME"));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

const RUN = ", and it makes spknock run programs";
const OVERRIDE = "--trust-config uses it all the same";

table<readonly [Parameters<typeof load>[1], ...string[]]>("trust: a configuration with after", {
  "of our own": [{}],
  "of root": [{ file: { uid: 0 }, folder: { uid: 0 } }],
  "of another user": [
    { file: { uid: OTHER } },
    `HOME/t.toml: belongs to another user (uid ${OTHER})${RUN}`,
    `if you trust that user: ${OVERRIDE}`,
  ],
  "of another user, as root": [
    { own: 0, file: { uid: OTHER } },
    `HOME/t.toml: belongs to another user (uid ${OTHER})${RUN}`,
    `if you trust that user: ${OVERRIDE}`,
  ],
  "of another user, with --trust-config": [{ file: { uid: OTHER }, isTrusted: true }],
  "that others can write": [
    { file: { mode: 0o100666 } },
    `HOME/t.toml: can be changed by other users (mode 0666)${RUN}`,
    `chmod go-w HOME/t.toml; ${OVERRIDE}`,
  ],
  "that the group can write": [
    { file: { mode: 0o100620 } },
    `HOME/t.toml: can be changed by other users (mode 0620)${RUN}`,
    `chmod go-w HOME/t.toml; ${OVERRIDE}`,
  ],
  "of root that others can write": [
    { file: { uid: 0, mode: 0o100666 } },
    `HOME/t.toml: can be changed by other users (mode 0666)${RUN}`,
    `if you trust that user: ${OVERRIDE}`,
  ],
  "that others can read": [{ file: { mode: 0o100644 } }],
  "in the folder of another user": [
    { folder: { uid: OTHER } },
    `HOME/t.toml: is in the folder "HOME", which belongs to another user (uid ${OTHER})${RUN}`,
    `if you trust that user: ${OVERRIDE}`,
  ],
  "in a folder that others can write": [
    { folder: { mode: 0o40777 } },
    `HOME/t.toml: is in the folder "HOME", which can be changed by other users (mode 0777)${RUN}`,
    `chmod go-w HOME; ${OVERRIDE}`,
  ],
  "in a sticky folder": [{ folder: { uid: 0, mode: 0o41777 } }],
  "without modes and owners": [{ file: { uid: null, mode: null }, folder: { mode: null } }],
}, async ([facts, ...expected]) => assertEquals(await load(RUNS, facts), expected));

table<readonly [text: string, effects: string | undefined]>("trust: what it is about", {
  "knocks, ports and ping do nothing on this machine": [PLAIN, undefined],
  "an exec probe": [`${PLAIN.replace('"ping"', '{ type = "exec", run = ["x"] }')}`, "run programs"],
  "a plug-in": [
    `${PLAIN.replace('"ping"', '{ type = "p" }')}[plugins.p]\ncommand = ["x"]\n`,
    "run programs",
  ],
  "a secret's command": [`${PLAIN}secret = { command = ["x"] }\n`, "run programs"],
  "a secret's file": [`${PLAIN}secret = { file = "x" }\n`, "read files"],
  "the file of a former key": [
    `${PLAIN}secret = { env = "X" }\nrolling = { former_key = "y" }\n`,
    "read files and read environment variables",
  ],
  "the command of fwknop's HMAC key": [
    '[targets.a]\nhost = "h"\nprotocol = "fwknop"\nopens = [22]\n[targets.a.fwknop]\nkey = "k"\n' +
    'hmac_key = { command = ["x"] }\n',
    "run programs",
  ],
  "a secret's variable": [`${PLAIN}secret = { env = "X" }\n`, "read environment variables"],
  "a closing sequence": [
    `${PLAIN}[targets.a.close]\nknocks = [{ port = 1, protocol = "udp", secret = { env = "X" } }]\n`,
    "read environment variables",
  ],
}, async ([text, effects]) => {
  const [message] = await load(text, { file: { uid: OTHER } });
  const expected = effects && `HOME/t.toml: belongs to another user (uid ${OTHER}), and it makes ` +
      `spknock ${effects}`;
  assertEquals(message, expected);
});

Deno.test({
  name: "trust: the folder of each link counts, with real files",
  ignore,
  async fn() {
    const home = makeFolder("spknock-trust-");
    try {
      await Deno.mkdir(`${home}/open`);
      await Deno.mkdir(`${home}/mine`, { mode: 0o700 });
      await Deno.writeTextFile(`${home}/mine/t.toml`, RUNS);
      await Deno.symlink("../mine/t.toml", `${home}/open/t.toml`);
      const source = { file: `${home}/open/t.toml`, env: () => undefined, os: "linux" };
      await Deno.chmod(`${home}/open`, 0o755);
      assertEquals((await loadConfig(source, realFiles)).targets.size, 1);
      await Deno.chmod(`${home}/open`, 0o777);
      const { message } = await assertRejects(() => loadConfig(source, realFiles), ConfigError);
      assertEquals(message.includes(`is in the folder "${home}/open"`), true, message);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
});
