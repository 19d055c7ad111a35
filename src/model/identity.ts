/** Which sources a plan tells apart, and which it does not look at. */
import { createNetworkMatcher, findNetwork, parseAddress } from "../core/address/address.ts";
import { findBanPrefix, type Plan } from "../plan/plan.ts";

/** A source as a plan sees it. */
export interface Identity {
  /** The same for every way to write the address, and for all of its network where the plan says so. */
  key: string;
  /** Whose mistakes are counted together. */
  banKey: string;
  /** Rules 1 and 2: trusted, or of a family that is not covered. */
  isExempt: boolean;
}

/** Returns what a plan makes of a source; it throws a RangeError for what is not an address. */
export function createIdentifier(plan: Plan): (source: string) => Identity {
  const isTrusted = createNetworkMatcher(plan.trusted);
  // An attack sends up to a hundred thousand packets in a row from one source.
  let recent: { source: string; identity: Identity } | undefined;
  return (source) => {
    if (recent?.source === source) return recent.identity;
    const address = parseAddress(source);
    const identity = {
      key: findNetwork(address, plan.prefixes[address.family]).text,
      banKey: findNetwork(address, findBanPrefix(plan, address.family)).text,
      isExempt: !plan.families.includes(address.family) || isTrusted(address),
    };
    recent = { source, identity };
    return identity;
  };
}
