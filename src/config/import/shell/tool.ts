/** What the readers of the tools' command lines have in common. */
import { parseDuration } from "../../../core/duration.ts";
import { ValueError } from "../../../core/errors.ts";
import { type Knock, type KnockPayload, parsePort } from "../../../core/knock.ts";
import { isAddress } from "../../../core/address/syntax.ts";
import { HASH_PLACEHOLDER, isPlaceholder } from "../../../core/placeholder.ts";
import { type Family, parseHost } from "../../../core/target.ts";
import { recognizePayload } from "../payload.ts";

/** What a command reads on its standard input; `unknown` where only running it would show that. */
export type ShellInput = Uint8Array | "unknown" | undefined;

/** A command, as the shell would start it. */
interface ShellCall {
  /** The arguments, without the program. */
  args: readonly string[];
  input: ShellInput;
}

/** The knocks that a command sends. */
export interface ShellKnocks {
  host: string;
  /** At least one. */
  knocks: readonly Knock[];
  /** Milliseconds between two knocks, where the command says so. */
  delayMs?: number | undefined;
  family?: Family | undefined;
  source?: string | undefined;
  /** What is read otherwise than it looks. */
  remark?: string | undefined;
}

/** What reads the command line of one tool. */
export interface ShellTool {
  /**
   * Returns the knocks.
   *
   * @throws {NotAKnock} where the command does something else.
   * @throws {RangeError} where it knocks in a way that a target cannot express; no text of it is repeated.
   */
  read(call: ShellCall): ShellKnocks;
}

/** A command that does something else: a scan, a connection, a server. */
export class NotAKnock extends RangeError {
  override name = "NotAKnock";
}

/** The value of a variable that is not known; no word of a shell can have it. */
export const UNKNOWN = "\0";

/** Runs a parser, whose errors then name the place instead of the text. */
export function readAt<Value>(place: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new RangeError(`${place} ${error.problem}`);
  }
}

/** Reads the host of a command, without a user or a network. */
export function readShellHost(text: string | undefined): string {
  if (text === undefined) throw new NotAKnock("the command has no host");
  return readAt("the host", () => parseHost(text));
}

/** Reads one port. */
export function readShellPort(text: string): number {
  return readAt("a port", () => parsePort(text));
}

/** Reads `7000` or `7000-7002`, from low to high. */
export function readShellRange(text: string): number[] {
  const [low = "", high = low, ...rest] = text.split("-");
  if (rest.length > 0) throw new RangeError("a range of ports has more than two ends");
  const [first, last] = [readShellPort(low), readShellPort(high)];
  if (first > last) throw new RangeError("a range of ports has its higher end first");
  if (last - first >= MAX_KNOCKS) throw new NotAKnock("the command scans a range of ports");
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** More ports than this are a scan. */
const MAX_KNOCKS = 32;

/**
 * Returns the payload that bytes are: 64 lowercase hex digits are a hash, its placeholder a passphrase.
 *
 * @throws {RangeError} where they are the placeholder of another payload.
 */
export function readPayload(bytes: Uint8Array | undefined): KnockPayload {
  if (bytes === undefined || bytes.length === 0) return { kind: "none" };
  const text = new TextDecoder("latin1").decode(bytes);
  if (text === HASH_PLACEHOLDER) return { kind: "secret", source: { kind: "prompt" } };
  if (isPlaceholder(text)) {
    throw new RangeError(
      "the payload is a placeholder: put in what the line's author has told you",
    );
  }
  // One zero byte is what tools send that cannot send an empty datagram.
  return text === "\0" ? { kind: "none" } : recognizePayload(bytes);
}

/** Reads seconds, or a number with a unit, as milliseconds. */
export function readSeconds(text: string): number {
  return readAt(
    "a time",
    () => parseDuration(/^[\d.]+$/.test(text) ? `${text.replace(/^\./, "0.")}s` : text),
  );
}

/** Returns the family of a tool that takes IPv4 unless it is told otherwise. */
export function findToolFamily(host: string, isIpv6: boolean): Family | undefined {
  if (isAddress(host)) return undefined;
  return isIpv6 ? "ipv6" : "ipv4";
}
