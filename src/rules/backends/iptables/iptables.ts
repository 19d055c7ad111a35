/**
 * iptables and ip6tables: one POSIX shell script that loads, and with `undo` unloads.
 *
 * Rules:
 * - `iptables-restore -n` with `:CHAIN - [0:0]` replaces these chains only, all or nothing; all
 *   families are checked (`--test`) before the first one is loaded;
 * - `-C` checks first what `-I` would double;
 * - lists are created before the rules that name them, and emptied after them (but not the open and
 *   banned sources), so that loading again keeps connections and open sources;
 * - chains and lists of a former, longer plan are removed, all chains of a table at once: each call of
 *   iptables reads all rules. A rule set's name has no dot, and what follows it is matched without one (a
 *   shortened name has `.CHECKSUM`), so that the names of one rule set never match another's;
 * - sets that are new are destroyed again when a check fails, so that nothing is half-loaded;
 * - where the rules for IPv6 cannot be loaded and no IPv6 address exists, IPv4's are loaded alone. Where one
 *   exists nothing is: the ports would be open over IPv6;
 * - cron and similar programs search only /usr/bin and /bin: the script adds the other folders.
 */
import { renderFunctions, renderUsage } from "./functions.ts";
import { findNetwork, parseAddress } from "../../../core/address/address.ts";
import { quoteShell } from "../../../core/text.ts";
import type { Plan } from "../../../plan/plan.ts";
import { type Backend, type RenderRequest, renderTimedUndo, takeFileName } from "../../backend.ts";
import { type PlacedKey, renderCodesAdvice, renderCodeSets, renderRevokeLines } from "./codes.ts";
import { type IptablesRules, listOpenLists, listPlanKeys, renderIptablesRules } from "./rules.ts";
import { renderInstall, renderTimeTest } from "./updater.ts";
import { createBaseName, MAX_NUMBER, type Variant } from "./syntax.ts";
import { renderBesideIptables } from "../other_firewalls.ts";

const PROGRAMS = { ipv4: "iptables", ipv6: "ip6tables" } as const;
const TABLES = ["filter", "mangle"] as const;
type Table = typeof TABLES[number];
/** Where each table's rules start. */
const ENTRIES = {
  filter: { hook: "INPUT", entry: "in" },
  mangle: { hook: "FORWARD", entry: "forward" },
} as const;

