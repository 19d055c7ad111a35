/**
 * iptables and ip6tables: one POSIX shell script that loads, and with `undo` unloads.
 *
 * Rules:
 * - `iptables-restore -n` with `:CHAIN - [0:0]` replaces these chains only, all or nothing; all
 *   families are checked (`--test`) before the first one is loaded;
 * - what `-I` would double is asked for with `-C` first;
 * - lists are created before the rules that name them, and emptied after them but for who is in, so
 *   that loading again keeps connections and who is in;
 * - chains and lists of a former, longer plan are removed; no target's name has a dot, so one
 *   target's names never run into another's.
 */
import type { Plan } from "../core/plan.ts";
import { type Backend, commentLines, headline, variantOf } from "./backend.ts";
import { baseName, type IptablesRules, renderIptablesRules, type Variant } from "./iptables_rules.ts";
import { quoteShell } from "./quote/shell.ts";

const TABLES = { ipv4: "iptables", ipv6: "ip6tables" } as const;

/** See the header. */
export const iptables: Backend = {
  name: "iptables",
  summary: "iptables and ip6tables, with ipset or the recent match: a shell script",
  extension: "sh",
  variants: ["ipset", "recent"],
  render(plan, context) {
    const variant = variantOf(iptables, context) as Variant;
    const rules = plan.families.map((family) => renderIptablesRules(plan, family, variant));
    return [
      "#!/bin/sh",
      ...commentLines([
        ...headline(`iptables with ${variant}`, plan, context),
        ...adviceOf(plan, variant),
      ]),
      "set -eu",
      "",
      ...functionsOf(plan, variant),
      "",
      'if [ "${1-load}" = undo ]; then',
      ...plan.families.map((family) => `  unload ${TABLES[family]}`),
      ...forget(variant, "undo"),
      "  exit",
      "fi",
      "",
      ...(variant === "ipset" ? loadSets(rules) : []),
      ...rules.flatMap((each, index) => loadFamily(plan, each, index)),
      ...rules.flatMap((each, index) => finishFamily(plan, each, index, variant)),
      ...staleSets(plan, rules, variant),
      "",
    ].join("\n");
  },
};

function tableOf(plan: Plan, index: number): string {
  return TABLES[plan.families[index] as keyof typeof TABLES];
}

/** A sed script that prints the rest of a line, if it is a chain or list of this target. */
function ownNames(plan: Plan, before: string): string {
  const base = baseName(plan.name).replaceAll(".", "\\.");
  return quoteShell(`s/^${before}\\(${base}\\.[a-z0-9.]*\\)$/\\1/p`);
}

function functionsOf(plan: Plan, variant: Variant): string[] {
  const entry = quoteShell(`${baseName(plan.name)}.in`);
  return [
    "# The chains of this target, one a line: own_chains iptables|ip6tables",
    "own_chains() {",
    `  "$1" -w -S | sed -n ${ownNames(plan, "-N ")}`,
    "}",
    "",
    ...(variant === "ipset"
      ? [
        "# The sets of this target, one a line.",
        "own_sets() {",
        `  ipset list -n | sed -n ${ownNames(plan, "")}`,
        "}",
        "",
      ]
      : []),
    "# Takes the rules out: unload iptables|ip6tables",
    "unload() {",
    `  while "$1" -w -C INPUT -j ${entry} 2>/dev/null; do "$1" -w -D INPUT -j ${entry}; done`,
    '  for chain in $(own_chains "$1"); do "$1" -w -F "$chain"; done',
    '  for chain in $(own_chains "$1"); do "$1" -w -X "$chain"; done',
    "}",
  ];
}

function forget(variant: Variant, indent: "undo"): string[] {
  return variant === "ipset" && indent === "undo"
    ? ['  for set in $(own_sets); do ipset destroy "$set"; done']
    : [];
}

function loadSets(rules: readonly IptablesRules[]): string[] {
  return [...rules.flatMap(({ creates }) => creates.map((create) => `ipset ${create}`)), ""];
}

function loadFamily(plan: Plan, { restore }: IptablesRules, index: number): string[] {
  const variable = `rules_${tableOf(plan, index)}`;
  const table = tableOf(plan, index);
  return [
    `${variable}=$(cat <<'RULES'`,
    ...restore,
    "RULES",
    ")",
    `printf '%s\\n' "$${variable}" | ${table}-restore -w -n --test`,
    "",
  ];
}

function finishFamily(
  plan: Plan,
  { chains, progress }: IptablesRules,
  index: number,
  variant: Variant,
): string[] {
  const table = tableOf(plan, index);
  const entry = quoteShell(chains[0] as string);
  return [
    `printf '%s\\n' "$rules_${table}" | ${table}-restore -w -n`,
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

function staleSets(plan: Plan, rules: readonly IptablesRules[], variant: Variant): string[] {
  if (variant === "recent") return [];
  const only = rules.flatMap(({ kept, progress }) => [...kept, ...progress])
    .map((list) => `-e ${quoteShell(list)}`).join(" ");
  return [`for set in $(own_sets | grep -vxF ${only}); do`, '  ipset destroy "$set"', "done"];
}
