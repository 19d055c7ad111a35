/**
 * The names of chains and lists. A chain's has at most 28 characters, a set's 31 (measured, iptables 1.8.9
 * and ipset 7.17): `spk.`, 12 of the rule set, a dot, 6 of the door, 3 of what it is, 3 of the prefix, and
 * `.4` or `.6`. What follows the rule set's name has no dot but the last one, so that the names of one rule set never
 * match another's.
 */
import { ADDRESS_BITS } from "../../core/address_syntax.ts";
import { type Door, findBanPrefix, type Plan } from "../../core/plan.ts";
import { refuse } from "../backend.ts";

const MAX_NAME = 12;
const DOOR_DIGITS = 5;

/** The most that two characters count to; see {@linkcode shortenNumber}. */
export const MAX_NUMBER = 359;

/** The names of one family. */
export interface IptablesNames {
  /** A chain of the rule set. */
  own(chain: string): string;
  /** A chain of a door. */
  door(door: Door, chain: string): string;
  /** The chain of a numbered knock: `s` of an opening one, `c` of a closing one. */
  knock(door: Door, kind: "s" | "c", number: number): string;
  /** The open list for the last stage. */
  stageList(door: Door, number: number): string;
  closingList(door: Door, number: number): string;
  banList: string;
  mistakeList(count: number): string;
}

/** Returns the start of the name of every chain and list of a rule set. */
export function createBaseName(name: string): string {
  return `spk.${shortenName(name, MAX_NAME)}`;
}

/**
 * Returns the names of a plan's chains and lists.
 *
 * @param nameOpen the kind of a door's open list.
 * @throws {UsageError} if two doors have the same checksum.
 */
export function createIptablesNames(
  plan: Plan,
  family: Plan["families"][number],
  nameOpen: (door: Door) => string,
): IptablesNames {
  const base = createBaseName(plan.name);
  const tags = createTags(plan);
  const nameList = (text: string, prefix: number) =>
    `${base}.${text}${renderPrefix(prefix, family)}.${family === "ipv4" ? "4" : "6"}`;
  const nameIn = (door: Door, kind: string) =>
    nameList(`${tags.get(door) ?? ""}${kind}`, plan.prefixes[family]);
  const nameCounted = (kind: string) => nameList(kind, findBanPrefix(plan, family));
  const nameChain = (door: Door, chain: string) => `${base}.${tags.get(door) ?? ""}${chain}`;
  return {
    own: (chain) => `${base}.${chain}`,
    door: nameChain,
    knock: (door, kind, number) => nameChain(door, `${kind}${shortenNumber(number)}`),
    stageList: (door, number) =>
      nameIn(door, number === door.stages.length ? nameOpen(door) : `s${shortenNumber(number)}`),
    closingList: (door, number) => nameIn(door, `c${shortenNumber(number)}`),
    banList: nameCounted("b"),
    mistakeList: (count) => nameCounted(`m${count}`),
  };
}

/**
 * The door that has the rule set's own name needs none; for all others a checksum stays the same when doors
 * come, go or change places, and so their open lists stay.
 */
function createTags({ name, doors }: Plan): Map<Door, string> {
  const tags = new Map<Door, string>();
  const names = new Map<string, string>();
  for (const door of doors) {
    const tag = door.name === name ? "" : `x${renderChecksum(door.name)}`;
    const other = names.get(tag);
    if (other !== undefined) {
      throw refuse(
        "iptables",
        `the targets "${other}" and "${door.name}" in one rule set: the checksums of their names are the same`,
        "rename one of them",
      );
    }
    tags.set(door, tag);
    names.set(tag, door.name);
  }
  return tags;
}

function renderChecksum(name: string): string {
  return (checksum(name) % 36 ** DOOR_DIGITS).toString(36).padStart(DOOR_DIGITS, "0");
}

/** A list keeps the prefix that it was made with: another prefix has a list of its own. */
function renderPrefix(prefix: number, family: Plan["families"][number]): string {
  return prefix === ADDRESS_BITS[family] ? "" : `n${shortenNumber(prefix)}`;
}

/** At most two characters: 7, 64, and a letter for ten tens or more (c7 is 127). */
function shortenNumber(number: number): string {
  if (number < 10) return String(number);
  return `${Math.floor(number / 10).toString(36)}${number % 10}`;
}

/**
 * Returns a name for the rule set `name`, at most `limit` characters. A long one is cut and gets a
 * checksum after a dot, which no name of one has.
 */
export function shortenName(name: string, limit: number): string {
  if (name.length <= limit) return name;
  const end = checksum(name).toString(16).padStart(8, "0");
  return `${name.slice(0, limit - end.length - 1)}.${end}`;
}

/** Returns FNV-1a, 32 bits (draft-eastlake-fnv); only makes names distinct. */
function checksum(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}
