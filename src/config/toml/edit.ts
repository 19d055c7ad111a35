/**
 * Byte-preserving edits of a TOML text: a list of replaced pieces, by the ranges of its syntax tree.
 *
 * Rules:
 * - only the value of a key is replaced, in place; its comment and its spaces stay;
 * - a removed key goes with its line, comment included; the lines around it stay;
 * - a removed table goes with the comment lines directly above its header (not with a `#:` directive
 *   at the start of the file), with the comment lines directly below its last key, and with the
 *   blank lines after it; comments between blank lines belong to no table and stay;
 * - new lines end as the file's first line does.
 */
import type { AST } from "toml-eslint-parser";
import { renderKey, renderPairs, renderValue } from "./render.ts";
import { readName, type Section, type Span, type TomlDocument } from "./ast.ts";

type Names = readonly string[];

/** A pair with the place it has in the whole document. */
interface PlacedPair {
  pair: AST.TOMLKeyValue;
  /** The inline table that holds it; undefined for a pair on a line of its own. */
  inline: AST.TOMLInlineTable | undefined;
  /** The keys of what holds it. */
  base: Names;
  /** All keys, down to the pair's own. */
  path: Names;
}

/** A table whose keys can be set and removed, in whatever way it is written. */
export interface Site {
  path: Names;
  /** The pairs that belong to it, those of inline tables in it not counted. */
  pairs: readonly PlacedPair[];
  /** The headers below it, and its own first. */
  sections: readonly Section[];
}

/** Yields every pair of the sections, those of inline tables included. */
export function* listPairs(sections: readonly Section[]): Generator<PlacedPair> {
  for (const { names, pairs } of sections) {
    for (const pair of pairs) yield* placePair({ pair, inline: undefined, base: names });
  }
}

function* placePair({ pair, inline, base }: Omit<PlacedPair, "path">): Generator<PlacedPair> {
  const path = [...base, ...pair.key.keys.map(readName)];
  yield { pair, inline, base, path };
  if (pair.value.type !== "TOMLInlineTable") return;
  for (const inner of pair.value.body) {
    yield* placePair({ pair: inner, inline: pair.value, base: path });
  }
}

/** Whether `path` is `prefix`, or below it. */
export function isBelow(path: Names, prefix: Names): boolean {
  return prefix.every((name, index) => path[index] === name);
}

/** Returns the table at `path`; undefined where nothing of it is in the document. */
export function findSite({ sections }: TomlDocument, path: Names): Site | undefined {
  const own = sections.filter(({ names }) => isBelow(names, path));
  const pairs = [...listPairs(sections)].filter((placed) =>
    isBelow(placed.path, path) && placed.path.length > path.length &&
    (placed.base.length <= path.length || placed.inline === undefined)
  );
  return own.length + pairs.length === 0 ? undefined : { path, pairs, sections: own };
}

/** Returns the elements of an array of tables, each with the headers below it. */
export function findElements({ sections }: TomlDocument, path: Names): Site[] {
  const elements: Section[][] = [];
  for (const section of sections.filter(({ names }) => isBelow(names, path))) {
    if (section.names.length === path.length && section.isArray) elements.push([]);
    elements.at(-1)?.push(section);
  }
  return elements.map((own) => ({
    path,
    sections: own,
    pairs: [...listPairs(own)].filter(({ inline }) => inline === undefined),
  }));
}

/** Collects edits of one document, and applies them together. */
export class TomlEditor {
  /** How lines end in this file. */
  readonly eol: string;
  readonly #sections: readonly Section[];
  readonly #text: string;
  /** After the byte order mark, which every edit leaves alone. */
  readonly #textStart: number;
  readonly #edits: { range: Span; text: string }[] = [];
  readonly #removed = new Set<AST.TOMLKeyValue>();

  constructor({ text, sections }: TomlDocument) {
    this.eol = /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n";
    this.#sections = sections;
    this.#text = text;
    this.#textStart = text.startsWith("\uFEFF") ? 1 : 0;
  }

  /** Returns the text with all edits done. */
  apply(): string {
    let result = "";
    let at = 0;
    let isEndRemoved = false;
    for (const { range: [start, end], text } of this.#edits.sort(byStart)) {
      result += this.#text.slice(at, start) + text;
      at = Math.max(at, end);
      isEndRemoved = text === "" && end === this.#text.length;
    }
    // The blank line that set the last table apart goes with it.
    return isEndRemoved ? result.replace(/\n\r?\n$/, "\n") : result + this.#text.slice(at);
  }

