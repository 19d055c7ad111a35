/**
 * Byte-preserving edits of a TOML text, by the ranges of its syntax tree. Each edit is made at once; before
 * the next one the text is parsed again, or the part of it that is edited.
 *
 * Rules:
 * - only the value of a key is replaced, in place; its comment and its spaces stay;
 * - a removed key goes with its line, comment included; the lines around it stay;
 * - a removed table goes with the comment lines directly above its header (not with a `#:` directive
 *   at the start of the file), with the comment lines directly below its last key, and with the
 *   blank lines after it; comments between blank lines belong to no table and stay;
 * - an element of an inline array goes with the comment lines above it and with that on its own line;
 * - new lines end as the file's first line does.
 */
import type { AST } from "toml-eslint-parser";
import {
  type Entry,
  indexEntries,
  parseDocument,
  readValue,
  type Section,
  type Span,
  type TomlDocument,
} from "./ast.ts";
import { isSameData, isTable, type RawTable } from "../values.ts";
import type { Path } from "./place.ts";
import { renderKey, renderPairs, renderValue } from "./render.ts";

/** What an editor knows of a text that is a part of another one. */
interface PartOptions {
  eol: string;
  /** Whether more text follows. */
  hasNext: boolean;
}

/** Edits one document, step by step. */
export class TomlEditor {
  /** How lines end in this file. */
  readonly eol: string;
  readonly #hasNext: boolean;
  #text: string;
  /** Missing after an edit, until it is needed: a large file takes seconds. */
  #document: TomlDocument | undefined;
  #index: ReturnType<typeof indexEntries> | undefined;

  constructor(document: TomlDocument, part?: PartOptions) {
    this.#document = document;
    this.#text = document.text;
    this.eol = part?.eol ?? (/^[^\n]*\r\n/.test(this.#text) ? "\r\n" : "\n");
    this.#hasNext = part?.hasNext ?? false;
  }

  /** The text with all edits done so far. */
  get text(): string {
    return this.#text;
  }

  #read(): TomlDocument {
    return this.#document ??= parseDocument(this.#text);
  }

  #find(path: Path): readonly Entry[] {
    this.#index ??= indexEntries(this.#read());
    return this.#index(path);
  }

