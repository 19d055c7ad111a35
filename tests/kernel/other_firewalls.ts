/**
 * Other firewalls beside ours, really active, in a namespace of a lab: their configuration and state are in a
 * mount namespace of their own, so that this machine never sees them.
 */
import type { Lab, Namespace } from "./lab.ts";

/** Another firewall that runs in a server's namespace. */
export interface OtherFirewall {
  /** Runs a shell line as an administrator of that machine would; throws unless its exit code is 0. */
  run(line: string): Promise<string>;
  /** Its own command for "read the configuration again". */
  reload(): Promise<void>;
  /** Follows the lines of a header, by their label. */
  follow(lines: HeaderLines): Promise<void>;
}

/** The lines of a header for other firewalls. */
export interface HeaderLines {
  ufw: readonly string[];
  firewalld: readonly string[];
  nftables: readonly string[];
  knocks: readonly string[];
}

/** How to start one, and what it needs. */
export interface OtherFirewallKind {
  tools: readonly string[];
  start(lab: Lab): Promise<OtherFirewall>;
}

/** The lines of a rule set's header, as they are written there. */
export function readHeaderLines(rules: string): HeaderLines {
  const read = (label: keyof HeaderLines) =>
    [...rules.matchAll(new RegExp(`^# {3}${label}: +(.*)$`, "gm"))].map(([, line = ""]) => line);
  return {
    ufw: read("ufw"),
    firewalld: read("firewalld"),
    nftables: read("nftables"),
    knocks: read("knocks"),
  };
}

/** ufw, enabled, with nothing but its defaults: incoming packets are dropped. */
export const UFW: OtherFirewallKind = {
  tools: ["ufw", "iptables", "ip6tables", "nsenter"],
  async start({ server }) {
    const run = await openShell(server, [
      ...copyOver("/etc/ufw"),
      ...copyOver("/etc/default"),
    ]);
    await run("ufw --force reset && ufw --force enable");
    return {
      run,
      reload: async () => void await run("ufw reload"),
      follow: async ({ ufw }) => {
        for (const line of ufw) await run(line);
      },
    };
  },
};

/** firewalld with its nftables back end; its default zone is `public`, which rejects what it does not know. */
export const FIREWALLD: OtherFirewallKind = {
  tools: ["firewalld", "firewall-cmd", "dbus-daemon", "nsenter"],
  async start({ server }) {
    const run = await openShell(server, [
      "mkdir -p /run/dbus /run/etc",
      "cp /etc/firewalld/firewalld.conf /run/etc",
      "mount --bind /run/etc /etc/firewalld",
      "mount -t tmpfs tmpfs /var/log",
      "dbus-daemon --system --fork --nopidfile",
      "{ firewalld --nofork --nopid >/run/firewalld.log 2>&1 & }",
    ]);
    await run(
      "i=0; until firewall-cmd --state || [ $i -gt 100 ]; do sleep 0.1; i=$((i + 1)); done",
    );
    await run("firewall-cmd --state || { cat /run/firewalld.log >&2; exit 1; }");
    return {
      run,
      reload: async () => void await run("firewall-cmd --reload"),
      follow: async ({ firewalld }) => {
        for (const line of firewalld) await run(line);
      },
    };
  },
};

/** A table with `policy drop` at some priority, from a file as an administrator keeps one. */
export function makeDropTable(priority: string): OtherFirewallKind {
  return {
    tools: ["nsenter"],
    async start({ server }) {
      const run = await openShell(server, []);
      let accepts: readonly string[] = [];
      const load = () => server.nft(renderDropTable(priority, accepts));
      await load();
      return {
        run,
        reload: load,
        async follow({ nftables, knocks }) {
          const isBefore = priority !== "filter";
          accepts = isBefore ? [...nftables, ...knocks] : nftables;
          await load();
        },
      };
    },
  };
}

function renderDropTable(priority: string, accepts: readonly string[]): string {
  return `table inet other {}
delete table inet other
table inet other {
  chain input {
    type filter hook input priority ${priority}; policy drop;
    iifname "lo" accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ${accepts.join("\n    ")}
  }
}
`;
}

/** Commands that put a copy of a folder over it, for this mount namespace only. */
function copyOver(folder: string): string[] {
  const copy = `/run/copy${folder}`;
  return [`mkdir -p ${copy}`, `cp -a ${folder}/. ${copy}`, `mount --bind ${copy} ${folder}`];
}

/**
 * Returns what runs shell lines in the server's network namespace, and in one mount namespace for all of them.
 *
 * @param setup commands that prepare the mount namespace; /run is empty.
 */
export async function openShell(
  server: Namespace,
  setup: readonly string[],
): Promise<(line: string) => Promise<string>> {
  const folder = await server.run(["mktemp", "-d"]);
  const ready = `${folder.trim()}/ready`;
  const script = ["set -e", "mount -t tmpfs tmpfs /run", "mkdir -p /run/lock", ...setup];
  // Its process id is that of the shell: each program on the way becomes the next one.
  const holder = server.spawn([
    "unshare",
    "-m",
    "sh",
    "-c",
    [
      ...script,
      `touch ${ready}`,
      "exec sleep infinity",
    ].join("\n"),
  ]);
  const wait = `i=0; until [ -e ${ready} ] || [ $i -gt 200 ]; do sleep 0.05; i=$((i + 1)); done`;
  await server.run(["sh", "-c", `${wait}; rm ${ready} && rmdir ${folder.trim()}`]);
  const enter = ["nsenter", "-t", String(holder.pid), "-m", "sh", "-c"];
  return (line) => server.run([...enter, line]);
}
