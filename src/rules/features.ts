/**
 * What a plan can ask of a back end. What a back end supports is data: a record over all features and
 * all limits. `renderRules` refuses the rest by name, so that nothing is dropped silently:
 *
 * - a new key of `Plan` does not compile until `PARTS` says which features belong to it;
 * - a new feature or limit does not compile until every back end has a value for it.
 */
import { ADDRESS_BITS } from "../core/address/syntax.ts";
import { renderDuration } from "../core/duration.ts";
import { type Door, isSecret, listCodedDoors, listKnocks, type Plan } from "../plan/plan.ts";
import { isPorts, renderForward, renderService, type Service } from "../core/service.ts";

/** One feature. */
interface FeatureSpec {
  /** The heading in tables. */
  label: string;
  /** Returns the name of the part of the plan that needs the feature; undefined where none does. */
  findPart(plan: Plan): string | undefined;
  /** The fix where a back end does not support it. */
  hint: string;
}

/** The features by the part of the plan that they belong to; no feature: every back end renders it. */
const PARTS = {
  name: {},
  doors: {
    doors: {
      label: "several doors",
      findPart: ({ doors }) => doors.length > 1 ? "several doors in one rule set" : undefined,
      hint: "write the rules of each target by itself",
    },
  },
  ban: {
    ban: {
      label: "rate ban",
      findPart: ({ ban }) => ban ? "the rate ban" : undefined,
      hint: "leave out --ban",
    },
    banIpv6: {
      label: "rate ban over IPv6",
      findPart: ({ ban, families }) =>
        ban && families.includes("ipv6") ? "the rate ban over IPv6" : undefined,
      hint: "leave out --ban, or use --ipv4",
    },
  },
  trusted: {
    trusted: {
      label: "trusted sources",
      findPart: ({ trusted }) => trusted.length > 0 ? "trusted sources" : undefined,
      hint: "leave out --trust, and accept them in your own rules",
    },
  },
  publicServices: {
    publicServices: {
      label: "public services",
      findPart: ({ publicServices }) => publicServices.length > 0 ? "public services" : undefined,
      hint: "leave out --public, and accept them in your own rules",
    },
  },
  banPrefix6: {},
  prefixes: {
    prefix: {
      label: "address prefix",
      findPart: ({ prefixes: { ipv4, ipv6 }, families }) =>
        (families.includes("ipv4") && ipv4 < ADDRESS_BITS.ipv4) ||
          (families.includes("ipv6") && ipv6 < ADDRESS_BITS.ipv6)
          ? "an address prefix"
          : undefined,
      hint: "leave out --prefix4 and --prefix6",
    },
  },
  families: {
    ipv6: {
      label: "IPv6",
      findPart: ({ families }) => families.includes("ipv6") ? "IPv6" : undefined,
      hint: "use --ipv4",
    },
    onlyIpv6: {
      label: "only IPv6",
      findPart: ({ families }) => families.includes("ipv4") ? undefined : "IPv6 without IPv4",
      hint: "leave out --ipv6",
    },
  },
  interfaces: {
    interface: {
      label: "interface",
      findPart: ({ interfaces }) => interfaces.length > 0 ? "an interface" : undefined,
      hint: "leave out --interface",
    },
    interfaces: {
      label: "several interfaces",
      findPart: ({ interfaces }) => interfaces.length > 1 ? "several interfaces" : undefined,
      hint: "name one interface",
    },
    interfaceWildcard: {
      label: "interface wildcard",
      findPart: ({ interfaces }) => nameFirst("the interface", interfaces, /.*\*$/),
      hint: "name the interface, such as --interface eth0",
    },
    interfaceList: {
      label: "interface list",
      findPart: ({ interfaces }) => nameFirst("the interface list", interfaces, /(?<=^list:).+/),
      hint: "name its interfaces, such as --interface eth0",
    },
  },
} as const satisfies Record<keyof Plan, Record<string, FeatureSpec>>;