  /** Edits tables. Where the sections of one are together, only they are parsed again after each step. */
  edit(edits: readonly { path: Path; act: (editor: TomlEditor) => void }[]): void {
    const pieces: { range: Span; text: string }[] = [];
    const scattered: typeof edits[number][] = [];
    for (const edit of edits) {
      const span = this.#findTogether(edit.path);
      if (span === undefined) {
        scattered.push(edit);
        continue;
      }
      const [start, end] = span;
      const options = { eol: this.eol, hasNext: end < this.#text.length };
      const part = new TomlEditor(parseDocument(this.#text.slice(start, end)), options);
      edit.act(part);
      if (part.text !== this.#text.slice(start, end)) pieces.push({ range: span, text: part.text });
    }
    this.#replace(pieces.sort((a, b) => a.range[0] - b.range[0]));
    for (const { act } of scattered) act(this);
  }

  /** The piece that holds all sections of a table; undefined where others are between them. */
  #findTogether(path: Path): Span | undefined {
    const { sections } = this.#read();
    const own = this.#find(path).map(({ section }) => section && sections.indexOf(section));
    const [first = -1, last = -1] = [own[0], own.at(-1)];
    const from = sections[first];
    const isTogether = own.every((index, place) => index === first + place);
    if (from === undefined || !isTogether) return undefined;
    const next = sections[last + 1];
    return [
      this.#findBlockStart(from),
      next === undefined ? this.#text.length : this.#findBlockStart(next),
    ];
  }

  /** Returns the value of a key; undefined where it is missing, or in pieces. */
  findValue(path: Path): AST.TOMLContentNode | undefined {
    return this.#find(path).find(isWholeKey)?.pair?.value;
  }

  /** Gives a key another name, wherever it is written. */
  rename(path: Path, name: string): void {
    const keys = this.#find(path).flatMap(({ key }) => key === undefined ? [] : [key]);
    this.#replace(keys.map(({ range }) => ({ range, text: renderKey(name) })));
  }

  /** Removes a key, or an element of an array of tables, with everything below it. */
  remove(path: Path): void {
    const entries = this.#find(path);
    const removed = entries.map(({ pair }) => pair);
    this.#replace(entries.flatMap(({ section, pair, inline }) => {
      if (section !== undefined) return [{ range: this.#findBlock(section), text: "" }];
      if (pair === undefined) return [];
      if (inline === undefined) return [{ range: this.#findLines(pair.range), text: "" }];
      const pairs = inline.body.filter((other) => !removed.includes(other))
        .map(({ range }) => this.text.slice(...range));
      const text = pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
      return [{ range: inline.range, text }];
    }));
  }

  /** Sets a key: in place where it is, else after the last pair of its table. */
  set(path: Path, value: unknown): void {
    const found = this.findValue(path);
    if (found !== undefined) return this.#replace([{ ...found, text: renderValue(value) }]);
    this.remove(path);
    const [line = ""] = renderPairs({ [String(path.at(-1))]: value });
    this.#addPair(path.slice(0, -1), line);
  }

  /** Makes those changes in a table that lead from one content to the other. */
  change(path: Path, { from, to }: { from: RawTable; to: RawTable }): void {
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
      const [present, wanted] = [from[key], to[key]];
      if (isSameData(present, wanted)) continue;
      const place = [...path, key];
      if (wanted === undefined) this.remove(place);
      else if (!Array.isArray(wanted)) this.set(place, wanted);
      else this.#changeList(place, Array.isArray(present) ? present : [], wanted);
    }
  }

  /** Changes a list as it is written: as an inline array, or as tables of their own. */
  #changeList(path: Path, from: readonly unknown[], to: readonly unknown[]): void {
    const array = this.findValue(path);
    if (array?.type === "TOMLArray") {
      return this.#replace([{ ...array, text: this.#mergeArray(array, { from, to }) }]);
    }
    const hasHeader = this.#find(path.slice(0, -1)).some(isWholeHeader);
    if (!hasHeader || to.length === 0 || !to.every(isTable)) return this.set(path, to);
    for (let index = from.length - 1; index >= to.length; index--) this.remove([...path, index]);
    for (const [index, table] of to.slice(0, from.length).entries()) {
      if (isSameData(from[index], table)) continue;
      const place = [...path, index];
      this.change(place, { from: readTable(this.#read(), place), to: table });
    }
    if (to.length > from.length) this.#addElements(path, to.slice(from.length));
  }

  /** Returns an array with other elements; those that stay keep their text and comments. */
  #mergeArray(array: AST.TOMLArray, { from, to }: Record<"from" | "to", readonly unknown[]>) {
    const { items, end, hasLastComma } = splitArray(array, this.text);
    const [first, last] = [items[0], items.at(-1)];
    if (first === undefined || last === undefined || to.length === 0) return renderValue(to);
    const merged = to.map((value, index): ArrayItem => {
      const isSame = (other: unknown) => isSameData(other, value);
      const place = from.length === to.length ? index : from.findIndex(isSame);
      const item = items[place];
      if (item === undefined) {
        return { lead: findIndent(last.lead), text: renderValue(value), rest: "" };
      }
      return isSame(from[place]) ? item : { ...item, text: renderValue(value) };
    });
    let text = "[";
    for (const [index, item] of merged.entries()) {
      const isOnLine = !item.lead.includes("\n");
      if (isOnLine && /#.*$/.test(text)) text += this.eol;
      text += !isOnLine ? item.lead : index === 0 ? findIndent(first.lead) : item.lead || " ";
      text += item.text + (hasLastComma || index < to.length - 1 ? "," : "") + item.rest;
    }
    return `${text}${/#.*$/.test(text) && !end.includes("\n") ? this.eol : ""}${end}]`;
  }

  #addPair(table: Path, line: string): void {
    const entries = this.#find(table);
    const header = entries.find(isWholeHeader)?.section;
    if (header !== undefined) return this.#addLine(header.pairs.at(-1) ?? header, line);
    const entry = entries.findLast(({ pair }) => pair !== undefined);
    const { key, pair, inline } = entry ?? {};
    if (entry === undefined || key === undefined || pair === undefined) {
      throw new TypeError(`${table.join(".")} is not in the file`);
    }
    if (isWholeKey(entry) && pair.value.type === "TOMLInlineTable") {
      const [, end] = pair.value.body.at(-1)?.range ?? [0, pair.value.range[0] + 1];
      return this.#insert(end, pair.value.body.length === 0 ? line : `, ${line}`);
    }
    const dotted = `${this.text.slice(pair.range[0], key.range[1])}.${line}`;
    if (inline === undefined) this.#addLine(pair, dotted);
    else this.#insert(pair.range[1], `, ${dotted}`);
  }

  /** Adds a line below the one where the anchor ends, indented as the anchor is. */
  #addLine({ range: [start, end] }: { range: Span }, line: string): void {
    const indent = this.text.slice(this.#lineStart(start), start);
    this.#insert(this.#lineEnd(end), this.eol + (indent.trim() === "" ? indent : "") + line);
  }

  /** Adds tables `[[path]]`, each set apart by a blank line. */
  #addElements(path: Path, elements: readonly RawTable[]): void {
    const sections = [path.slice(0, -1), path].flatMap((place) => this.#find(place))
      .flatMap(({ section }) => section === undefined ? [] : [section]);
    const last = sections.at(-1);
    if (last === undefined) throw new TypeError(`${path.join(".")} has no table`);
    const header = `[[${path.map((key) => renderKey(String(key))).join(".")}]]`;
    const lines = elements.flatMap((element) => ["", "", header, ...renderPairs(element)]);
    this.#insert(this.#lineEnd(findEnd(last)), lines.join(this.eol));
  }

  #insert(offset: number, text: string): void {
    this.#replace([{ range: [offset, offset], text }]);
  }

  /** Replaces pieces of the text. */
  #replace(edits: readonly { range: Span; text: string }[]): void {
    let result = "";
    let at = 0;
    for (const { range: [start, end], text } of edits) {
      if (start < at) continue;
      result += this.text.slice(at, start) + text;
      at = end;
    }
    const isEndRemoved = at === this.text.length && edits.at(-1)?.text === "" && !this.#hasNext;
    // The blank line that set the last table apart goes with it.
    this.#text = isEndRemoved ? result.replace(/\n\r?\n$/, "\n") : result + this.text.slice(at);
    this.#document = undefined;
    this.#index = undefined;
  }

  /** Where the line of an offset ends, its line break not counted. */
  #lineEnd(offset: number): number {
    const end = this.text.indexOf("\n", offset);
    if (end < 0) return this.text.length;
    return this.text[end - 1] === "\r" ? end - 1 : end;
  }

  /** Where the line of an offset starts, the byte order mark not counted. */
  #lineStart(offset: number): number {
    const start = offset === 0 ? 0 : this.text.lastIndexOf("\n", offset - 1) + 1;
    return start === 0 && this.text.startsWith("\uFEFF") ? 1 : start;
  }

