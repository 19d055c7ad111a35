/**
 * The JSON that Knock on Ports (Android) exports, for `import`.
 *
 * Rules: what changes the packets and cannot be sent is a problem, what does not change them a remark; steps
 * that the app leaves out in silence are problems; keys that the app does not know are skipped, as it does. A
 * sequence `NAME (close)` after `NAME`, with the same host, is what shuts its door.
 */
import { renderDuration } from "../../core/duration.ts";
import { sortByLine } from "../../core/errors.ts";
import type { Knock } from "../../core/knock.ts";
import { DEFAULT_SETTINGS } from "../../core/target.ts";
import type { TargetDraft } from "../target/keys.ts";
import { CLOSING } from "./knock_on_ports/format.ts";
import { type JsonPlace, parseJson } from "./knock_on_ports/json.ts";
import { isClosing, readSequence, type Sequence } from "./knock_on_ports/sequence.ts";
import type { ImportReader, ImportResult } from "./reader.ts";

/** Reads version 1, an object, and version 0, an array. */
export const reader: ImportReader = {
  isLikely: (text) =>
    /^\uFEFF?\s*(?:\{|\[\s*\{)/.test(text) && /"(?:sequences|steps)"\s*:/.test(text),
  parse(text, { file, host, makeName }) {
    const result: ImportResult = { targets: [], problems: [], remarks: [] };
    const { problems, remarks } = result;
    const root = parseJson(text.replace(/^\uFEFF/, ""), { file, problems, remarks });
    const list = root && findSequences(root);
    if (list === undefined) return result;
    const isOld = root?.isArray === true;
    const sequences = list.map((place) => readOne(place, { isOld, host }, result));
    const targets = joinClosing(sequences.filter((each) => each !== undefined)).map(
      ({ sequence, close }) => toDraft(sequence, { close, makeName }),
    );
    return { targets, problems: sortByLine(problems), remarks: sortByLine(remarks) };
  },
};

/** A sequence with any problem is left out, also where the problem is in what is not needed. */
function readOne(
  place: JsonPlace,
  context: { isOld: boolean; host: string | undefined },
  { problems }: ImportResult,
): Sequence | undefined {
  const before = problems.length;
  const sequence = readSequence(place, context);
  return problems.length === before ? sequence : undefined;
}

/** Returns the sequences of a file, where its version is known. */
function findSequences(root: JsonPlace): JsonPlace[] | undefined {
  if (root.isArray) return root.items();
  if (!root.isObject) return root.fail("is not an export of Knock on Ports: use { ... }");
  const version = root.at("version");
  if (version.isAbsent) return version.fail("missing version: use 1");
  const number = version.readInteger();
  if (number === undefined) return undefined;
  if (number !== 1) return version.fail("is an unknown version: use 1");
  const list = root.at("sequences");
  if (list.isAbsent || list.isArray) return list.items();
  return list.fail("is not a list of sequences: use [ ... ]");
}

/** A sequence, and the one that shuts its door. */
interface Pair {
  sequence: Sequence;
  close?: Sequence | undefined;
}

/** Puts `NAME (close)` to the `NAME` before it. */
function joinClosing(sequences: readonly Sequence[]): Pair[] {
  const pairs: Pair[] = [];
  /** By what the one that shuts the door is called. */
  const named = new Map<string, Pair[]>();
  for (const sequence of sequences) {
    const opening = named.get(sequence.title)?.find((pair) =>
      pair.close === undefined && isClosing(pair.sequence, sequence)
    );
    if (opening === undefined) {
      const pair = { sequence };
      pairs.push(pair);
      const title = sequence.title + CLOSING;
      named.set(title, [...named.get(title) ?? [], pair]);
    } else opening.close = sequence;
  }
  return pairs;
}

function toDraft(
  { title, draft, place }: Sequence,
  { close, makeName }: { close: Sequence | undefined; makeName: (text: string) => string },
): TargetDraft {
  const name = makeName(title === "" ? draft.host : title);
  const description = title === "" || title === name ? {} : { description: title };
  if (draft.delayMs > DEFAULT_SETTINGS.stageTimeoutMs) {
    place.at("delay").remark(
      `each knock waits ${
        renderDuration(draft.delayMs)
      }: the firewall must wait longer (stage_timeout)`,
    );
  }
  return {
    name,
    ...description,
    ...draft,
    ...(close === undefined ? {} : { close: paceLike(close.draft, draft.delayMs) }),
  };
}

/** Closing knocks have the target's delay, or each its own. */
function paceLike(
  { knocks, delayMs }: { knocks: readonly Knock[]; delayMs: number },
  targetMs: number,
): Knock[] {
  return knocks.map((knock) => delayMs === targetMs ? knock : { ...knock, delayMs });
}
