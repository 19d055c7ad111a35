/** Looks and clients for tests: a server where all is as it has to be, and what differs. */
import type { ClientSide } from "../../src/apply/assessment.ts";
import type { Look } from "../../src/apply/look.ts";

/** The moment of the looks. */
export const NOW = Date.UTC(2027, 0, 1);

/** A Debian machine with nft, where nothing is noticed about a plan for 22/tcp. */
export function makeLook(changes: Partial<Look> = {}): Look {
  return {
    system: "Debian GNU/Linux 12 (bookworm)",
    kind: "linux",
    init: "systemd",
    isRoot: true,
    nft: "1.0.6",
    iptables: undefined,
    tables: [],
    rules: [],
    guarded: [],
    active: [],
    listeners: [{ protocol: "tcp", address: "0.0.0.0", port: 22 }],
    forwards: [],
    connection: { client: "192.0.2.9", server: "192.0.2.1", port: 22 },
    interface: "eth0",
    clock: { at: NOW, isSynchronized: true },
    addresses: ["192.0.2.1", "2001:db8::1"],
    hasIpv6: true,
    canPersist: true,
    freeKib: 1_000_000,
    hasSha512sum: true,
    isBusy: false,
    ...changes,
  };
}

/** A machine with one address of each family, that logs in directly. */
export function clientSide(
  { ssh, ...changes }: Partial<Omit<ClientSide, "ssh">> & { ssh?: Partial<ClientSide["ssh"]> } = {},
): ClientSide {
  return {
    ssh: {
      host: "fw.example.com",
      port: 22,
      proxy: { kind: "none" },
      isShared: false,
      ...ssh,
    },
    host: "fw.example.com",
    addresses: ["192.0.2.1", "2001:db8::1"],
    sources: ["192.0.2.9", "2001:db8::9"],
    now: NOW,
    ...changes,
  };
}
