/**
 * A sequence as knockd writes it: `7000,8000:udp,9000:tcp`, in knockd.conf and in files of one-time sequences.
 *
 * Rules (knockd 0.8, `parse_port_sequence`):
 * - commas separate the knocks, at most 32; a port without a protocol is tcp; the protocol in either case;
 * - white space is allowed around ports and protocols;
 * - what knockd takes for another port than it looks (`atoi`: a name is 0, `70x` is 70) is refused here.
 * No message repeats the text: a passphrase can be in it by mistake.
 */
import type { Protocol } from "../knock.ts";
import { ValueError } from "../errors.ts";
import { renderOrdinal } from "../text.ts";

/** The longest sequence (`SEQ_MAX`). */
export const MAX_SEQUENCE = 32;

/** A knock of a sequence: knockd compares nothing else of a packet. */
export interface SequencePort {
  /** 1..65535 */
  port: number;
  protocol: Protocol;
}

/**
 * Returns the knocks of a sequence.
 *
 * @throws {ValueError} with what is allowed; its `problem` does not repeat the text.
 */
export function parseSequence(text: string): SequencePort[] {
  const parts = text.split(",");
  if (parts.length > MAX_SEQUENCE) {
    throw new ValueError(text, `has ${parts.length} knocks: knockd takes at most ${MAX_SEQUENCE}`);
  }
  return parts.map((part, index) => parseKnock(part, { text, place: renderOrdinal(index + 1) }));
}

function parseKnock(part: string, { text, place }: { text: string; place: string }): SequencePort {
  const [portText = "", protocol = "tcp", ...rest] = part.split(":").map((each) => each.trim());
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : NaN;
  if (!(port >= 1 && port <= 65535)) {
    throw new ValueError(
      text,
      `is not a sequence: the ${place} port is not a whole number from 1 to 65535` +
        (/^[a-z]/i.test(portText) ? ", and knockd reads a name as 0" : ""),
    );
  }
  const lower = protocol.toLowerCase();
  if (rest.length === 0 && (lower === "tcp" || lower === "udp")) return { port, protocol: lower };
  throw new ValueError(
    text,
    `is not a sequence: the ${place} protocol is neither tcp nor udp, such as 7000:udp`,
  );
}

/** Returns the sequence as knockd reads it. */
export function renderSequence(knocks: readonly SequencePort[]): string {
  return knocks.map(({ port, protocol }) => `${port}:${protocol}`).join(",");
}

/** Removes the white space that C knows (`isspace`) from both ends; a regular expression would be slow with much of it. */
export function trimSpace(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
