/**
 * iptables and ip6tables: one POSIX shell script that loads, and with `undo` unloads.
 *
 * Rules:
 * - `iptables-restore -n` with `:CHAIN - [0:0]` replaces these chains only, all or nothing; all
 *   families are checked (`--test`) before the first one is loaded;
 * - `-C` checks first what `-I` would double;
 * - lists are created before the rules that name them, and emptied after them (but not the open and
 *   banned sources), so that loading again keeps connections and open sources;
 * - chains and lists of a former, longer plan are removed. A target's name has no dot, and what follows
 *   it is matched without one (a shortened name has `.CHECKSUM`), so that the names of one target never
 *   match another's;
 * - sets that are new are destroyed again when a check fails, so that nothing is half-loaded;
 * - where the rules for IPv6 cannot be loaded and no IPv6 address exists, IPv4's are loaded alone. Where one
 *   exists nothing is: the ports would be open over IPv6;
 * - cron and similar programs search only /usr/bin and /bin: the script adds the other folders.
 */
import { quoteShell } from "../../core/text.ts";
import {
  type Backend,
  type FlatPlan,
  flatten,
  type RenderRequest,
  renderTimedUndo,
  takeFileName,
} from "../backend.ts";
import {
  createBaseName,
  type IptablesRules,
  renderIptablesRules,
  type Variant,
} from "./iptables_rules.ts";
import { renderBesideIptables } from "./other_firewalls.ts";

const TABLES = { ipv4: "iptables", ipv6: "ip6tables" } as const;

/** See the comment at the top. */
export const iptables: Backend = {
  name: "iptables",
  title: "iptables",
  summary: "iptables and ip6tables, with ipset or the recent match: a shell script",
  extension: "sh",
  interpreter: "#!/bin/sh",
  variants: ["ipset", "recent"],
  supports: {
    secretKnocks: true,
    guard: true,
    ranges: false,
    icmp: false,
    all: false,
    translated: false,
    routed: false,
    doors: false,
    ban: true,
    banIpv6: true,
    prefix: true,
    trusted: true,
    publicServices: true,
    closing: true,
    ipv6: true,
    onlyIpv6: true,
    interface: true,
    interfaces: true,
    interfaceWildcard: true,
    interfaceList: false,
  },
  limits: {
    // The number of a stage is part of a name of limited length.
    maxKnocks: 999,
    minPayload: 1,
    // The kernel takes 128 bytes (`XT_STRING_MAX_PATTERN_SIZE`), `--hex-string` between bars only 127
    // (measured, iptables 1.8.9).
    maxPayload: 127,
    printablePayload: false,
    wholeSeconds: true,
  },
  render(request) {
    const plan = flatten(request.plan);
    const variant = chooseVariant(request);
    const rules = plan.families.map((family) => renderIptablesRules(plan, family, variant));
    return [
      "set -eu",
      'PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"',
      "",
      ...renderFunctions(plan),
      "",
      ...(variant === "ipset" ? renderTakeBack() : []),
      ...rules.flatMap((each, index) => [
        ...renderRulesFunction(findTable(plan, index), each),
        ...renderPrepare(findTable(plan, index), each),
        ...renderLoad(findTable(plan, index), each, variant),
      ]),
      'if [ "${1-load}" = undo ]; then',
      ...Object.values(TABLES).map((table) => `  unload ${table}`),
      '  for set in $(own_sets); do ipset destroy "$set"; done',
      "  exit",
      "fi",
      "",
      ...(variant === "ipset" ? ["had=$(own_sets)", "trap take_back EXIT"] : []),
      ...(plan.families.includes("ipv6") ? renderPrepareIpv6(plan, variant) : []),
      ...(plan.families.includes("ipv4") ? ["prepare_iptables"] : []),
      ...(variant === "ipset" ? ["trap - EXIT"] : []),
      "",
      ...plan.families.map((family) =>
        family === "ipv6" ? 'if [ "$ipv6" = yes ]; then load_ip6tables; fi' : "load_iptables"
      ),
      ...renderCleanup(plan, rules, variant),
      ...renderFirewalldWarning(),
    ];
  },
  renderAdvice(request) {
    const { file } = request;
    const base = takeFileName(file);
    return [
      "The rules are before your own rules in INPUT: they accept the open sources at the ports above, drop",
      "all others there, and leave all other packets to your rules.",
      ...renderBesideIptables(request.plan),
      "",
      `Apply, with an automatic undo after a minute (this file saved as ${file}):`,
      `  ${renderTimedUndo(`sh ${file} undo`)}`,
      `  sh ${file}`,
      "When a new connection of yours works:",
      "  kill $undo",
      "Run it again after a change: connections and open sources stay.",
      ...(request.plan.families.length > 1
        ? ["On a machine without IPv6 it warns, and loads the rules for IPv4 alone."]
        : []),
      `Undo:     sh ${file} undo`,
      `Persist:  copy it to /etc/${base} (chmod 700) and run it at boot after your own rules, for example`,
      `          with a line in /etc/cron.d/spknock: @reboot root sh /etc/${base}`,
      ...renderShow(request),
    ];
  },
};