/** See the comment at the top. */
export const iptables: Backend = {
  name: "iptables",
  title: "iptables",
  summary: "iptables and ip6tables, with ipset or the recent match: a shell script",
  extension: "sh",
  showNat: "iptables -t nat -S; ip6tables -t nat -S",
  interpreter: "#!/bin/sh",
  variants: ["ipset", "recent"],
  supports: {
    secretKnocks: true,
    codes: true,
    guard: true,
    ranges: true,
    icmp: true,
    all: true,
    translated: true,
    routed: true,
    doors: true,
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
  lacks: { recent: ["codes"] },
  notes: {
    codes: "with ipset; the key lies on the firewall's host, and a script runs there each minute",
  },
  server: {
    kind: "iptables",
    nameTable: ({ name }) => `${createBaseName(name)}.`,
    renderShut,
  },
  rolling: { renderRevoke: ({ plan }, key) => renderRevokeLines(plan, key) },
  limits: {
    // The number of a stage is part of a name of limited length.
    maxKnocks: MAX_NUMBER,
    maxKeys: MAX_NUMBER,
    minPayload: 1,
    // The kernel takes 128 bytes (`XT_STRING_MAX_PATTERN_SIZE`), `--hex-string` between bars only 127
    // (measured, iptables 1.8.9).
    maxPayload: 127,
    printablePayload: false,
    wholeSeconds: true,
  },
  render(request) {
    const { plan } = request;
    const variant = chooseVariant(request);
    const rules = plan.families.map((family) => renderIptablesRules(plan, family, variant));
    const keys = listPlanKeys(plan);
    const ifCodes = (lines: readonly string[]) => keys.length === 0 ? [] : lines;
    return [
      "set -eu",
      'PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"',
      "",
      ...renderUsage(keys.length === 0 ? ["undo"] : ["timer", "undo"]),
      "",
      ...renderFunctions(plan),
      "",
      ...ifCodes(renderInstall(plan, keys)),
      ...(variant === "ipset" ? renderTakeBack(plan, keys) : []),
      ...rules.flatMap((each, index) => [
        ...renderText(`rules_${findProgram(plan, index)}`, each.restore),
        ...(variant === "ipset" ? renderSetFunctions(findProgram(plan, index), each) : []),
        ...renderPrepare(findProgram(plan, index), each, keys),
        ...renderLoad(plan, findProgram(plan, index), { variant, rules: each, keys }),
      ]),
      ...ifCodes(['if [ "${1-load}" = timer ]; then', "  install_timer", "  exit", "fi", ""]),
      'if [ "${1-load}" = undo ]; then',
      ...Object.values(PROGRAMS).flatMap((program) =>
        TABLES.map((table) => `  ${renderUnload(plan, program, table)}`)
      ),
      '  destroy_sets "$(own_sets)"',
      ...ifCodes(["  remove_timer", "  remove_codes"]),
      "  exit",
      "fi",
      "",
      ...ifCodes(["require_sha512"]),
      ...(variant === "ipset" ? ["had=$(own_sets)", "trap take_back EXIT"] : []),
      ...(plan.families.includes("ipv6") ? renderPrepareIpv6(plan, variant) : []),
      ...(plan.families.includes("ipv4") ? ["prepare_iptables"] : []),
      ...(variant === "ipset" ? ["trap - EXIT"] : []),
      ...ifCodes(["install_codes"]),
      "",
      ...plan.families.map((family) =>
        family === "ipv6" ? 'if [ "$ipv6" = yes ]; then load_ip6tables; fi' : "load_iptables"
      ),
      ...renderCleanup(plan, rules, { variant, keys }),
      ...ifCodes(["warn_timer"]),
      ...renderFirewalldWarning(),
    ];
  },
  renderAdvice(request) {
    const { file } = request;
    const base = takeFileName(file);
    return [
      "The rules are before your own rules in INPUT: they accept the open sources at the ports above, drop",
      "all others there, and leave all other packets to your rules.",
      ...renderForwardAdvice(request.plan),
      ...renderBesideIptables(request.plan),
      "",
      `Apply, with an automatic undo after a minute (this file saved as ${file}):`,
      `  ${renderTimedUndo(`sh ${file} undo`)}`,
      `  sh ${file}`,
      "When a new connection of yours works:",
      "  kill $undo",
      ...renderReloadAdvice(request),
      ...renderCodesAdvice(request, listPlanKeys(request.plan)),
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

/** Where the rules for forwarded ports are. */
function renderForwardAdvice({ doors }: Plan): string[] {
  if (doors.every(({ forwards }) => forwards.length === 0)) return [];
  return [
    "Forwarded ports are guarded in FORWARD of the mangle table, before the filter table, where Docker puts",
    "its rules at the top whenever it starts; those decide about the packets that pass.",
  ];
}

/** What the names of the lists do not have in common is what closes. */
function renderReloadAdvice(request: RenderRequest): string[] {
  if (chooseVariant(request) === "ipset") {
    return [
      "Run it again after a change: connections stay, and open sources as long as they were opened for.",
      "Another prefix and another variant close the doors for all sources.",
    ];
  }
  return [
    "Run it again after a change: connections and open sources stay. Another prefix, another open time and",
    "another variant close the doors for all sources.",
  ];
}

function renderShut(request: RenderRequest, addresses: readonly string[]): string[] {
  const { plan } = request;
  const variant = chooseVariant(request);
  return plan.families.flatMap((family) => {
    const networks = addresses.map(parseAddress).filter((each) => each.family === family)
      .map((address) => findNetwork(address, plan.prefixes[family]).text.split("/", 1)[0]);
    return listOpenLists(plan, family, variant).flatMap((list) =>
      networks.map((network) =>
        variant === "ipset"
          ? `ipset del ${list} ${network} -exist`
          : `echo -${network} >/proc/net/xt_recent/${list}`
      )
    );
  });
}

function renderShow(request: RenderRequest): string[] {
  const { plan } = request;
  const variant = chooseVariant(request);
  const show = variant === "ipset" ? "ipset list " : "cat /proc/net/xt_recent/";
  const lists = plan.families.map((family) => listOpenLists(plan, family, variant));
  return [
    ...plan.doors.flatMap(({ name }, index) =>
      lists.map((each) =>
        `Show the open sources${plan.doors.length === 1 ? "" : ` of ${name}`}: ${show}${
          each[index]
        }`
      )
    ),
    ...(variant === "ipset" ? [] : [
      "A list of the recent match has room for 100 sources, unless xt_recent is loaded with ip_list_tot=N.",
      "A flood can push a legitimate source off a list, but never lets one in; a list of the ipset variant",
      "has room for 65535 sources.",
    ]),
  ];
}

function findProgram(plan: Plan, index: number): string {
  return PROGRAMS[plan.families[index] as keyof typeof PROGRAMS];
}

function renderUnload(plan: Plan, program: string, table: Table): string {
  const { hook, entry } = ENTRIES[table];
  return `unload ${program} ${table} ${hook} ${
    quoteShell(`${createBaseName(plan.name)}.${entry}`)
  }`;
}

function renderTakeBack(plan: Plan, keys: readonly PlacedKey[]): string[] {
  return [
    `# Destroys the sets that are new${keys.length === 0 ? "" : ", and chains that are empty"}.`,
    "take_back() {",
    ...plan.families.flatMap((family) =>
      listEntries(keys).map((entry) =>
        `  ${PROGRAMS[family]} -w -X ${quoteShell(entry)} 2>/dev/null || :`
      )
    ),
    `  destroy_sets "$(own_sets | grep -vxF -e "$had")"`,
    "}",
    "",
  ];
}

/** The chains that only the script of one-time codes fills. */
function listEntries(keys: readonly PlacedKey[]): string[] {
  return [...new Set(keys.map(({ entry }) => entry))];
}

/** Makes the sets and checks the rules; the tools say what fails. */
function renderPrepare(
  program: string,
  { creates }: IptablesRules,
  keys: readonly PlacedKey[],
): string[] {
  const entries = listEntries(keys);
  const steps = [
    `${program} -w -S INPUT >/dev/null`,
    ...(creates.length === 0 ? [] : [`sets_${program} | ipset restore`]),
    ...entries.map((entry) => `{ ${program} -w -N ${quoteShell(entry)} 2>/dev/null || :; }`),
    ...entries.slice(0, 1).map((entry) =>
      `${renderTimeTest(entry)} | ${program}-restore -w -n --test`
    ),
    `rules_${program} | ${program}-restore -w -n --test`,
  ];
  return [`prepare_${program}() {`, `  ${steps.join(" &&\n    ")}`, "}", ""];
}

/** Without an IPv6 address no packet comes over IPv6. */
function renderPrepareIpv6({ families }: Plan, variant: Variant): string[] {
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

/** What one call of ipset does: one for each set takes a minute for 100 doors (measured). */
function renderSetFunctions(program: string, { creates, progress }: IptablesRules): string[] {
  return [
    ...renderText(`sets_${program}`, creates),
    ...renderText(`flush_${program}`, progress.map((list) => `flush ${list}`)),
  ];
}

/** A function that prints lines. */
function renderText(name: string, lines: readonly string[]): string[] {
  return [`${name}() {`, "  cat <<'RULES'", ...lines, "RULES", "}", ""];
}

function renderLoad(
  plan: Plan,
  program: string,
  { variant, rules, keys }: {
    variant: Variant;
    rules: IptablesRules;
    keys: readonly PlacedKey[];
  },
): string[] {
  return [
    `load_${program}() {`,
    ...[
      `rules_${program} | ${program}-restore -w -n`,
      // Before chains go to which its former rules may lead.
      ...(keys.length === 0 ? [] : [`sh "$folder/codes.sh" ${program}`]),
      ...TABLES.flatMap((table) =>
        rules.chains[table].length === 0
          ? [renderUnload(plan, program, table)]
          : renderEntry(program, table, rules.chains[table])
      ),
      ...(variant === "ipset"
        ? [`flush_${program} | ipset restore`]
        : rules.progress.map((list) => `echo / > ${quoteShell(`/proc/net/xt_recent/${list}`)}`)),
    ].map((line) => `  ${line}`),
    "}",
    "",
  ];
}

/** Jumps to the first chain, and removes those of a longer former plan: no rule refers to them any more. */
function renderEntry(program: string, table: Table, chains: readonly string[]): string[] {
  const { hook } = ENTRIES[table];
  const jump = `${hook} -j ${quoteShell(chains[0] as string)}`;
  const run = `${program} -w -t ${table}`;
  return [
    `${run} -C ${jump} 2>/dev/null || ${run} -I ${jump}`,
    `remove_chains ${program} ${table} "$(own_chains ${program} ${table} | grep -vxF${
      renderPatterns(chains)
    })"`,
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
  plan: Plan,
  rules: readonly IptablesRules[],
  { variant, keys }: { variant: Variant; keys: readonly PlacedKey[] },
): string[] {
  const lists = variant === "recent"
    ? []
    : rules.flatMap(({ kept, progress }) => [...kept, ...progress]);
  const stale = [
    "own_sets",
    ...(lists.length === 0 ? [] : [`grep -vxF${renderPatterns(lists)}`]),
    ...(keys.length === 0 ? [] : [`grep -vx ${quoteShell(renderCodeSets(plan))}`]),
  ].join(" | ");
  return [
    ...(["ipv4", "ipv6"] as const).filter((family) => !plan.families.includes(family))
      .flatMap((family) => TABLES.map((table) => renderUnload(plan, PROGRAMS[family], table))),
    `destroy_sets "$(${stale})"`,
  ];
}

function renderPatterns(names: readonly string[]): string {
  return names.map((name) => ` -e ${quoteShell(name)}`).join("");
}
