/**
 * iptables and ip6tables: one POSIX shell script that loads, and with `undo` unloads.
 *
 * Rules:
 * - `iptables-restore -n` with `:CHAIN - [0:0]` replaces these chains only, all or nothing; all
 *   families are checked (`--test`) before the first one is loaded;
 * - what `-I` would double is asked for with `-C` first;
 * - lists are created before the rules that name them, and emptied after them but for who is in, so
 *   that loading again keeps connections and who is in;
 * - chains and lists of a former, longer plan are removed; no target's name has a dot, and what
 *   follows it is matched without one (a shortened name has `.CHECKSUM`), so one target's names never
 *   run into another's;
 * - cron and its like look for programs in /usr/bin and /bin only: the script names the other folders.
 */
import type { Plan } from "../core/plan.ts";
import {
  type Backend,
  commentLines,
  fileOf,
  headline,
  lastPartOf,
  type RenderContext,
  variantOf,
  wayBack,
} from "./backend.ts";
import {
  baseName,
  type IptablesRules,
  renderIptablesRules,
  type Variant,
} from "./iptables_rules.ts";
import { quoteShell } from "../core/quote_shell.ts";

const TABLES = { ipv4: "iptables", ipv6: "ip6tables" } as const;

/** See the header. */
export const iptables: Backend = {
  name: "iptables",
  summary: "iptables and ip6tables, with ipset or the recent match: a shell script",
  extension: "sh",
  canGuard: true,
  variants: ["ipset", "recent"],
  render(plan, context) {
    const variant = variantOf(iptables, context) as Variant;
    const rules = plan.families.map((family) => renderIptablesRules(plan, family, variant));
    return [
      "#!/bin/sh",
      ...commentLines([
        ...headline(`iptables with ${variant}`, plan, context),
        ...adviceOf(context, plan, variant),
      ]),
      "set -eu",
      'PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"',
      "",
      ...functionsOf(plan),
      "",
      ...rules.flatMap((each, index) => rulesFunction(tableOf(plan, index), each)),
      'if [ "${1-load}" = undo ]; then',
      ...Object.values(TABLES).map((table) => `  unload ${table}`),
      '  for set in $(own_sets); do ipset destroy "$set"; done',
      "  exit",
      "fi",
      "",
      ...(variant === "ipset" ? loadSets(rules) : []),
      ...rules.map((_, index) => tableOf(plan, index))
        .map((table) => `rules_${table} | ${table}-restore -w -n --test`),
      "",
      ...rules.flatMap((each, index) => loadFamily(tableOf(plan, index), each, variant)),
      ...staleRest(plan, rules, variant),
      "",
    ].join("\n");
  },
};

function tableOf(plan: Plan, index: number): string {
  return TABLES[plan.families[index] as keyof typeof TABLES];
}

/** A sed script that prints the rest of a line, if it is a chain or list of this target. */
function ownNames(plan: Plan, { before, after }: { before: string; after: string }): string {
  const base = baseName(plan.name).replaceAll(".", "\\.");
  return quoteShell(`s/^${before}\\(${base}\\.[a-z0-9]*${after}\\)$/\\1/p`);
}

function functionsOf(plan: Plan): string[] {
  const entry = quoteShell(`${baseName(plan.name)}.in`);
  return [
    "# The chains of this target, one a line: own_chains iptables|ip6tables",
    "own_chains() {",
    `  "$1" -w -S 2>/dev/null | sed -n ${ownNames(plan, { before: "-N ", after: "" })}`,
    "}",
    "",
    "# The sets of this target, one a line.",
    "own_sets() {",
    "  command -v ipset >/dev/null || return 0",
    `  ipset list -n | sed -n ${ownNames(plan, { before: "", after: "\\.[46]" })}`,
    "}",
    "",
    "# Takes the rules out: unload iptables|ip6tables",
    "unload() {",
    `  while "$1" -w -C INPUT -j ${entry} 2>/dev/null; do "$1" -w -D INPUT -j ${entry}; done`,
    '  for chain in $(own_chains "$1"); do "$1" -w -F "$chain"; done',
    '  for chain in $(own_chains "$1"); do "$1" -w -X "$chain"; done',
    "}",
  ];
}

function loadSets(rules: readonly IptablesRules[]): string[] {
  return [...rules.flatMap(({ creates }) => creates.map((create) => `ipset ${create}`)), ""];
}

function rulesFunction(table: string, { restore }: IptablesRules): string[] {
  return [`rules_${table}() {`, "  cat <<'RULES'", ...restore, "RULES", "}", ""];
}

function loadFamily(
  table: string,
  { chains, progress }: IptablesRules,
  variant: Variant,
): string[] {
  const entry = quoteShell(chains[0] as string);
  return [
    `rules_${table} | ${table}-restore -w -n`,
    `${table} -w -C INPUT -j ${entry} 2>/dev/null || ${table} -w -I INPUT 1 -j ${entry}`,
    ...staleChains(table, chains),
    ...progress.map((list) =>
      variant === "ipset"
        ? `ipset flush ${quoteShell(list)}`
        : `echo / > ${quoteShell(`/proc/net/xt_recent/${list}`)}`
    ),
    "",
  ];
}

/** What a longer plan left: no rule refers to it any more. */
function staleChains(table: string, chains: readonly string[]): string[] {
  const only = chains.map((chain) => `-e ${quoteShell(chain)}`).join(" ");
  return [
    `for chain in $(own_chains ${table} | grep -vxF ${only}); do`,
    `  ${table} -w -F "$chain"; ${table} -w -X "$chain"`,
    "done",
  ];
}

/** What a former plan had more: a family, or lists. */
function staleRest(plan: Plan, rules: readonly IptablesRules[], variant: Variant): string[] {
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

function adviceOf(context: RenderContext, plan: Plan, variant: Variant): string[] {
  const file = fileOf(context, `spknock_${plan.name}.sh`);
  const base = lastPartOf(file);
  const open = `${baseName(plan.name)}.o`;
  const digits = plan.families.map((family) => family === "ipv4" ? "4" : "6");
  return [
    "The rules come before your own in INPUT: they let in who has knocked, keep everyone else from the",
    "ports above, and leave all other packets to your rules.",
    "",
    `Apply, with a way back after a minute (this file saved as ${file}):`,
    `  ${wayBack(`sh ${file} undo`)}`,
    `  sh ${file}`,
    "Then, when a new connection of yours gets through:",
    "  kill $undo",
    "Run it again after a change; connections and who is in stay.",
    `Undo:     sh ${file} undo`,
    `Persist:  copy it to /etc/${base} (chmod 700) and run it at boot after your own rules, such as`,
    `          by a line in /etc/cron.d/spknock: @reboot root sh /etc/${base}`,
    ...(variant === "ipset" ? digits.map((digit) => `Who is in: ipset list ${open}.${digit}`) : [
      ...digits.map((digit) => `Who is in: cat /proc/net/xt_recent/${open}.${digit}`),
      "A list of the recent match keeps 100 sources unless xt_recent is loaded with ip_list_tot=N:",
      "a flood of sources can push an honest one out of it. It lets nobody in. ipset has room.",
    ]),
  ];
}
