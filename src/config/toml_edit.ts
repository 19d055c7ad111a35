/**
 * Byte-preserving edits of a TOML text: a list of replaced pieces, found with the scanner.
 *
 * Rules:
 * - only the value of a key is replaced, in place; its comment and its spaces stay;
 * - a removed key goes with its line, comment included; the lines around it stay;
 * - a removed table goes with the comment lines directly above its header (not with a `#:` directive
 *   at the start of the file), with the comment lines directly below its last key, and with the
 *   blank lines after it; comments that stand apart between blank lines belong to nobody and stay;
 * - new lines end as the file's first line does.
 */
import { renderKey, renderPairs, renderValue } from "./render.ts";
import type { TomlDocument, TomlPair, TomlTable, TomlValue } from "./toml_scan.ts";

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** What holds a pair: the lines under a header, or an inline table. */
type Holder = { kind: "lines"; table: TomlTable } | { kind: "inline"; value: TomlValue };

/** A pair with the place it has in the whole document. */
export interface PlacedPair {
  pair: TomlPair;
  holder: Holder;
  /** The keys of what holds it. */
  base: readonly string[];
  /** All keys, down to the pair's own. */
  path: readonly string[];
}

/** A table whose keys can be set and removed, in whatever way it is written. */
export interface Site {
  path: readonly string[];
  /** The pairs that belong to it, those of inline tables in it not counted. */
  pairs: PlacedPair[];
  /** The headers below it, and its own first. */
  tables: TomlTable[];
}

/** Every pair of the document, those of inline tables included. */
export function* placedPairs(document: TomlDocument): Generator<PlacedPair> {
  for (const table of document.tables) {
    const base = table.keys.map((key) => key.text);
    for (const pair of table.pairs) yield* placePair(pair, { kind: "lines", table }, base);
  }
}

function* placePair(
  pair: TomlPair,
  holder: Holder,
  base: readonly string[],
): Generator<PlacedPair> {
  const path = [...base, ...pair.keys.map((key) => key.text)];
  yield { pair, holder, base, path };
  for (const inner of pair.value.pairs) {
    yield* placePair(inner, { kind: "inline", value: pair.value }, path);
  }
}

/** Whether `path` is `prefix`, or below it. */
export function isBelow(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((name, index) => path[index] === name);
}

/** The table at `path`; undefined where nothing of it stands in the document. */
export function findSite(document: TomlDocument, path: readonly string[]): Site | undefined {
  const tables = document.tables.filter((table) =>
    isBelow(table.keys.map((key) => key.text), path)
  );
  const pairs = [...placedPairs(document)].filter((placed) =>
    isBelow(placed.path, path) && placed.path.length > path.length &&
    (placed.base.length <= path.length || placed.holder.kind === "lines")
  );
  return tables.length + pairs.length === 0 ? undefined : { path, pairs, tables };
}

/** The elements of an array of tables, each with the headers below it. */
export function findElements(document: TomlDocument, path: readonly string[]): Site[] {
  const elements: Site[] = [];
  for (const table of document.tables) {
    const keys = table.keys.map((key) => key.text);
    if (!isBelow(keys, path)) continue;
    if (keys.length === path.length && table.isArray) {
      elements.push({ path, pairs: [], tables: [] });
    }
    const element = elements.at(-1);
    element?.tables.push(table);
    for (const pair of table.pairs) {
      const pairPath = [...keys, ...pair.keys.map((key) => key.text)];
      element?.pairs.push({ pair, holder: { kind: "lines", table }, base: keys, path: pairPath });
    }
  }
  return elements;
}

/** Collects edits of one document, and applies them together. */
export class TomlEditor {
  readonly #document: TomlDocument;
  readonly #text: string;
  /** After the byte order mark, which every edit leaves alone. */
  readonly #textStart: number;
  readonly #edits: Edit[] = [];
  readonly #removed = new Set<TomlPair>();

  constructor(document: TomlDocument) {
    this.#document = document;
    this.#text = document.text;
    this.#textStart = this.#text.startsWith("\uFEFF") ? 1 : 0;
  }

  /** How lines end in this file. */
  get eol(): string {
    const end = this.#text.indexOf("\n");
    return end > 0 && this.#text[end - 1] === "\r" ? "\r\n" : "\n";
  }

  /** The text with all edits done. */
  apply(): string {
    let result = "";
    let at = 0;
    let isEndRemoved = false;
    for (const edit of this.#edits.toSorted((one, other) => one.start - other.start)) {
      result += this.#text.slice(at, edit.start) + edit.text;
      at = Math.max(at, edit.end);
      isEndRemoved = edit.text === "" && edit.end === this.#text.length;
    }
    // The blank line that set the last table apart goes with it.
    return isEndRemoved ? result.replace(/\n\r?\n$/, "\n") : result + this.#text.slice(at);
  }

  /** Puts `text` in place of a piece. */
  replace({ start, end }: { start: number; end: number }, text: string): void {
    this.#edits.push({ start, end, text });
  }

