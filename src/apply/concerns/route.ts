/** The way from here to the server: who it sees, and what it lets in. */
import {
  contains,
  createNetworkMatcher,
  parseAddress,
  parseNetwork,
} from "../../core/address/address.ts";
import { joinAnd } from "../../core/text.ts";
import type { Assessment } from "../assessment.ts";
import type { Concern } from "../concern.ts";
import { matchName } from "../firewall/table.ts";
import type { Look } from "../look.ts";
import { isSshGuarded, readSshPort } from "./guarded.ts";

/** Returns what is noticed about the way to the server. */
export function assessRoute(look: Look, assessment: Assessment): Concern[] {
  const { kind } = assessment.client.ssh.proxy;
  return [
    ...(kind === "jump" || kind === "proxy"
      ? assessJump(look, assessment)
      : assessSource(look, assessment)),
    ...assessTrust(look, assessment),
    ...assessInterface(look, assessment),
    ...assessSharing(assessment),
  ];
}

function isTrusted(address: string, { plan }: Assessment): boolean {
  return createNetworkMatcher(plan.trusted)(parseAddress(address));
}

function assessJump(look: Look, assessment: Assessment): Concern[] {
  const { ssh } = assessment.client;
  const way = ssh.proxy.kind === "jump" ? "a jump host" : "a ProxyCommand";
  const client = look.connection?.client;
  const text = `ssh goes through ${way}: the server sees ` +
    `${client === undefined ? "another address" : client}, and the knocks come from this machine`;
  const isLetIn = client !== undefined && isTrusted(client, assessment);
  if (!isSshGuarded(look, assessment) || isLetIn) {
    return [{ severity: "note", code: "jump_host", text }];
  }
  const trust = client === undefined ? "--trust ADDRESS" : `--trust ${client}`;
  return [{
    severity: "stop",
    code: "jump_host",
    text: `${text}: port ${readSshPort(look, assessment)} would stay closed for ssh`,
    hint: `log in directly (--ssh 'ssh -o ProxyJump=none -o ProxyCommand=none'), or never lock ` +
      `that address out (${trust})`,
  }];
}

/** Carrier-grade NAT (RFC 6598). */
const SHARED = parseNetwork("100.64.0.0/10");
/** What one network of IPv6 hosts has (RFC 4291). */
const LAN_BITS = 64;

function assessSource({ connection }: Look, { plan, client: { sources } }: Assessment): Concern[] {
  if (connection === undefined || sources.length === 0) return [];
  const { client } = connection;
  if (sources.some((source) => parseAddress(source).text === client)) return [];
  const lan = `${client}/${LAN_BITS}`;
  const isNear = (source: string) =>
    client.includes(":") && contains(parseNetwork(lan), parseAddress(source));
  const near = sources.find(isNear);
  if (near !== undefined) {
    if (plan.prefixes.ipv6 <= LAN_BITS) return [];
    return [{
      severity: "warning",
      code: "other_source",
      text: `ssh came from ${client}, and the knocks come from ${near}, which alone is let in`,
      hint: "let the whole network in: --prefix6 64",
    }];
  }
  const isShared = sources.some((source) => contains(SHARED, parseAddress(source)));
  return [{
    severity: "note",
    code: "nat",
    text: `the server sees this machine as ${client} (NAT): a knock lets everyone in who shares ` +
      `that address${isShared ? ", such as other customers of your provider" : ""}`,
  }];
}

function assessTrust({ connection }: Look, assessment: Assessment): Concern[] {
  const { sources, ssh } = assessment.client;
  const isDirect = ssh.proxy.kind === "none" || ssh.proxy.kind === "own";
  const own = isDirect && connection !== undefined ? [connection.client] : sources;
  const trusted = own.find((address) => isTrusted(address, assessment));
  if (trusted === undefined) return [];
  return [{
    severity: "note",
    code: "trusted_source",
    text:
      `this machine is trusted as ${trusted}: apply cannot check from here that ports are closed`,
  }];
}

function assessInterface(look: Look, { plan }: Assessment): Concern[] {
  if (plan.interfaces.length === 0) return [];
  const names = joinAnd(plan.interfaces);
  if (look.interface === undefined) {
    return [{
      severity: "note",
      code: "interface_unknown",
      text: `the rules are for packets that come in by ${names}: apply cannot see whether ours do`,
    }];
  }
  const { interface: device } = look;
  if (plan.interfaces.some((pattern) => matchName(pattern, device))) return [];
  return [{
    severity: "warning",
    code: "other_interface",
    text: `packets from here seem to come in by ${device}, and the rules are for ${names}: ` +
      "for this machine the ports stay open",
    hint: `add it: --interface ${[...plan.interfaces, device].join(",")}`,
  }];
}

function assessSharing({ client: { ssh } }: Assessment): Concern[] {
  if (!ssh.isShared) return [];
  return [{
    severity: "note",
    code: "shared_connection",
    text: "ssh shares connections (ControlMaster): while one is open, ssh needs no knock; " +
      "apply checks with new ones",
  }];
}