function chooseVariant({ variant }: RenderRequest): Variant {
  return variant === "recent" ? "recent" : "ipset";
}

function renderShow(request: RenderRequest): string[] {
  const { plan } = request;
  const open = `${createBaseName(plan.name)}.o`;
  const digits = plan.families.map((family) => family === "ipv4" ? "4" : "6");
  if (chooseVariant(request) === "ipset") {
    return digits.map((digit) => `Show the open sources: ipset list ${open}.${digit}`);
  }
  return [
    ...digits.map((digit) => `Show the open sources: cat /proc/net/xt_recent/${open}.${digit}`),
    "A list of the recent match has room for 100 sources, unless xt_recent is loaded with ip_list_tot=N.",
    "A flood can push a legitimate source off a list, but never lets one in; a list of the ipset variant",
    "has room for 65535 sources.",
  ];
}

function findTable(plan: FlatPlan, index: number): string {
  return TABLES[plan.families[index] as keyof typeof TABLES];
}

/** Returns a sed script that prints the rest of a line if it is a chain or list of this target. */
function renderOwnNames(
  plan: FlatPlan,
  { before, after }: { before: string; after: string },
): string {
  const base = createBaseName(plan.name).replaceAll(".", "\\.");
  return quoteShell(`s/^${before}\\(${base}\\.[a-z0-9]*${after}\\)$/\\1/p`);
}

function renderFunctions(plan: FlatPlan): string[] {
  const entry = quoteShell(`${createBaseName(plan.name)}.in`);
  return [
    "# Prints the chains of this target: own_chains iptables|ip6tables",
    "own_chains() {",
    `  "$1" -w -S 2>/dev/null | sed -n ${renderOwnNames(plan, { before: "-N ", after: "" })}`,
    "}",
    "",
    "# Prints the sets of this target.",
    "own_sets() {",
    "  command -v ipset >/dev/null || return 0",
    `  ipset list -n | sed -n ${renderOwnNames(plan, { before: "", after: "\\.[46]" })}`,
    "}",
    "",
    "# Removes the rules: unload iptables|ip6tables",
    "unload() {",
    `  while "$1" -w -C INPUT -j ${entry} 2>/dev/null; do "$1" -w -D INPUT -j ${entry}; done`,
    '  for chain in $(own_chains "$1"); do "$1" -w -F "$chain"; done',
    '  for chain in $(own_chains "$1"); do "$1" -w -X "$chain"; done',
    "}",
  ];
}

function renderTakeBack(): string[] {
  return [
    "# Destroys the sets that are new.",
    "take_back() {",
    "  for set in $(own_sets); do",
    `    printf '%s\\n' "$had" | grep -qxF "$set" || ipset destroy "$set"`,
    "  done",
    "}",
    "",
  ];
}

