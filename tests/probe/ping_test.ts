import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { askProbe, type ProgramResult } from "../../src/probe/mod.ts";
import { pingCommand } from "../../src/probe/ping.ts";
import { FakeClock, fakePrograms } from "../fakes.ts";
import { probeContext } from "./servers.ts";

const SPEC = { type: "ping" };
const ended = (code: number | undefined, stdout = "", stderr = ""): ProgramResult => ({
  code,
  stdout,
  stderr,
});

Deno.test("each system's ping is asked for one numeric echo", () => {
  const v4 = { address: "192.0.2.1", family: "ipv4" } as const;
  const v6 = { address: "2001:db8::1", family: "ipv6", source: "2001:db8::9" } as const;
  const cases: [string, Parameters<typeof pingCommand>[1], string][] = [
    ["linux", v4, "ping -4 -n -c 1 -W 1 192.0.2.1"],
    ["linux", v6, "ping -6 -n -c 1 -W 1 -I 2001:db8::9 2001:db8::1"],
    ["darwin", v4, "ping -n -c 1 192.0.2.1"],
    ["darwin", v6, "ping6 -n -c 1 -S 2001:db8::9 2001:db8::1"],
    ["windows", v4, "ping -4 -n 1 -w 1000 192.0.2.1"],
    ["windows", v6, "ping -6 -n 1 -w 1000 -S 2001:db8::9 2001:db8::1"],
  ];
  for (const [os, place, command] of cases) {
    assertEquals(pingCommand(os, place).join(" "), command);
  }
});

Deno.test("an echo is open, with its own time", async () => {
  const cases: [string, string][] = [
    ["64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.123 ms\n", "echo in 0.123 ms"],
    ["Reply from 192.0.2.1: bytes=32 time<1ms TTL=128\n", "echo in 1 ms"],
    ["64 bytes from 192.0.2.1\n", ""],
  ];
  for (const [stdout, detail] of cases) {
    const clock = new FakeClock({ auto: true });
    const { run, calls } = fakePrograms([ended(0, stdout)]);
    const result = await askProbe(SPEC, probeContext({ clock, runProgram: run, os: "linux" }));
    assertEquals(result, { label: "ping", status: "open", ms: 0, detail });
    assertEquals(calls.map(({ command }) => command.join(" ")), ["ping -4 -n -c 1 -W 1 127.0.0.1"]);
  }
});

Deno.test("a host without an echo is asked until the timeout, not in a spin", async () => {
  const clock = new FakeClock({ auto: true });
  const { run, calls } = fakePrograms([ended(1)]);
  const context = probeContext({ clock, runProgram: run, timeoutMs: 1_100 });
  assertEquals(await askProbe(SPEC, context), {
    label: "ping",
    status: "closed",
    ms: 1_100,
    detail: "no echo",
  });
  assertEquals(calls.map(({ options }) => options.timeoutMs), [1_100, 850, 600, 350, 100]);
});

Deno.test("an echo that comes at a later try counts", async () => {
  const clock = new FakeClock({ auto: true });
  const { run, calls } = fakePrograms([ended(1), ended(undefined), ended(0, "time=2 ms")]);
  const result = await askProbe(SPEC, probeContext({ clock, runProgram: run }));
  assertEquals([result.status, result.ms, calls.length], ["open", 500, 3]);
});

Deno.test("a ping that does not work is an error", async () => {
  const cases: [ProgramResult | Error, string][] = [
    [ended(2, "", "ping: bind: Cannot assign\nmore\n"), "ping: bind: Cannot assign"],
    [ended(2), "ping ended with 2"],
    [new Deno.errors.NotFound("no ping"), "no ping"],
  ];
  for (const [end, detail] of cases) {
    const clock = new FakeClock({ auto: true });
    const { run } = fakePrograms([end]);
    const result = await askProbe(SPEC, probeContext({ clock, runProgram: run }));
    assertEquals([result.status, result.detail], ["error", detail]);
  }
});

Deno.test("a cancelled ping asks no more", async () => {
  const clock = new FakeClock();
  const cancel = new AbortController();
  const { run, calls } = fakePrograms([ended(1)]);
  const { signal } = cancel;
  const asking = askProbe(SPEC, probeContext({ clock, runProgram: run, signal }));
  await clock.advance(100);
  cancel.abort(new Error("stop"));
  await assertRejects(() => asking, Error, "stop");
  assertEquals([calls.length, clock.sleeping], [1, 0]);
});

const hasPing = await (async () => {
  try {
    const { success } = await new Deno.Command("ping", {
      args: ["-4", "-n", "-c", "1", "-W", "1", "127.0.0.1"],
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
    for (const source of [undefined, "127.0.0.5"]) {
      const { status, detail } = await askProbe(SPEC, probeContext({ source }));
      assertEquals(status, "open");
      assertMatch(detail, /^echo in [\d.]+ ms$/);
    }
  },
});
