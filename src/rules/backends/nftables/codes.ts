/**
 * One-time codes (see core/rolling.ts) in nftables' language: two maps from time to window, and one set for
 * each key of the codes in each window.
 *
 * Measured with live packets (kernel 6.18, nft 1.0.6):
 * - an interval set of code and time needs 40 times the memory of a map from time to window and a hash set;
 * - a concatenation can begin with `meta priority`, but not with the value of a map: the priority holds the
 *   window for a moment. A mark could be in use by other rules; the priority of a packet to this machine is read
 *   by none, and it is 0 afterwards;
 * - times are whole seconds for nft and nanoseconds for the kernel, and intervals may not touch: the last second
 *   before the next interval is in none. So the late map is late by one second more: where one map has no
 *   window, the other has the right one;
 * - two processors can have a packet and its copy at the same time: between a look in `used` and an `add`,
 *   both would be the first. The quota of an element counts in one step, and only the first packet is in it;
 * - nft accepts elements that exist already, so that codes can be added twice.
 */
import { CODE_BYTES, findSkew } from "../../../core/rolling.ts";
import { UsageError } from "../../../core/errors.ts";
import { fingerprintPayload } from "../../../core/fingerprint.ts";
import { type CodeKey, type Codes, computeCode, findWindows } from "../../../plan/codes.ts";
import { type CodedDoor, type Door, listCodedDoors, type Plan } from "../../../plan/plan.ts";
import {
  type DoorSyntax,
  explain,
  type FamilySyntax,
  type Names,
  renderChain,
  renderSource,
} from "./syntax.ts";
import { renderNftDuration } from "../quote/nft.ts";

/** What a packet carries, in two parts: a comparison takes 128 bits. */
const CODE = "@th,64,128 . @th,192,128";
/** How long a code belongs to its source, at least. */
const BOUND_MS = 86_400_000;
/**
 * Bytes of packets that use a code for the first time, with their headers: at least 60 (IPv4), and less than
 * two packets together.
 */
const FIRST_USE_BYTES = 119;
/** The most elements in one command. */
const PIECE = 500;

/** Something that is filled with elements. */
export interface Content {
  kind: "map" | "set";
  name: string;
}

/**
 * Refuses codes without an end: the firewall holds each of them.
 *
 * @throws {UsageError} if there is none, or if it is before the beginning.
 */
export function requireHorizons(plan: Plan): void {
  for (const { door: { name }, codes } of listCodedDoors(plan)) {
    if (!Number.isFinite(codes.until)) {
      throw new UsageError(
        `no end of the one-time codes of "${name}": the firewall holds each of them`,
        {
          hint: "say until when it has codes, such as --until 1y",
        },
      );
    }
    const { first, last } = findWindows(codes);
    if (last < first) {
      throw new UsageError(`the one-time codes of "${name}" end before they begin`, {
        hint: "say until when the firewall has codes, such as --until 1y",
      });
    }
  }
}

/** Returns the maps and sets that are filled with what can change at each load. */
export function listCodeContents(plan: Plan, names: Names): Content[] {
  return listCodedDoors(plan).flatMap((coded) => [
    ...(["early", "late"] as const).map((name): Content => ({
      kind: "map",
      name: nameMap(names, coded, name),
    })),
    ...coded.codes.keys.map((key): Content => ({
      kind: "set",
      name: nameCodes(names, coded.door, key),
    })),
  ]);
}

function nameMap(names: Names, { door, codes }: CodedDoor, map: "early" | "late"): string {
  return names.content(names.door(door, map), `${codes.windowMs / 1_000}s`);
}

function nameCodes(names: Names, door: Pick<Door, "name">, { name, key }: CodeKey): string {
  const fingerprint = fingerprintPayload(new TextEncoder().encode(key));
  return names.content(names.door(door, `codes.${name}`), fingerprint);
}

/** Returns the lines that declare the maps, sets and counters of one-time codes. */
export function renderCodeSets(
  plan: Plan,
  families: readonly FamilySyntax[],
  names: Names,
): string[] {
  return listCodedDoors(plan).flatMap((each) => {
    const { door, codes } = each;
    const { name } = door;
    return [
      ...explain(
        `The window of each moment, for the codes of ${name}: early and late by the skew.`,
        [
          ...renderMap(nameMap(names, each, "early")),
          ...renderMap(nameMap(names, each, "late")),
        ],
      ),
      ...codes.keys.flatMap((key) =>
        explain(`The codes of ${key.name} for ${name}, each with its window.`, [
          ...renderCodeSet(nameCodes(names, door, key)),
        ])
      ),
      ...explain(
        `Codes of ${name} that have been used.`,
        renderUsedSet(names.door(door, "used"), CODE),
      ),
      ...families.flatMap(({ digit, address }) =>
        explain(
          "The same, with the source that was the first to send it: it may repeat it.",
          renderUsedSet(names.door(door, `mine.${digit}`), `${CODE} . ${address}`),
        )
      ),
      ...explain(
        "How many codes of each key have opened the door.",
        codes.keys.flatMap((key) => [`counter ${names.door(door, `opened.${key.name}`)} {`, "}"]),
      ),
    ];
  });
}

function renderMap(name: string, elements: readonly string[] = []): string[] {
  return [
    `map ${name} {`,
    "\ttypeof meta time : meta priority",
    "\tflags interval",
    ...elements,
    "}",
  ];
}

function renderCodeSet(name: string, elements: readonly string[] = []): string[] {
  return [`set ${name} {`, `\ttypeof ${CODE} . meta priority`, ...elements, "}"];
}

function renderUsedSet(name: string, key: string): string[] {
  return [`set ${name} {`, `\ttypeof ${key}`, "\tflags dynamic,timeout", "}"];
}

