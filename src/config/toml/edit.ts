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
import type { Owner, TomlDocument } from "./ast.ts";
import { isSameData, isTable, type RawTable } from "../values.ts";
import type { Path } from "./place.ts";
import { renderKey, renderPairs, renderTable, renderValue } from "./render.ts";

/** Collects the edits of one document. */
export class TomlEditor {
  /** How lines end in this file. */
  readonly #eol: string;
  /** With a line break at its end. */
  readonly #text: string;
  readonly #splices: { start: number; end: number; text: string }[] = [];
  readonly #removed = new Set<Owner>();
  readonly #stays = (owner: Owner) => !this.#removed.has(owner);
  // What is added goes below what stays: where, is known when all removals are.
  readonly #newPairs: { table: Path; line: string }[] = [];
  readonly #newElements: { path: Path; elements: readonly RawTable[] }[] = [];

  /** @param reading a text that is right, and what it says. */
  constructor(private readonly reading: { document: TomlDocument; value: RawTable }) {
    const { text } = reading.document;
    this.#eol = /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n";
    this.#text = /[^\n\uFEFF]$/.test(text) ? text + this.#eol : text;
  }

  /** Returns the text with all edits. */
  finish(): string {
    for (const { table, line } of this.#newPairs) this.#addPair(table, line);
    for (const { path, elements } of this.#newElements) this.#addElements(path, elements);
    for (const owner of this.#removed) this.#replace(this.#findRemovedSpan(owner), "");
    this.#splices.sort((one, other) => one.start - other.start || one.end - other.end);
    let result = "";
    let at = 0;
    for (const { start, end, text } of this.#splices) {
      // A part of what is removed already.
      if (start < at) continue;
      result += this.#text.slice(at, start) + text;
      at = end;
    }
    // The blank line that set the last table apart goes with it.
    if (at === this.#text.length) return result.replace(/\n\r?\n$/, "\n");
    return result + this.#text.slice(at, this.reading.document.text.length);
  }

  /** Returns the value of a key; undefined where it is missing, or in pieces. */
  findValue(path: Path): AST.TOMLContentNode | undefined {
    const owner = this.#findWhole(path);
    return owner?.type === "TOMLKeyValue" ? owner.value : undefined;
  }

  #findWhole(path: Path): Owner | undefined {
    return this.reading.document.find(path).find(({ isWhole }) => isWhole)?.owner;
  }

  /** Adds lines, at the end or where another one begins. */
  addLines(lines: readonly string[], offset = this.#text.length): void {
    this.#replace([offset, offset], lines.map((line) => line + this.#eol).join(""));
  }

  /** Gives a key another name, wherever it is written. */
  rename(path: Path, name: string): void {
    for (const { node } of this.reading.document.find(path)) {
      this.#replace(node.range, renderKey(name));
    }
  }

  /** Removes a key, or an element of an array of tables, with everything below it. */
  remove(path: Path): void {
    for (const { owner } of this.reading.document.find(path)) {
      if (owner !== undefined) this.#removed.add(owner);
    }
  }

  /** Makes those changes in a table that lead from one content to the other. */
  change(path: Path, { from, to }: { from: RawTable; to: RawTable }): void {
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
      const [present, wanted] = [from[key], to[key]];
      if (isSameData(present, wanted)) continue;
      const place = [...path, key];
      if (wanted === undefined) this.remove(place);
      // A table that goes on saying something keeps its place, its comments and its other keys.
      else if (
        isTable(present) && isTable(wanted) && Object.keys(present).some((each) => each in wanted)
      ) {
        this.change(place, { from: present, to: wanted });
      } else if (!Array.isArray(wanted)) this.#set(place, wanted);
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
    const hasHeader = this.#findWhole(path.slice(0, -1))?.type === "TOMLTable";
    if (!hasHeader || to.length === 0 || !to.every(isTable)) return this.#set(path, to);
    for (let index = to.length; index < from.length; index++) this.remove([...path, index]);
    for (const [index, table] of to.slice(0, from.length).entries()) {
      if (isSameData(from[index], table)) continue;
      const place = [...path, index];
      const raw = place.reduce((value, key) => Object(value)[key], this.reading.value);
      this.change(place, { from: raw ?? {}, to: table });
    }
    this.#newElements.push({ path, elements: to.slice(from.length) });
  }

  /** Returns an array with other elements; those that stay keep their text and comments. */
  #mergeArray(array: AST.TOMLArray, { from, to }: Record<"from" | "to", readonly unknown[]>) {
    const { items, end, hasLastComma } = splitArray(array, this.#text);
    const [first, last] = [items[0], items.at(-1)];
    if (first === undefined || last === undefined || to.length === 0) return renderValue(to);
    const merged = to.map((value, index) => {
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
    const whole = this.#findWhole(table);
    const container = whole?.type === "TOMLKeyValue" ? whole.value : whole;
    if (container !== undefined && "body" in container) {
      const last = container.body.findLast(this.#stays);
      return this.#addBelow(last ?? container, line);
    }
    const { owner, node } = this.reading.document.find(table)
      .findLast(({ owner }) => owner?.type === "TOMLKeyValue" && this.#stays(owner)) ?? {};
    if (owner === undefined) throw new TypeError(`${table.join(".")} is not in the file`);
    this.#addBelow(owner, `${this.#text.slice(owner.range[0], node?.range[1])}.${line}`);
  }

  /** Adds a pair in the inline table of another one, or on a line below it, indented as it is. */
  #addBelow(anchor: Owner | AST.TOMLInlineTable, line: string): void {
    const [start, end] = anchor.range;
    if (anchor.type === "TOMLInlineTable") return this.#replace([start + 1, start + 1], line);
    if (anchor.parent.type === "TOMLInlineTable") return this.#replace([end, end], `, ${line}`);
    const indent = this.#text.slice(this.#lineStart(start), start);
    const below = this.#nextLine(anchor.type === "TOMLTable" ? start : end);
    this.addLines([(indent.trim() === "" ? indent : "") + line], below);
  }

  /** Adds tables `[[path]]`, each set apart by a blank line. */
  #addElements(path: Path, elements: readonly RawTable[]): void {
    const { document } = this.reading;
    const last = [...document.find(path.slice(0, -1)), ...document.find(path)]
      .findLast(({ owner }) => owner?.type === "TOMLTable" && this.#stays(owner))?.owner;
    if (last === undefined) throw new TypeError(`${path.join(".")} has no table`);
    const header = `[[${path.map((key) => renderKey(String(key))).join(".")}]]`;
    const lines = elements.flatMap((element) => renderTable(header, element));
    this.addLines(lines, this.#nextLine(last.range[1]));
  }

  #replace([start, end]: AST.Range, text: string): void {
    this.#splices.push({ start, end, text });
  }

  /** Where the line of an offset starts, the byte order mark not counted. */
  #lineStart(offset: number): number {
    return this.#text.slice(0, offset).lastIndexOf("\n") + 1 ||
      Number(this.#text.startsWith("\uFEFF"));
  }

  #nextLine(offset: number): number {
    return this.#text.indexOf("\n", offset) + 1;
  }

  /** The piece that goes with a pair or table. */
  #findRemovedSpan(owner: Owner): AST.Range {
    const [start, end] = owner.range;
    if (owner.type === "TOMLTable") {
      const index = this.reading.document.tree.body[0].body.indexOf(owner);
      return [this.#splitGap(index).above, this.#splitGap(index + 1).below];
    }
    if (owner.parent.type !== "TOMLInlineTable") {
      return [this.#lineStart(start), this.#nextLine(end)];
    }
    const { body, range } = owner.parent;
    const index = body.indexOf(owner);
    if (!body.some(this.#stays)) return [range[0] + 1, range[1] - 1];
    // With the comma before it; with that after it where no pair before it stays.
    return body.slice(0, index).some(this.#stays)
      ? [body[index - 1]?.range[1] ?? start, end]
      : [start, body[index + 1]?.range[0] ?? end];
  }

  /**
   * Splits the lines between a top-level node and the one before it: `below` ends what goes with that one
   * if it is a table, `above` begins what goes with the node; see the rules for the comments.
   */
  #splitGap(index: number): { below: number; above: number } {
    const { body } = this.reading.document.tree.body[0];
    const [before, node] = [body[index - 1], body[index]];
    const [head = ""] = /^\uFEFF?(?:#:.*\n)?/.exec(this.#text) ?? [];
    const start = before === undefined ? head.length : this.#nextLine(before.range[1]);
    const gap = this.#text.slice(start, node?.range[0]);
    const above = node ? gap.search(/(?:^[ \t]*#.*\r?\n)*^[ \t]*(?![^])/m) : gap.length;
    const [below = ""] = /^(?:[ \t]*#.*\r?\n)*(?:[ \t]*\r?\n)*/.exec(gap.slice(0, above)) ?? [];
    return { below: start + below.length, above: start + above };
  }
}

/** Returns of each element what is before it (`lead`), itself, and what is after it on its line. */
function splitArray({ elements, range }: AST.TOMLArray, text: string) {
  let lead = text.slice(range[0] + 1, elements[0]?.range[0]);
  let hasLastComma = false;
  const items = elements.map((element, index) => {
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
