import { assertEquals } from "@std/assert";
import { type Look, parseLook } from "../../src/apply/look.ts";
import { table } from "../table.ts";
import { NOW } from "./looks.ts";
import { ALPINE, DEBIAN, OPENWRT, USER } from "./recorded_looks.ts";

const parse = (stdout: string, stderr = "") => parseLook({ stdout, stderr });

table<{ output: string; facts: Partial<Look> }>("parseLook", {
  "Debian, after the lines of a login shell": {
    output: DEBIAN,
    facts: {
      system: "Debian GNU/Linux 12 (bookworm)",
      kind: "linux",
      init: "systemd",
      isRoot: true,
      nft: "1.0.6",
      iptables: { version: "1.8.9", kind: "nft", hasIpset: true, hasIpv6: true, isSaved: false },
      tables: ["inet filter", "inet spknock_office", "ip nat"],
      guarded: [
        { name: "office", backend: "nftables", protocol: "tcp", port: 22, last: 22 },
        { name: "office", backend: "nftables", protocol: "tcp", port: 60_000, last: 60_010 },
      ],
      active: ["docker"],
      listeners: [
        { protocol: "tcp", address: "0.0.0.0", port: 22 },
        { protocol: "tcp", address: "127.0.0.1", port: 3306 },
        { protocol: "tcp", address: "::", port: 22 },
        { protocol: "udp", address: "fe80::5054:ff:fe1d:adb6", port: 546 },
      ],
      forwards: [{ protocol: "tcp", port: 8081, last: 8081, to: "172.17.0.2:80" }],
      connection: { client: "192.0.2.9", server: "192.0.2.1", port: 22 },
      interface: "eth0",
      clock: { at: NOW, isSynchronized: true },
      addresses: ["192.0.2.1", "2001:db8::1"],
      hasIpv6: true,
      canPersist: true,
      freeKib: 81_400_184,
      hasSha512sum: true,
      isBusy: false,
    },
  },
  "OpenWrt": {
    output: OPENWRT,
    facts: {
      kind: "openwrt",
      init: "procd",
      nft: "1.0.8",
      iptables: undefined,
      active: ["fw4"],
      guarded: [
        { name: "attic", backend: "nftables-openwrt", protocol: "tcp", port: 22, last: 22 },
      ],
      listeners: [
        { protocol: "tcp", address: "127.0.0.1", port: 22 },
        { protocol: "tcp", address: "192.0.2.1", port: 22 },
      ],
      forwards: [{ protocol: "tcp", port: 8080, last: 8080, to: "192.168.1.7:80" }],
      clock: { at: NOW, isSynchronized: undefined },
      hasIpv6: false,
      hasSha512sum: false,
    },
  },
  "Alpine without nft, and with a full disk": {
    output: ALPINE,
    facts: {
      init: "openrc",
      nft: undefined,
      iptables: {
        version: "1.8.10",
        kind: "legacy",
        hasIpset: false,
        hasIpv6: false,
        isSaved: false,
      },
      tables: [],
      clock: { at: NOW, isSynchronized: false },
      canPersist: false,
      freeKib: 12,
      connection: undefined,
    },
  },
  "an ordinary user": {
    output: USER,
    facts: {
      isRoot: false,
      tables: undefined,
      rules: undefined,
      guarded: undefined,
      forwards: undefined,
      active: ["ufw"],
      connection: { client: "192.0.2.9", server: "192.0.2.1", port: 2222 },
      isBusy: true,
    },
  },
  "an output that was cut off": {
    output: DEBIAN.slice(0, -"spknock: end yes\n".length),
    facts: { kind: "other" },
  },
  "nothing": { output: "", facts: { kind: "other", system: "an unknown system", listeners: [] } },
  "a root that may not see nftables, in a container": {
    output: DEBIAN.replace("spknock: nft-seen yes\n", ""),
    facts: { tables: undefined, rules: undefined, forwards: undefined },
  },
  "more rules than are read": {
    output: DEBIAN.replace("spknock: endian", "spknock: rules-cut yes\nspknock: endian"),
    facts: { rules: undefined },
  },
  "values that are not what they have to be": {
    output: DEBIAN.replace(/nft 1.0.6/, "nft 1.0.6; reboot").replace(/clock \d+/, "clock 9e99")
      .replace(/interface .*/, "interface $(reboot)").replace(/connection .*/, "connection a b c d")
      .replace(/inet 192.*/, "inet 192.0.2.256/24 eth0").replace(/etc-free .*/, "etc-free -1")
      .replace(/socket tcp 0{8}:0016/, "socket tcp 000000:0016").replace(
        /yes\nspknock: etc/,
        "maybe\nspknock: etc",
      ),
    facts: {
      nft: undefined,
      interface: undefined,
      connection: undefined,
      clock: { at: 0, isSynchronized: undefined },
      addresses: ["2001:db8::1"],
      freeKib: undefined,
    },
  },
  "lines with carriage returns": {
    output: DEBIAN.replaceAll("\n", "\r\n"),
    facts: { kind: "linux", interface: "eth0", canPersist: true },
  },
}, ({ output, facts }) => {
  const look = parse(output);
  const found = Object.keys(facts).map((key) => [key, Reflect.get(look, key)]);
  assertEquals(Object.fromEntries(found), facts);
});

table("parseLook: RouterOS", {
  "7": ["bad command name sh (line 1 column 1)\n", ""],
  "7, on the other stream": ["", "syntax error (line 1 column 10)\n"],
  "6": ["expected end of command (line 1 column 4)\n", ""],
}, ([stdout = "", stderr = ""]) => {
  assertEquals(parse(stdout, stderr).kind, "routeros");
});
