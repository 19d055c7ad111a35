/**
 * Adds, changes, renames and removes a target in the text of a configuration; every byte outside of
 * what changes stays (see `toml/edit.ts`). All take and return the whole text.
 */
import { ConfigError } from "../core/errors.ts";
import type { Knock, KnockPayload } from "../core/knock.ts";
import {
  type ConnectSpec,
  DEFAULT_SETTINGS,
  type Target,
  type TargetSettings,
} from "../core/target.ts";
import { isSameData, isSamePayload, SETTING_KEYS, writeKnock, writeSecret } from "./keys.ts";
import { readKnocks, readSecret } from "./knocks.ts";
import { dirname } from "./paths.ts";
import { Place } from "./toml/place.ts";
import { readAfter, readProbe } from "./probes.ts";
import { checkPlainConfig } from "./read.ts";
import { type DocumentReading, parseDocumentConfig, readDocument } from "./read_document.ts";
import { renderKey, renderPairs } from "./toml/render.ts";
import { PROMPT } from "./schema.ts";
import { indexLines } from "./toml/ast.ts";
import { findElements, findSite, isBelow, listPairs, type Site, TomlEditor } from "./toml/edit.ts";
import { isTable, type RawTable } from "./values.ts";

/**
 * A target to write. Settings that are missing are not written; a whole {@linkcode Target} will do,
 * as what equals the defaults is not written either.
 */
export interface TargetDraft extends Partial<TargetSettings> {
  name: string;
  host: string;
  knocks: readonly Knock[];
  /** For a new target only; an edit leaves the tables `close` and `connect` as they are. */
  close?: readonly Knock[] | undefined;
  connect?: ConnectSpec | undefined;
}

/** What all edits take: the file, for errors and for secret files that are relative to it. */
interface EditOptions {
  file: string;
}

/**
 * Returns `text` with the target at its end; of an empty text a new file is made.
 *
 * @throws {ConfigError} if the text is wrong or has a target of that name.
 */
export function addTarget(text: string, draft: TargetDraft, { file }: EditOptions): string {
  return addTargets(text, [draft], { file });
}

/** As {@linkcode addTarget}, for many: all of them or, with an error, none. */
export function addTargets(
  text: string,
  drafts: readonly TargetDraft[],
  { file }: EditOptions,
): string {
  const reading = parseDocumentConfig(text, { file });
  const isInline = [...listPairs(reading.document.sections.slice(0, 1))].some(({ path }) =>
    path.length === 1 && path[0] === "targets"
  );
  if (isInline) {
    throw makeError(reading, ["targets"], "is an inline table, which has to be edited by hand", {
      hint: "write each target under a [targets.NAME] header of its own",
    });
  }
  const names = new Set(reading.config.targets.keys());
  for (const { name } of drafts) {
    if (names.has(name)) throw makeTakenError(reading, name);
    names.add(name);
  }
  const { eol } = new TomlEditor(reading.document);
  const isBlank = text.replace("\uFEFF", "").trim() === "";
  const before = isBlank ? `${text}version = 1${eol}` : text.endsWith("\n") ? text : text + eol;
  const blocks = drafts.flatMap((draft) => renderTarget(draft, reading))
    .map((lines) => eol + lines.join(eol) + eol);
  return checkEdit(before + blocks.join(""), file);
}

/**
 * Returns `text` with the target changed to what the draft says: only keys that differ, in place.
 *
 * @param options `name` is the target's name in the text where the draft changes it.
 * @throws {ConfigError} if the text is wrong or has no such target.
 */
export function replaceTarget(
  text: string,
  draft: TargetDraft,
  { file, name = draft.name }: EditOptions & { name?: string },
): string {
  const reading = parseDocumentConfig(text, { file });
  const { target, site, raw } = findTarget(reading, name);
  const editor = new TomlEditor(reading.document);
  if (draft.host !== target.host) editor.setKey(site, "host", draft.host);
  if (!isSameData(draft.knocks, target.knocks)) setKnocks(editor, { site, raw, draft, reading });
  setSettings(editor, { site, raw, draft, target, reading });
  const edited = checkEdit(editor.apply(), file);
  return name === draft.name
    ? edited
    : renameTarget(edited, { from: name, to: draft.name }, { file });
}

/**
 * Returns `text` with the target under another name, in all its headers and dotted keys.
 *
 * @throws {ConfigError} if the text is wrong, has no such target, or has one of the new name.
 */
