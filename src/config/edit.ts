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
import { isSamePayload, SETTING_KEYS, writeKnock, writeSecret } from "./keys.ts";
import { readSecret } from "./knocks.ts";
import { dirname } from "./paths.ts";
import { Place } from "./toml/place.ts";
import { checkPlainConfig } from "./read.ts";
import { type DocumentReading, parseDocumentConfig, readDocument } from "./read_document.ts";
import { renderKey, renderTable } from "./toml/render.ts";
import { PROMPT } from "./schema.ts";
import { indexEntries } from "./toml/ast.ts";
import { TomlEditor } from "./toml/edit.ts";
import { isSameData, isTable, type RawTable } from "./values.ts";

/**
 * A target to write. Settings that are missing are not written; a whole {@linkcode Target} will do,
 * as what equals the defaults is not written either.
 */
export interface TargetDraft extends Partial<TargetSettings> {
  name: string;
  host: string;
  knocks: readonly Knock[];
  close?: readonly Knock[] | undefined;
  connect?: ConnectSpec | undefined;
}

/** What changes in a target; what is missing stays as it is. */
export interface TargetChange extends Partial<TargetSettings> {
  name: string;
  host?: string | undefined;
  knocks?: readonly Knock[] | undefined;
  /** Keys of its table that are removed, so that their defaults apply. */
  unset?: readonly string[] | undefined;
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
  options: EditOptions,
): string {
  return editText(text, options, (editor, reading) => {
    if (editor.findValue(["targets"]) !== undefined) {
      throw makeError(reading, ["targets"], {
        message: "is an inline table, which has to be edited by hand",
        hint: "write each target under a [targets.NAME] header of its own",
      });
    }
    if (text.trim() === "") editor.append(["version = 1"]);
    const names = new Set(reading.config.targets.keys());
    for (const draft of drafts) {
      if (names.has(draft.name)) throw makeTakenError(reading, draft.name);
      names.add(draft.name);
      editor.append(renderTarget(draft, reading));
    }
  });
}

/**
 * Returns `text` with targets changed, in place; everything that a change does not name stays.
 *
 * @param choose returns the changes; it is given the targets as they are in `text`.
 * @throws {ConfigError} if the text is wrong or has no target of a change.
 */
export function changeTargets(
  text: string,
  choose: (targets: ReadonlyMap<string, Target>) => readonly TargetChange[],
  options: EditOptions,
): string {
  return editText(text, options, (editor, reading) => {
    for (const change of choose(reading.config.targets)) {
      editor.change(["targets", change.name], listChanges(reading, change));
    }
  });
}

/** Returns what the table of a target says, and what it will say. */
function listChanges(reading: DocumentReading, { name, unset = [], ...changed }: TargetChange) {
  const { target, raw } = findTarget(reading, name);
  const { host = target.host, knocks = target.knocks } = changed;
  const present = readInherited(reading, raw);
  const keepsPayload = changed.knocks === undefined || hasOwnSecrets(raw);
  const payload = keepsPayload ? present : choosePayload(knocks, present);
  const from = writeTarget(target, { reading, payload: present });
  const to = writeTarget({ ...target, ...changed, host, knocks }, { reading, payload });
  // A key that says the same as its default is removed, too.
  const given = Object.fromEntries(unset.map((key) => [key, raw[key]]));
  const gone = Object.fromEntries(unset.map((key) => [key, undefined]));
  // A string that lists several knocks equals none of them: it is replaced.
  const items = raw["knocks"];
  const hasList = Array.isArray(items) && items.length !== target.knocks.length;
  const listed = changed.knocks !== undefined && hasList ? { knocks: items } : {};
  return { from: { ...from, ...listed, ...given }, to: { ...to, ...gone } };
}

/**
 * Returns `text` with the target under another name, in all its headers and dotted keys.
 *
 * @throws {ConfigError} if the text is wrong, has no such target, or has one of the new name.
 */
export function renameTarget(
  text: string,
  { from, to }: { from: string; to: string },
  options: EditOptions,
): string {
  return editText(text, options, (editor, reading) => {
    findTarget(reading, from);
    if (from === to) return;
    if (reading.config.targets.has(to)) throw makeTakenError(reading, to);
    editor.rename(["targets", from], to);
  });
}

/**
 * Returns `text` without the target: its tables and keys, and the comment directly above each header.
 *
 * @throws {ConfigError} if the text is wrong or has no such target.
 */
export function removeTarget(text: string, name: string, options: EditOptions): string {
  return editText(text, options, (editor, reading) => {
    findTarget(reading, name);
    editor.remove(["targets", name]);
  });
}

