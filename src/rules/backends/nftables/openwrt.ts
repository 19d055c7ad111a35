/**
 * OpenWrt's fw4: a file for `/etc/nftables.d`, which fw4 includes inside `table inet fw4`, before its own
 * chains: sets and chains only, without a table. Not run on a device.
 *
 * The chain with its own priority can protect ports, but not open them: fw4 still drops what its zone
 * drops. So the file has rules for the zone's chain, too: fw4's follow them. They name the open set. A second
 * file in `chain-pre/input_wan` would do the same, but without this one fw4 could not load any rule at the
 * next boot, and `fw4 check` would not see that while the sets are still in the kernel (measured).
 */
import type { Plan } from "../../../plan/plan.ts";
import { type Backend, renderTimedUndo } from "../../backend.ts";
import { renderOpenAccepts, renderOpenForwards } from "./door.ts";
import { streamDeclarations } from "./codes.ts";
import { renderCodeAdvice } from "./codes_advice.ts";
import { NFT_DATA, renderNftRules } from "./rules.ts";
import { createNames, listOpenSets, type Names, renderChain, renderShut } from "./syntax.ts";
import { renderBesideFw4 } from "../other_firewalls.ts";

const FOLDER = "/etc/nftables.d";
/** Adds codes to running rules; in an include there are no commands. */
const LOAD_CODES = `"(echo 'table inet fw4 {'; cat; echo '}') | nft -f -"`;
/** Where flash and memory are small. */
const FLASH_ADVICE = [
  "The file is on the router's flash, about 90 bytes a code, and the codes are in its memory: a month of",
  "10 minutes with 4 slots is 1.7 MB. A shorter --until makes it smaller.",
  "After another key the codes of the former one are not taken any more, but are in memory until fw4 restart.",
];
/** Of the zone `wan`. */
const ZONE_CHAIN = "input_wan";
const ZONE_FORWARD = "forward_wan";

/** See the comment at the top. */
export const nftablesOpenwrt: Backend = {
  ...NFT_DATA,
  name: "nftables-openwrt",
  title: "OpenWrt fw4",
  summary: "OpenWrt 22.03 or newer (fw4): an include for /etc/nftables.d",
  extension: "nft",
  showNat: "nft list ruleset | grep -E 'dnat|redirect'",
  variants: [],
  render({ plan }) {
    const { sets, chains } = renderNftRules(plan, nameAll(plan));
    // Declared again by fw4, the chain gets fw4's rules, too.
    const forwards = renderOpenForwards(plan, namePrefix(plan));
    return [
      "",
      ...sets,
      ...chains,
      ...(forwards.length === 0 ? [] : renderChain(ZONE_FORWARD, forwards)),
      ...renderChain(ZONE_CHAIN, renderOpenAccepts(plan, namePrefix(plan))),
    ];
  },
  renderAdvice({ plan }) {
    const file = `spknock_${plan.name}.nft`;
    return [
      "Not run on a device yet; checked with nft inside a table like fw4's.",
      "",
      `Apply (this file saved as ${FOLDER}/${file}):`,
      "  fw4 check && fw4 reload",
      "For an automatic undo after a minute, run this before the reload:",
      `  ${renderTimedUndo(`rm -f ${FOLDER}/${file}; fw4 reload`)}`,
      "and kill $undo when a new connection of yours works.",
      "A reload of fw4 keeps connections and open sources; fw4 restart closes the door for all.",
      ...renderBesideFw4(plan),
      ...renderCodeAdvice(plan, {
        backend: "nftables-openwrt",
        table: "inet fw4",
        load: LOAD_CODES,
        keep: [
          `To have them after a reload of fw4, save them there as ${FOLDER}/spknock_${plan.name}_codes.nft.`,
          ...FLASH_ADVICE,
        ],
      }),
      `Undo:     rm -f ${FOLDER}/${file} && fw4 reload`,
      "Persist:  the file stays after a reboot; for sysupgrade add it to /etc/sysupgrade.conf",
      ...listOpenSets(plan, nameAll(plan)).map((set) =>
        `Show the open sources: nft list set inet fw4 ${set}`
      ),
    ];
  },
  server: {
    kind: "openwrt",
    nameTable: ({ name }) => `spknock_${name}`,
    renderShut: ({ plan }, addresses) =>
      renderShut(plan, addresses, { table: "inet fw4", names: nameAll(plan) }),
  },
  rolling: {
    loadCodes: LOAD_CODES,
    streamCodes: ({ plan }) => streamDeclarations(plan, nameAll(plan)),
    renderRevoke({ plan }, { door, name }) {
      const set = nameAll(plan).door({ name: door }, `codes.${name}`);
      const pattern = set.replaceAll(".", "\\.");
      return [
        `nft -t list table inet fw4 | sed -n 's/.*set \\(${pattern}\\.[0-9a-f]*\\) {.*/\\1/p' |`,
        "  while read -r set; do nft flush set inet fw4 $set; done",
        `# They come back with each reload of fw4: write the rules again without the key of ${name}, save them in`,
        `# ${FOLDER}, remove files there that have more of its codes, and add no more of them. A source that is open`,
        "# stays open until its time is over, unless:",
        ...listOpenSets(plan, nameAll(plan)).map((open) => `# nft flush set inet fw4 ${open}`),
      ];
    },
  },
};

/** A target's name has no dot: the names of one target cannot be the start of another's. */
function namePrefix({ name }: Plan): string {
  return `spknock.${name}.`;
}

/** fw4 includes the file in a table: nothing can be flushed there. */
function nameAll(plan: Plan): Names {
  return createNames(namePrefix(plan), { isKept: true });
}
