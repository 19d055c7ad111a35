/** Which ports an apply asks: that of ssh has to be among them wherever a door closes it. */
import { assertEquals } from "@std/assert";
import { parseServices } from "../../../src/core/service.ts";
import { DEFAULT_SETTINGS } from "../../../src/core/target.ts";
import { listGuardedPorts } from "../../../src/use_cases/apply/look_at_ports.ts";
import type { Ports } from "../../../src/use_cases/ports.ts";
import { table } from "../../table.ts";

const TARGET = {
  ...DEFAULT_SETTINGS,
  name: "home",
  host: "192.0.2.1",
  knocks: [{ port: 1, protocol: "udp", payload: { kind: "none" } }],
} as const;

table(
  "apply: the port of ssh is asked for, whatever closes it",
  [
    ["22/tcp", [22]],
    ["80/tcp,443/tcp,22/tcp", [22, 80, 443]],
    ["80/tcp,81/tcp,82/tcp,83/tcp,84/tcp,22/tcp", [22, 80, 81, 82]],
    ["20-30/tcp", [22, 20]],
    ["all", [22]],
    ["all,443/tcp", [22, 443]],
    ["443/tcp", [443]],
    ["51820/udp", []],
  ] as const,
  async (ports, opens) => {
    const doors = [{ target: TARGET, opens: parseServices(opens) }];
    const net = {} as Ports["net"];
    const list = async (ban: boolean) =>
      await listGuardedPorts(doors, { families: ["ipv4"], ban, sshPort: 22 }, { net } as Ports);
    assertEquals((await list(false)).map(({ port }) => port), [...ports]);
    const counted = (await list(true)).filter(({ isCounted }) => isCounted);
    assertEquals(counted.map(({ port }) => port), opens.startsWith("all") ? [22] : []);
  },
);
