/**
 * Byte-preserving edits of a TOML text, by the ranges of its syntax tree: changes are collected, then
 * made all at once, so that the text is parsed once.
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
import { type Entry, indexEntries, type TomlDocument } from "./ast.ts";
import { isSameData, isTable, type RawTable } from "../values.ts";
import type { Path } from "./place.ts";
import { renderKey, renderPairs, renderTable, renderValue } from "./render.ts";

/** A piece of the text: from the first offset up to, not including, the second. */
type Span = readonly [start: number, end: number];

type Owner = NonNullable<Entry["owner"]>;

/** Collects the edits of one document. */
export class TomlEditor {
  /** How lines end in this file. */
  readonly #eol: string;
  /** With a line break at its end. */
  readonly #text: string;
  readonly #document: TomlDocument;
  readonly #value: RawTable;
  readonly #find: (path: Path) => readonly Entry[];
  readonly #splices: { range: Span; text: string }[] = [];
  readonly #removed = new Set<Owner>();
  // What is added goes below what stays: where, is known when all removals are.
  readonly #newPairs: { table: Path; line: string }[] = [];
  readonly #newElements: { path: Path; elements: readonly RawTable[] }[] = [];

  /** @param reading a text that is right, and what it says. */
  constructor({ document, value }: { document: TomlDocument; value: RawTable }) {
    const { text } = document;
    this.#eol = /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n";
    this.#text = /[^\n\uFEFF]$/.test(text) ? text + this.#eol : text;
    this.#document = document;
    this.#value = value;
    this.#find = indexEntries(document);
  }

  /** Returns the text with all edits. */
  finish(): string {
    for (const { table, line } of this.#newPairs) this.#addPair(table, line);
    for (const { path, elements } of this.#newElements) this.#addElements(path, elements);
    for (const owner of this.#removed) this.#replace(this.#findRemovedSpan(owner), "");
    this.#splices.sort(({ range: one }, { range: other }) =>
      one[0] - other[0] || one[1] - other[1]
    );
    let result = "";
    let at = 0;
    for (const { range: [start, end], text } of this.#splices) {
      // A part of what is removed already.
      if (start < at) continue;
      result += this.#text.slice(at, start) + text;
      at = end;
    }
    // The blank line that set the last table apart goes with it.
    if (at === this.#text.length) return result.replace(/\n\r?\n$/, "\n");
    return result + this.#text.slice(at, this.#document.text.length);
  }

  /** Returns the value of a key; undefined where it is missing, or in pieces. */
  findValue(path: Path): AST.TOMLContentNode | undefined {
    const owner = this.#find(path).find(({ isWhole }) => isWhole)?.owner;
    return owner?.type === "TOMLKeyValue" ? owner.value : undefined;
  }

  /** Adds lines at the end. */
  append(lines: readonly string[]): void {
    this.#addLines(this.#text.length, lines);
  }

  /** Gives a key another name, wherever it is written. */
  rename(path: Path, name: string): void {
    for (const { node } of this.#find(path)) this.#replace(node.range, renderKey(name));
  }

  /** Removes a key, or an element of an array of tables, with everything below it. */
  remove(path: Path): void {
    for (const { owner } of this.#find(path)) if (owner !== undefined) this.#removed.add(owner);
  }

  /** Makes those changes in a table that lead from one content to the other. */
  change(path: Path, { from, to }: { from: RawTable; to: RawTable }): void {
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
      const [present, wanted] = [from[key], to[key]];
      if (isSameData(present, wanted)) continue;
      const place = [...path, key];
      if (wanted === undefined) this.remove(place);
      else if (!Array.isArray(wanted)) this.#set(place, wanted);
      else this.#changeList(place, Array.isArray(present) ? present : [], wanted);
    }
  }

  /** Sets a key: in place where it is, else after the last pair of its table. */
  #set(path: Path, value: unknown): void {
    const found = this.findValue(path);
    if (found !== undefined) return this.#replace(found.range, renderValue(value));
    this.remove(path);
    const [line = ""] = renderPairs({ [String(path.at(-1))]: value });
    this.#newPairs.push({ table: path.slice(0, -1), line });
  }

  /** Changes a list as it is written: as an inline array, or as tables of their own. */
  #changeList(path: Path, from: readonly unknown[], to: readonly unknown[]): void {
    const array = this.findValue(path);
    if (array?.type === "TOMLArray") {
      return this.#replace(array.range, this.#mergeArray(array, { from, to }));
    }
    const table = this.#find(path.slice(0, -1)).find(({ isWhole }) => isWhole)?.owner;
    const hasHeader = table?.type === "TOMLTable";
    if (!hasHeader || to.length === 0 || !to.every(isTable)) return this.#set(path, to);
    for (let index = to.length; index < from.length; index++) this.remove([...path, index]);
    for (const [index, table] of to.slice(0, from.length).entries()) {
      if (isSameData(from[index], table)) continue;
      const place = [...path, index];
      this.change(place, { from: readTable(this.#value, place), to: table });
    }
    this.#newElements.push({ path, elements: to.slice(from.length) });
  }

  /** Returns an array with other elements; those that stay keep their text and comments. */
  #mergeArray(array: AST.TOMLArray, { from, to }: Record<"from" | "to", readonly unknown[]>) {
    const { items, end, hasLastComma } = splitArray(array, this.#text);
    const [first, last] = [items[0], items.at(-1)];
    if (first === undefined || last === undefined || to.length === 0) return renderValue(to);
    const merged = to.map((value, index): ArrayItem => {
      const isSame = (other: unknown) => isSameData(other, value);
      const place = from.length === to.length ? index : from.findIndex(isSame);
      const text = renderValue(value);
      const item = items[place] ?? { lead: findIndent(last.lead), text, rest: "" };
      return isSame(from[place]) ? item : { ...item, text };
    });
    let text = "[";
    for (const [index, item] of merged.entries()) {
      const isOnLine = !item.lead.includes("\n");
      if (isOnLine && /#.*$/.test(text)) text += this.#eol;
      text += !isOnLine ? item.lead : index === 0 ? findIndent(first.lead) : item.lead || " ";
      text += item.text + (hasLastComma || index < to.length - 1 ? "," : "") + item.rest;
    }
    return `${text}${/#.*$/.test(text) && !end.includes("\n") ? this.#eol : ""}${end}]`;
  }

  #addPair(table: Path, line: string): void {
    const entries = this.#find(table);
    const isKept = (owner: Owner | undefined) => owner !== undefined && !this.#removed.has(owner);
    const whole = entries.find(({ isWhole }) => isWhole)?.owner;
    const container = whole?.type === "TOMLKeyValue" ? whole.value : whole;
    if (container !== undefined && "body" in container) {
      return this.#addAfter(container.body.findLast(isKept) ?? container, line);
    }
    const dotted = entries.findLast(({ owner }) => owner?.type === "TOMLKeyValue" && isKept(owner));
    if (dotted?.owner === undefined) throw new TypeError(`${table.join(".")} is not in the file`);
    const prefix = this.#text.slice(dotted.owner.range[0], dotted.node.range[1]);
    this.#addAfter(dotted.owner, `${prefix}.${line}`);
  }

  /** Adds a pair in the inline table of another one, or on a line below it, indented as it is. */
  #addAfter(anchor: Owner | AST.TOMLInlineTable, line: string): void {
    const [start, end] = anchor.range;
    if (anchor.type === "TOMLInlineTable") return this.#replace([start + 1, start + 1], line);
    if (anchor.parent.type === "TOMLInlineTable") return this.#replace([end, end], `, ${line}`);
    const indent = this.#text.slice(this.#lineStart(start), start);
    const below = this.#nextLine(anchor.type === "TOMLTable" ? start : end);
    this.#addLines(below, [(indent.trim() === "" ? indent : "") + line]);
  }

  /** Adds tables `[[path]]`, each set apart by a blank line. */
  #addElements(path: Path, elements: readonly RawTable[]): void {
    const tables = [path.slice(0, -1), path].flatMap((place) => this.#find(place))
      .flatMap(({ owner }) =>
        owner?.type === "TOMLTable" && !this.#removed.has(owner) ? owner : []
      );
    const last = tables.at(-1);
    if (last === undefined) throw new TypeError(`${path.join(".")} has no table`);
    const header = `[[${path.map((key) => renderKey(String(key))).join(".")}]]`;
    const lines = elements.flatMap((element) => renderTable(header, element));
    this.#addLines(this.#nextLine(last.range[1]), lines);
  }

  #addLines(offset: number, lines: readonly string[]): void {
    this.#replace([offset, offset], lines.map((line) => line + this.#eol).join(""));
  }

  #replace(range: Span, text: string): void {
    this.#splices.push({ range, text });
  }

  /** Where the line of an offset starts, the byte order mark not counted. */
  #lineStart(offset: number): number {
    const start = offset === 0 ? 0 : this.#text.lastIndexOf("\n", offset - 1) + 1;
    return start === 0 && this.#text.startsWith("\uFEFF") ? 1 : start;
  }

  #nextLine(offset: number): number {
    return this.#text.indexOf("\n", offset) + 1;
  }

