/**
 * nftables: a table of its own for both families, loaded in one transaction.
 *
 * Rules:
 * - loading again replaces everything but the open sources and the bans: the sets are declared, the
 *   rules flushed, the stages flushed, and the chains filled again;
 * - `destroy` is a syntax error before nft 1.0.7, so nothing is deleted;
 * - each closing brace is on a line of its own;
 * - `accept` ends this table's chain only: a separate table can protect ports that other tables accept,
 *   but it cannot open what they drop. The header says so.
 */
import { listCodedDoors, type Plan } from "../../../plan/plan.ts";
import { type Backend, renderTimedUndo, takeFileName } from "../../backend.ts";
import { streamElements } from "./codes.ts";
import { renderCodeAdvice } from "./codes_advice.ts";
import { NFT_DATA, renderNftRules } from "./rules.ts";
import { renderBesideTable } from "../other_firewalls.ts";
import { createNames, listOpenSets, renderShut } from "./syntax.ts";
import { requireNftName } from "../quote/nft.ts";

const NAMES = createNames("");
/** Adds codes to running rules. */
const LOAD_CODES = "nft -f -";

/** See the comment at the top. */
export const nftables: Backend = {
  ...NFT_DATA,
  name: "nftables",
  title: "nftables",
  summary: "nftables 1.0.1 or newer: a table of its own, IPv4 and IPv6",
  extension: "nft",
  showNat: "nft list ruleset | grep -E 'dnat|redirect'",
  interpreter: "#!/usr/sbin/nft -f",
  variants: [],
  render({ plan }) {
    const table = nameTable(plan);
    const { sets, chains, flushed } = renderNftRules(plan, NAMES);
    return [
      "",
      ...renderTable(table, sets),
      "",
      `# Loading this file again replaces everything but ${nameKept(plan)}.`,
      `flush table inet ${table}`,
      ...flushed.map(({ kind, name }) => `flush ${kind} inet ${table} ${name}`),
      "",
      ...renderTable(table, chains),
    ];
  },
  renderAdvice({ plan, file }) {
    const table = nameTable(plan);
    const base = takeFileName(file);
    return [
      ...renderBesideTable(plan),
      "If two tables of spknock protect the same port, both have to be opened.",
      "",
      `Apply, with an automatic undo after a minute (this file saved as ${file}):`,
      `  nft -c -f ${file}`,
      `  ${renderTimedUndo(`nft delete table inet ${table}`)}`,
      `  nft -f ${file}`,
      "When a new connection of yours works:",
      "  kill $undo",
      ...renderCodeAdvice(plan, {
        backend: "nftables",
        table: `inet ${table}`,
        load: LOAD_CODES,
        keep: [
          `For a restart, save them there as /etc/${
            base.replace(/(\.nft)?$/, "_codes.nft")
          }, and include that after this file.`,
        ],
      }),
      "Load the file again after a change: connections stay, and open sources as long as they were opened",
      "for. Another prefix closes the doors for all sources. If no firewall tracked connections before,",
      "the first load can end idle connections to the protected ports.",
      `Undo:     nft delete table inet ${table}`,
      `Persist:  copy it to /etc/${base}, add 'include "/etc/${base}"' at the end of`,
      "          /etc/nftables.conf, and run: systemctl enable nftables",
      "          Not beside ufw or firewalld, which that flushes or stops: docs/firewalls.md has a unit.",
      ...(listCodedDoors(plan).length === 0
        ? [`Show the open sources: nft list table inet ${table}`]
        // The table has all codes.
        : listOpenSets(plan, NAMES).map((set) =>
          `Show the open sources: nft list set inet ${table} ${set}`
        )),
    ];
  },
  server: {
    kind: "nftables",
    nameTable,
    renderShut: ({ plan }, addresses) =>
      renderShut(plan, addresses, { table: `inet ${nameTable(plan)}`, names: NAMES }),
  },
  rolling: {
    loadCodes: LOAD_CODES,
    streamCodes: ({ plan }) => streamElements(plan, NAMES, nameTable(plan)),
    renderRevoke({ plan }, { door, name }) {
      const table = nameTable(plan);
      return [
        `nft flush set inet ${table} ${NAMES.door({ name: door }, `codes.${name}`)}`,
        `# They come back with a file that has them: write the rules again without the key of ${name}, save and`,
        "# load them, and add no more of its codes. A source that is open stays open until its time is over, unless:",
        ...listOpenSets(plan, NAMES).map((set) => `# nft flush set inet ${table} ${set}`),
      ];
    },
  },
};

function nameKept(plan: Plan): string {
  return listCodedDoors(plan).length === 0
    ? "the open sources and the bans"
    : "the open sources, the bans, the used codes and the counters";
}

function nameTable({ name }: Plan): string {
  return requireNftName(`spknock_${name}`);
}

function renderTable(table: string, lines: readonly string[]): string[] {
  return [`table inet ${table} {`, ...lines.map((line) => `\t${line}`), "}"];
}
