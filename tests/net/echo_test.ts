import { assertEquals, assertRejects } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import { sendEcho } from "../../src/net/echo.ts";
import { fakePrograms } from "../fakes.ts";
import { LOOPBACK } from "../ports.ts";
import { table } from "../table.ts";

const ended = (code: number | undefined, stderr = "") => ({ code, stdout: "", stderr });
const ECHO = { address: "192.0.2.1", size: 64, pattern: Uint8Array.fromHex("c0ffee") };
const PLAIN = { ...ECHO, pattern: new Uint8Array() };

table<readonly [string, Parameters<typeof sendEcho>[0], string]>(
  "sendEcho calls the system's ping",
  {
    "Linux": ["linux", ECHO, "ping -4 -n -c 1 -W 1 -s 64 -p c0ffee 192.0.2.1"],
    "Linux, IPv6, with a source": [
      "linux",
      { ...PLAIN, address: "2001:db8::1", source: "eth0" },
      "ping -6 -n -c 1 -W 1 -s 64 -I eth0 2001:db8::1",
    ],
    "macOS": ["darwin", ECHO, "ping -n -c 1 -W 1000 -s 64 -p c0ffee 192.0.2.1"],
    "macOS, IPv6": ["darwin", { ...PLAIN, address: "::1" }, "ping6 -n -c 1 -s 64 ::1"],
    "macOS, from an interface": [
      "darwin",
      { ...PLAIN, address: "127.0.0.1", source: LOOPBACK },
      "ping -n -c 1 -W 1000 -s 64 -S 127.0.0.1 127.0.0.1",
    ],
    "Windows": ["windows", PLAIN, "ping -4 -n 1 -w 1000 -l 64 192.0.2.1"],
  },
  async ([os, echo, line]) => {
    const { run, calls } = fakePrograms([ended(0)]);
    await sendEcho(echo, { run, os });
    assertEquals(calls.map(({ command }) => command.join(" ")), [line]);
  },
);

Deno.test("sendEcho tells where a traced request leaves from", async () => {
  const { run } = fakePrograms([ended(0)]);
  const options = { run, os: "linux" };
  const echo = { ...PLAIN, address: "127.0.0.1" };
  assertEquals(await sendEcho(echo, options), {});
  assertEquals(await sendEcho({ ...echo, isTraced: true }, options), { address: "127.0.0.1" });
  const from = { ...echo, source: LOOPBACK, isTraced: true };
  assertEquals(await sendEcho(from, options), { address: "127.0.0.1" });
});

table<[end: ReturnType<typeof ended>, os: string]>("sendEcho: the answer does not matter", {
  "an answer": [ended(0), "linux"],
  "none": [ended(1), "linux"],
  "none in time": [ended(undefined), "linux"],
  "none, on macOS": [ended(2), "darwin"],
}, async ([end, os]) => {
  await sendEcho(ECHO, { run: fakePrograms([end]).run, os });
});

table<readonly [Parameters<typeof fakePrograms>[0][number], string, string]>(
  "sendEcho: ping cannot",
  {
    "it is not permitted": [
      ended(2, "ping: socktype: SOCK_RAW\nping: socket: Operation not permitted\n"),
      "linux",
      "cannot send an echo request to 192.0.2.1: ping: socktype: SOCK_RAW",
    ],
    "this machine's firewall forbids it, with the exit code of silence": [
      ended(1, "ping: sendmsg: Operation not permitted\n"),
      "linux",
      "cannot send an echo request to 192.0.2.1: ping: sendmsg: Operation not permitted",
    ],
    "macOS has no route, with the exit code of silence": [
      ended(2, "ping: sendto: No route to host\n"),
      "darwin",
      "cannot send an echo request to 192.0.2.1: ping: sendto: No route to host",
    ],
    "it is missing": [
      new Deno.errors.NotFound("os error 2"),
      "linux",
      "cannot send an echo request to 192.0.2.1: there is no ping",
    ],
    "it has no pattern": [
      ended(0),
      "windows",
      "cannot send an echo request with this payload: Windows' ping has a size only",
    ],
  },
  async ([end, os, message]) => {
    const { run } = fakePrograms([end]);
    const error = await assertRejects(() => sendEcho(ECHO, { run, os }), NetworkError, message);
    assertEquals(error.hint !== undefined, true);
  },
);