/** The features by the part of a door. */
const DOOR_PARTS = {
  name: {},
  openForMs: {},
  stageTimeoutMs: {},
  stages: {
    secretKnocks: {
      label: "secret knocks",
      findPart: ({ doors }) =>
        findFirst(doors, ({ stages, closing }) => {
          const index = stages.findIndex(({ payload }) => payload !== undefined);
          if (index !== -1) return `the payload of knock ${index + 1}`;
          const other = closing.findIndex(isSecret);
          return other === -1 ? undefined : `the payload of closing knock ${other + 1}`;
        }),
      hint: "use regular knocks",
    },
    codes: {
      label: "one-time codes",
      findPart: (plan) => listCodedDoors(plan).length > 0 ? "one-time codes (rolling)" : undefined,
      hint:
        "use a fixed secret knock, or another firewall: a rolling code needs one that looks up sets",
    },
  },
  closing: {
    closing: {
      label: "closing knocks",
      findPart: ({ doors }) =>
        doors.some(({ closing }) => closing.length > 0) ? "closing knocks" : undefined,
      hint: "remove the close table of the target",
    },
  },
  guard: {
    guard: {
      label: "guard",
      findPart: ({ doors }) => doors.some(({ guard }) => guard) ? "the guard" : undefined,
      hint: "leave it out with --no-guard",
    },
  },
  opens: {
    ranges: {
      label: "port ranges",
      findPart: (plan) => {
        const range = listServices(plan).find((service) =>
          isPorts(service) && service.last !== undefined
        );
        return range === undefined ? undefined : `the range ${renderService(range)}`;
      },
      hint: "name single ports",
    },
    icmp: {
      label: "echo requests (icmp)",
      findPart: (plan) =>
        listServices(plan).some(({ protocol }) => protocol === "icmp") ? "icmp" : undefined,
      hint: "leave out icmp",
    },
    all: {
      label: "everything (all)",
      findPart: (plan) =>
        listServices(plan).some(({ protocol }) => protocol === "all") ? `"all"` : undefined,
      hint: "name what opens, such as 22/tcp",
    },
  },
  forwards: {
    translated: {
      label: "forwarded ports (NAT)",
      findPart: ({ doors }) =>
        findFirst(doors, ({ forwards }) => {
          const found = forwards.find(({ host }) => host === undefined);
          return found === undefined ? undefined : `the forwarded port ${renderForward(found)}`;
        }),
      hint: "leave out --forward, and guard the port where it leads",
    },
    routed: {
      label: "hosts behind (routed)",
      findPart: ({ doors }) =>
        findFirst(doors, ({ forwards }) => {
          const found = forwards.find(({ host }) => host !== undefined);
          return found === undefined
            ? undefined
            : `a host behind this machine (${renderForward(found)})`;
        }),
      hint: "leave out --forward, and guard the port at that host",
    },
  },
} as const satisfies Record<keyof Door, Record<string, FeatureSpec>>;

type KeysOfParts<Parts> = { [Part in keyof Parts]: keyof Parts[Part] }[keyof Parts];

/** The name of a feature. */
export type Feature = KeysOfParts<typeof PARTS> | KeysOfParts<typeof DOOR_PARTS>;

/** Every feature, in the order in which plans are checked and tables are written. */
export const FEATURES: Readonly<Record<Feature, FeatureSpec>> = {
  ...DOOR_PARTS.stages,
  ...DOOR_PARTS.closing,
  ...DOOR_PARTS.guard,
  ...DOOR_PARTS.opens,
  ...DOOR_PARTS.forwards,
  ...PARTS.doors,
  ...PARTS.ban,
  ...PARTS.prefixes,
  ...PARTS.trusted,
  ...PARTS.publicServices,
  ...PARTS.families,
  ...PARTS.interfaces,
};

function findFirst(
  doors: Plan["doors"],
  find: (door: Door) => string | undefined,
): string | undefined {
  for (const door of doors) {
    const found = find(door);
    if (found !== undefined) return found;
  }
  return undefined;
}

function listServices({ doors, publicServices }: Plan): Service[] {
  const forwarded = doors.flatMap(({ forwards }) => forwards.map(({ service }) => service));
  return [...doors.flatMap(({ opens }) => opens), ...forwarded, ...publicServices];
}

