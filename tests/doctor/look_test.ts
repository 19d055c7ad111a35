/** What the doctor sees: files with their modes, and SYNs in words. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { SecretSource } from "../../src/core/knock.ts";
import { DEFAULT_SETTINGS, type Target } from "../../src/core/target.ts";
import { lookAtConfig, lookAtSecrets } from "../../src/doctor/files.ts";
import { askSyn } from "../../src/doctor/syn.ts";
import { FakeClock, FakeConnection } from "../fakes.ts";
import { table } from "../table.ts";

function filesWith(
  modes: Record<string, number>,
  { env = {}, texts = {} }: { env?: Record<string, string>; texts?: Record<string, string> } = {},
): Parameters<typeof lookAtSecrets>[1] {
  return {
    home: "/home/me",
    env: (name) => env[name],
    readFile: (path) =>
      texts[path] === "unreadable"
        ? Promise.reject(new Deno.errors.PermissionDenied())
        : Promise.resolve(new TextEncoder().encode(texts[path] ?? "MikroTik\n")),
    judge: (bytes) =>
      bytes.length > 0 ? undefined : {
        found: "empty",
        problem: { cause: "is empty", fix: "write it" },
      },
    fileMode: (path) =>
      modes[path] === undefined
        ? Promise.reject(new Deno.errors.NotFound())
        : Promise.resolve(modes[path]),
  };
}

table<[file: number | undefined, folder: number, fixes: (string | undefined)[]]>(
  "lookAtConfig: what is wrong with the modes of the file and its folder",
  {
    "no file": [undefined, 0o40700, [undefined]],
    "private": [0o100600, 0o40700, [undefined, undefined]],
    "readable by others": [0o100644, 0o40755, [undefined, undefined]],
    "writable by the group": [0o100664, 0o40700, ["chmod 600 /c/t.toml", undefined]],
    "in a folder that all can write to": [0o100600, 0o40777, [undefined, "chmod 700 /c"]],
    "in a sticky folder": [0o100600, 0o41777, [undefined, undefined]],
  },
  async ([file, folder, fixes]) => {
    const modes = { ...(file === undefined ? {} : { "/c/t.toml": file }), "/c": folder };
    const evidence = await lookAtConfig("/c/t.toml", filesWith(modes));
    assertEquals(evidence.map(({ problem }) => problem?.fix), fixes);
  },
);

Deno.test("secret files, each once, also those of the closing knocks", async () => {
  const knock = (path: string) => ({
    port: 1,
    protocol: "udp" as const,
    payload: { kind: "secret" as const, source: { kind: "file" as const, path } },
  });
  const target: Target = {
    ...DEFAULT_SETTINGS,
    name: "home",
    host: "h",
    knocks: [knock("~/good"), knock("~/good"), knock("/open it")],
    close: [knock("/gone")],
  };
  const modes = { "/home/me/good": 0o100400, "/open it": 0o100640 };
  const evidence = await lookAtSecrets([target], filesWith(modes));
  assertEquals(evidence.map(({ path, found }) => [path, found]), [
    ["/home/me/good", "mode 0400"],
    ["/open it", "mode 0640"],
    ["/gone", "missing"],
  ]);
  assertEquals(evidence.map(({ problem }) => problem?.fix), [
    undefined,
    "chmod 600 '/open it'",
    "write the passphrase into it: (umask 077; cat > /gone)",
  ]);
});

Deno.test("secrets that can be read without a question are looked into", async () => {
  const of = (source: SecretSource) => ({
    port: 1,
    protocol: "udp" as const,
    payload: { kind: "secret" as const, source },
  });
  const target: Target = {
    ...DEFAULT_SETTINGS,
    name: "home",
    host: "h",
    knocks: [
      of({ kind: "file", path: "/empty" }),
      of({ kind: "file", path: "/folder" }),
      of({ kind: "env", name: "SET" }),
      of({ kind: "env", name: "SET" }),
      of({ kind: "env", name: "NOTHING" }),
      of({ kind: "env", name: "UNSET" }),
      of({ kind: "command", command: ["pass"] }),
    ],
  };
  const evidence = await lookAtSecrets(
    [target],
    filesWith({ "/empty": 0o100600, "/folder": 0o40700 }, {
      texts: { "/empty": "", "/folder": "unreadable" },
      env: { SET: "MikroTik", NOTHING: "" },
    }),
  );
  assertEquals(evidence.map(({ path, found, problem }) => [path, found, problem?.cause]), [
    ["/empty", "mode 0600, empty", 'The secret in "/empty" is empty.'],
    ["/folder", "mode 0700", 'The secret file "/folder" is a folder, a device or a pipe.'],
    ["$SET", "set", undefined],
    ["$NOTHING", "set, empty", 'The secret in "$NOTHING" is empty.'],
    ["$UNSET", "not set", "The environment variable UNSET is not set here."],
  ]);
});

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