export function renameTarget(
  text: string,
  { from, to }: { from: string; to: string },
  { file }: EditOptions,
): string {
  const reading = parseDocumentConfig(text, { file });
  findTarget(reading, from);
  if (from === to) return text;
  if (reading.config.targets.has(to)) throw makeTakenError(reading, to);
  const editor = new TomlEditor(reading.document);
  const prefix = ["targets", from];
  const { sections } = reading.document;
  const headers = sections.filter(({ names }) => isBelow(names, prefix)).map(({ keys }) => keys[1]);
  const pairs = [...listPairs(sections)].filter(({ path }) => isBelow(path, prefix))
    .map(({ pair, base }) => pair.key.keys[1 - base.length]);
  for (const key of [...headers, ...pairs]) {
    if (key !== undefined) editor.replace(key.range, renderKey(to));
  }
  return checkEdit(editor.apply(), file);
}

/**
 * Returns `text` without the target: its tables and keys, and the comment directly above each header.
 *
 * @throws {ConfigError} if the text is wrong or has no such target.
 */
export function removeTarget(text: string, name: string, { file }: EditOptions): string {
  const reading = parseDocumentConfig(text, { file });
  const { site } = findTarget(reading, name);
  const editor = new TomlEditor(reading.document);
  for (const section of site.sections) editor.removeSection(section);
  for (const placed of listPairs(reading.document.sections)) {
    const isOutermost = isBelow(placed.path, site.path) && !isBelow(placed.base, site.path);
    if (isOutermost) editor.removePair(placed);
  }
  return checkEdit(editor.apply(), file);
}

/** The lines of a new target, a block for each of its tables. */
function renderTarget(draft: TargetDraft, reading: DocumentReading): string[][] {
  const header = `targets.${renderKey(draft.name)}`;
  const inherited = readInherited(reading, {});
  const payload = choosePayload(draft.knocks, inherited);
  const lines: Record<string, unknown> = { host: draft.host };
  const blocks: string[][] = [];
  const unset = { ...DEFAULT_SETTINGS, ...reading.config.defaults };
  for (const [key, row] of Object.entries(SETTING_KEYS)) {
    const setting = draft[row.field];
    if (setting === undefined || isSameData(setting, unset[row.field])) continue;
    const value = row.write(setting);
    if (Array.isArray(value) && value.length > 0 && value.every(isTable)) {
      blocks.push(...value.map((item) => [`[[${header}.${key}]]`, ...renderPairs(item)]));
    } else lines[key] = value;
  }
  const { host, description, tags, ...rest } = lines;
  const knocks = draft.knocks.map((knock) => writeKnock(knock, payload));
  const secret = isSamePayload(payload, inherited) ? undefined : writeSecret(payload);
  const own = { host, description, tags, knocks, secret, ...rest };
  const close = draft.close?.map((knock) => writeKnock(knock, payload));
  const { connect } = draft;
  return [
    [`[${header}]`, ...renderPairs(own)],
    ...blocks,
    ...(close === undefined ? [] : [[`[${header}.close]`, ...renderPairs({ knocks: close })]]),
    ...(connect === undefined ? [] : [[`[${header}.connect]`, ...renderPairs(connect)]]),
  ];
}

/** The `secret` that lets most knocks be written as plain strings. */
function choosePayload(knocks: readonly Knock[], inherited: KnockPayload): KnockPayload {
  const payloads = knocks.filter((knock) => knock.protocol === "udp").map((knock) => knock.payload);
  const [first] = payloads;
  const isShared = first !== undefined && first.kind !== "bytes" &&
    payloads.every((payload) => isSamePayload(payload, first));
  return isShared ? first : inherited;
}

interface Change {
  site: Site;
  raw: RawTable;
  draft: TargetDraft;
  reading: DocumentReading;
}

function setKnocks(editor: TomlEditor, { site, raw, draft, reading }: Change): void {
  const inherited = readInherited(reading, {});
  const present = readInherited(reading, raw);
  const items: readonly unknown[] = Array.isArray(raw["knocks"]) ? raw["knocks"] : [];
  const hasOwn = items.some((item) => isTable(item) && ("secret" in item || "payload" in item));
  const payload = hasOwn ? present : choosePayload(draft.knocks, present);
  if (!isSamePayload(payload, present)) {
    if (isSamePayload(payload, inherited)) editor.removeKey(site, "secret");
    else editor.setKey(site, "secret", writeSecret(payload));
  }
  const wanted = draft.knocks.map((knock) => writeKnock(knock, payload));
  const array = editor.findValue(site, "knocks");
  if (array?.type !== "TOMLArray") return editor.setKey(site, "knocks", wanted);
  const context = { folder: dirname(reading.config.file), payload };
  // A string that lists several knocks equals none of them: it is replaced.
  const now = items.map((item) => readKnocks(item, Place.root([]), context))
    .map((knocks) => knocks?.length === 1 ? knocks[0] : undefined);
  editor.setItems(array, wanted, (index, place) => isSameData(now[index], draft.knocks[place]));
}

