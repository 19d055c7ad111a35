/**
 * Collects every payload before the first packet leaves.
 *
 * Rules: sources are asked one after the other, in the order of targets and knocks; a source other
 * than a prompt is asked once, however many knocks name it. `--secrets-from` replaces the source of
 * every secret knock: one line each, in order, neither more nor fewer (one empty line at the end is
 * the end of the file).
 */
import { SecretError } from "../core/errors.ts";
import { type Knock, renderPortSpec } from "../core/knock.ts";
import { plural } from "../core/text.ts";
import { obtainPayload, readPrivateFile, type SecretPorts } from "./kinds.ts";
import { hashPassphrase } from "./payload.ts";

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
  { secretsFrom, hash = hashPassphrase }: CollectOptions = {},
): Promise<Uint8Array[][]> {
  const lines = secretsFrom === undefined
    ? undefined
    : await readLines(secretsFrom, { ports, count: countSecrets(requests) });
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
    const key = payload.source.kind === "prompt" ? undefined : JSON.stringify(payload.source);
    const before = key === undefined ? undefined : known.get(key);
    if (before !== undefined) return before;
    const message = `Passphrase for ${name} (${renderPortSpec(knock)})`;
    const fresh = await obtainPayload(payload.source, ports, { message, hash });
    if (key !== undefined) known.set(key, fresh);
    return fresh;
  }
}

/**
 * Looks at the file of `--secrets-from`: it exists, is private, and has a line for each secret knock.
 *
 * @throws {SecretError} if not.
 */
export async function checkSecretsFile(
  requests: readonly SecretRequest[],
  ports: SecretPorts,
  file: string,
): Promise<void> {
  await readLines(file, { ports, count: countSecrets(requests) });
}

/** Returns how many knocks carry a secret. */
function countSecrets(requests: readonly SecretRequest[]): number {
  return requests.flatMap(({ knocks }) => knocks)
    .filter(({ payload }) => payload.kind === "secret").length;
}

async function readLines(
  from: string,
  { ports, count }: { ports: SecretPorts; count: number },
): Promise<Uint8Array[]> {
  const bytes = from === "-" ? await ports.readStdin() : await readPrivateFile(from, ports);
  const lines = splitLines(bytes);
  if (lines.length !== count) {
    const place = from === "-" ? "standard input" : `"${from}"`;
    throw new SecretError(
      `${place} has ${plural(lines.length, "line")}, but ` +
        `${plural(count, "secret knock needs", "secret knocks need")} one each`,
      { hint: "one passphrase a line, in the order of the knocks" },
    );
  }
  return lines;
}

/** Splits at LF or CRLF; the last line need not end. */
function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(0x0a, start);
    const stop = end < 0 ? bytes.length : end;
    const line = bytes.subarray(start, stop);
    lines.push(line.at(-1) === 0x0d ? line.subarray(0, -1) : line);
    start = stop + 1;
  }
  return lines;
}
