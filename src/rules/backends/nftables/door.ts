/** The door in nftables' language: what is closed to all but the open sources, here and behind this machine. */
import { renderFamily } from "../../../core/address/syntax.ts";
import { listGuarded, listSecretPorts, listTranslated, type Plan } from "../../../plan/plan.ts";
import type { Forward } from "../../../core/service.ts";
import { hasRoutedIpv4, listHosts, listTrusted } from "../../backend.ts";
import {
  CONNECTIONS,
  createNames,
  explain,
  type FamilySyntax,
  listFamilySyntax,
  type Names,
  renderChain,
  renderEchoRules,
  renderPortRules,
  renderSource,
  renderTranslatedRules,
} from "./syntax.ts";
import { quoteNft } from "../quote/nft.ts";

/** The packets that the rules are not for. */
export function renderExempt(plan: Plan, families: readonly FamilySyntax[]): string[] {
  return [
    `iifname "lo" accept`,
    ...renderOtherInterfaces(plan),
    ...families.flatMap(({ family, address }) => {
      const networks = listTrusted(plan, family);
      return networks.length === 0 ? [] : [`${address} { ${networks.join(", ")} } accept`];
    }),
  ];
}

/** Not a set of names: before nft 1.0.3 a wildcard cannot be in one. */
function renderOtherInterfaces({ interfaces }: Plan): string[] {
  if (interfaces.length === 0) return [];
  return [`${interfaces.map((name) => `iifname != ${quoteNft(name)}`).join(" ")} accept`];
}

/** Returns the rules at the end of every walk. */
export function renderDoorRules(
  plan: Plan,
  families: readonly FamilySyntax[],
  names: Names,
): string[] {
  const translated = plan.doors.flatMap(listTranslated);
  const guarded = plan.doors.flatMap(listGuarded);
  return [
    ...(listSecretPorts(plan).length > 0 ? [CONNECTIONS] : []),
    ...explain("Open sources pass.", renderOpenRules(plan, families, names)),
    ...explain("What is closed to all others.", [
      ...renderPortRules(guarded, "drop"),
      ...renderTranslatedRules(translated, "drop"),
      ...renderEchoRules(guarded, families, "drop"),
    ]),
    ...(guarded.some(({ protocol }) => protocol === "all")
      ? explain(
        "Everything else is closed too, but what is public and what the network itself needs.",
        renderLastRules(plan, families),
      )
      : []),
  ];
}

/** Accepts what is open: for the rules of the door, and for another table that drops the rest. */
function renderOpenRules(plan: Plan, families: readonly FamilySyntax[], names: Names): string[] {
  return plan.doors.flatMap((door) =>
    families.flatMap((syntax) => {
      const open = `${renderSource(plan, syntax)} @${
        names.stage(door, door.stages.length, syntax.digit)
      } accept`;
      if (door.opens.some(({ protocol }) => protocol === "all")) return [open];
      return [
        ...renderPortRules(listGuarded(door), open),
        ...renderTranslatedRules(listTranslated(door), open),
        ...renderEchoRules(door.opens, [syntax], open),
      ];
    })
  );
}

/** Returns the rules that accept what is open, and trusted sources, for another chain that drops the rest. */
export function renderOpenAccepts(plan: Plan, prefix: string): string[] {
  const families = listFamilySyntax(plan);
  return [
    ...renderTrustedRules(plan, families),
    ...renderOpenRules(plan, families, createNames(prefix)),
  ];
}

/** Another chain that drops would lock the trusted sources out. */
function renderTrustedRules(plan: Plan, families: readonly FamilySyntax[]): string[] {
  const guarded = plan.doors.flatMap(listGuarded);
  return families.flatMap((syntax) => {
    const networks = listTrusted(plan, syntax.family);
    if (networks.length === 0) return [];
    const accept = `${syntax.address} { ${networks.join(", ")} } accept`;
    if (guarded.some(({ protocol }) => protocol === "all")) return [accept];
    return [...renderPortRules(guarded, accept), ...renderEchoRules(guarded, [syntax], accept)];
  });
}

