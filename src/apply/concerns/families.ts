/** Address families, and the addresses of a name. */
import { parseAddress } from "../../core/address/address.ts";
import { detectFamily, renderFamily } from "../../core/address/syntax.ts";
import { joinAnd, plural } from "../../core/text.ts";
import { renderServices } from "../../core/service.ts";
import { listGuarded, listKnocks } from "../../plan/plan.ts";
import { renderPortSpec } from "../../core/knock.ts";
import type { Assessment } from "../assessment.ts";
import type { Concern } from "../concern.ts";
import type { Look } from "../look.ts";

const FAMILIES = ["ipv4", "ipv6"] as const;

/** Returns what is noticed about families and addresses. */
export function assessFamilies(look: Look, assessment: Assessment): Concern[] {
  return [
    ...FAMILIES.flatMap((family) => assessUncovered(look, { ...assessment, family })),
    ...assessAddresses(look, assessment),
    ...assessCount(assessment),
  ];
}

interface OfFamily extends Assessment {
  family: (typeof FAMILIES)[number];
}

function assessUncovered(look: Look, { plan, backend, client, family }: OfFamily): Concern[] {
  const isThere = [...look.addresses, ...client.addresses]
    .filter((address) => detectFamily(address) === family);
  const isIpv6Missing = backend === "iptables" && family === "ipv6" &&
    look.iptables?.hasIpv6 === false;
  if ((plan.families.includes(family) && !isIpv6Missing) || isThere.length === 0) return [];
  const name = renderFamily(family);
  const only = renderFamily(family === "ipv4" ? "ipv6" : "ipv4");
  const ports = renderServices(plan.doors.flatMap(listGuarded));
  return [{
    severity: "warning",
    code: family === "ipv4" ? "open_over_ipv4" : "open_over_ipv6",
    text: `${isIpv6Missing ? "ip6tables is missing there" : `the rules cover ${only} only`}: ` +
      `${ports} stays open over ${name} without a knock (${isThere[0]})`,
    hint: isIpv6Missing
      ? "install ip6tables there"
      : `cover both: leave out --${only.toLowerCase()}, and family = "${only.toLowerCase()}" of the target`,
  }];
}

/** Behind NAT the name leads to a router, which has to let the knocks through. */
function assessAddresses({ addresses }: Look, { plan, client }: Assessment): Concern[] {
  const own = new Set(addresses.map((address) => parseAddress(address).text));
  const others = client.addresses.filter((address) => !own.has(parseAddress(address).text))
    .filter((address) => plan.families.includes(detectFamily(address)));
  if (addresses.length === 0 || others.length === 0) return [];
  const knocks = [...new Set(listKnocks(plan).map(renderPortSpec))].join(", ");
  return [{
    severity: "note",
    code: "other_address",
    text: `${client.host} leads to ${joinAnd(others)}, which the server itself does not have: ` +
      "a router in front of it (NAT), or another machine",
    hint: `a router has to forward the knocks to the server, too: ${knocks}`,
  }];
}

function assessCount({ client, plan }: Assessment): Concern[] {
  const counts = plan.families.map((family) => ({
    family,
    count: client.addresses.filter((each) => detectFamily(each) === family).length,
  }));
  const many = counts.find(({ count }) => count > 1);
  if (many === undefined) return [];
  return [{
    severity: "note",
    code: "many_addresses",
    text: `${client.host} has ${
      plural(
        many.count,
        `${renderFamily(many.family)} address`,
        `${renderFamily(many.family)} addresses`,
      )
    }: the knocks go to one of them`,
    hint: "if they are of several machines, use a target for each of them, with its address",
  }];
}
