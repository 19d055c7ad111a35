/**
 * One-time codes in RouterOS' language: the rules. What changes with time is the text of one rule for each key,
 * slot and side, which a script writes (codes_script.ts). There are two sides, for even and for odd
 * windows: with the skew at most two windows have codes at the same time.
 *
 * A code belongs to the first source that sends it. No condition asks whether a list is empty, but a rule
 * can add the packet's destination to a list, which is an address of this router: the list of used codes
 * has it, and so `dst-address-list` says that a code is used. Why not `limit=1/15m,1`: it counts the
 * repetitions of the owner too, and it is not documented whether it begins anew when a rule is changed.
 */
import type { CodeKey } from "../../../plan/codes.ts";
import type { CodedDoor, Door } from "../../../plan/plan.ts";
import { addTo, fromList, jumpTo, type Names, type Rule } from "./syntax.ts";
import { quoteRouterOs } from "../quote/routeros.ts";

/** A door or a key, by its name. */
type Named = Pick<CodeKey, "name">;

/** What a rule without a code asks for: it is disabled then. */
export const NO_CODE = "none";

/** How long a used code is known: longer than any is taken. The script forgets it with the code. */
const BOUND_MS = 2 * 86_400_000;
const SIDES = [0, 1] as const;

/** Returns the chain of the packets that can carry a code. */
export function nameCodesChain(names: Names, door: Door): string {
  return names.door(door, "codes");
}

/** Returns what the comment of the rule with a code ends in, before the side and the slot. */
export function nameCodeRule({ name }: Named, key: Named): string {
  return `${name}: code of ${key.name}`;
}

/** Returns the lists of a code without the side and the slot: of who has used it, and of used ones. */
export function nameCodeLists({ own }: Pick<Names, "own">, door: Named, key: Named) {
  const list = (what: string) => own(`${door.name}:${what}:${key.name}`);
  return { mine: list("mine"), used: list("used") };
}

/** Returns the rules of all keys of a door. */
export function renderCodeRules(names: Names, { door, codes }: CodedDoor): Rule[] {
  return codes.keys.flatMap((key) => [
    ...SIDES.flatMap((side) =>
      Array.from(
        { length: codes.slots },
        (_, slot) => renderSlotRules(names, door, { key, place: `${side}:${slot}` }),
      ).flat()
    ),
    {
      chain: nameKeyChain(names, door, key),
      text: addTo(names.door(door, "open"), door.openForMs),
      note: `${door.name}: opened by ${key.name}`,
    },
  ]);
}

function nameKeyChain(names: Names, door: Door, { name }: CodeKey): string {
  return names.door(door, `by:${name}`);
}

/** A code of another source changes nothing: neither the packet nor the list of used codes. */
function renderSlotRules(
  names: Names,
  door: Door,
  { key, place }: { key: CodeKey; place: string },
): Rule[] {
  const chain = names.door(door, `code:${key.name}:${place}`);
  const lists = nameCodeLists(names, door, key);
  const [mine, used] = [`${lists.mine}:${place}`, `${lists.used}:${place}`];
  const pass = jumpTo(nameKeyChain(names, door, key));
  const rule = (text: string, note: string): Rule => ({
    chain,
    text,
    note: `${door.name}: ${note}, ${key.name}:${place}`,
  });
  return [
    {
      chain: nameCodesChain(names, door),
      text: `${jumpTo(chain)} content=${quoteRouterOs(NO_CODE)} disabled=yes`,
      note: `${nameCodeRule(door, key)}:${place}`,
    },
    rule(`${pass} ${fromList(mine)}`, "repeated"),
    rule(`action=return dst-address-list=${quoteRouterOs(used)}`, "used, perhaps by another"),
    rule(addTo(used, BOUND_MS, "dst"), "used from now on"),
    rule(addTo(mine, BOUND_MS), "by this source"),
    rule(pass, "first use"),
  ];
}
