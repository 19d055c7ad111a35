/** What `ip` printed about the way to an address, recorded. */
import { assertEquals } from "@std/assert";
import { readNeighbour, readRoute } from "../../src/doctor/path.ts";
import { table } from "../table.ts";

const ROUTE = { device: "a0", gateway: undefined, source: "10.99.1.1" };

interface Printed {
  code?: number;
  stdout?: string;
  stderr?: string;
}

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