function nameFirst(what: string, names: readonly string[], pattern: RegExp): string | undefined {
  const [found] = names.flatMap((name) => pattern.exec(name)?.[0] ?? []);
  return found === undefined ? undefined : `${what} "${found}"`;
}

/** The sizes that a back end can render. */
export interface Limits {
  /** `Infinity` where there is no limit. */
  maxKnocks: number;
  /** The most keys of one-time codes of one door. */
  maxKeys: number;
  /** Bytes of a secret knock's payload. */
  minPayload: number;
  maxPayload: number;
  /** Whether a payload has to be printable ASCII. */
  printablePayload: boolean;
  /** Whether the stage timeout and the open time have to be whole seconds. */
  wholeSeconds: boolean;
}

/** A part of a plan that a back end does not support. */
interface Refusal {
  part: string;
  /** One line with the fix. */
  hint: string;
}

/** Returns the back end without what a variant of it does not support. */
export function narrowTo<
  Narrowed extends {
    supports: Readonly<Record<Feature, boolean>>;
    lacks?: Readonly<Partial<Record<string, readonly Feature[]>>>;
  },
>(backend: Narrowed, variant: string | undefined): Narrowed {
  const missing = backend.lacks?.[variant ?? ""] ?? [];
  const supports = { ...backend.supports };
  for (const feature of missing) supports[feature] = false;
  return { ...backend, supports };
}

/** Returns the first part of the plan that is not supported; undefined where all of it is. */
export function findRefusal(
  { supports, limits }: { supports: Readonly<Record<Feature, boolean>>; limits: Limits },
  plan: Plan,
): Refusal | undefined {
  for (const feature of Object.keys(FEATURES) as Feature[]) {
    const { findPart, hint } = FEATURES[feature];
    const part = supports[feature] ? undefined : findPart(plan);
    if (part !== undefined) return { part, hint };
  }
  for (const check of Object.values(LIMIT_CHECKS)) {
    const refusal = check(plan, limits);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

const LIMIT_CHECKS: Record<
  keyof Limits,
  (plan: Plan, limits: Limits) => Refusal | undefined
> = {
  maxKnocks: ({ doors }, { maxKnocks }) =>
    doors.some(({ stages, closing }) => Math.max(stages.length, closing.length) > maxKnocks)
      ? { part: `more than ${maxKnocks} knocks`, hint: "use fewer knocks" }
      : undefined,
  maxKeys: (plan, { maxKeys }) =>
    listCodedDoors(plan).some(({ codes }) => codes.keys.length > maxKeys)
      ? { part: `more than ${maxKeys} keys`, hint: "use fewer keys, or nftables" }
      : undefined,
  minPayload: (plan, { minPayload }) =>
    listPayloads(plan).some(({ length }) => length < minPayload)
      ? { part: `a payload of less than ${minPayload} bytes`, hint: USE_SECRET }
      : undefined,
  maxPayload: (plan, { maxPayload }) =>
    listPayloads(plan).some(({ length }) => length > maxPayload)
      ? { part: `a payload of more than ${maxPayload} bytes`, hint: USE_SECRET }
      : undefined,
  printablePayload: (plan, { printablePayload }) =>
    printablePayload && !listPayloads(plan).every(isPrintable)
      ? { part: "a payload that is not printable ASCII", hint: USE_SECRET }
      : undefined,
  wholeSeconds({ doors }, { wholeSeconds }) {
    const times = doors.flatMap(({ stageTimeoutMs, openForMs }) =>
      [["stage timeout", stageTimeoutMs], ["open time", openForMs]] as const
    );
    const odd = wholeSeconds ? times.find(([, ms]) => ms % 1_000 !== 0) : undefined;
    if (odd === undefined) return undefined;
    return { part: `the ${odd[0]} ${renderDuration(odd[1])}`, hint: "use whole seconds" };
  },
};

const USE_SECRET = "use a secret: its payload is 64 hexadecimal digits";

function listPayloads(plan: Plan): Uint8Array[] {
  return listKnocks(plan).flatMap(({ payload }) => payload ?? []);
}

function isPrintable(payload: Uint8Array): boolean {
  return payload.every((byte) => byte >= 0x20 && byte <= 0x7e);
}
