/**
 * Collects every payload before the first packet leaves.
 *
 * Rules: sources are asked one after the other, in the order of targets and knocks; a source other
 * than a prompt is asked once, however many knocks name it, and `prompt = "once"` once a target.
 * `--secrets-from` replaces the source of every secret knock: one line each, in order, neither more nor
 * fewer (one empty line at the end is the end of the file). `-` on a terminal, which would show what is
 * typed, is a prompt for each.
 */
import { SecretError } from "../core/errors.ts";
import { type Knock, renderPortSpec, type SecretSource } from "../core/knock.ts";
import { plural } from "../core/text.ts";
import { obtainPayload, readPrivateFile, type SecretPorts } from "./kinds.ts";
import { hashPassphrase } from "./payload.ts";
import { dropMark, requireText, splitLines } from "./text.ts";

/** Knocks whose secrets are collected. */
export interface SecretRequest {
  /** For the prompt. */
  name: string;
  knocks: readonly Knock[];
}

/** How secrets are collected. */
export interface CollectOptions {
  /** A path, or `-` for standard input; it replaces every source. */
  secretsFrom?: string | undefined;
  /** Whether empty passphrases are meant. */
  allowEmpty?: boolean | undefined;
  /** Makes the payload of a passphrase; `hashPassphrase` where undefined. */
  hash?: typeof hashPassphrase | undefined;
}

/**
 * Collects one payload a knock for each request, in order.
 *
 * @throws {SecretError} if one cannot be obtained; CancelledError from a prompt.
 */
export async function collectPayloads(
  requests: readonly SecretRequest[],
  ports: SecretPorts,
  { secretsFrom, allowEmpty = false, hash = hashPassphrase }: CollectOptions = {},
): Promise<Uint8Array[][]> {
  const isTyped = secretsFrom === "-" && ports.isStdinTerminal();
  const lines = secretsFrom === undefined || isTyped
    ? undefined
    : await readLines(secretsFrom, { ports, allowEmpty, count: countSecrets(requests) });
  const known = new Map<string, Uint8Array>();
  const all: Uint8Array[][] = [];
  for (const { name, knocks } of requests) {
    const payloads: Uint8Array[] = [];
    for (const knock of knocks) payloads.push(await obtain(knock, name));
    all.push(payloads);
  }
  return all;

  async function obtain(knock: Knock, name: string): Promise<Uint8Array> {
    const { payload } = knock;
    if (payload.kind === "none") return new Uint8Array();
    if (payload.kind === "bytes") return payload.bytes;
    const line = lines?.shift();
    if (line !== undefined) return await hash(line);
    const source: SecretSource = isTyped ? { kind: "prompt" } : payload.source;
    const isOnce = source.kind === "prompt" && source.mode === "once";
    const key = makeKey(source, name);
    const before = key === undefined ? undefined : known.get(key);
    if (before !== undefined) return before;
    const message = `Passphrase for ${name}${isOnce ? "" : ` (${renderPortSpec(knock)})`}`;
    const fresh = await obtainPayload(source, ports, { message, allowEmpty, hash });
    if (key !== undefined) known.set(key, fresh);
    return fresh;
  }
}

/** Returns what knocks of the same passphrase have in common; undefined where each has its own. */
function makeKey(source: SecretSource, name: string): string | undefined {
  if (source.kind !== "prompt") return JSON.stringify(source);
  return source.mode === "once" ? `${name}\0` : undefined;
}

/** Returns how many knocks carry a secret. */
function countSecrets(requests: readonly SecretRequest[]): number {
  return requests.flatMap(({ knocks }) => knocks)
    .filter(({ payload }) => payload.kind === "secret").length;
}

async function readLines(
  from: string,
  { ports, allowEmpty, count }: { ports: SecretPorts; allowEmpty: boolean; count: number },
): Promise<Uint8Array[]> {
  const bytes = from === "-" ? await ports.readStdin() : await readPrivateFile(from, ports);
  const place = from === "-" ? "standard input" : `"${from}"`;
  // Files that were joined have a byte order mark each.
  const lines = splitLines(dropMark(bytes, place)).map((line) => dropMark(line, place));
  if (lines.length !== count) {
    throw new SecretError(
      `${place} has ${plural(lines.length, "line")}, but ` +
        `${plural(count, "secret knock needs", "secret knocks need")} one each`,
      { hint: "one passphrase a line, in the order of the knocks" },
    );
  }
  for (const [index, line] of lines.entries()) {
    requireText(line, { subject: `line ${index + 1} of ${place}`, allowEmpty });
  }
  return lines;
}
