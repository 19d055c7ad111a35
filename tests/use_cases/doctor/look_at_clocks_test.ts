/** The clocks that doctor compares: the system's word, ssh, and the Date of a web server. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { ProgramResult } from "../../../src/probe/mod.ts";
import { askDate } from "../../../src/probe/http.ts";
import {
  askSshClock,
  lookAtCodes,
  lookAtOwnClock,
} from "../../../src/use_cases/doctor/look_at_clocks.ts";
import { FakeClock, FakeConnection, fakePrograms } from "../../fakes.ts";
import { table } from "../../table.ts";

const { signal } = new AbortController();
const printed = (stdout: string, code = 0, stderr = ""): ProgramResult => ({
  code,
  stdout,
  stderr,
});
const missing = new Deno.errors.NotFound("no such program");

table<[ProgramResult | Error, os: string, boolean | undefined]>("the clock of this machine", {
  "is set by the network": [printed("yes\n"), "linux", true],
  "is not set by it": [printed("no\n"), "linux", false],
  "is not known without the program": [missing, "linux", undefined],
  "is not known without its service": [
    printed("", 1, "Failed to connect to bus"),
    "linux",
    undefined,
  ],
  "is not known by an older program": [printed("\n"), "linux", undefined],
  "is not known on another system": [printed("yes\n"), "darwin", undefined],
}, async ([result, os, expected]) => {
  const { run: runProgram, calls } = fakePrograms([result]);
  assertEquals(await lookAtOwnClock({ os, runProgram, signal }), expected);
  const command = ["timedatectl", "show", "-p", "NTPSynchronized", "--value"];
  assertEquals(calls.map((call) => call.command), os === "linux" ? [command] : []);
});

Deno.test("ssh: a login that asks for nothing, and how far the clock is off", async () => {
  const server = Math.floor(Date.now() / 1_000) + 840;
  const { run: runProgram, calls } = fakePrograms([printed(`${server}\n`)]);
  const found = await askSshClock("root@fw", { runProgram, signal });
  if (!("other" in found)) throw new Error(found.failure);
  assertEquals(found.other.source, "date over ssh root@fw");
  assertAlmostEquals(found.other.aheadMs, 840_000, 1_500);
  assertEquals(found.other.errorMs >= 500 && found.other.errorMs < 2_000, true);
  assertEquals(calls.map(({ command }) => command.join(" ")), [
    "ssh -o BatchMode=yes -o ConnectTimeout=5 -- root@fw date +%s",
  ]);
});

table<[ProgramResult | Error, failure: RegExp]>("ssh: why the clock is not known", {
  "a key that is not there": [
    printed("", 255, "debug\nroot@fw: Permission denied (publickey).\n"),
    /^ssh root@fw: root@fw: Permission denied \(publickey\)\.$/,
  ],
  "no words": [printed("", 255), /^ssh root@fw: exit code 255$/],
  "no time": [printed("Welcome\n"), /^ssh root@fw: date \+%s printed no time$/],
  "no ssh": [missing, /^ssh root@fw: ./],
}, async ([result, failure]) => {
  const { run: runProgram } = fakePrograms([result]);
  const found = await askSshClock("root@fw", { runProgram, signal });
  assertEquals("failure" in found && failure.test(found.failure), true);
});

table<[says: string[], expected: number | undefined]>("the Date of a web server", {
  "in one piece": [
    ["HTTP/1.1 200 OK\r\nServer: x\r\nDate: Fri, 27 Nov 2026 12:00:00 GMT\r\n\r\n"],
    Date.UTC(2026, 10, 27, 12),
  ],
  "in pieces, lower case, after a status that is an error": [
    ["HTTP/1.0 503 No\r\nda", "te: Fri, 27 Nov 2026 12:00:00 GMT\r\n", "\r\nbody"],
    Date.UTC(2026, 10, 27, 12),
  ],
  "of a cache": [
    ["HTTP/1.1 200 OK\r\nAge: 60\r\nDate: Fri, 27 Nov 2026 12:00:00 GMT\r\n\r\n"],
    Date.UTC(2026, 10, 27, 12, 1),
  ],
  "without one": [["HTTP/1.1 200 OK\r\n\r\nDate: Fri, 27 Nov 2026 12:00:00 GMT\r\n"], undefined],
  "one that is none": [["HTTP/1.1 200 OK\r\nDate: soon\r\n\r\n"], undefined],
  "no web server": [["SSH-2.0-OpenSSH\r\nDate: Fri, 27 Nov 2026 12:00:00 GMT\r\n\r\n"], undefined],
}, async ([says, expected]) => {
  const found = await askDate("http://fw/health", {
    target: "home",
    host: "fw",
    address: "192.0.2.1",
    family: "ipv4",
    attempt: 1,
    timeoutMs: 1_000,
    silenceTimeoutMs: 1_000,
    signal,
    clock: new FakeClock({ auto: true }),
    openTcp: () => Promise.resolve(new FakeConnection(says)),
    askUdp: () => Promise.resolve(undefined),
    runProgram: () => Promise.reject(missing),
    os: "linux",
  });
  assertEquals(found, expected);
});

Deno.test("horizons: of the targets with codes only", () => {
  const now = Date.UTC(2026, 10, 27);
  const target = (name: string, until?: number) => ({
    name,
    rolling: { windowMs: 600_000, slots: 4, until },
  });
  const found = lookAtCodes(
    [
      { name: "plain" },
      target("open"),
      target("over", now - 3 * 86_400_000),
    ] as unknown as Parameters<typeof lookAtCodes>[0],
    now,
  );
  assertEquals(found.map(({ target, state, horizon }) => [target, state, horizon]), [
    ["open", "unknown", "the horizon is not known"],
    ["over", "over", "the firewall's codes ended on 2026-11-24 (3 days ago)"],
  ]);
});