/** Makes the sets and checks the rules; the tools say what fails. */
function renderPrepare(table: string, { creates }: IptablesRules): string[] {
  const steps = [
    `${table} -w -S INPUT >/dev/null`,
    ...creates.map((create) => `ipset ${create}`),
    `rules_${table} | ${table}-restore -w -n --test`,
  ];
  return [`prepare_${table}() {`, `  ${steps.join(" &&\n    ")}`, "}", ""];
}

/** Without an IPv6 address no packet comes over IPv6. */
function renderPrepareIpv6({ families }: FlatPlan, variant: Variant): string[] {
  const isAlone = !families.includes("ipv4");
  const what = "the rules for IPv6 cannot be loaded";
  return [
    "if prepare_ip6tables; then",
    "  ipv6=yes",
    ...(isAlone ? ["else"] : ["elif grep -q . /proc/net/if_inet6 2>/dev/null; then"]),
    ...(isAlone ? [`  echo 'error: ${what}: nothing was changed' >&2`] : [
      `  echo 'error: ${what}, and this machine has IPv6 addresses: nothing was changed' >&2`,
      "  echo 'hint: repair ip6tables, or write the rules with --ipv4, which leave IPv6 open' >&2",
    ]),
    "  exit 1",
    ...(isAlone ? [] : [
      "else",
      "  ipv6=no",
      ...(variant === "ipset" ? ["  take_back"] : []),
      `  echo 'warning: ${what}: only those for IPv4 are (no IPv6 address exists here)' >&2`,
    ]),
    "fi",
  ];
}

function renderRulesFunction(table: string, { restore }: IptablesRules): string[] {
  return [`rules_${table}() {`, "  cat <<'RULES'", ...restore, "RULES", "}", ""];
}

function renderLoad(
  table: string,
  { chains, progress }: IptablesRules,
  variant: Variant,
): string[] {
  const entry = quoteShell(chains[0] as string);
  return [
    `load_${table}() {`,
    ...[
      `rules_${table} | ${table}-restore -w -n`,
      `${table} -w -C INPUT -j ${entry} 2>/dev/null || ${table} -w -I INPUT 1 -j ${entry}`,
      ...renderStaleChains(table, chains),
      ...progress.map((list) =>
        variant === "ipset"
          ? `ipset flush ${quoteShell(list)}`
          : `echo / > ${quoteShell(`/proc/net/xt_recent/${list}`)}`
      ),
    ].map((line) => `  ${line}`),
    "}",
    "",
  ];
}

/** Removes the chains of a longer former plan: no rule refers to them any more. */
function renderStaleChains(table: string, chains: readonly string[]): string[] {
  const only = chains.map((chain) => `-e ${quoteShell(chain)}`).join(" ");
  return [
    `for chain in $(own_chains ${table} | grep -vxF ${only}); do`,
    `  ${table} -w -F "$chain"; ${table} -w -X "$chain"`,
    "done",
  ];
}

/** By the table or the chains that firewalld makes with its one or other back end. */
function renderFirewalldWarning(): string[] {
  return [
    "if { nft list table inet firewalld || iptables -w -S INPUT_direct; } >/dev/null 2>&1; then",
    "  echo 'warning: firewalld is active, and its reload removes these rules' >&2",
    "  echo 'hint: undo them, and write the rules with --for nftables' >&2",
    "fi",
  ];
}

/** Removes what only a former plan had: a family, or lists. */
function renderCleanup(
  plan: FlatPlan,
  rules: readonly IptablesRules[],
  variant: Variant,
): string[] {
  const lists = variant === "recent"
    ? []
    : rules.flatMap(({ kept, progress }) => [...kept, ...progress]);
  const only = lists.map((list) => ` -e ${quoteShell(list)}`).join("");
  const stale = lists.length === 0 ? "own_sets" : `own_sets | grep -vxF${only}`;
  return [
    ...(["ipv4", "ipv6"] as const).filter((family) => !plan.families.includes(family))
      .map((family) => `unload ${TABLES[family]}`),
    `for set in $(${stale}); do`,
    '  ipset destroy "$set"',
    "done",
  ];
}
