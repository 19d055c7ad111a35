/** What the doctor sees: files with their modes, sources of secrets, and SYNs in words. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Knock, SecretSource } from "../../src/core/knock.ts";
import { DEFAULT_SETTINGS, type Target } from "../../src/core/target.ts";
import { lookAtConfig } from "../../src/doctor/files.ts";
import { lookAtSecrets } from "../../src/doctor/secrets.ts";
import { askSyn } from "../../src/doctor/syn.ts";
import { FakeClock, FakeConnection } from "../fakes.ts";
import { table } from "../table.ts";

/** A file of the fake world: its mode, with the type as stat(2) has it. */
interface FakeFile {
  mode: number;
  uid?: number;
  bytes?: Uint8Array | string;
}

const [OURS, OTHERS] = [1000, 1001];

function worldWith(
  files: Record<string, FakeFile>,
  env: Record<string, string> = {},
): Parameters<typeof lookAtSecrets>[1] {
  const find = (path: string) => {
    const file = files[path];
    return file === undefined ? Promise.reject(new Deno.errors.NotFound()) : Promise.resolve(file);
  };
  return {
    home: "/home/me",
    mayChangeMode: (uid) => uid === OURS,
    invocation: { os: "linux", globals: ["-c", "t.toml"], options: [], secretOptions: [] },
    env: (name) => env[name],
    fileMode: async (path) => (await find(path)).mode,
    stat: async (path) => {
      const { mode, uid = OURS } = await find(path);
      const type = mode & 0o170000;
      return { isFile: type === 0o100000, isDirectory: type === 0o40000, uid };
    },
    readFile: async (path) => {
      const { bytes = "pass\n" } = await find(path);
      return typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    },
  };
}

table<[file: FakeFile | undefined, folder: FakeFile, fixes: (string | undefined)[]]>(
  "lookAtConfig: what is wrong with the modes of the file and its folder",
  {
    "no file": [undefined, { mode: 0o40700 }, [undefined]],
    "private": [{ mode: 0o100600 }, { mode: 0o40700 }, [undefined, undefined]],
    "readable by others": [{ mode: 0o100644 }, { mode: 0o40755 }, [undefined, undefined]],
    "writable by the group": [
      { mode: 0o100664 },
      { mode: 0o40700 },
      ["chmod 600 /c/t.toml", undefined],
    ],
    "writable, and of another user": [
      { mode: 0o100666, uid: OTHERS },
      { mode: 0o40700 },
      ["ls -ld /c/t.toml", undefined],
    ],
    "in a folder that all can write to": [
      { mode: 0o100600 },
      { mode: 0o40777 },
      [undefined, "chmod 700 /c"],
    ],
    "in a sticky folder": [{ mode: 0o100600 }, { mode: 0o41777 }, [undefined, undefined]],
  },
  async ([file, folder, fixes]) => {
    const files = { ...(file === undefined ? {} : { "/c/t.toml": file }), "/c": folder };
    const evidence = await lookAtConfig("/c/t.toml", worldWith(files));
    assertEquals(evidence.map(({ problem }) => problem?.fix), fixes);
  },
);

function targetWith(...sources: readonly SecretSource[]): Target {
  const knocks = sources.map((source): Knock => ({
    port: 1,
    protocol: "udp",
    payload: { kind: "secret", source },
  }));
  return { ...DEFAULT_SETTINGS, name: "home", host: "h", knocks };
}

const file = (path: string): SecretSource => ({ kind: "file", path });

Deno.test("secret files, each once, also those of the closing knocks", async () => {
  const target = {
    ...targetWith(file("~/good"), file("~/good"), file("/open it")),
    close: targetWith(file("/gone")).knocks,
  };
  const world = worldWith({ "/home/me/good": { mode: 0o100400 }, "/open it": { mode: 0o100640 } });
  const evidence = await lookAtSecrets([target], world);
  assertEquals(evidence.map(({ path, found }) => [path, found]), [
    ["/home/me/good", "mode 0400"],
    ["/open it", "mode 0640"],
    ["/gone", "missing"],
  ]);
  assertEquals(evidence.map(({ problem }) => problem?.fix), [
    undefined,
    "chmod 600 '/open it'",
    "(umask 077; cat > /gone)",
  ]);
});

