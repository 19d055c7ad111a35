/**
 * Adds, changes, renames and removes a target in the text of a configuration; every byte outside of
 * what changes stays (see `toml/edit.ts`). All take and return the whole text.
 */
import { ConfigError } from "../core/errors.ts";
import type { Knock, KnockPayload } from "../core/knock.ts";
import type { Target, TargetSettings } from "../core/target.ts";
import { type TargetDraft, writeTarget } from "./keys.ts";
import { choosePayload, hasOwnSecrets, readSecret, writeKnock } from "./knocks.ts";
import { dirname } from "./paths.ts";
import { checkPlainConfig } from "./read.ts";
import { type DocumentReading, parseDocumentConfig, readDocument } from "./read_document.ts";
import { PROMPT } from "./schema.ts";
import { TomlEditor } from "./toml/edit.ts";
import { Place } from "./toml/place.ts";
import { renderKey, renderTable } from "./toml/render.ts";
import { isTable, type RawTable } from "./values.ts";

/** What changes in a target; what is missing stays as it is. */
export interface TargetChange extends Partial<TargetSettings> {
  name: string;
  host?: string | undefined;
  knocks?: readonly Knock[] | undefined;
  /** Keys of its table that are removed, so that their defaults apply. */
  unset?: readonly string[] | undefined;
}

/**
 * Returns `text` with the targets at its end; of an empty text a new file is made.
 *
 * @throws {ConfigError} if the text is wrong or has a target of such a name.
 */
export function addTargets(
  text: string,
  drafts: readonly TargetDraft[],
  options: { file: string },
): string {
  return editText(text, options, (editor, reading) => {
    if (editor.findValue(["targets"]) !== undefined) {
      const hint = "write each target under a [targets.NAME] header of its own";
      const message = "is an inline table, which has to be edited by hand";
      throw fail(reading, { path: ["targets"], message, hint });
    }
    if (text.trim() === "") editor.addLines(["version = 1"]);
    const names = new Set(reading.config.targets.keys());
    for (const draft of drafts) {
      if (names.has(draft.name)) throw failTaken(reading, draft.name);
      names.add(draft.name);
      editor.addLines(renderTarget(draft, reading));
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
  options: { file: string },
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
  const { defaults } = reading.config;
  const [inherited, present] = [readInherited(reading, {}), readInherited(reading, raw)];
  const keepsPayload = changed.knocks === undefined || hasOwnSecrets(raw);
  const payload = keepsPayload ? present : choosePayload(knocks, present);
  const from = writeTarget(target, { defaults, inherited, payload: present });
  const to = writeTarget({ ...target, ...changed, host, knocks }, { defaults, inherited, payload });
  // A key that says the same as its default is removed, too.
  for (const key of unset) [from[key], to[key]] = [raw[key], undefined];
  // A string that lists several knocks equals none of them: it is replaced.
  const items = raw["knocks"];
  const hasList = Array.isArray(items) && items.length !== target.knocks.length;
  if (hasList && changed.knocks !== undefined) from["knocks"] = items;
  return { from, to };
}

/**
 * Returns `text` with the target under another name, in all its headers and dotted keys.
 *
 * @throws {ConfigError} if the text is wrong, has no such target, or has one of the new name.
 */
export function renameTarget(
  text: string,
  { from, to }: { from: string; to: string },
  options: { file: string },
): string {
  return editText(text, options, (editor, reading) => {
    findTarget(reading, from);
    if (from === to) return;
    if (reading.config.targets.has(to)) throw failTaken(reading, to);
    editor.rename(["targets", from], to);
  });
}

/**
 * Returns `text` without the target: its tables and keys, and the comment directly above each header.
 *
 * @throws {ConfigError} if the text is wrong or has no such target.
 */
export function removeTarget(text: string, name: string, options: { file: string }): string {
  return editText(text, options, (editor, reading) => {
    findTarget(reading, name);
    editor.remove(["targets", name]);
  });
}

/** Returns `text` after the edits; its errors have no line numbers, because it is not saved yet. */
function editText(
  text: string,
  { file }: { file: string },
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
  const inherited = readInherited(reading, {});
  const payload = choosePayload(draft.knocks, inherited);
  const own = writeTarget(draft, { defaults: reading.config.defaults, inherited, payload });
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

function failTaken(reading: DocumentReading, name: string): ConfigError {
  const message = `a target of the name ${JSON.stringify(name)} is saved already`;
  return fail(reading, { path: ["targets", name], message, hint: "choose another name" });
}

/** Returns an error at a path, with its line where the file has it. */
function fail(
  { document, config: { file } }: DocumentReading,
  { path, message, hint }: { path: readonly string[]; message: string; hint: string },
): ConfigError {
  const line = document.find(path)[0]?.node.loc.start.line;
  return new ConfigError([{ file, line, key: path.join("."), message }], { hint });
}
