/** Which rules fit a server, by what runs there. */
import { joinAnd } from "../core/text.ts";
import type { Concern } from "./concern.ts";
import type { Look } from "./look.ts";

/** What the rules have to do. */
interface BackendWish {
  /** As `--for` names it; undefined where it is ours to choose. */
  wanted: string | undefined;
  /** As `--variant` names it. */
  variant: string | undefined;
  /** Whether a door takes one-time codes. */
  hasCodes: boolean;
  /** The targets, for the command of a hint. */
  targets: readonly string[];
}

/** A back end, and why; or why there is none. */
type BackendChoice =
  | { backend: string; variant: string | undefined; reason: string; refusal?: undefined }
  | { backend?: undefined; refusal: Concern };

/** Returns the back end for a server: the one of `--for`, if it can work there. */
export function chooseBackend(look: Look, wish: BackendWish): BackendChoice {
  if (look.kind === "routeros") return refuseRouterOs(wish);
  if (look.kind === "other") return refuseSystem(look);
  switch (wish.wanted) {
    case undefined:
      return chooseByLook(look, wish);
    case "nftables":
      return look.nft === undefined
        ? refuseMissing("nft", look)
        : checkAccess(look, choose("nftables", "--for names it"));
    case "nftables-openwrt":
      return look.active.includes("fw4")
        ? checkAccess(look, choose("nftables-openwrt", "--for names it"))
        : refuseMissing("fw4", look);
    case "iptables":
      return look.iptables === undefined
        ? refuseMissing("iptables", look)
        : chooseIptables(look.iptables, { look, wish, reason: "--for names it" });
    default:
      return refuse({
        code: "unsupported_backend",
        text: `apply loads nftables, nftables-openwrt and iptables, and not "${wish.wanted}"`,
        hint: `write a file, and follow its header: ${renderRulesCommand(wish, wish.wanted)}`,
      });
  }
}

function chooseByLook(look: Look, wish: BackendWish): BackendChoice {
  const { nft, iptables, active } = look;
  if (nft !== undefined && active.includes("fw4")) {
    return checkAccess(look, choose("nftables-openwrt", "fw4 includes the rules in its own table"));
  }
  if (nft !== undefined) {
    const others = [
      ...active,
      ...(iptables === undefined || active.length > 0 ? [] : ["iptables"]),
    ];
    const beside = others.length === 0
      ? ""
      : `; a table of its own works beside ${joinAnd(others)}`;
    return checkAccess(look, choose("nftables", `the server has nft ${nft}${beside}`));
  }
  if (iptables === undefined) return refuseMissing("nft", look);
  const reason = `the server has iptables ${iptables.version}, and no nft`;
  return chooseIptables(iptables, { look, wish, reason });
}

function chooseIptables(
  { hasIpset }: NonNullable<Look["iptables"]>,
  { look, wish, reason }: { look: Look; wish: BackendWish; reason: string },
): BackendChoice {
  const variant = wish.variant ?? (hasIpset ? "ipset" : "recent");
  const missing = [
    ...(hasIpset ? [] : ["ipset"]),
    ...(wish.hasCodes && !look.hasSha512sum ? ["sha512sum"] : []),
  ];
  if (wish.hasCodes && missing.length > 0) {
    return refuse({
      code: "codes_not_possible",
      text: `one-time codes need nft there, or ipset and sha512sum; missing: ${joinAnd(missing)}`,
      hint: `install it on the server: ${renderInstall(look, "nftables")}`,
    });
  }
  if (variant === "ipset" && !hasIpset) return refuseMissing("ipset", look);
  return checkAccess(look, { ...choose("iptables", `${reason}; ${describe(variant)}`), variant });
}

function describe(variant: string): string {
  return variant === "ipset" ? "sources are kept by ipset" : "sources are kept by the recent match";
}

function choose(backend: string, reason: string) {
  return { backend, variant: undefined, reason };
}

function refuse(concern: Omit<Concern, "severity">): BackendChoice {
  return { refusal: { severity: "stop", ...concern } };
}

/** Root in a container may have the programs and not the right to use them. */
function checkAccess(look: Look, choice: BackendChoice): BackendChoice {
  if (!look.isRoot || look.nft === undefined || look.tables !== undefined) return choice;
  return refuse({
    code: "no_access",
    text: "root may not see the firewall there: it is a container without its own firewall",
    hint: "apply the rules to the machine that the container runs on",
  });
}

function refuseRouterOs(wish: BackendWish): BackendChoice {
  return refuse({
    code: "routeros",
    text: "RouterOS cannot run the process that would restore the former rules after a mistake",
    hint: `its Safe Mode can: ${renderRulesCommand(wish, "mikrotik")}, upload the file, press ` +
      "Ctrl+X, /import it, log in anew, press Ctrl+X; the file's header has each step",
  });
}

function refuseSystem({ system }: Look): BackendChoice {
  return refuse({
    code: "unsupported_system",
    text: `apply needs Linux and a POSIX shell there; it found ${system}`,
    hint: "for other systems `spknock rules` writes a file, and its header says how to load it",
  });
}

function refuseMissing(program: string, look: Look): BackendChoice {
  if (program === "fw4") {
    return refuse({
      code: "no_firewall",
      text: "missing on the server: fw4, the firewall of OpenWrt",
      hint: "leave out --for: apply chooses by what the server has",
    });
  }
  const name = program === "nft" ? "nftables" : program;
  return refuse({
    code: "no_firewall",
    text: `missing on the server: ${program}`,
    hint: `install it there: ${renderInstall(look, name)}`,
  });
}

/** By the names of distributions; Debian's where it is another one. */
function renderInstall({ system, kind }: Look, name: string): string {
  if (kind === "openwrt") return `opkg update && opkg install ${name}`;
  if (/alpine/i.test(system)) return `apk add ${name}`;
  if (/fedora|red hat|centos|rocky|alma/i.test(system)) return `dnf install ${name}`;
  if (/arch|manjaro/i.test(system)) return `pacman -S ${name}`;
  if (/suse/i.test(system)) return `zypper install ${name}`;
  return `apt install ${name}`;
}

function renderRulesCommand({ targets }: BackendWish, backend: string): string {
  return `spknock rules ${targets.join(" ")} --for ${backend} --save`;
}