function setSettings(
  editor: TomlEditor,
  { site, raw, draft, target, reading }: Change & { target: Target },
): void {
  const unset = { ...DEFAULT_SETTINGS, ...reading.config.defaults };
  for (const [key, row] of Object.entries(SETTING_KEYS)) {
    const setting = draft[row.field];
    if (!(row.field in draft) || isSameData(setting, target[row.field])) continue;
    if (setting === undefined || isSameData(setting, unset[row.field])) {
      editor.removeKey(site, key);
    } else {
      const value = row.write(setting);
      const isList = (key === "probes" || key === "after") && Array.isArray(value);
      if (isList) setList(editor, { site, raw, draft, reading, key, value });
      else editor.setKey(site, key, value);
    }
  }
}

/** Probes and `after`: an inline array or tables of their own, as the file has it. */
function setList(
  editor: TomlEditor,
  { site, raw, draft, reading, key, value }: Change & {
    key: "probes" | "after";
    value: unknown[];
  },
): void {
  const { plugins } = reading.config;
  const read = key === "probes" ? readProbe : readAfter;
  const present: readonly unknown[] = Array.isArray(raw[key]) ? raw[key] : [];
  const now = present.map((item) => read(item, Place.root([]), plugins));
  const keep = (index: number, place: number) => isSameData(now[index], draft[key]?.[place]);
  const array = editor.findValue(site, key);
  if (array?.type === "TOMLArray") return editor.setItems(array, value, keep);
  const hasHeader = site.sections.some(({ names }) => names.length === site.path.length);
  if (!hasHeader) return editor.setKey(site, key, value);
  const path = [...site.path, key];
  const elements = findElements(reading.document, path);
  for (const [index, element] of elements.entries()) {
    const wanted = value[index];
    const current = present[index];
    if (wanted === undefined) {
      for (const section of element.sections) editor.removeSection(section);
    } else if (!keep(index, index) && isTable(wanted) && isTable(current)) {
      editor.setKeys(element, wanted, { current, isSame: isSameData });
    }
  }
  const added = value.slice(elements.length).filter(isTable);
  if (added.length > 0) editor.addElements(elements.at(-1) ?? site, path, added);
}

/** The payload of udp knocks that name none, under a target's table. */
function readInherited(reading: DocumentReading, table: RawTable): KnockPayload {
  const defaults = reading.value["defaults"];
  const secret = table["secret"] ?? (isTable(defaults) ? defaults["secret"] : undefined);
  const folder = dirname(reading.config.file);
  return secret === undefined ? PROMPT : readSecret(secret, Place.root([]), { folder }) ?? PROMPT;
}

/** Returns `text` if it is valid. Errors have no line numbers, because the text is not saved yet. */
function checkEdit(text: string, file: string): string {
  if (checkPlainConfig(text, { file })?.findings.length === 0) return text;
  const { problems } = readDocument(text, { file });
  if (problems.length === 0) return text;
  throw new ConfigError(problems.map(({ line: _line, ...problem }) => problem));
}

function findTarget(
  reading: DocumentReading,
  name: string,
): { target: Target; site: Site; raw: RawTable } {
  const target = reading.config.targets.get(name);
  const site = findSite(reading.document, ["targets", name]);
  const targets = reading.value["targets"];
  const raw = isTable(targets) ? targets[name] : undefined;
  if (target === undefined || site === undefined || !isTable(raw)) {
    throw new ConfigError([{
      file: reading.config.file,
      message: `there is no target ${JSON.stringify(name)}`,
    }]);
  }
  return { target, site, raw };
}

function makeTakenError(reading: DocumentReading, name: string): ConfigError {
  const message = `a target of the name ${JSON.stringify(name)} is saved already`;
  const hint = "choose another name";
  if (reading.config.targets.has(name)) {
    return makeError(reading, ["targets", name], message, { hint });
  }
  // Twice among the new ones: the file has no line for it.
  return new ConfigError([{ file: reading.config.file, key: `targets.${name}`, message }], {
    hint,
  });
}

function makeError(
  { document, config }: DocumentReading,
  path: readonly string[],
  message: string,
  details: { hint?: string } = {},
): ConfigError {
  const line = indexLines(document)(path);
  return new ConfigError([{ file: config.file, line, key: path.join("."), message }], details);
}
