/**
 * One-time sequences of knockd: the next one of a file, and the mark that it is spent.
 *
 * Rules:
 * - the mark is knockd's own, a `#` over the first byte of the line, and so a copy of the file on the server stays
 *   equal to ours;
 * - it is one byte in place, not a new file: nothing of it can be half written, the file keeps its owner and
 *   mode, and a knockd on the same machine, which has the file open, goes on with the same file;
 * - it is on the disk before the first packet leaves, and taken back where none left;
 * - runs take turns by the file's own lock, and so no two of them take the same sequence;
 * - what is wrong with the file is a secret that is not available: nothing is sent to its target.
 */
import { SecretError, SpknockError } from "../../core/errors.ts";
import type { Knock } from "../../core/knock.ts";
import { type OneTimeLine, readOneTimeFile, SPENT } from "../../core/knockd/one_time.ts";
import { expandHome, findHome } from "../../core/system/home.ts";
import { describeSystemError, findErrno } from "../../core/system_errors.ts";
import type { Target } from "../../core/target.ts";
import { plural, quoteShell, renderMode } from "../../core/text.ts";
import type { Ports } from "../ports.ts";
import type { SequencesLeft } from "../target_report.ts";

/** A file of sequences is small. */
const MAX_BYTES = 1_048_576;
const LOCK_WAIT_MS = 10_000;

/** What of the world is needed. */
type FilePorts = Pick<Ports, "fs" | "env" | "os">;

/** A sequence that was taken. */
export interface TakenSequence extends SequencesLeft {
  line: number;
  knocks: Knock[];
  /** Takes the mark back: for a sequence of which nothing was sent. */
  giveBack(): Promise<void>;
}

/** A target that has one-time sequences. */
export type OneTimeTarget = Pick<Target, "name"> & { oneTime: string };

/** Whether a target has one-time sequences. */
export function hasSequences<T extends Pick<Target, "oneTime" | "name">>(
  target: T,
): target is T & OneTimeTarget {
  return target.oneTime !== undefined;
}

/**
 * Takes the next sequence of a target's file, and marks it as spent.
 *
 * @throws {SecretError} where there is none; nothing was marked then.
 */
export async function takeSequence(
  target: OneTimeTarget,
  ports: FilePorts,
): Promise<TakenSequence> {
  const file = locateFile(target, ports);
  let taken: { next: OneTimeLine; left: number; former: number } | undefined;
  await patchFile(file, ports, (bytes) => {
    const [next, ...rest] = readSequences(bytes, file);
    if (next === undefined) throw explainNone({ target, file });
    taken = { next, left: rest.length, former: bytes[next.at] ?? SPENT };
    return { at: next.at, byte: SPENT };
  });
  if (taken === undefined) throw new TypeError("nothing was chosen");
  const { next: { at, line, knocks }, left, former } = taken;
  return {
    file,
    left,
    line,
    knocks: knocks.map((knock) => ({ ...knock, payload: { kind: "none" } })),
    giveBack: () =>
      patchFile(
        file,
        ports,
        (bytes) => bytes[at] === SPENT ? { at, byte: former } : undefined,
      ),
  };
}

/**
 * Returns how many sequences a target's file has left.
 *
 * @throws {SecretError} where the file cannot be used.
 */
async function countSequences(
  target: OneTimeTarget,
  ports: FilePorts,
): Promise<SequencesLeft> {
  const file = locateFile(target, ports);
  try {
    const bytes = await ports.fs.read(file, MAX_BYTES + 1, {
      check: (facts) => checkFacts(file, facts),
    });
    return { file, left: readSequences(bytes, file).length };
  } catch (cause) {
    throw explainFile(file, cause);
  }
}

/** What the file of a target has left; `left` is null where the file cannot be used. */
export interface SequencesState {
  file: string;
  left: number | null;
  error?: string;
}

/** Returns what the file of a target has left, without taking one; undefined where the target has none. */
export async function lookAtSequences(
  target: Pick<Target, "name" | "oneTime">,
  ports: FilePorts,
): Promise<SequencesState | undefined> {
  if (!hasSequences(target)) return undefined;
  try {
    return await countSequences(target, ports);
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    return { file: target.oneTime, left: null, error: error.message };
  }
}

/**
 * Requires that a target's file has a sequence left.
 *
 * @throws {SecretError} where it has none.
 */
export async function requireSequence(target: OneTimeTarget, ports: FilePorts): Promise<void> {
  const { file, left } = await countSequences(target, ports);
  if (left === 0) throw explainNone({ target, file });
}

function locateFile({ oneTime }: OneTimeTarget, ports: FilePorts): string {
  return expandHome(oneTime, findHome(ports));
}

async function patchFile(
  file: string,
  { fs }: FilePorts,
  choose: (bytes: Uint8Array) => { at: number; byte: number } | undefined,
): Promise<void> {
  let isFree = false;
  try {
    isFree = await fs.patch(file, {
      limit: MAX_BYTES + 1,
      waitMs: LOCK_WAIT_MS,
      choose(bytes, facts) {
        checkFacts(file, facts);
        return choose(bytes);
      },
    });
  } catch (cause) {
    throw explainFile(file, cause);
  }
  if (!isFree) {
    throw new SecretError(`${nameFile(file)} is in use by another spknock`, {
      hint: "end the other one, then try again",
    });
  }
}

function checkFacts(
  file: string,
  { isFile, mode }: { isFile: boolean; mode: number | null },
): void {
  if (!isFile) throw new SecretError(`${nameFile(file)} is not a regular file`);
  if (mode === null || (mode & 0o077) === 0) return;
  throw new SecretError(`${nameFile(file)} can be read by others (mode ${renderMode(mode)})`, {
    hint: `chmod 600 ${quoteShell(file)}`,
  });
}

function readSequences(bytes: Uint8Array, file: string): OneTimeLine[] {
  if (bytes.length > MAX_BYTES) {
    throw new SecretError(`${nameFile(file)} is larger than 1 MiB`, {
      hint: "is it the right file?",
    });
  }
  const { unspent, problems: [problem, ...more] } = readOneTimeFile(bytes);
  if (problem === undefined) return unspent;
  const others = more.length === 0
    ? ""
    : `; ${plural(more.length, "line")} more ${more.length === 1 ? "is" : "are"} wrong`;
  throw new SecretError(`${nameFile(file)}: line ${problem.line} ${problem.message}${others}`, {
    hint: "knockd goes out of step at such a line: correct it on both sides",
  });
}

function explainNone({ target, file }: { target: OneTimeTarget; file: string }): SecretError {
  return new SecretError(`no one-time sequence is left for "${target.name}" in "${file}"`, {
    hint: `make new ones, for both sides: spknock one-time generate --output NEW-FILE`,
  });
}

function explainFile(file: string, cause: unknown): SpknockError {
  if (cause instanceof SpknockError) return cause;
  const isMissing = cause instanceof Deno.errors.NotFound || findErrno(cause) === "ENOENT";
  const why = isMissing ? "there is no such file" : describeSystemError(cause);
  return new SecretError(`${nameFile(file)} cannot be used: ${why}`, {
    cause,
    hint: isMissing
      ? "copy the server's file here, or make one for both: spknock one-time generate --output NEW-FILE"
      : undefined,
  });
}

function nameFile(file: string): string {
  return `the one-time sequences "${file}"`;
}
