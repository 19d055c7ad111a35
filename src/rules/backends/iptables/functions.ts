/** The functions of the shell script that loads and unloads the rules. */
import { quoteShell } from "../../../core/text.ts";
import type { Plan } from "../../../plan/plan.ts";
import { createBaseName } from "./syntax.ts";

/** Returns a sed script that prints the rest of a line if it is a chain or list of this rule set. */
function renderOwnNames(plan: Plan, { before, after }: { before: string; after: string }): string {
  const base = createBaseName(plan.name).replaceAll(".", "\\.");
  return quoteShell(`s/^${before}\\(${base}\\.[a-z0-9]*${after}\\)$/\\1/p`);
}

/** Refuses any other argument: a slip such as "udno" does not load the rules. */
export function renderUsage(words: readonly string[]): string[] {
  return [
    "case ${1-} in",
    `  "" | load | ${words.join(" | ")}) ;;`,
    `  *) echo "error: unknown argument $1: use ${words.join(" or ")}, or none" >&2; exit 2 ;;`,
    "esac",
  ];
}

/** Returns the functions that list and remove what is this rule set's own. */
export function renderFunctions(plan: Plan): string[] {
  return [
    "# Prints the chains of this rule set: own_chains iptables|ip6tables TABLE",
    "own_chains() {",
    `  "$1" -w -t "$2" -S 2>/dev/null | sed -n ${
      renderOwnNames(plan, { before: "-N ", after: "" })
    }`,
    "}",
    "",
    "# Prints the sets of this rule set.",
    "own_sets() {",
    "  command -v ipset >/dev/null || return 0",
    `  ipset list -n | sed -n ${renderOwnNames(plan, { before: "", after: "\\.[46]" })}`,
    "}",
    "",
    "# Destroys sets: destroy_sets SETS",
    "destroy_sets() {",
    '  [ -n "$1" ] || return 0',
    `  for set in $1; do echo "destroy $set"; done | ipset restore`,
    "}",
    "",
    "# Removes chains, all or none: remove_chains iptables|ip6tables TABLE CHAINS",
    "remove_chains() {",
    '  [ -n "$3" ] || return 0',
    "  {",
    '    echo "*$2"',
    '    for chain in $3; do echo "-F $chain"; done',
    '    for chain in $3; do echo "-X $chain"; done',
    "    echo COMMIT",
    '  } | "$1-restore" -w -n',
    "}",
    "",
    "# Removes the rules of a table: unload iptables|ip6tables TABLE CHAIN ENTRY",
    "unload() {",
    '  while "$1" -w -t "$2" -C "$3" -j "$4" 2>/dev/null; do "$1" -w -t "$2" -D "$3" -j "$4"; done',
    '  remove_chains "$1" "$2" "$(own_chains "$1" "$2")"',
    "}",
  ];
}
