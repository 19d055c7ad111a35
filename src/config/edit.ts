/**
 * Adds, changes, renames and removes targets in the text of a configuration; every byte outside of what
 * changes stays (see `toml/edit.ts`). All take the whole text and return it after the edit, or throw a
 * ConfigError: if the text is wrong, or would be wrong then, or has no such target, or has one already.
 */
import { ConfigError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import { type TargetChange, type TargetDraft, writeChange, writeTarget } from "./target/keys.ts";
import { choosePayload, readSecret, writeKnock } from "./target/knocks.ts";
import { dirname } from "./paths.ts";
import { checkPlainConfig } from "./read.ts";
import { type DocumentReading, parseDocumentConfig, readDocument } from "./read_document.ts";
import { writeFwknop } from "./target/fwknop.ts";
import { mapPaths, mapPayloadPath } from "./target/paths.ts";
import { TomlEditor } from "./toml/edit.ts";
import { Place } from "./toml/place.ts";
import { renderKey, renderTable } from "./toml/render.ts";
import { relatePath } from "./value_specs.ts";
import { isSameData, isTable } from "./values.ts";

/** Returns `text` with the targets at its end; of an empty text a new file is made. */
export function addTargets(
  text: string,
  drafts: readonly TargetDraft[],
  options: { file: string },
): string {
  return editText(text, options, (editor, reading) => {
    if (editor.findValue(["targets"]) !== undefined) {
      const message = "is an inline table, which has to be edited by hand";
      const hint = "write each target under a [targets.NAME] header of its own";
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

/** The lines of a new target, with its tables. */
function renderTarget(draft: TargetDraft, { config }: DocumentReading): string[] {
  const name = `targets.${renderKey(draft.name)}`;
  const { defaults, payload: inherited } = config;
  const { fwknop } = draft;
  const payload = fwknop === undefined ? choosePayload(draft.knocks, inherited) : inherited;
  const own = writeTarget(draft, { defaults, inherited, payload });
  const lists = Object.entries(own).flatMap(([key, value]) => {
    if (!Array.isArray(value) || key === "knocks" || !value.every(isTable)) return [];
    if (value.length > 0) own[key] = undefined;
    return value.flatMap((item) => renderTable(`[[${name}.${key}]]`, item));
  });
  const close = draft.close && { knocks: draft.close.map((knock) => writeKnock(knock, payload)) };
  return [
    ...renderTable(`[${name}]`, own),
    ...lists,
    ...renderTable(`[${name}.fwknop]`, fwknop && writeFwknop(fwknop)),
    ...renderTable(`[${name}.close]`, close),
    ...renderTable(`[${name}.connect]`, draft.connect),
  ];
}

/**
 * Returns `text` with targets changed, in place; everything that a change does not name stays.
 *
 * @param choose returns the changes; it is given the targets as they are in `text`.
 * @param options.onChanged is called with the names of the targets whose tables say something else then.
 */
export function changeTargets(
  text: string,
  choose: (targets: ReadonlyMap<string, Target>) => readonly TargetChange[],
  { file, onChanged }: { file: string; onChanged?: (names: readonly string[]) => void },
): string {
  return editText(text, { file }, (editor, reading) => {
    const changed: string[] = [];
    const folder = dirname(file);
    // As the file has them: from its own folder.
    const relate = (path: string) => relatePath(path, folder);
    const { targets, defaults } = reading.config;
    const inherited = mapPayloadPath(reading.config.payload, relate);
    for (const change of choose(targets)) {
      const { target, raw } = findTarget(reading, change.name);
      const own = readSecret(raw["secret"], new Place([]), { folder });
      const payload = own === undefined ? inherited : mapPayloadPath(own, relate);
      const context = { target: mapPaths(target, relate), raw, defaults, inherited, payload };
      const { from, to } = writeChange(mapPaths(change, relate), context);
      if (isSameData(from, to)) continue;
      editor.change(["targets", change.name], { from, to });
      changed.push(change.name);
    }
    onChanged?.(changed);
  });
}

/** Returns `text` with the target under another name, in all its headers and dotted keys. */
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

/** Returns `text` without the target: its tables and keys, and the comment directly above each header. */
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

/** Returns a target, and its table as it is in the file. */
function findTarget({ config, value }: DocumentReading, name: string) {
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
