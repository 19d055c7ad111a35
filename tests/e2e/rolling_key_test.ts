/** Rolling keys and codes by the real program: modes, failing calls, and the shell line without spknock. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { lacks, testWith } from "../systems.ts";
import { table } from "../table.ts";
import { DETACHED, Home, valueOf } from "./program.ts";
import { Receivers } from "./receivers.ts";

async function works(program: string, ...args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, { args, stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

const HAS_STRACE = await works("strace", "-o", "/dev/null", "true");
const HAS_NC = await works("sh", "-c", "command -v nc");
const NEW = ["rolling", "new", "home", "--host", "127.0.0.1", "--port", "62201"] as const;

/** Every name below the folder of the configuration, with its mode. */
function listModes(home: Home): string[] {
  const root = home.config.replace(/\/[^/]*$/, "");
  const list = (folder: string): string[] =>
    Array.from(Deno.readDirSync(folder)).flatMap(({ name, isDirectory }) => {
      const path = `${folder}/${name}`;
      const mode = ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8);
      const shown = `${path.slice(root.length + 1)} ${mode}`;
      return isDirectory ? [shown, ...list(path)] : [shown];
    });
  return list(root).toSorted();
}

table(
  "rolling new: private whatever the umask is",
  ["0000", "0022", "0077"].map((umask) => [umask, umask] as const),
  async (umask) => {
    await using home = new Home();
    const prefix = ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"];
    const { code, stderr } = await home.run(NEW, { prefix });
    assertEquals([code, stderr], [0, ""]);
    assertEquals(listModes(home), [
      "keys 700",
      "keys/home.key 600",
      "targets.toml 600",
      "targets.toml.lock 600",
    ]);
    const before = await Deno.readTextFile(`${home.path}/.config/spknock/keys/home.key`);
    assertEquals((await home.run(["rolling", "rotate", "home"], { prefix })).code, 0);
    assertEquals(listModes(home).filter((line) => line.includes(".key")), [
      "keys/home-2.key 600",
      "keys/home.key 600",
    ]);
    assertEquals(await Deno.readTextFile(`${home.path}/.config/spknock/keys/home.key`), before);
  },
  { ignore: lacks("sh") },
);

const OLD = '[targets.office]\nhost = "192.0.2.7"\nknocks = ["7/udp"]\n';

table<readonly [fault: string, code: number, stderr: string, keys: readonly string[]]>(
  "rolling new: a failing call leaves neither a key nor a target",
  {
    "the target cannot be renamed": [
      "inject=rename,renameat,renameat2:error=EDQUOT",
      2,
      "error: CONFIG: cannot be written: the disk quota is used up; nothing was changed\n",
      [],
    ],
    "the key cannot be linked": [
      "inject=link,linkat:error=ENOSPC",
      2,
      "error: KEY: cannot be written: the disk is full; nothing was changed\n",
      [],
    ],
    "the disk is broken": [
      "inject=fsync,fdatasync:error=EIO",
      2,
      "error: KEY: cannot be written: the device reports an input/output error; nothing was changed\n",
      [],
    ],
    "a file system without links": ["inject=link,linkat:error=EPERM", 0, "", ["home.key"]],
  },
  async ([fault, code, stderr, keys]) => {
    await using home = new Home();
    await home.write(OLD);
    const prefix = ["strace", "-f", "-o", "/dev/null", "-e", fault];
    const ended = await home.run(NEW, { prefix });
    const folder = home.config.replace(/[^/]*$/, "keys");
    const expected = stderr.replace("CONFIG", home.config).replace("KEY", `${folder}/home.key`);
    assertEquals(ended.code, code, ended.stderr);
    assertStringIncludes(ended.stderr, expected);
    assertEquals(await Deno.readTextFile(home.config) === OLD, code !== 0);
    assertEquals(Array.from(Deno.readDirSync(folder), ({ name }) => name), keys);
  },
  { ignore: !HAS_STRACE },
);

