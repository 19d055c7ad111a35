/**
 * `ping` on each system: how it is called, and what is made of its words. Recorded on Linux; those of macOS and
 * Windows are as their sources and users show them.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import { findReporter } from "../../src/doctor/path.ts";
import { buildPingCommand } from "../../src/net/ping/command.ts";
import { type PingReading, readPing } from "../../src/net/ping/output.ts";
import { table } from "../table.ts";

const EXACT = { address: "192.0.2.1", size: 8, pattern: new Uint8Array(8).fill(0xc0) };

table<[os: string, Parameters<typeof buildPingCommand>[1], command: string | undefined]>(
  "buildPingCommand: a payload of its own length leaves as it is, or not at all",
  {
    "Linux": ["linux", EXACT, "ping -4 -n -c 1 -W 1 -s 8 -p c0c0c0c0c0c0c0c0 192.0.2.1"],
    "macOS, whose ping writes the time into 8 bytes": ["darwin", EXACT, undefined],
    "macOS, 7 bytes": [
      "darwin",
      { ...EXACT, size: 7, pattern: EXACT.pattern.subarray(1) },
      "ping -n -c 1 -W 1000 -s 7 -p c0c0c0c0c0c0c0 192.0.2.1",
    ],
    "macOS, a size that the firewall counts": [
      "darwin",
      { ...EXACT, size: 100 },
      "ping -n -c 1 -W 1000 -s 100 -p c0c0c0c0c0c0c0c0 192.0.2.1",
    ],
    "Windows": ["windows", { ...EXACT, size: 100 }, undefined],
  },
  ([os, echo, command]) => {
    if (command === undefined) {
      return void assertThrows(() => buildPingCommand(os, echo), NetworkError);
    }
    assertEquals(buildPingCommand(os, echo).join(" "), command);
  },
);

interface Printed {
  os?: string;
  code?: number | undefined;
  stdout?: string;
  stderr?: string;
}

const ROUTE = { device: "a0", gateway: undefined, source: "10.99.1.1" };

type Reporter = ReturnType<typeof findReporter>;

function readAs({ os = "linux", stdout = "", stderr = "", ...end }: Printed): PingReading {
  return readPing({ code: "code" in end ? end.code : 1, stdout, stderr }, os);
}

table<[Printed, ping: boolean | undefined, reporter: Reporter]>(
  "readPing: who reports that 10.98.0.1 cannot be reached",
  {
    "an echo": [
      { code: 0, stdout: "64 bytes from 10.98.0.1: icmp_seq=1 ttl=64 time=0.159 ms\n" },
      true,
      "host",
    ],
    "silence": [{ stdout: "PING 10.98.0.1 (10.98.0.1) 56(84) bytes of data.\n" }, false, undefined],
    "a router": [
      { stdout: "From 10.99.1.2 icmp_seq=1 Destination Host Unreachable\n" },
      false,
      "router",
    ],
    "a router that redirects, and is no reporter then": [
      { stdout: "From 10.99.1.2: icmp_seq=1 Redirect Host(New nexthop: 10.98.2.2)\n" },
      false,
      undefined,
    ],
    "this machine, whose neighbour is gone": [
      { stdout: "From 10.99.1.1 icmp_seq=1 Destination Host Unreachable\n" },
      false,
      "machine",
    ],
    "the host": [{ stdout: "From 10.98.0.1 icmp_seq=1 Packet filtered\n" }, false, "host"],
    "this machine, without a route": [
      { code: 2, stderr: "/usr/bin/ping: connect: Network is unreachable\n" },
      false,
      "machine",
    ],
    "this machine's firewall, which tells nothing about other packets": [
      { stderr: "ping: sendmsg: Operation not permitted\n" },
      false,
      undefined,
    ],
    "a ping that cannot work": [
      { code: 2, stderr: "ping: socket: Operation not permitted\n" },
      undefined,
      undefined,
    ],
    "macOS: a router": [
      { os: "darwin", code: 2, stdout: "92 bytes from 10.0.0.1: Destination Host Unreachable\n" },
      false,
      "router",
    ],
    "macOS: this machine": [
      { os: "darwin", code: 2, stderr: "ping: sendto: No route to host\n" },
      false,
      "machine",
    ],
    "macOS: silence": [
      { os: "darwin", code: 2, stdout: "1 packets transmitted, 0 packets received\n" },
      false,
      undefined,
    ],
    "macOS: a ping that cannot work": [
      { os: "darwin", code: 64, stderr: "ping: invalid option\n" },
      undefined,
      undefined,
    ],
    "Windows: an echo": [
      { os: "windows", code: 0, stdout: "Reply from 10.98.0.1: bytes=32 time<1ms TTL=128\r\n" },
      true,
      "host",
    ],
    "Windows: a router, with exit code 0": [
      {
        os: "windows",
        code: 0,
        stdout: "\r\nPinging 10.98.0.1 with 32 bytes of data:\r\n" +
          "Reply from 10.0.0.1: Destination host unreachable.\r\n",
      },
      false,
      "router",
    ],
  },
  ([printed, ping, reporter]) => {
    const read = readAs(printed);
    const { report, refusal } = read;
    const found = { address: "10.98.0.1", ping, path: { route: ROUTE, report, refusal } };
    assertEquals([read.ping, findReporter(found)], [ping, reporter]);
  },
);

const ECHO = { ping: true, time: "1" };
const SILENCE = { ping: false };
const LOST = "an ICMP error, in the language of this system";

function reportOf(by: string, text: string): Partial<PingReading> {
  return { ping: false, report: { by, text, line: "" } };
}

/** Windows' ping prints a header, replies and a summary; it ends with 0 whatever came back. */
table<[line: string, reading: Partial<PingReading>, code?: number]>(
  "readPing: Windows, in any language",
  {
    "English": ["Reply from 192.0.2.1: bytes=32 time<1ms TTL=128", ECHO],
    "English, unreachable": [
      "Reply from 192.0.2.9: Destination host unreachable.",
      reportOf("192.0.2.9", "Destination host unreachable"),
    ],
    "English, no hops left": [
      "Reply from 192.0.2.254: TTL expired in transit.",
      reportOf("192.0.2.254", "TTL expired in transit"),
    ],
    "English, silence": ["Request timed out.", SILENCE, 1],
    "English, the kernel": [
      "PING: transmit failed. General failure. ",
      { ping: false, refusal: "transmit failed. General failure" },
      1,
    ],
    "English, IPv6 has no TTL": ["Reply from 2001:db8::1: time=1ms ", ECHO],
    "English, IPv6, link-local": ["Reply from fe80::1%5: time<1ms", ECHO],
    "English, IPv6, unreachable": [
      "Reply from 2001:db8::9: Destination host unreachable. ",
      reportOf("2001:db8::9", "Destination host unreachable"),
    ],
    "German": ["Antwort von 192.0.2.1: Bytes=32 Zeit<1ms TTL=64", ECHO],
    "German, unreachable": [
      "Antwort von 192.0.2.9: Zielhost nicht erreichbar.",
      reportOf("192.0.2.9", "Zielhost nicht erreichbar"),
    ],
    "German, silence": ["Zeit\ufffdberschreitung der Anforderung.", SILENCE, 1],
    "German, IPv6": ["Antwort von ::1: Zeit<1ms", ECHO],
    "French, with a space before each colon": [
      "R\ufffdponse de 192.0.2.1 : octets=32 temps<1ms TTL=64",
      ECHO,
    ],
    "French, unreachable, in letters that are lost": [
      "R\ufffdponse de 192.0.2.9 : Impossible de joindre l'h\ufffdte de destination.",
      reportOf("192.0.2.9", LOST),
    ],
    "Japanese, with the address first": [
      "192.0.2.1 \ufffd\ufffd: \ufffd =32 \ufffd =1ms TTL=64",
      ECHO,
    ],
    "Japanese, unreachable": [
      "192.0.2.9 \ufffd\ufffd: \ufffd\ufffd\ufffdB",
      reportOf("192.0.2.9", LOST),
    ],
    "Russian, whose milliseconds are other letters": [
      "\ufffd\ufffd 192.0.2.1: \ufffd=32 \ufffd=1\ufffd\ufffd TTL=64",
      { ping: true },
    ],
    "Russian, IPv6": ["\ufffd\ufffd ::1: \ufffd<1\ufffd\ufffd ", { ping: true }],
    "German, no way, in letters that are lost": [
      "PING: Fehler bei der \ufffdbertragung. Allgemeiner Fehler.",
      { ping: false, refusal: "general failure, in the language of this system" },
      1,
    ],
    "Spanish": ["Respuesta desde 192.0.2.1: bytes=32 tiempo<1m TTL=64", { ping: true }],
  },
  ([line, reading, code = 0]) => {
    const header = "\r\nPinging 192.0.2.1 from 192.0.2.9 with 32 bytes of data:\r\n";
    const summary = "\r\n\r\nPing statistics for 192.0.2.1:\r\n" +
      "    Packets: Sent = 1, Received = 1, Lost = 0 (0% loss),\r\n";
    const read = readAs({ os: "windows", code, stdout: `${header}${line}${summary}` });
    const { report, ...rest } = read;
    assertEquals({ ...rest, ...(report && { report: { ...report, line: "" } }) }, reading);
    if (report === undefined) return;
    assertEquals(report.line, report.text === LOST ? `${report.by}: ${LOST}` : line.trim());
  },
);