  #nextLine(offset: number): number {
    const end = this.text.indexOf("\n", offset);
    return end < 0 ? this.text.length : end + 1;
  }

  #findLines([start, end]: Span): Span {
    return [this.#lineStart(start), this.#nextLine(end)];
  }

  /** The piece that goes with a section; see the rules above for the comments. */
  #findBlock(section: Section): Span {
    const { sections } = this.#read();
    const next = sections[sections.indexOf(section) + 1];
    const limit = next === undefined ? this.text.length : this.#findBlockStart(next);
    const end = this.#nextLine(findEnd(section));
    const below = /^(?:[ \t]*#.*\r?\n?)*(?:[ \t]*\r?\n)*/.exec(this.text.slice(end, limit));
    return [this.#findBlockStart(section), end + (below?.[0].length ?? 0)];
  }

  /** The start of the comment lines directly above a header, or of the header's own line. */
  #findBlockStart(section: Section): number {
    const { sections } = this.#read();
    const before = sections[sections.indexOf(section) - 1];
    const isFirst = before === undefined || findEnd(before) === 0;
    const hasDirective = this.text.startsWith("#:", this.#lineStart(0));
    const start = !isFirst
      ? this.#nextLine(findEnd(before))
      : hasDirective
      ? this.#nextLine(0)
      : this.#lineStart(0);
    const above = this.text.slice(start, section.range[0]);
    return start + above.search(/(?:^[ \t]*#.*\r?\n)*^[ \t]*(?![^])/m);
  }
}

function isWholeKey({ key, pair }: Entry): boolean {
  return pair !== undefined && key === pair.key.keys.at(-1);
}

function isWholeHeader({ path, section }: Entry): boolean {
  return section?.path.length === path.length;
}

/** Where the last pair of a section ends, or its header. */
function findEnd({ pairs, range }: Section): number {
  return (pairs.at(-1) ?? { range }).range[1];
}

/** Returns what a table says; empty where there is none. */
function readTable(document: TomlDocument, path: Path): RawTable {
  let value: unknown = readValue(document);
  for (const key of path) value = Object(value)[key];
  return isTable(value) ? value : {};
}

/** An element of an inline array: what is before it, itself, and what is after it on its line. */
interface ArrayItem {
  lead: string;
  text: string;
  rest: string;
}

function splitArray({ elements, range }: AST.TOMLArray, text: string) {
  let lead = text.slice(range[0] + 1, elements[0]?.range[0]);
  let hasLastComma = false;
  const items = elements.map((element, index): ArrayItem => {
    const gap = text.slice(element.range[1], elements[index + 1]?.range[0] ?? range[1] - 1);
    const comments = gap.replace(/^((?:\s|#.*)*),/, "$1");
    hasLastComma = comments !== gap;
    const rest = /^[ \t]*(?:#.*?)?(?=\r?\n)/.exec(comments)?.[0] ?? "";
    const item = { lead, text: text.slice(...element.range), rest };
    lead = comments.slice(rest.length);
    return item;
  });
  return { items, end: lead, hasLastComma };
}

/** The line break and the spaces directly before an element. */
function findIndent(lead: string): string {
  return /(?:\r?\n)?[ \t]*$/.exec(lead)?.[0] ?? "";
}
