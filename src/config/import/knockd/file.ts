/**
 * knockd.conf, read as knockd 0.8 reads it (`parseconfig`).
 *
 * Rules:
 * - lines are trimmed; empty lines, and those that begin with `#`, are skipped; there are no comments at the
 *   end of a line;
 * - `[name]` begins a section; only `[options]`, in small letters, is not a door. Two sections of one name are
 *   two doors;
 * - the key ends at the first `=`, in either case; `UseSyslog` alone has no value, and is allowed everywhere;
 * - of a key that is there twice the last one counts;
 * - unknown keys, and keys before the first section, are errors.
 * Besides, a byte order mark is skipped. Messages name keys that knockd defines, and no other text.
 */
import type { Problem } from "../../../core/errors.ts";
import { trimSpace } from "../../../core/knockd/sequence.ts";
import { suggest } from "../../../core/suggest.ts";

/** A key of a door, by its first name. */
type DoorKey =
  | "target"
  | "sequence"
  | "one_time_sequences"
  | "seq_timeout"
  | "start_command"
  | "start_command_6"
  | "cmd_timeout"
  | "stop_command"
  | "stop_command_6"
  | "tcpflags";

/** The keys of a door, and what else they are called. */
const DOOR_KEYS: Readonly<Record<string, DoorKey>> = {
  target: "target",
  sequence: "sequence",
  one_time_sequences: "one_time_sequences",
  seq_timeout: "seq_timeout",
  timeout: "seq_timeout",
  start_command: "start_command",
  command: "start_command",
  start_command_6: "start_command_6",
  command_6: "start_command_6",
  cmd_timeout: "cmd_timeout",
  stop_command: "stop_command",
  stop_command_6: "stop_command_6",
  tcpflags: "tcpflags",
};

/** The keys of `[options]`, which say how the daemon works. */
const OPTION_KEYS: readonly string[] = ["logfile", "pidfile", "interface"];
const BARE_KEY = "usesyslog";

/** The longest line that knockd reads at once, in bytes (`PATH_MAX`); the rest would be a line of its own. */
const MAX_LINE = 4_095;

/** A value, and where it is. */
export interface Entry {
  /** 1-based. */
  line: number;
  value: string;
}

/** A section other than `[options]`. */
export interface Section {
  name: string;
  /** 1-based, of its header. */
  line: number;
  entries: Partial<Record<DoorKey, Entry>>;
}

/** A file, as far as it can be read. */
interface KnockdFile {
  sections: Section[];
  /** Sections with a problem are in here too: what is wrong makes the door unusable. */
  broken: ReadonlySet<Section>;
  problems: Problem[];
  remarks: Problem[];
}

/** Reads the lines of a knockd.conf. */
export function parseKnockdFile(text: string, { file }: { file: string }): KnockdFile {
  const sections: Section[] = [];
  const broken = new Set<Section>();
  const problems: Problem[] = [];
  const remarks: Problem[] = [];
  let current: Section | "options" | undefined;
  const fail = (line: number, message: string) => {
    problems.push({ file, line, message });
    if (typeof current === "object") broken.add(current);
  };
  for (const [index, raw] of text.replace(/^\uFEFF/, "").split("\n").entries()) {
    const line = index + 1;
    const content = trimSpace(raw);
    if (content === "" || content.startsWith("#")) continue;
    if (new TextEncoder().encode(raw).length > MAX_LINE) {
      fail(line, `the line is too long: knockd reads at most ${MAX_LINE} bytes`);
      continue;
    }
    if (content.startsWith("[") && content.endsWith("]")) {
      const name = content.slice(1, -1);
      current = name === "options" ? name : { name, line, entries: {} };
      if (name === "") fail(line, "the section has no name: use [NAME]");
      else if (typeof current === "object") sections.push(current);
      continue;
    }
    const message = readDirective(content, line, current);
    if (typeof message === "string") fail(line, message);
    else if (message !== undefined) remarks.push({ file, line, message: message.remark });
  }
  return { sections, broken, problems, remarks };
}

/** Reads a line into its section; returns what is wrong, or what is read otherwise than it looks. */
function readDirective(
  content: string,
  line: number,
  section: Section | "options" | undefined,
): string | { remark: string } | undefined {
  if (section === undefined) return "a key has to be in a section: write [NAME] above it";
  const end = content.indexOf("=");
  const key = trimSpace(end === -1 ? content : content.slice(0, end)).toLowerCase();
  if (end === -1) return key === BARE_KEY ? undefined : 'the line has no "=": use KEY = VALUE';
  const value = trimSpace(content.slice(end + 1));
  if (section === "options") {
    if (OPTION_KEYS.includes(key)) return undefined;
    if (key === BARE_KEY) return "UseSyslog takes no value: leave the = out";
    return explainUnknownKey(key, [...OPTION_KEYS, BARE_KEY]);
  }
  const name = Object.hasOwn(DOOR_KEYS, key) ? DOOR_KEYS[key] : undefined;
  if (name === undefined) return explainUnknownKey(key, Object.keys(DOOR_KEYS));
  const before = section.entries[name];
  section.entries[name] = { line, value };
  return before === undefined
    ? undefined
    : { remark: `${name} is in line ${before.line} too: the last one counts, as in knockd` };
}

function explainUnknownKey(key: string, known: readonly string[]): string {
  const near = suggest(key, known);
  return `unknown key${near === undefined ? "" : `, did you mean "${near}"?`}`;
}