/** Returns `text` after the edits; its errors have no line numbers, because it is not saved yet. */
function editText(
  text: string,
  { file }: EditOptions,
  act: (editor: TomlEditor, reading: DocumentReading) => void,
): string {
  const reading = parseDocumentConfig(text, { file });
  const editor = new TomlEditor(reading);
  act(editor, reading);
  const edited = editor.finish();
  if (checkPlainConfig(edited, { file })?.findings.length === 0) return edited;
  const { problems } = readDocument(edited, { file });
  if (problems.length === 0) return edited;
  throw new ConfigError(problems.map(({ line: _line, ...problem }) => problem));
}

/** The lines of a new target, with its tables. */
function renderTarget(draft: TargetDraft, reading: DocumentReading): string[] {
  const name = `targets.${renderKey(draft.name)}`;
  const payload = choosePayload(draft.knocks, readInherited(reading, {}));
  const own: Record<string, unknown> = writeTarget(draft, { reading, payload });
  const lists = Object.entries(own).flatMap(([key, value]) => {
    if (!Array.isArray(value) || key === "knocks" || !value.every(isTable)) return [];
    if (value.length > 0) own[key] = undefined;
    return value.flatMap((item) => renderTable(`[[${name}.${key}]]`, item));
  });
  const close = draft.close && { knocks: draft.close.map((knock) => writeKnock(knock, payload)) };
  return [
    ...renderTable(`[${name}]`, own),
    ...lists,
    ...renderTable(`[${name}.close]`, close),
    ...renderTable(`[${name}.connect]`, draft.connect),
  ];
}

/** Returns the keys of a target, in the order of a new file; undefined where its table has none. */
function writeTarget(
  draft: TargetDraft,
  { reading, payload }: { reading: DocumentReading; payload: KnockPayload },
): RawTable {
  const unset = { ...DEFAULT_SETTINGS, ...reading.config.defaults };
  const rows = Object.entries(SETTING_KEYS).map(([key, { field, write }]) => {
    const setting = draft[field];
    const isUnset = setting === undefined || isSameData(setting, unset[field]);
    return [key, isUnset ? undefined : write(setting)] as const;
  });
  const { description, tags, ...settings } = Object.fromEntries(rows);
  const knocks = draft.knocks.map((knock) => writeKnock(knock, payload));
  const isInherited = isSamePayload(payload, readInherited(reading, {}));
  const secret = isInherited ? undefined : writeSecret(payload);
  return { host: draft.host, description, tags, knocks, secret, ...settings };
}

/** The `secret` that lets most knocks be written as plain strings. */
function choosePayload(knocks: readonly Knock[], inherited: KnockPayload): KnockPayload {
  const payloads = knocks.filter((knock) => knock.protocol === "udp").map((knock) => knock.payload);
  const [first] = payloads;
  const isShared = first !== undefined && first.kind !== "bytes" &&
    payloads.every((payload) => isSamePayload(payload, first));
  return isShared ? first : inherited;
}

/** Whether a knock of the table has a secret of its own, so that the table's has to stay. */
function hasOwnSecrets({ knocks }: RawTable): boolean {
  return Array.isArray(knocks) &&
    knocks.some((item) => isTable(item) && ("secret" in item || "payload" in item));
}

/** The payload of udp knocks that name none, under a target's table. */
function readInherited(reading: DocumentReading, table: RawTable): KnockPayload {
  const defaults = reading.value["defaults"];
  const secret = table["secret"] ?? (isTable(defaults) ? defaults["secret"] : undefined);
  const folder = dirname(reading.config.file);
  return secret === undefined ? PROMPT : readSecret(secret, new Place([]), { folder }) ?? PROMPT;
}

function findTarget(
  { config, value }: DocumentReading,
  name: string,
): { target: Target; raw: RawTable } {
  const target = config.targets.get(name);
  const raw = isTable(value["targets"]) ? value["targets"][name] : undefined;
  if (target !== undefined && isTable(raw)) return { target, raw };
  const message = `there is no target ${JSON.stringify(name)}`;
  throw new ConfigError([{ file: config.file, message }]);
}

function makeTakenError(reading: DocumentReading, name: string): ConfigError {
  const message = `a target of the name ${JSON.stringify(name)} is saved already`;
  return makeError(reading, ["targets", name], { message, hint: "choose another name" });
}

/** An error at a path, with its line where the file has it. */
function makeError(
  { document, config }: DocumentReading,
  path: readonly string[],
  { message, hint }: { message: string; hint?: string },
): ConfigError {
  const line = indexEntries(document)(path)[0]?.node.loc.start.line;
  return new ConfigError([{ file: config.file, line, key: path.join("."), message }], { hint });
}