/** Returns the chains that look a code up, and bind it to the first source that sends it. */
export function renderCodeChains(plan: Plan, { door, syntax, names }: DoorSyntax): string[] {
  const { digit } = syntax;
  return listCodedDoors({ doors: [door] }).flatMap((coded) => [
    ...coded.codes.keys.flatMap((key) =>
      explain(
        `A code of ${key.name} opens ${door.name} for the first source that sends it, and for no other.`,
        renderChain(
          names.door(door, `code.${key.name}.${digit}`),
          renderBindRules(plan, { door, syntax, names }, { codes: coded.codes, key }),
        ),
      )
    ),
    ...explain(
      `A packet to the port of the one-time codes of ${door.name}: is it a code of now?`,
      renderChain(
        names.door(door, `codes.${digit}`),
        renderLookups(coded, { syntax, names }),
      ),
    ),
  ]);
}

function renderLookups(
  coded: CodedDoor,
  { syntax: { digit }, names }: Pick<DoorSyntax, "syntax" | "names">,
): string[] {
  const { door, codes } = coded;
  const lookups = codes.keys.map((key) =>
    `${CODE} . meta priority @${nameCodes(names, door, key)} ` +
    `goto ${names.door(door, `code.${key.name}.${digit}`)}`
  );
  return [
    // Where no map has the moment.
    RESET,
    ...(["early", "late"] as const).flatMap((map) => [
      `meta priority set meta time map @${nameMap(names, coded, map)}`,
      ...lookups,
    ]),
    RESET,
  ];
}

const RESET = "meta priority set 0";

function renderBindRules(
  plan: Plan,
  { door, syntax, names }: DoorSyntax,
  { codes, key }: { codes: Codes; key: CodeKey },
): string[] {
  const { digit } = syntax;
  const source = renderSource(plan, syntax);
  const timeout = `timeout ${renderNftDuration(findBoundMs(codes))}`;
  const open = names.stage(door, door.stages.length, digit);
  const opening = `update @${open} { ${source} timeout ${renderNftDuration(door.openForMs)} }`;
  const bound = `${CODE} . ${source}`;
  const mine = names.door(door, `mine.${digit}`);
  return [
    RESET,
    `${bound} @${mine} ${opening} return`,
    [
      `add @${
        names.door(door, "used")
      } { ${CODE} ${timeout} quota until ${FIRST_USE_BYTES} bytes }`,
      `add @${mine} { ${bound} ${timeout} }`,
      `counter name ${names.door(door, `opened.${key.name}`)}`,
      opening,
    ].join(" "),
  ];
}

/** Longer than a code is taken. */
function findBoundMs({ windowMs }: Codes): number {
  return Math.max(BOUND_MS, 2 * (windowMs + findSkew({ windowMs })));
}

/** Returns how many elements all codes of a plan have. */
export function countElements(plan: Plan): number {
  return listCodedDoors(plan).map(({ codes }) => {
    const { first, last } = findWindows(codes);
    return (last - first + 1) * (2 + codes.slots * codes.keys.length);
  }).reduce((sum, count) => sum + count, 0);
}

/** Returns commands that add the elements, each in one line. */
export function* streamElements(plan: Plan, names: Names, table: string): Iterable<string> {
  for (const { content, elements } of streamPieces(plan, names)) {
    yield `add element inet ${table} ${content.name} { ${elements.join(", ")} }`;
  }
}

/** Returns the same inside a table: maps and sets that are declared already are declared again with them. */
export function* streamDeclarations(plan: Plan, names: Names): Iterable<string> {
  for (const { content: { kind, name }, elements } of streamPieces(plan, names)) {
    const lines = [`\telements = { ${elements.join(", ")} }`];
    yield* kind === "map" ? renderMap(name, lines) : renderCodeSet(name, lines);
  }
}

interface ElementPiece {
  content: Content;
  elements: string[];
}

/** The maps first: without them no code is taken. */
function* streamPieces(plan: Plan, names: Names): Iterable<ElementPiece> {
  requireHorizons(plan);
  for (const each of listCodedDoors(plan)) {
    const { door, codes } = each;
    for (const map of ["early", "late"] as const) {
      const content: Content = { kind: "map", name: nameMap(names, each, map) };
      for (const elements of collect(streamIntervals(codes, map))) yield { content, elements };
    }
    for (const key of codes.keys) {
      const content: Content = { kind: "set", name: nameCodes(names, door, key) };
      for (const elements of collect(streamCodes(codes, key))) yield { content, elements };
    }
  }
}

function* collect(elements: Iterable<string>): Iterable<string[]> {
  let piece: string[] = [];
  for (const element of elements) {
    piece.push(element);
    if (piece.length < PIECE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

/** Unix seconds; see the comment at the top. */
function* streamIntervals(codes: Codes, map: "early" | "late"): Iterable<string> {
  const seconds = codes.windowMs / 1_000;
  const skew = findSkew(codes) / 1_000;
  const shift = map === "early" ? -skew : skew + 1;
  const { first, last } = findWindows(codes);
  for (let window = first; window <= last; window++) {
    const start = window * seconds + shift;
    yield `${start}-${start + seconds - 1} : ${window}`;
  }
}

function* streamCodes(codes: Codes, { key }: CodeKey): Iterable<string> {
  const { first, last } = findWindows(codes);
  for (let window = first; window <= last; window++) {
    for (let slot = 0; slot < codes.slots; slot++) {
      const hex = new TextEncoder().encode(computeCode(key, window, slot)).toHex();
      yield `0x${hex.slice(0, CODE_BYTES)} . 0x${hex.slice(CODE_BYTES)} . ${window}`;
    }
  }
}
