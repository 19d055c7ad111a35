/** What the system's programs are asked about the way to an address. */
import { assertEquals } from "@std/assert";
import { lookAtRoute } from "../../../src/use_cases/doctor/look_at_path.ts";
import type { Ports } from "../../../src/use_cases/ports.ts";
import { FakeClock, fakePrograms } from "../../fakes.ts";
import { table } from "../../table.ts";

table<readonly [address: string, source: string | undefined, command: string]>(
  "lookAtRoute asks for the route",
  {
    "without a source": ["192.0.2.1", undefined, "ip route get 192.0.2.1"],
    "from an address": ["192.0.2.1", "192.0.2.9", "ip route get 192.0.2.1 from 192.0.2.9"],
    "out of an interface": ["192.0.2.1", "eth0", "ip route get 192.0.2.1 oif eth0"],
    "over a zone": ["fe80::1%eth0", undefined, "ip route get fe80::1 oif eth0"],
    "over a zone, from an address with its own": [
      "fe80::1%eth0",
      "fe80::9%eth0",
      "ip route get fe80::1 from fe80::9 oif eth0",
    ],
  },
  async ([address, source, command]) => {
    const { run, calls } = fakePrograms([{ code: 2, stdout: "", stderr: "" }]);
    const family = address.includes(":") ? "ipv6" : "ipv4";
    const ports: Pick<Ports, "os" | "runProgram" | "clock" | "signal"> = {
      os: "linux",
      runProgram: run,
      clock: new FakeClock({ auto: true }),
      signal: new AbortController().signal,
    };
    await lookAtRoute({ address, family, source }, ports);
    assertEquals(calls[0]?.command.join(" "), command);
  },
);