  /** Removes a key of the site, with everything below it. */
  removeKey(site: Site, key: string): void {
    const path = [...site.path, key];
    for (const table of site.tables) {
      const keys = table.keys.map((part) => part.text);
      if (keys.length > site.path.length && isBelow(keys, path)) this.removeTable(table);
    }
    for (const placed of site.pairs) {
      const isInTable = placed.base.length > site.path.length;
      if (isBelow(placed.path, path) && !isInTable) this.removePair(placed);
    }
  }

  /** Sets a key of the site: in place where it stands, else after the site's last pair. */
  setKey(site: Site, key: string, value: unknown): void {
    const path = [...site.path, key];
    const found = this.findPair(site, key);
    if (found !== undefined) return this.replace(found.value, renderValue(value));
    this.removeKey(site, key);
    this.#insert(site, `${renderKey(key)} = ${renderValue(value)}`, path);
  }

  /** The pair that holds the whole value of a key of the site. */
  findPair(site: Site, key: string): TomlPair | undefined {
    return site.pairs.find(({ path }) =>
      path.length === site.path.length + 1 && path.at(-1) === key
    )
      ?.pair;
  }

  /** Makes the keys of a site those of `wanted`; keys that `isSame` says so stay untouched. */
  setKeys(
    site: Site,
    wanted: Readonly<Record<string, unknown>>,
    { current, isSame }: {
      current: Readonly<Record<string, unknown>>;
      isSame: (one: unknown, other: unknown) => boolean;
    },
  ): void {
    for (const key of Object.keys(current)) {
      if (wanted[key] === undefined) this.removeKey(site, key);
    }
    for (const [key, value] of Object.entries(wanted)) {
      if (value !== undefined && !isSame(current[key], value)) this.setKey(site, key, value);
    }
  }

