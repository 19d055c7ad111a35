import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { buildPingCommand } from "../../src/net/ping/command.ts";
import { type ProgramResult, runProbe } from "../../src/probe/mod.ts";
import { FakeClock, fakePrograms } from "../fakes.ts";
import { LOOPBACK, SOURCES } from "../ports.ts";
import { table } from "../table.ts";
import { probeContext } from "./servers.ts";

const SPEC = { type: "ping" } as const;
const ended = (code: number | undefined, stdout = "", stderr = ""): ProgramResult => ({
  code,
  stdout,
  stderr,
});

const V4 = { address: "192.0.2.1", family: "ipv4" } as const;
const LO = { address: "127.0.0.1", family: "ipv4", source: LOOPBACK } as const;
const V6 = { address: "2001:db8::1", family: "ipv6", source: "2001:db8::9" } as const;

table(
  "ping: the command of one numeric echo",
  [
    ["ping -4 -n -c 1 -W 1 192.0.2.1", ["linux", V4]],
    ["ping -6 -n -c 1 -W 1 -I 2001:db8::9 2001:db8::1", ["linux", V6]],
    ["ping -n -c 1 -W 1000 192.0.2.1", ["darwin", V4]],
    ["ping6 -n -c 1 -S 2001:db8::9 2001:db8::1", ["darwin", V6]],
    [`ping -4 -n -c 1 -W 1 -I ${LOOPBACK} 127.0.0.1`, ["linux", LO]],
    ["ping -n -c 1 -W 1000 -S 127.0.0.1 127.0.0.1", ["darwin", LO]],
    ["ping -4 -n 1 -w 1000 192.0.2.1", ["windows", V4]],
    ["ping -6 -n 1 -w 1000 -S 2001:db8::9 2001:db8::1", ["windows", V6]],
  ] as const,
  async ([os, address], command) => {
    const { run, calls } = fakePrograms([ended(0)]);
    const clock = new FakeClock({ auto: true });
    await runProbe(SPEC, probeContext({ clock, runProgram: run, os, ...address }));
    assertEquals(calls[0]?.command.join(" "), command);
  },
);

table("ping: an echo is open, with its own time", [
  ["64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.123 ms\n", "echo in 0.123 ms"],
  ["64 bytes from 192.0.2.1\n", ""],
], async (detail, stdout) => {
  const clock = new FakeClock({ auto: true });
  const { run, calls } = fakePrograms([ended(0, stdout)]);
  const result = await runProbe(SPEC, probeContext({ clock, runProgram: run, os: "linux" }));
  assertEquals(result, { label: "ping", status: "open", ms: 0, detail });
  assertEquals(calls.map(({ command }) => command.join(" ")), ["ping -4 -n -c 1 -W 1 127.0.0.1"]);
});

Deno.test("ping: a silent host is asked every 250 ms until the timeout", async () => {
  const clock = new FakeClock({ auto: true });
  const { run, calls } = fakePrograms([ended(1)]);
  const context = probeContext({ clock, runProgram: run, timeoutMs: 1_100 });
  assertEquals(await runProbe(SPEC, context), {
    label: "ping",
    status: "closed",
    ms: 1_100,
    detail: "no echo",
  });
  assertEquals(calls.map(({ options }) => options.timeoutMs), [1_100, 850, 600, 350, 100]);
});

table<[os: string, ProgramResult, status: string, detail: string]>(
  "ping: one answer, and what it means",
  {
    "Windows: an echo": [
      "windows",
      ended(0, "Reply from 192.0.2.1: bytes=32 time<1ms TTL=128\r\n"),
      "open",
      "echo in 1 ms",
    ],
    "Windows: unreachable, with the exit code of an echo": [
      "windows",
      ended(0, "Reply from 192.0.2.9: Destination host unreachable.\r\n"),
      "closed",
      "Reply from 192.0.2.9: Destination host unreachable.",
    ],
    "Windows: no network": [
      "windows",
      ended(1, "PING: transmit failed. General failure.\r\n"),
      "closed",
      "this machine reports: transmit failed. General failure",
    ],
    "macOS: silence has the exit code of an error elsewhere": [
      "darwin",
      ended(2, "1 packets transmitted, 0 packets received, 100.0% packet loss\n"),
      "closed",
      "no echo",
    ],
    "macOS: no route": [
      "darwin",
      ended(2, "", "ping: sendto: No route to host\n"),
      "closed",
      "this machine reports: ping: sendto: No route to host",
    ],
  },
  async ([os, end, status, detail]) => {
    const clock = new FakeClock({ auto: true });
    const { run } = fakePrograms([end]);
    const context = probeContext({ clock, runProgram: run, os, timeoutMs: 500, ...V4 });
    const result = await runProbe(SPEC, context);
    assertEquals([result.status, result.detail], [status, detail]);
  },
);

Deno.test("ping: an echo at a later try is open", async () => {
  const clock = new FakeClock({ auto: true });
  const { run, calls } = fakePrograms([ended(1), ended(undefined), ended(0, "time=2 ms")]);
  const result = await runProbe(SPEC, probeContext({ clock, runProgram: run }));
  assertEquals([result.status, result.ms, calls.length], ["open", 500, 3]);
});

table("ping: an error", [
  ["ping: bind: Cannot assign", ended(2, "", "ping: bind: Cannot assign\nmore\n")],
  ["ping ended with 2", ended(2)],
  ["no ping", new Deno.errors.NotFound("no ping")],
] as [string, ProgramResult | Error][], async (end, detail) => {
  const clock = new FakeClock({ auto: true });
  const { run } = fakePrograms([end]);
  const result = await runProbe(SPEC, probeContext({ clock, runProgram: run }));
  assertEquals([result.status, result.detail], ["error", detail]);
});

Deno.test("ping: cancelled, it asks no more", async () => {
  const clock = new FakeClock();
  const cancel = new AbortController();
  const { run, calls } = fakePrograms([ended(1)]);
  const { signal } = cancel;
  const asking = runProbe(SPEC, probeContext({ clock, runProgram: run, signal }));
  await clock.advance(100);
  cancel.abort(new Error("stop"));
  await assertRejects(() => asking, Error, "stop");
  assertEquals([calls.length, clock.sleeping], [1, 0]);
});

const hasPing = await (async () => {
  try {
    const { success } = await new Deno.Command("ping", {
      args: buildPingCommand(Deno.build.os, { address: "127.0.0.1" }).slice(1),
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
})();

Deno.test({
  name: hasPing
    ? "the system's ping echoes from loopback"
    : "the system's ping echoes from loopback (skipped: there is no ping that may be used)",
  ignore: !hasPing,
  async fn() {
    for (const source of SOURCES) {
      const { status, detail } = await runProbe(SPEC, probeContext({ source }));
      assertEquals(status, "open");
      assertMatch(detail, /^echo in [\d.]+ ms$/);
    }
  },
});
