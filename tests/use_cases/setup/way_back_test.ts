/** What is printed for the console, for each firewall and each way in which rules stay. */
import { assertEquals } from "@std/assert";
import { findBackend } from "../../../src/rules/mod.ts";
import { draftPlan } from "../../../src/use_cases/build_plan.ts";
import { listWayBack } from "../../../src/use_cases/setup/way_back.ts";
import { DEFAULT_SETTINGS } from "../../../src/core/target.ts";
import { makeLook } from "../../cli/fake_apply.ts";
import { table } from "../../table.ts";

const TARGET = {
  ...DEFAULT_SETTINGS,
  name: "home",
  host: "192.0.2.1",
  knocks: [{ port: 7000, protocol: "udp", payload: { kind: "bytes", bytes: new Uint8Array(32) } }],
} as const;

table("way back", {
  "nftables, until a reboot": ["nftables", [], ["nft delete table inet spknock_home"]],
  "nftables and a unit": [
    "nftables",
    ["/etc/spknock/home.nft", "/etc/systemd/system/spknock-home.service"],
    [
      "systemctl disable --now spknock-home.service",
      "nft delete table inet spknock_home",
      "rm -f /etc/spknock/home.nft /etc/systemd/system/spknock-home.service",
    ],
  ],
  "nftables and a line in the distribution's file": [
    "nftables",
    ["/etc/spknock/home.nft", "/etc/nftables.conf"],
    [
      "sed -i /spknock/d /etc/nftables.conf",
      "nft delete table inet spknock_home",
      "rm -f /etc/spknock/home.nft",
    ],
  ],
  "OpenWrt": [
    "nftables-openwrt",
    ["/etc/nftables.d/spknock-home.nft"],
    ["rm -f /etc/nftables.d/spknock-home.nft", "fw4 reload"],
  ],
  "iptables and its script": [
    "iptables",
    ["/etc/spknock/home.sh"],
    ["sh /etc/spknock/home.sh undo", "rm -f /etc/spknock/home.sh"],
  ],
} as Readonly<Record<string, readonly [string, readonly string[], readonly string[]]>>, async (
  [name, files, lines],
) => {
  const plan = draftPlan([{ target: TARGET, opens: [{ port: 22, protocol: "tcp" }] }], {});
  const backend = await findBackend(name);
  const summary = {
    place: "root@192.0.2.1",
    look: makeLook(),
    plan,
    weak: [],
    backend,
    concerns: [],
    isReplacing: false,
  };
  assertEquals(listWayBack({ summary, files }), lines);
});