Deno.test({
  name: "codes: the shell line sends its knocks and the code, with no spknock involved",
  ignore: !HAS_NC,
  async fn() {
    await using home = new Home();
    await using receivers = new Receivers();
    const [syn, fixed, door] = [receivers.tcp(), receivers.udp(), receivers.udp()];
    await home.write(
      `[targets.home]\nhost = "127.0.0.1"\nsecret = { file = "key" }\nrolling = { slots = 2 }\n` +
        `knocks = ["${syn}/tcp", { port = ${fixed}, protocol = "udp", payload = { hex = "00ff27255c41" } }, ` +
        `"${door}/udp"]\n`,
    );
    const key = `${home.config.replace(/[^/]*$/, "key")}`;
    await Deno.writeTextFile(key, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", {
      mode: 0o600,
    });
    const ended = await home.run(["codes", "home", "--window", "2990000", "--count", "1"]);
    const line = ended.stdout.trimEnd().split("\n").at(-1) ?? "";
    const [program = "", ...args] = [...DETACHED, "sh", "-c", line];
    assertEquals((await new Deno.Command(program, { args, stdin: "null" }).output()).code, 0);
    const arrived = receivers.arrivals.map(({ port, payload }) => [port, payload.toHex()]);
    // printf %s KEY:2990000:1 | sha512sum | head -c32
    const code = new TextEncoder().encode(await hashByShell("2990000:1")).toHex();
    assertEquals(arrived, [[syn, ""], [fixed, "00ff27255c41"], [door, code]]);
  },
});

/** The code by other hands than ours. */
async function hashByShell(place: string): Promise<string> {
  const key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  const script = `printf %s "${key}:${place}" | sha512sum | cut -c1-32`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  return new TextDecoder().decode(stdout).trim();
}

table<readonly [zone: string, from: string, intro: RegExp, rows: readonly string[]]>(
  "codes: times of the local zone",
  {
    "winter": [
      "Europe/Berlin",
      "2026-11-27T23:30Z",
      /Times: Europe\/Berlin \(UTC\+01:00\), by/,
      ["2026-11-28 00:30 - 00:40", "2026-11-28 00:40 - 00:50"],
    ],
    "half an hour": [
      "Asia/Kolkata",
      "2026-11-27",
      /Times: Asia\/(?:Kolkata|Calcutta) \(UTC\+05:30\), by/,
      ["2026-11-27 05:30 - 05:40", "2026-11-27 05:40 - 05:50"],
    ],
    "west, over midnight": [
      "America/New_York",
      "2026-11-28T04:50Z",
      /Times: America\/New_York \(UTC-05:00\), by/,
      ["2026-11-27 23:50 - 2026-11-28 00:00", "2026-11-28 00:00 - 00:10"],
    ],
    "the end of summer time": [
      "Europe/Berlin",
      "2026-10-25T00:50Z",
      /Times: Europe\/Berlin, by/,
      ["2026-10-25 02:50+02:00 - 02:00+01:00", "2026-10-25 02:00+01:00 - 02:10+01:00"],
    ],
  },
  async ([zone, from, intro, rows]) => {
    await using home = new Home();
    await home.run(NEW);
    const argv = ["codes", "home", "--count", "2", "--from", from];
    const { code, stdout } = await home.run(argv, { env: { TZ: zone } });
    assertEquals(code, 0);
    assertMatch(stdout.replaceAll("\n", " "), intro);
    const found = stdout.match(/^[0-9a-f]{32} {2}.*$/gm)?.map((line) => line.slice(34));
    assertEquals(found, rows);
  },
);

testWith("modes", "codes: no key, and no code of a key that others can read", async () => {
  await using home = new Home();
  await home.run(NEW);
  const key = `${home.path}/.config/spknock/keys/home.key`;
  await Deno.chmod(key, 0o644);
  const open = await home.run(["codes", "home"]);
  assertEquals([open.code, open.stdout], [4, ""]);
  assertStringIncludes(open.stderr, `hint: chmod 600 ${key}`);
  await Deno.remove(key);
  const gone = await home.run(["codes", "home"]);
  assertEquals([gone.code, gone.stdout], [4, ""]);
  assertStringIncludes(gone.stderr, "there is no such file");
});

Deno.test("rolling new and knock: the packet carries a code of this window", async () => {
  await using home = new Home();
  await using receivers = new Receivers();
  const port = receivers.udp();
  await home.run(["rolling", "new", "home", "--host", "127.0.0.1", "--port", `${port}`]);
  const before = Date.now();
  assertEquals((await home.run(["knock", "home"])).code, 0);
  const argv = ["codes", "home", "--count", "1", "--json", "--from"];
  const [one, other] = [before, Date.now()].map((ms) => new Date(ms).toISOString().slice(0, 19));
  const known: string[] = [];
  for (const slot of [0, 1, 2, 3]) {
    for (const from of new Set([one, other])) {
      const ended = await home.run([...argv, `${from}Z`, "--slot", `${slot}`]);
      known.push(...valueOf<{ codes: { code: string }[] }>(ended).codes.map(({ code }) => code));
    }
  }
  const sent = receivers.arrivals.map(({ payload }) => new TextDecoder().decode(payload));
  assertEquals(sent.length, 1);
  assertStringIncludes(known.join(" "), sent[0] ?? "nothing");
});
