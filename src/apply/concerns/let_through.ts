/** The command by which another firewall lets ports through, as docs/firewalls.md has it. */
import { renderPortSpec } from "../../core/knock.ts";
import type { PortSpec } from "../../core/service.ts";
import { quoteShell } from "../../core/text.ts";
import type { Family, FirewallTable } from "../firewall/table.ts";

/** What has to pass. */
interface LetThrough {
  ports: readonly PortSpec[];
  /** The only family that our rules cover: an accept for the other one would open the ports there. */
  only: Family | undefined;
  /** The only interfaces that they cover; every one where empty. */
  interfaces: readonly string[];
}

const ANY = { ipv4: "0.0.0.0/0", ipv6: "::/0" } as const;

/** Returns the command for a chain. */
export function renderLetThrough(
  { table, name }: { table: FirewallTable; name: string },
  wish: LetThrough,
): string {
  const ports = [...new Map(wish.ports.map((port) => [renderPortSpec(port), port])).values()];
  const through = { ...wish, ports };
  switch (table.owner) {
    case "ufw":
      return `run there: ${renderUfw(through).join("; ")}`;
    case "firewalld":
      return `run there: ${renderFirewalld(through)}`;
    case "fw4":
      return "use --for nftables-openwrt, whose rules are inside of fw4's";
    case "iptables":
    case "iptables-legacy":
      return `run there, and save it in their own way: ${
        renderIptables({ table, name }, through).join("; ")
      }`;
    default:
      return `run there, and write the rule into its file, too: ${
        renderNft({ table, name }, through).join("; ")
      }`;
  }
}

/** One item for each interface, or one for all. */
function listInterfaces({ interfaces }: LetThrough, render: (name: string) => string): string[] {
  return interfaces.length === 0 ? [""] : interfaces.map(render);
}

function renderUfw(wish: LetThrough): string[] {
  const { ports, only, interfaces } = wish;
  const to = only === undefined ? "any" : ANY[only];
  return listInterfaces(wish, (name) => ` in on ${quoteShell(name.replace(/\*$/, "+"))}`)
    .flatMap((match) =>
      ports.map((port) =>
        only === undefined && interfaces.length === 0
          ? `ufw allow ${renderPortSpec(port)}`
          : `ufw allow${match} proto ${port.protocol} to ${to} port ${port.port}`
      )
    );
}

/** Interfaces are in zones there: its own page tells. */
function renderFirewalld({ ports, only }: LetThrough): string {
  const options = ports.map(({ port, protocol }) =>
    only === undefined
      ? `--add-port=${port}/${protocol}`
      : `--add-rich-rule='rule family=${only} port port=${port} protocol=${protocol} accept'`
  ).join(" ");
  return `firewall-cmd --permanent ${options} && firewall-cmd ${options}`;
}

function renderIptables(
  { table, name }: { table: FirewallTable; name: string },
  wish: LetThrough,
): string[] {
  const [program = "iptables", kind = "filter"] = table.name.split(" ");
  return listInterfaces(wish, (each) => ` -i ${quoteShell(each.replace(/\*$/, "+"))}`)
    .flatMap((match) =>
      wish.ports.map(({ port, protocol }) =>
        `${program} -t ${kind} -I ${
          quoteShell(name)
        }${match} -p ${protocol} --dport ${port} -j ACCEPT`
      )
    );
}

function renderNft(
  { table, name }: { table: FirewallTable; name: string },
  wish: LetThrough,
): string[] {
  const family = wish.only === undefined ? "" : ` meta nfproto ${wish.only}`;
  return listInterfaces(wish, (each) => ` iifname ${quoteShell(each)}`)
    .flatMap((match) =>
      wish.ports.map(({ port, protocol }) =>
        `nft insert rule ${table.name} ${
          quoteShell(name)
        }${family}${match} ${protocol} dport ${port} accept`
      )
    );
}