const UTF16 = "(umask 077; iconv -f UTF-16 -t UTF-8 /s > /s.utf8 && mv /s.utf8 /s)";

table<[file: FakeFile, found: string, fix: string | undefined]>(
  "lookAtSecrets: the bytes of a file",
  {
    "a passphrase": [{ mode: 0o100600 }, "mode 0600", undefined],
    "empty": [{ mode: 0o100600, bytes: "" }, "mode 0600, empty", "(umask 077; cat > /s)"],
    "an empty line": [
      { mode: 0o100600, bytes: "\r\nx" },
      "mode 0600, empty",
      "(umask 077; cat > /s)",
    ],
    "a byte order mark": [
      { mode: 0o100600, bytes: "\ufeffpass" },
      "mode 0600, a byte order mark is left out",
      undefined,
    ],
    "a byte order mark alone": [
      { mode: 0o100600, bytes: "\ufeff\n" },
      "mode 0600, a byte order mark is left out, empty",
      "(umask 077; cat > /s)",
    ],
    "UTF-16, little endian": [
      { mode: 0o100600, bytes: new Uint8Array([0xff, 0xfe, 0x70, 0]) },
      "mode 0600, UTF-16",
      UTF16,
    ],
    "UTF-16, big endian": [
      { mode: 0o100600, bytes: new Uint8Array([0xfe, 0xff, 0, 0x70]) },
      "mode 0600, UTF-16",
      UTF16,
    ],
    "UTF-16 without a mark": [
      { mode: 0o100600, bytes: new Uint8Array([0x70, 0, 0x71, 0]) },
      "mode 0600, UTF-16",
      UTF16.replace("UTF-16 ", "UTF-16LE "),
    ],
    "a folder": [{ mode: 0o40755 }, "mode 0755, a folder", "ls -ld /s"],
    "a pipe, which is not read": [
      { mode: 0o10600, bytes: "" },
      "mode 0600, a device or a pipe",
      undefined,
    ],
    "another user's, readable": [{ mode: 0o100644, uid: OTHERS }, "mode 0644", "ls -ld /s"],
  },
  async ([found, text, fix]) => {
    const [evidence] = await lookAtSecrets([targetWith(file("/s"))], worldWith({ "/s": found }));
    assertEquals([evidence?.found, evidence?.problem?.fix], [text, fix]);
    assertEquals(evidence?.problem?.kind, fix === undefined ? undefined : "secret");
  },
);

table<[source: SecretSource, found: string, fix: string | undefined]>(
  "lookAtSecrets: variables and commands, without a question",
  {
    "a variable": [{ kind: "env", name: "FW" }, "set", undefined],
    "a variable that is not set": [
      { kind: "env", name: "GONE" },
      "not set",
      "read -rs GONE && export GONE",
    ],
    "an empty variable": [
      { kind: "env", name: "EMPTY" },
      "empty",
      "read -rs EMPTY && export EMPTY",
    ],
    "a command in the PATH": [{ kind: "command", command: ["pass", "show"] }, "found", undefined],
    "a command by its path": [{ kind: "command", command: ["/opt/pass"] }, "found", undefined],
    "a command that is nowhere": [
      { kind: "command", command: ["gone"] },
      "not found",
      "spknock edit home --secret prompt -c t.toml",
    ],
    "a file that cannot be run": [
      { kind: "command", command: ["text"] },
      "not found",
      "spknock edit home --secret prompt -c t.toml",
    ],
  },
  async ([source, found, fix]) => {
    const world = worldWith({
      "/bin/pass": { mode: 0o100755 },
      "/opt/pass": { mode: 0o100755 },
      "/bin/text": { mode: 0o100644 },
    }, { FW: "hunter2", EMPTY: "", PATH: "/usr/bin:/bin" });
    const evidence = await lookAtSecrets([targetWith(source)], world);
    assertEquals(evidence.map((each) => [each.found, each.problem?.fix]), [[found, fix]]);
    assertEquals(JSON.stringify(evidence).includes("hunter2"), false);
  },
);

