/** What a server says of itself before anything is changed: the report of the runner's verb `look`. */
import type { Protocol } from "../core/knock.ts";

/** A program of a firewall that is active there. */
export type ActiveFirewall = "ufw" | "firewalld" | "docker" | "fw4";

/** A port that somebody listens on there. */
export interface Listener {
  protocol: "tcp" | "udp";
  /** The address that it is bound to; `0.0.0.0` and `::` are all. */
  address: string;
  port: number;
}

/** A chain outside of our rules that drops packets to the machine by its policy or a last rule. */
export interface Dropper {
  /** As people know it: `table inet filter, chain input`, `iptables INPUT (IPv4)`. */
  name: string;
}

/** See the header. What root alone can see is undefined where root was not to be had yet. */
export interface Look {
  /** For people: `Debian GNU/Linux 12 (bookworm)`. */
  system: string;
  kind: "linux" | "openwrt" | "routeros" | "other";
  /** What supervises services: tells how a detached process is started and how rules stay. */
  init: "systemd" | "openrc" | "procd" | "other";
  /** `nft --version`, such as `1.0.6`; undefined where there is no nft. */
  nft: string | undefined;
  iptables: { version: string; kind: "nft" | "legacy"; hasIpset: boolean } | undefined;
  /** nftables' tables, such as `inet filter`. */
  tables: readonly string[] | undefined;
  droppers: readonly Dropper[] | undefined;
  active: readonly ActiveFirewall[];
  /** What ufw or firewalld let in: `22/tcp`; undefined where none is active or it cannot be seen. */
  allowed: readonly string[] | undefined;
  listeners: readonly Listener[];
  /** Ports that are forwarded or redirected before our rules see them. */
  forwards: readonly { protocol: Protocol; port: number; to: string }[] | undefined;
  /** Of `$SSH_CONNECTION`: the client as the server sees it, and the end that it talks to. */
  connection: { client: string; server: string; port: number } | undefined;
  /** Milliseconds since 1970 there, and whether the network sets that clock (undefined: not known). */
  clock: { at: number; isSynchronized: boolean | undefined };
  /** Whether the machine has IPv6 addresses other than loopback and link-local ones. */
  hasIpv6: boolean;
  /** Whether /etc can be written to. */
  canPersist: boolean;
  /** Programs that codes with iptables need: `sha512sum`. */
  hasSha512sum: boolean;
  /** Another apply that is under way for the same rule set. */
  isBusy: boolean;
}