const NEIGHBOURS = [
  ...["solicit", "advert"].flatMap((what) => [`nd-neighbor-${what}`, `nd-router-${what}`]),
  ...["nd-redirect", "mld-listener-query", "mld-listener-report", "mld-listener-done"],
  "mld2-listener-report",
].join(", ");

/** Everything is closed but what is public, and what the network itself needs. */
function renderLastRules(plan: Plan, families: readonly FamilySyntax[]): string[] {
  return [
    ...renderPortRules(plan.publicServices, "accept"),
    ...renderEchoRules(plan.publicServices, families, "accept"),
    ...families.flatMap(({ family }) =>
      family === "ipv4" ? ["meta l4proto igmp accept", "udp sport 67 udp dport 68 accept"] : [
        `icmpv6 type { ${NEIGHBOURS} } accept`,
        "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
      ]
    ),
    "drop",
  ];
}

/** The ports that this machine forwards, in a chain before that of Docker and firewalld. */
export function renderForwardChain(
  plan: Plan,
  families: readonly FamilySyntax[],
  names: Names,
): string[] {
  const forwards = plan.doors.flatMap((door) => door.forwards);
  if (forwards.length === 0) return [];
  const own = families.map((syntax) =>
    `meta nfproto ${syntax.family} goto ${names.own(`forwarded.${syntax.digit}`)}`
  );
  return [
    ...explain(
      "Every packet that this machine forwards, before the rules of Docker and firewalld.",
      renderChain(names.own("forward"), [...renderExempt(plan, families), CONNECTIONS, ...own], [
        "type filter hook forward priority filter - 5; policy accept;",
      ]),
    ),
    ...families.flatMap((syntax) =>
      explain(
        `Open sources pass to the forwarded ports and the hosts behind, all other ${
          renderFamily(syntax.family)
        } sources do not.`,
        renderChain(names.own(`forwarded.${syntax.digit}`), [
          ...(hasRoutedIpv4(plan, syntax.family)
            // Its next host is in its options until all rules have seen it.
            ? explain("Source routing would hide the host behind.", ["fib daddr type local drop"])
            : []),
          ...renderOpenForwardRules(plan, syntax, names),
          ...renderForwardRules(forwards, syntax, "drop"),
        ]),
      )
    ),
  ];
}

function renderOpenForwardRules(plan: Plan, syntax: FamilySyntax, names: Names): string[] {
  return plan.doors.flatMap((door) => {
    const open = names.stage(door, door.stages.length, syntax.digit);
    const accept = `${renderSource(plan, syntax)} @${open} accept`;
    return renderForwardRules(door.forwards, syntax, accept);
  });
}

/** Returns the rules that accept forwarded ports from open and trusted sources, as {@linkcode renderOpenAccepts}. */
export function renderOpenForwards(plan: Plan, prefix: string): string[] {
  const forwards = plan.doors.flatMap((door) => door.forwards);
  return listFamilySyntax(plan).flatMap((syntax) => {
    const networks = listTrusted(plan, syntax.family);
    const accept = `${syntax.address} { ${networks.join(", ")} } accept`;
    return [
      ...(networks.length === 0 ? [] : renderForwardRules(forwards, syntax, accept)),
      ...renderOpenForwardRules(plan, syntax, createNames(prefix)),
    ];
  });
}

function renderForwardRules(
  forwards: readonly Forward[],
  { family }: FamilySyntax,
  verdict: string,
): string[] {
  const address = family === "ipv4" ? "ip daddr" : "ip6 daddr";
  return [
    ...renderTranslatedRules(listTranslated({ forwards }), `ct status dnat ${verdict}`),
    ...listHosts(forwards, family).flatMap(({ host, services }) =>
      renderPortRules(services, `${address} ${host} ${verdict}`)
    ),
  ];
}