table<[source: SecretSource, found: string, fix: string | undefined]>(
  "lookAtSecrets on Windows: no modes, and commands for PowerShell",
  {
    "a file": [{ kind: "file", path: "~\\fw.key" }, "there", undefined],
    "a file that is missing": [
      { kind: "file", path: "C:\\my keys\\fw.key" },
      "missing",
      "notepad 'C:\\my keys\\fw.key'",
    ],
    "UTF-16": [
      { kind: "file", path: "C:\\utf16" },
      "there, UTF-16",
      "(Get-Content -Raw -Encoding Unicode C:\\utf16) | " +
      "Set-Content -NoNewline -Encoding utf8 C:\\utf16",
    ],
    "a folder": [{ kind: "file", path: "C:\\keys" }, "there, a folder", "icacls C:\\keys"],
    "a variable": [
      { kind: "env", name: "NONE" },
      "not set",
      "$env:NONE = [Net.NetworkCredential]::new('', (Read-Host NONE -AsSecureString)).Password",
    ],
    "a program, by its ending": [{ kind: "command", command: ["op"] }, "found", undefined],
    "no program": [
      { kind: "command", command: ["pass"] },
      "not found",
      "spknock edit home --secret prompt -c t.toml",
    ],
  },
  async ([source, found, fix]) => {
    const world = worldWith({
      "C:\\Users\\me\\fw.key": { mode: 0o100666 },
      "C:\\utf16": { mode: 0o100666, bytes: new Uint8Array([0xff, 0xfe, 0x70, 0]) },
      "C:\\keys": { mode: 0o40777 },
      "D:\\bin\\op.cmd": { mode: 0o100666 },
    }, { PATH: "C:\\bin;D:\\bin", PATHEXT: ".EXE;.CMD" });
    const evidence = await lookAtSecrets([targetWith(source)], {
      ...world,
      home: "C:\\Users\\me",
      invocation: { ...world.invocation, os: "windows" },
      // As main.ts has it there.
      fileMode: (path) => world.fileMode(path).then(() => undefined),
    });
    assertEquals(evidence.map((each) => [each.found, each.problem?.fix]), [[found, fix]]);
  },
);

table(
  "askSyn: errors as ICMP codes, by family",
  {
    "EHOSTUNREACH over IPv4": ["192.0.2.1", "EHOSTUNREACH", "unreachable", "code 1, 10, 12 or 13"],
    "EACCES over IPv6": ["2001:db8::1", "EACCES", "unreachable", "prohibited (code 1, 5 or 6)"],
    "EACCES over IPv4": ["192.0.2.1", "EACCES", "failed", "EACCES"],
    "EMFILE": ["192.0.2.1", "EMFILE", "failed", "EMFILE"],
  } as const,
  async ([address, code, answer, detail]) => {
    const clock = new FakeClock({ auto: true });
    const { signal } = new AbortController();
    const cause = Object.assign(new Error(code), { code });
    const open = () => Promise.reject(cause);
    const syn = await askSyn({ address, open, clock, timeoutMs: 1_000, isSingle: true, signal });
    assertEquals(syn.answer, answer);
    assertStringIncludes(syn.detail, detail);
  },
);

Deno.test("a single SYN: answered and closed again, refused at once, silent to the end", async () => {
  const ask = (open: (signal: AbortSignal) => Promise<FakeConnection>) => {
    const clock = new FakeClock({ auto: true });
    const { signal } = new AbortController();
    return askSyn({ address: "192.0.2.1", open, clock, timeoutMs: 1_000, isSingle: true, signal });
  };
  const connection = new FakeConnection();
  assertEquals((await ask(() => Promise.resolve(connection))).answer, "answered");
  assertEquals(connection.isClosed, true);
  const refusal = Object.assign(new Error(), { code: "ECONNREFUSED" });
  const refused = await ask(() => Promise.reject(refusal));
  assertEquals([refused.answer, refused.ms], ["refused", 0]);
  let count = 0;
  const silent = await ask((signal) => {
    count++;
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  });
  assertEquals([silent.answer, silent.ms, count], ["silent", 1_000, 1]);
});