  /** The piece that goes with a pair or table; see the rules above for the comments. */
  #findRemovedSpan(owner: Owner): Span {
    const [start, end] = owner.range;
    const below = this.#nextLine(end);
    if (owner.type === "TOMLTable") {
      const index = this.#document.tree.body[0].body.indexOf(owner);
      const rest = this.#text.slice(below, this.#findBlockStart(index + 1));
      const [more = ""] = /^(?:[ \t]*#.*\r?\n)*(?:[ \t]*\r?\n)*/.exec(rest) ?? [];
      return [this.#findBlockStart(index), below + more.length];
    }
    if (owner.parent.type !== "TOMLInlineTable") return [this.#lineStart(start), below];
    // With the comma before it; with that after it where no pair before it stays.
    const { body, range } = owner.parent;
    const index = body.indexOf(owner);
    const isKept = (pair: Owner) => !this.#removed.has(pair);
    if (!body.some(isKept)) return [range[0] + 1, range[1] - 1];
    return body.slice(0, index).some(isKept)
      ? [body[index - 1]?.range[1] ?? start, end]
      : [start, body[index + 1]?.range[0] ?? end];
  }

  /** The start of the comment lines directly above a table or pair, or of its own line. */
  #findBlockStart(index: number): number {
    const { body } = this.#document.tree.body[0];
    const [before, node] = [body[index - 1], body[index]];
    if (node === undefined) return this.#text.length;
    const isDirective = this.#text.startsWith("#:", this.#lineStart(0));
    const start = before !== undefined
      ? this.#nextLine(before.range[1])
      : isDirective
      ? this.#nextLine(0)
      : this.#lineStart(0);
    const above = this.#text.slice(start, node.range[0]);
    return start + above.search(/(?:^[ \t]*#.*\r?\n)*^[ \t]*(?![^])/m);
  }
}

/** Returns what a table says; empty where there is none. */
function readTable(top: RawTable, path: Path): RawTable {
  const value = path.reduce((table: unknown, key) => Object(table)[key], top);
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
