/**
 * Command lines of other tools, and whole histories of a shell, for `import`: they are read, never run.
 *
 * Rules: each line is a target of its own; the same host and sequence twice is one target; lines that do not
 * knock are counted in one remark; a line that knocks in a way that a target cannot express is a problem. No
 * message repeats text of a line: a secret can be in it.
 */
import type { Problem } from "../../core/errors.ts";
import { renderPortSpec } from "../../core/knock.ts";
import { plural } from "../../core/text.ts";
import type { TargetDraft } from "../target/keys.ts";
import type { ImportReader } from "./reader.ts";
import { listShellLines } from "./shell/lines.ts";
import type { ShellSequence } from "./shell/sequences.ts";
import { NotAKnock } from "./shell/tool.ts";

const TOOL = String.raw`(?:knock|nmap|nc|ncat|netcat|hping3?)\s+[^\s=]`;

/** A command of one of the tools, at the begin of a line or of a command in it; no two tries read the same part. */
const COMMAND = new RegExp(
  String
    .raw`(?:^|[;&|(]|\bdo\s)\s*(?:(?:sudo|doas)\s+|timeout\s+[^\s;&|(]+\s+)*(?:/[^\s;&|(]*/)?${TOOL}|[>]\s*/dev/(?:udp|tcp)/`,
);

/** Reads command lines. */
export const reader: ImportReader = {
  isLikely: (text) =>
    listShellLines(text).some(({ text }) => /^[a-z:./({[]/i.test(text) && COMMAND.test(text)),
  async parse(text, { file, makeName }) {
    // With the parser of bash.
    const { readLine } = await import("./shell/read_line.ts");
    const lines = listShellLines(text);
    const problems: Problem[] = [];
    const remarks: Problem[] = [];
    const drafts = new Map<string, ShellSequence>();
    const others: Problem[] = [];
    for (const { line, text } of lines) {
      try {
        const { sequences, other } = readLine(text);
        if (sequences.length === 0) others.push({ file, line, message: describeOther(other) });
        for (const sequence of sequences) {
          const key = identify(sequence);
          if (drafts.has(key)) continue;
          drafts.set(key, sequence);
          if (sequence.remark !== undefined) remarks.push({ file, line, message: sequence.remark });
        }
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        if (error instanceof NotAKnock) {
          others.push({ file, line, message: describeOther(error.message) });
        } else problems.push({ file, line, message: error.message });
      }
    }
    if (lines.length === 1) problems.push(...others);
    else if (others.length > 0) {
      remarks.push({
        file,
        message: `${plural(others.length, "line")} ${
          others.length === 1 ? "is not a knock and was" : "are not knocks and were"
        } left out`,
      });
    }
    const targets = [...drafts.values()].map((sequence) => toDraft(sequence, makeName));
    return { targets, problems, remarks };
  },
};

function describeOther(other: string | undefined): string {
  return `not a knock: ${other ?? "use knock, nmap, nc, hping3 or ping"}`;
}

/** Two lines with the same host and sequence are the same door. */
function identify({ host, knocks }: ShellSequence): string {
  const parts = knocks.map((knock) => {
    const { payload } = knock;
    const bytes = payload.kind === "bytes" ? payload.bytes.toHex() : JSON.stringify(payload);
    return `${renderPortSpec(knock)} ${bytes}`;
  });
  return [host.toLowerCase(), ...parts].join("\n");
}

function toDraft(
  { host, knocks, delayMs, family, source, opens }: ShellSequence,
  makeName: (text: string) => string,
): TargetDraft {
  return {
    name: makeName(host),
    host,
    knocks,
    // A copy is a wrong knock to knockd, which most of these lines are for.
    copies: 1,
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(family === undefined ? {} : { family }),
    ...(source === undefined ? {} : { source }),
    ...(opens === undefined ? {} : { opens: [{ protocol: "tcp", port: opens }] }),
  };
}
