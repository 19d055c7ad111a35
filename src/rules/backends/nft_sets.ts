/** The sets of a plan in nftables' language. */
import { renderFamily } from "../../core/address_syntax.ts";
import type { Plan } from "../../core/plan.ts";
import { plural } from "../../core/text.ts";
import { MISTAKES } from "../backend.ts";
import { explain, type FamilySyntax, type Names } from "./nft_syntax.ts";

interface NftSet {
  name: string;
  family: Plan["families"][number];
  /** What is in it. */
  words: string;
}

/** Returns the sets of what sources have done until now. */
export function listProgressSets(
  plan: Plan,
  { family, digit }: FamilySyntax,
  names: Names,
): NftSet[] {
  const label = renderFamily(family);
  return [
    ...plan.doors.flatMap((door) => [
      ...door.stages.slice(1).map((_, index) => ({
        name: names.stage(door, index + 1, digit),
        family,
        words: `${label} sources that sent knock ${
          index + 1
        } of ${door.stages.length} of ${door.name}.`,
      })),
      ...door.closing.slice(1).map((_, index) => ({
        name: names.door(door, `closing${index + 1}.${digit}`),
        family,
        words:
          `${label} sources that sent closing knock ${index + 1} of ${door.closing.length} of ` +
          `${door.name}.`,
      })),
    ]),
    ...(plan.ban ? MISTAKES : []).map((count) => ({
      name: names.own(`miss${count}.${digit}`),
      family,
      words: `${label} sources that made ${plural(count, "mistake")} in the last minute.`,
    })),
  ];
}

/** Returns the sets that stay when the rules are loaded again. */
export function listKeptSets(plan: Plan, { family, digit }: FamilySyntax, names: Names): NftSet[] {
  const label = renderFamily(family);
  return [
    ...plan.doors.map((door) => ({
      name: names.stage(door, door.stages.length, digit),
      family,
      words: `${label} sources that sent all knocks of ${door.name}: it is open for them.`,
    })),
    ...(plan.ban
      ? [{
        name: names.own(`ban.${digit}`),
        family,
        words: `${label} sources that made too many mistakes: their knocks do not count.`,
      }]
      : []),
  ];
}

/** Returns the lines that declare a set. */
export function renderSet({ name, family, words }: NftSet): string[] {
  return explain(words, [
    `set ${name} {`,
    `\ttype ${family}_addr`,
    "\tflags dynamic,timeout",
    "}",
  ]);
}
