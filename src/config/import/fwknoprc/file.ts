/**
 * The grammar of `~/.fwknoprc`, as fwknop 2.6 reads it (client/config_init.c).
 *
 * Rules:
 * - a line that begins with `#` or `;`, and an empty one, is skipped; so is here one of white space only, or with
 *   `#` or `;` after it, which ends the original;
 * - `[name]` begins a stanza, also behind white space; what is after `]` is ignored. Names of stanzas do not differ
 *   by case, and one that is there twice is one;
 * - `NAME value` and `NAME: value` are split at white space; a value ends at the first blank, tab, `;` or `#`;
 *   `=` does not separate, and neither does a `:` of its own;
 * - what is before the first stanza is ignored;
 * - a line of more than 1023 bytes is two lines to the original: here it is a mistake.
 * No message repeats a name or a value: a key can be in either by mistake.
 */
import type { Problem } from "../../../core/errors.ts";

/** A line that sets something. */
export interface RcEntry {
  /** 1-based. */
  line: number;
  name: string;
  value: string;
}

/** The lines under one name. */
export interface RcStanza {
  /** As it is written first. */
  name: string;
  /** 1-based, of its first header. */
  line: number;
  entries: RcEntry[];
  /** Whether a line of it cannot be read. */
  isWrong: boolean;
}

/** What a file is. */
interface RcFile {
  /** In file order, `default` among them. */
  stanzas: RcStanza[];
  problems: Problem[];
  remarks: Problem[];
}

/** The original's buffer of a line has 1024 bytes, with the final zero. */
const MAX_LINE_BYTES = 1_023;

/** Returns the stanzas of a file; a byte order mark is left out. */
export function parseRcFile(text: string, { file }: { file: string }): RcFile {
  const result: RcFile = { stanzas: [], problems: [], remarks: [] };
  const byName = new Map<string, RcStanza>();
  let stanza: RcStanza | undefined;
  for (const [index, raw] of text.replace(/^\uFEFF/, "").split(/\r?\n/).entries()) {
    if (/^[ \t\v\f\r]*(?:[#;]|$)/.test(raw)) continue;
    const line = index + 1;
    const add = (list: Problem[], message: string) => {
      if (list === result.problems && stanza !== undefined) stanza.isWrong = true;
      list.push({ file, line, message });
    };
    const header = /^[ \t\v\f\r]*\[([^\]]*)\]/.exec(raw);
    if (new TextEncoder().encode(raw).length > MAX_LINE_BYTES) {
      add(result.problems, `the line is too long: use at most ${MAX_LINE_BYTES} bytes`);
    } else if (header !== null) {
      stanza = openStanza(result.stanzas, byName, { name: header[1] ?? "", line });
    } else if (stanza === undefined) {
      add(result.remarks, "is before the first stanza, and is ignored, as in fwknop");
    } else {
      addEntry(raw, { stanza, line, result, add });
    }
  }
  return result;
}

function openStanza(
  stanzas: RcStanza[],
  byName: Map<string, RcStanza>,
  { name, line }: { name: string; line: number },
): RcStanza {
  const lower = name.toLowerCase();
  const present = byName.get(lower);
  if (present !== undefined) return present;
  const stanza = { name, line, entries: [], isWrong: false };
  byName.set(lower, stanza);
  stanzas.push(stanza);
  return stanza;
}

/** `sscanf(line, "%s %[^ ;\t\n\r#]")`, and then the name up to its last colon. */
function addEntry(
  raw: string,
  { stanza, line, result, add }: {
    stanza: RcStanza;
    line: number;
    result: RcFile;
    add: (list: Problem[], message: string) => void;
  },
): void {
  const [, word = "", value = "", rest = ""] =
    /^[ \t\v\f\r]*([^ \t\v\f\r]+)[ \t\v\f\r]+([^ ;\t\r#]+)(.*)$/s.exec(raw) ?? [];
  if (value === "") {
    add(result.problems, "the line has no value: write NAME value");
    return;
  }
  if (value === "=" || value === ":") {
    add(result.problems, `"${value}" is not a separator: write NAME value, or NAME: value`);
    return;
  }
  const colon = word.lastIndexOf(":");
  stanza.entries.push({ line, name: colon === -1 ? word : word.slice(0, colon), value });
  if (/[^ \t\v\f\r]/.test(rest.replace(/[;#].*$/s, ""))) {
    add(result.remarks, "the value ends at the first blank, as in fwknop: the rest is ignored");
  } else if (/^[;#]/.test(rest) && !/^[;#](?:\s|$)/.test(rest)) {
    add(result.remarks, `the value ends at the first "${rest[0]}", as in fwknop`);
  }
}