  #insert(site: Site, line: string, path: readonly string[]): void {
    const own = site.tables.find((table) => table.keys.length === site.path.length);
    const kept = site.pairs.filter(({ pair, base }) =>
      !this.#removed.has(pair) && base.length <= site.path.length
    );
    const last = kept.at(-1);
    if (own !== undefined) {
      const anchor = last?.pair ?? own;
      return this.#insertLine(anchor, line);
    }
    if (last === undefined) throw new TypeError(`${path.join(".")} has no place in the file`);
    if (last.holder.kind === "inline") {
      return this.replace({ start: last.pair.end, end: last.pair.end }, `, ${line}`);
    }
    const depth = site.path.length - last.base.length;
    const prefix = this.#text.slice(last.pair.start, last.pair.keys[depth - 1]?.end);
    this.#insertLine(last.pair, `${prefix}.${line}`);
  }

  /** A line of its own, below the one where the anchor ends, indented as the anchor is. */
  #insertLine(anchor: { start: number; end: number }, line: string): void {
    const at = this.lineEnd(anchor.end);
    const indent = this.#text.slice(this.#lineStart(anchor.start), anchor.start);
    this.replace(
      { start: at, end: at },
      `${this.eol}${/^[ \t]*$/.test(indent) ? indent : ""}${line}`,
    );
  }

  /** Removes one pair, with its line or with its comma. */
  removePair({ pair, holder }: PlacedPair): void {
    this.#removed.add(pair);
    if (holder.kind === "lines") {
      const start = this.#lineStart(pair.start);
      return this.replace({ start, end: this.#nextLine(pair.end) }, "");
    }
    const { pairs } = holder.value;
    const index = pairs.indexOf(pair);
    const isFirst = pairs.slice(0, index).every((other) => this.#removed.has(other));
    const next = pairs[index + 1];
    const before = pairs[index - 1];
    if (!isFirst && before !== undefined) this.replace({ start: before.end, end: pair.end }, "");
    else this.replace({ start: pair.start, end: next?.start ?? pair.end }, "");
  }

  /** Removes a header with its pairs; see the rules above for the comments. */
  removeTable(table: TomlTable): void {
    const start = this.#blockStart(table);
    for (const pair of table.pairs) this.#removed.add(pair);
    const index = this.#document.tables.indexOf(table);
    const next = this.#document.tables[index + 1];
    const limit = next === undefined ? this.#text.length : this.#blockStart(next);
    let end = this.#nextLine((table.pairs.at(-1) ?? table).end);
    while (end < limit && this.#isComment(end)) end = this.#nextLine(end);
    while (end < limit && this.#isBlank(end)) end = this.#nextLine(end);
    this.replace({ start, end }, "");
  }

  /**
   * Makes the elements of an inline array those of `wanted`: `keep` tells which present element can
   * stand for which wanted one.
   */
  setItems(
    array: TomlValue,
    wanted: readonly unknown[],
    keep: (present: number, wanted: number) => boolean,
  ): void {
    const { items } = array;
    if (items.length === 0 || wanted.length === 0) {
      return this.replace(array, renderValue(wanted));
    }
    const { head, tail } = commonEnds(items.length, wanted.length, keep);
    const oldCount = items.length - head - tail;
    const newCount = wanted.length - head - tail;
    const both = Math.min(oldCount, newCount);
    for (let index = head; index < head + both; index++) {
      const item = items[index];
      if (item !== undefined && !keep(index, index)) this.replace(item, renderValue(wanted[index]));
    }
    const extra = wanted.slice(head + both, head + newCount).map(renderValue);
    if (extra.length > 0) this.#insertItems(array, head + both, extra);
    if (oldCount > both) this.#removeItems(items, head + both, head + oldCount);
  }

  #removeItems(items: readonly TomlValue[], from: number, to: number): void {
    const before = items[from - 1];
    const start = before?.end ?? items[0]?.start ?? 0;
    const end = before === undefined ? items[to]?.start : items[to - 1]?.end;
    this.replace({ start, end: end ?? start }, "");
  }

  /** Puts elements before the one at `index`, in the array's own way of breaking lines. */
  #insertItems(array: TomlValue, index: number, rendered: readonly string[]): void {
    const { items } = array;
    const before = items[index - 1];
    if (before === undefined) {
      const at = items[0]?.start ?? array.start + 1;
      return this.replace({ start: at, end: at }, rendered.map((item) => `${item}, `).join(""));
    }
    const lineEnd = this.lineEnd(before.end);
    const rest = /^[ \t]*(,?)[ \t]*(?:#.*)?$/.exec(this.#text.slice(before.end, lineEnd));
    if (rest === null || lineEnd >= array.end) {
      const text = rendered.map((item) => `, ${item}`).join("");
      return this.replace({ start: before.end, end: before.end }, text);
    }
    const hasComma = rest[1] === ",";
    if (!hasComma) this.replace({ start: before.end, end: before.end }, ",");
    const lineStart = this.#lineStart(before.start);
    const indent = /^[ \t]*/.exec(this.#text.slice(lineStart, before.start))?.[0] ?? "";
    const lines = rendered.map((item, place) =>
      `${this.eol}${indent}${item}${hasComma || place < rendered.length - 1 ? "," : ""}`
    );
    this.replace({ start: lineEnd, end: lineEnd }, lines.join(""));
  }

  /** Adds tables `[[path]]` below `after`, each set apart by a blank line. */
  insertElements(
    after: { start: number; end: number },
    path: readonly string[],
    elements: readonly object[],
  ): void {
    const header = `[[${path.map(renderKey).join(".")}]]`;
    const blocks = elements.map((element) =>
      ["", "", header, ...renderPairs(element)].join(this.eol)
    );
    const at = this.lineEnd(after.end);
    this.replace({ start: at, end: at }, blocks.join(""));
  }

  /** The last piece of a site: its last pair, or the last of its headers. */
  lastPiece(site: Site): { start: number; end: number } {
    const pieces = [
      ...site.tables,
      ...site.pairs.map(({ pair }) => pair).filter((pair) => !this.#removed.has(pair)),
    ];
    return pieces.reduce((last, piece) => piece.end > last.end ? piece : last, {
      start: 0,
      end: 0,
    });
  }

  /** Where the line of an offset ends, its line break not counted. */
  lineEnd(offset: number): number {
    const end = this.#text.indexOf("\n", offset);
    if (end < 0) return this.#text.length;
    return this.#text[end - 1] === "\r" ? end - 1 : end;
  }

  #lineStart(offset: number): number {
    const start = offset === 0 ? 0 : this.#text.lastIndexOf("\n", offset - 1) + 1;
    return start === 0 ? this.#textStart : start;
  }

  #nextLine(offset: number): number {
    const end = this.#text.indexOf("\n", offset);
    return end < 0 ? this.#text.length : end + 1;
  }

  #isComment(lineStart: number): boolean {
    return /^[ \t]*#/.test(this.#text.slice(lineStart, this.lineEnd(lineStart)));
  }

  #isBlank(lineStart: number): boolean {
    return /^[ \t]*$/.test(this.#text.slice(lineStart, this.lineEnd(lineStart)));
  }

  /** The start of the comment lines directly above a header, or of the header's own line. */
  #blockStart(table: TomlTable): number {
    const index = this.#document.tables.indexOf(table);
    const before = this.#document.tables[index - 1];
    const limit = index <= 1 && before?.pairs.length === 0
      ? this.#textStart
      : this.#nextLine((before?.pairs.at(-1) ?? before ?? table).end);
    let start = this.#lineStart(table.start);
    while (start > limit) {
      const above = this.#lineStart(start - 1);
      const isDirective = above === this.#textStart && this.#text.startsWith("#:", above);
      if (above < limit || isDirective || !this.#isComment(above)) break;
      start = above;
    }
    return start;
  }
}

/** How many elements at both ends can stay. */
function commonEnds(
  present: number,
  wanted: number,
  keep: (present: number, wanted: number) => boolean,
): { head: number; tail: number } {
  const most = Math.min(present, wanted);
  let head = 0;
  while (head < most && keep(head, head)) head++;
  let tail = 0;
  while (tail < most - head && keep(present - 1 - tail, wanted - 1 - tail)) tail++;
  return { head, tail };
}