  /** Puts `text` in place of a piece. */
  replace(range: Span, text: string): void {
    this.#edits.push({ range, text });
  }

  #insert(offset: number, text: string): void {
    this.replace([offset, offset], text);
  }

  /** Removes a key of the site, with everything below it. */
  removeKey(site: Site, key: string): void {
    const path = [...site.path, key];
    for (const section of site.sections) {
      if (isBelow(section.names, path)) this.removeSection(section);
    }
    for (const placed of site.pairs) {
      const isInSection = placed.base.length > site.path.length;
      if (isBelow(placed.path, path) && !isInSection) this.removePair(placed);
    }
  }

  /** Sets a key of the site: in place where it is, else after the site's last pair. */
  setKey(site: Site, key: string, value: unknown): void {
    const found = this.findValue(site, key);
    if (found !== undefined) return this.replace(found.range, renderValue(value));
    this.removeKey(site, key);
    this.#addPair(site, `${renderKey(key)} = ${renderValue(value)}`);
  }

  /** Returns the whole value of a key of the site; undefined where it is missing or in pieces. */
  findValue({ path, pairs }: Site, key: string): AST.TOMLContentNode | undefined {
    const found = pairs.find((placed) =>
      placed.path.length === path.length + 1 && placed.path.at(-1) === key
    );
    return found?.pair.value;
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

  #addPair(site: Site, line: string): void {
    const own = site.sections.find(({ names }) => names.length === site.path.length);
    const last = site.pairs.findLast(({ pair, base }) =>
      !this.#removed.has(pair) && base.length <= site.path.length
    );
    if (own !== undefined) return this.#addLine(last?.pair.range ?? own.range, line);
    if (last === undefined) throw new TypeError(`${site.path.join(".")} is not in the file`);
    const { pair, inline, base } = last;
    if (inline !== undefined) return this.#insert(pair.range[1], `, ${line}`);
    const end = pair.key.keys[site.path.length - base.length - 1]?.range[1];
    this.#addLine(pair.range, `${this.#text.slice(pair.range[0], end)}.${line}`);
  }

  /** Adds a line below the one where the anchor ends, indented as the anchor is. */
  #addLine([start, end]: Span, line: string): void {
    const indent = this.#text.slice(this.#lineStart(start), start);
    this.#insert(this.#lineEnd(end), this.eol + (/^[ \t]*$/.test(indent) ? indent : "") + line);
  }

  /** Removes one pair, with its line or with its comma. */
  removePair({ pair, inline }: PlacedPair): void {
    this.#removed.add(pair);
    const [start, end] = pair.range;
    if (inline === undefined) {
      return this.replace([this.#lineStart(start), this.#nextLine(end)], "");
    }
    const index = inline.body.indexOf(pair);
    const isFirst = inline.body.slice(0, index).every((other) => this.#removed.has(other));
    const before = inline.body[index - 1];
    if (!isFirst && before !== undefined) this.replace([before.range[1], end], "");
    else this.replace([start, inline.body[index + 1]?.range[0] ?? end], "");
  }

  /** Removes a header with its pairs; see the rules above for the comments. */
  removeSection(section: Section): void {
    for (const pair of section.pairs) this.#removed.add(pair);
    const next = this.#sections[this.#sections.indexOf(section) + 1];
    const limit = next === undefined ? this.#text.length : this.#blockStart(next);
    let end = this.#nextLine(findEnd(section));
    while (end < limit && this.#isLine(COMMENT, end)) end = this.#nextLine(end);
    while (end < limit && this.#isLine(BLANK, end)) end = this.#nextLine(end);
    this.replace([this.#blockStart(section), end], "");
  }

  /**
   * Makes the elements of an inline array those of `wanted`: `keep` tells which present element can
   * be used for which wanted one.
   */
  setItems(array: AST.TOMLArray, wanted: readonly unknown[], keep: Keep): void {
    const items = array.elements;
    if (items.length === 0 || wanted.length === 0) {
      return this.replace(array.range, renderValue(wanted));
    }
    const { head, tail } = findCommonEnds(items.length, wanted.length, keep);
    const oldEnd = items.length - tail;
    const newEnd = wanted.length - tail;
    const both = Math.min(oldEnd, newEnd);
    for (const [index, item] of items.slice(0, both).entries()) {
      if (index >= head && !keep(index, index)) {
        this.replace(item.range, renderValue(wanted[index]));
      }
    }
    const extra = wanted.slice(both, newEnd).map(renderValue);
    if (extra.length > 0) this.#addItems(array, both, extra);
    const before = items[both - 1];
    const [from, to] = before === undefined
      ? [items[0]?.range[0], items[oldEnd]?.range[0]]
      : [before.range[1], items[oldEnd - 1]?.range[1]];
    if (oldEnd > both && from !== undefined) this.replace([from, to ?? from], "");
  }

  /** Puts elements before the one at `index`, in the array's own way of breaking lines. */
  #addItems({ elements, range }: AST.TOMLArray, index: number, added: readonly string[]): void {
    const before = elements[index - 1];
    if (before === undefined) {
      return this.#insert(
        elements[0]?.range[0] ?? range[0] + 1,
        added.map((item) => `${item}, `).join(""),
      );
    }
    const [start, end] = before.range;
    const lineEnd = this.#lineEnd(end);
    const rest = /^[ \t]*(,?)[ \t]*(?:#.*)?$/.exec(this.#text.slice(end, lineEnd));
    if (rest === null || lineEnd >= range[1]) {
      return this.#insert(end, added.map((item) => `, ${item}`).join(""));
    }
    const hasComma = rest[1] === ",";
    if (!hasComma) this.#insert(end, ",");
    const indent = /^[ \t]*/.exec(this.#text.slice(this.#lineStart(start), start))?.[0] ?? "";
    const separator = `,${this.eol}${indent}`;
    const lines = this.eol + indent + added.join(separator) + (hasComma ? "," : "");
    this.#insert(lineEnd, lines);
  }

  /** Adds tables `[[path]]` below a site, each set apart by a blank line. */
  addElements(below: Site, path: Names, elements: readonly object[]): void {
    const kept = below.pairs.map(({ pair }) => pair).filter((pair) => !this.#removed.has(pair));
    const end = Math.max(...[...below.sections, ...kept].map(({ range }) => range[1]));
    const header = `[[${path.map(renderKey).join(".")}]]`;
    const lines = elements.flatMap((element) => ["", "", header, ...renderPairs(element)]);
    this.#insert(this.#lineEnd(end), lines.join(this.eol));
  }

  /** Where the line of an offset ends, its line break not counted. */
  #lineEnd(offset: number): number {
    const end = this.#text.indexOf("\n", offset);
    if (end < 0) return this.#text.length;
    return this.#text[end - 1] === "\r" ? end - 1 : end;
  }

  #lineStart(offset: number): number {
    const start = offset === 0 ? 0 : this.#text.lastIndexOf("\n", offset - 1) + 1;
    return Math.max(start, this.#textStart);
  }

  #nextLine(offset: number): number {
    const end = this.#text.indexOf("\n", offset);
    return end < 0 ? this.#text.length : end + 1;
  }

  #isLine(kind: RegExp, lineStart: number): boolean {
    return kind.test(this.#text.slice(lineStart, this.#lineEnd(lineStart)));
  }

  /** The start of the comment lines directly above a header, or of the header's own line. */
  #blockStart(section: Section): number {
    const index = this.#sections.indexOf(section);
    const before = this.#sections[index - 1];
    const isTop = before === undefined || (index === 1 && before.pairs.length === 0);
    const limit = isTop ? this.#textStart : this.#nextLine(findEnd(before));
    let start = this.#lineStart(section.range[0]);
    while (start > limit) {
      const above = this.#lineStart(start - 1);
      const isDirective = above === this.#textStart && this.#text.startsWith("#:", above);
      if (above < limit || isDirective || !this.#isLine(COMMENT, above)) break;
      start = above;
    }
    return start;
  }
}

type Keep = (present: number, wanted: number) => boolean;

const COMMENT = /^[ \t]*#/;
const BLANK = /^[ \t]*$/;

function byStart(one: { range: Span }, other: { range: Span }): number {
  return one.range[0] - other.range[0];
}

/** Where the last pair of a section ends, or its header. */
function findEnd({ pairs, range }: Section): number {
  return (pairs.at(-1) ?? { range }).range[1];
}

/** How many elements at both ends can stay. */
function findCommonEnds(present: number, wanted: number, keep: Keep): {
  head: number;
  tail: number;
} {
  const most = Math.min(present, wanted);
  let head = 0;
  while (head < most && keep(head, head)) head++;
  let tail = 0;
  while (tail < most - head && keep(present - 1 - tail, wanted - 1 - tail)) tail++;
  return { head, tail };
}
