import { assertEquals, assertStringIncludes } from "@std/assert";
import { chooseBackend } from "../../src/apply/choose_backend.ts";
import type { Look } from "../../src/apply/look.ts";
import { table } from "../table.ts";
import { makeLook } from "./looks.ts";

const IPTABLES = {
  version: "1.8.9",
  kind: "nft",
  hasIpset: true,
  hasIpv6: true,
  isSaved: false,
} as const;

interface Row {
  look?: Partial<Look>;
  wish?: Partial<Parameters<typeof chooseBackend>[1]>;
  backend?: string;
  variant?: string;
  /** A part of the reason, or of the refusal's hint. */
  says: string;
  refusal?: string;
}

table<Row>("chooseBackend", {
  "nft": { backend: "nftables", says: "the server has nft 1.0.6" },
  "nft beside iptables": {
    look: { iptables: IPTABLES },
    backend: "nftables",
    says: "works beside iptables",
  },
  "nft beside ufw and Docker": {
    look: { iptables: IPTABLES, active: ["ufw", "docker"] },
    backend: "nftables",
    says: "works beside ufw and docker",
  },
  "fw4": {
    look: { kind: "openwrt", active: ["fw4"] },
    backend: "nftables-openwrt",
    says: "fw4 includes",
  },
  "iptables alone": {
    look: { nft: undefined, iptables: IPTABLES },
    backend: "iptables",
    variant: "ipset",
    says: "and no nft",
  },
  "iptables without ipset": {
    look: { nft: undefined, iptables: { ...IPTABLES, hasIpset: false } },
    backend: "iptables",
    variant: "recent",
    says: "recent match",
  },
  "codes with iptables": {
    look: { nft: undefined, iptables: IPTABLES },
    wish: { hasCodes: true },
    backend: "iptables",
    variant: "ipset",
    says: "ipset",
  },
  "codes with iptables without ipset": {
    look: { nft: undefined, iptables: { ...IPTABLES, hasIpset: false } },
    wish: { hasCodes: true },
    refusal: "codes_not_possible",
    says: "apt install nftables",
  },
  "codes with iptables without sha512sum": {
    look: { nft: undefined, iptables: IPTABLES, hasSha512sum: false, system: "Alpine Linux v3.20" },
    wish: { hasCodes: true },
    refusal: "codes_not_possible",
    says: "apk add nftables",
  },
  "iptables, wanted": {
    look: { iptables: IPTABLES },
    wish: { wanted: "iptables" },
    backend: "iptables",
    variant: "ipset",
    says: "--for names it",
  },
  "the recent match, wanted": {
    look: { iptables: IPTABLES },
    wish: { wanted: "iptables", variant: "recent" },
    backend: "iptables",
    variant: "recent",
    says: "recent match",
  },
  "ipset, wanted and missing": {
    look: { iptables: { ...IPTABLES, hasIpset: false } },
    wish: { wanted: "iptables", variant: "ipset" },
    refusal: "no_firewall",
    says: "apt install ipset",
  },
  "iptables, wanted and missing": {
    wish: { wanted: "iptables" },
    refusal: "no_firewall",
    says: "apt install iptables",
  },
  "nftables, wanted and missing": {
    look: { nft: undefined, iptables: IPTABLES },
    wish: { wanted: "nftables" },
    refusal: "no_firewall",
    says: "apt install nftables",
  },
  "fw4, wanted and missing": {
    wish: { wanted: "nftables-openwrt" },
    refusal: "no_firewall",
    says: "leave out --for",
  },
  "knockd, wanted": {
    wish: { wanted: "knockd" },
    refusal: "unsupported_backend",
    says: "spknock rules home --for knockd --save",
  },
  "nothing there": {
    look: { nft: undefined, system: "Fedora Linux 40" },
    refusal: "no_firewall",
    says: "dnf install nftables",
  },
  "a container": { look: { tables: undefined }, refusal: "no_access", says: "container" },
  "an ordinary user, whose nft shows nothing": {
    look: { tables: undefined, isRoot: false },
    backend: "nftables",
    says: "nft 1.0.6",
  },
  "RouterOS": {
    look: { kind: "routeros" },
    refusal: "routeros",
    says: "spknock rules home --for mikrotik --save, upload the file, press Ctrl+X",
  },
  "another system": {
    look: { kind: "other", system: "FreeBSD 14" },
    refusal: "unsupported_system",
    says: "spknock rules",
  },
}, ({ look, wish, backend, variant, says, refusal }) => {
  const choice = chooseBackend(makeLook(look), {
    wanted: undefined,
    variant: undefined,
    hasCodes: false,
    targets: ["home"],
    ...wish,
  });
  assertEquals(choice.refusal?.code, refusal);
  assertEquals(choice.backend, backend);
  if (choice.refusal === undefined) assertEquals(choice.variant, variant);
  assertStringIncludes(choice.refusal?.hint ?? (choice.refusal ? "" : choice.reason), says);
});
