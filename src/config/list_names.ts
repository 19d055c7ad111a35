/**
 * The names and the tags of a configuration, for a shell that completes a word: fast, and silent. Most files are
 * read by one regular expression for a line of TOML; any other text is read as always, and what is not TOML
 * has no names. Whether the targets can be used does not count, and nothing of them is looked at.
 */
import { readText } from "./disk/read_text.ts";
import type { FileSystem } from "./files.ts";
import { configPath, type Environment, legacyPath } from "./paths.ts";

/** What a configuration has by name, each once, in file order. */
interface NamesInFile {
  targets: string[];
  tags: string[];
}

/**
 * Returns the names in `file`, or in the usual file; none where it cannot be read. Nothing is thrown.
 *
 * @param source `file` is that of `--config`.
 */
export async function listNames(
  source: Environment & { file?: string | undefined },
  files: FileSystem,
): Promise<NamesInFile> {
  try {
    const path = source.file ?? configPath(source);
    const text = await readText(path, files);
    if (text !== undefined) return pickNames(scanTables(text) ?? await readTables(text));
    const old = path === source.file ? undefined : legacyPath(source);
    const oldText = old === undefined ? undefined : await readText(old, files);
    if (old === undefined || oldText === undefined) return { targets: [], tags: [] };
    const { parseLegacy } = await import("./import/legacy_file.ts");
    return { targets: [...parseLegacy(oldText, { file: old }).targets.keys()], tags: [] };
  } catch {
    return { targets: [], tags: [] };
  }
}

/** The tags of each target, by its name; those of the defaults by "". */
type TagsByTarget = Map<string, readonly string[]>;

function pickNames(tables: TagsByTarget): NamesInFile {
  const isPlain = (name: string) => name !== "" && !/\p{C}/u.test(name);
  return {
    targets: [...tables.keys()].filter(isPlain),
    tags: [...new Set([...tables.values()].flat())].filter(isPlain),
  };
}

const GAP = "(?:[ \\t]|\\r?\\n|#[^\\n]*\\n)*";
const CONTROL = "\\x00-\\x08\\n-\\x1f\\x7f";
const TEXT = `"[^"\\\\${CONTROL}]*"(?!")|'[^'${CONTROL}]*'(?!')`;
const PLAIN = `(?:${TEXT}|-?(?:0|[1-9]\\d{0,14})(?![\\w.:-])|true|false)`;
const list = (item: string) =>
  `\\[${GAP}(?:${item}${GAP}(?:,${GAP}${item}${GAP})*(?:,${GAP})?)?\\]`;
const VALUE = `(?:${PLAIN}|${list(PLAIN)})`;
const PAIR = `[\\w-]+[ \\t]*=[ \\t]*${VALUE}[ \\t]*`;
const TABLE = `\\{[ \\t]*(?:${PAIR}(?:,[ \\t]*${PAIR})*)?\\}`;
const TEXTS = new RegExp(TEXT, "g");
const LINE = new RegExp(
  "[ \\t]*(?:\\[(?<array>\\[?)(?<header>[\\w-]+(?:\\.[\\w-]+)*)(?<end>\\]\\]?)" +
    `|(?<key>[\\w-]+)[ \\t]*=[ \\t]*(?<value>${VALUE}|${TABLE}|${
      list(`(?:${PLAIN}|${TABLE})`)
    }))?` +
    "[ \\t]*(?:#[^\\n]*)?(?:\\r?\\n|$)",
  "y",
);

/** Returns the tags of each target, and of the defaults as "", of a plain text; undefined of any other. */
function scanTables(text: string): TagsByTarget | undefined {
  const tables: TagsByTarget = new Map();
  const seen = new Set<string>();
  let keys = new Set<string>();
  let target: string | undefined;
  for (LINE.lastIndex = 0; LINE.lastIndex < text.length;) {
    const found = LINE.exec(text);
    if (found === null) return undefined;
    const { array, header, end, key, value = "" } = found.groups ?? {};
    if (header !== undefined) {
      const [first, name, ...rest] = header.split(".");
      const isAgain = seen.has(header) && array === "";
      if (isAgain || array?.length !== (end?.length ?? 0) - 1) return undefined;
      seen.add(header);
      keys = new Set();
      target = first === "defaults"
        ? ""
        : first === "targets" && rest.length === 0
        ? name
        : undefined;
      if (first === "targets" && name === undefined) return undefined;
      if (first === "targets" && name !== undefined && !tables.has(name)) tables.set(name, []);
    } else if (key !== undefined) {
      if (keys.has(key) || (seen.size === 0 && /^(?:targets|defaults)$/.test(key))) {
        return undefined;
      }
      keys.add(key);
      if (key === "tags" && target !== undefined) {
        tables.set(target, value.match(TEXTS)?.map((tag) => tag.slice(1, -1)) ?? []);
      }
    }
  }
  return tables;
}

async function readTables(text: string): Promise<TagsByTarget> {
  const { readToml } = await import("./toml/read.ts");
  const reading = readToml(text);
  if ("problems" in reading) return new Map();
  const { defaults, targets } = reading.value;
  return new Map(
    Object.entries({ "": defaults, ...Object(targets) }).map(([name, target]) => {
      const { tags } = Object(target);
      return [name, Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : []];
    }),
  );
}
