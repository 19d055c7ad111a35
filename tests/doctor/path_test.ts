/** Who reports that an address cannot be reached: what `ping` and `ip` printed, recorded. */
import { assertEquals } from "@std/assert";
import { findReporter, readNeighbour, readPing, readRoute } from "../../src/doctor/path.ts";
import { table } from "../table.ts";

type Reporter = ReturnType<typeof findReporter>;

const ROUTE = { device: "a0", gateway: undefined, source: "10.99.1.1" };

interface Printed {
  os?: string;
  code?: number;
  stdout?: string;
  stderr?: string;
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
      undefined,
      "router",
    ],
    "macOS: this machine": [
      { os: "darwin", code: 2, stderr: "ping: sendto: No route to host\n" },
      false,
      "machine",
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
  ([{ os = "linux", code = 1, stdout = "", stderr = "" }, ping, reporter]) => {
    const read = readPing({ code, stdout, stderr }, os);
    const { report, refusal } = read;
    const found = { address: "10.98.0.1", ping, path: { route: ROUTE, report, refusal } };
    assertEquals([read.ping, findReporter(found)], [ping, reporter]);
  },
);

table<[Printed, unknown]>("readRoute", {
  "a neighbour": [
    { stdout: "10.99.1.77 dev a0 src 10.99.1.1 uid 0 \n    cache \n" },
    { route: ROUTE },
  ],
  "by a gateway": [
    { stdout: "10.98.0.1 via 10.99.1.2 dev a0 src 10.99.1.1 uid 0 \n    cache \n" },
    { route: { ...ROUTE, gateway: "10.99.1.2" } },
  ],
  "IPv6": [
    { stdout: "fd99::77 from :: dev a0 proto kernel src fd99::1 metric 256 pref medium\n" },
    { route: { device: "a0", gateway: undefined, source: "fd99::1" } },
  ],
  "none": [
    { code: 2, stderr: "RTNETLINK answers: Network is unreachable\n" },
    { noRoute: "Network is unreachable" },
  ],
  "another ip, without this command": [{ code: 1, stderr: "ip: not an applet\n" }, {}],
}, ([{ code = 0, stdout = "", stderr = "" }, found]) => {
  assertEquals(readRoute({ code, stdout, stderr }), found as ReturnType<typeof readRoute>);
});

table<[stdout: string, state: ReturnType<typeof readNeighbour>]>("readNeighbour", {
  "none": ["", undefined],
  "there": ["10.99.1.2 dev a0 lladdr 6e:2d:97:0b:15:45 REACHABLE \n", "there"],
  "asking": ["10.99.1.77 dev a0 INCOMPLETE \n", "asking"],
  "missing": ["10.98.2.2 dev b0 FAILED \n", "missing"],
}, ([stdout, state]) => {
  assertEquals(readNeighbour({ code: 0, stdout, stderr: "" }), state);
});
