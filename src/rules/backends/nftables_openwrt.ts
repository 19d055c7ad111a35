/**
 * OpenWrt's fw4: a file for `/etc/nftables.d`, which fw4 includes inside `table inet fw4`: sets and
 * chains only, without a table. Not run on a device.
 *
 * The chain with its own priority can protect ports, but not open them: fw4 still drops what its zone
 * drops. One rule in `chain-pre/input_ZONE` accepts the protected ports there. It names the open set,
 * so that nothing is open when this file is missing.
 */
import { quoteShell } from "../../core/text.ts";
import type { Plan } from "../../core/plan.ts";
import { type Backend, renderTimedUndo } from "../backend.ts";
import { renderNftAccepts } from "./nft_door.ts";
import { NFT_DATA, renderNftRules } from "./nft_rules.ts";

const FOLDER = "/etc/nftables.d";
const CHAIN_PRE = "/usr/share/nftables.d/chain-pre/input_wan";

/** See the comment at the top. */
export const nftablesOpenwrt: Backend = {
  ...NFT_DATA,
  name: "nftables-openwrt",
  title: "OpenWrt fw4",
  summary: "OpenWrt 22.03 or newer (fw4): an include for /etc/nftables.d",
  extension: "nft",
  variants: [],
  render({ plan }) {
    const { sets, chains } = renderNftRules(plan, namePrefix(plan));
    return ["", ...sets, ...chains];
  },
  renderAdvice({ plan }) {
    const file = `spknock_${plan.name}.nft`;
    const accepts = renderNftAccepts(plan, "open", namePrefix(plan)).map((rule) =>
      `  echo ${quoteShell(rule)}`
    );
    return [
      "Not run on a device yet; checked with nft inside a table like fw4's.",
      "",
      `Apply (this file saved as ${FOLDER}/${file}):`,
      "  fw4 check && fw4 reload",
      "Let fw4's own rules for the zone wan accept the open sources:",
      `  mkdir -p ${CHAIN_PRE}`,
      "  {",
      ...accepts,
      `  } > ${CHAIN_PRE}/${file}`,
      "  fw4 check && fw4 reload",
      "For an automatic undo after a minute, run this before the reload:",
      `  ${renderTimedUndo(`rm -f ${FOLDER}/${file} ${CHAIN_PRE}/${file}; fw4 reload`)}`,
      "and kill $undo when a new connection of yours works.",
      "A reload of fw4 closes the door for all open sources; connections stay.",
      `Undo:     rm -f ${FOLDER}/${file} ${CHAIN_PRE}/${file} && fw4 reload`,
      "Persist:  both files stay after a reboot; for sysupgrade add them to /etc/sysupgrade.conf",
    ];
  },
};

/** A target's name has no dot: the names of one target cannot be the start of another's. */
function namePrefix({ name }: Plan): string {
  return `spknock.${name}.`;
}
