/**
 * Collects every payload before the first packet leaves.
 *
 * Rules: first every source that is not a prompt is asked, once, however many knocks name it, and many
 * at a time; of commands with the same program one runs alone first, since it may ask for the
 * passphrase that unlocks the others (gpg-agent, a keyring). Then come the prompts, one after the
 * other, in the order of targets and knocks, `prompt = "once"` once a target; a target whose other
 * sources failed is not asked for. A failure belongs to its request: the others go on.
 * `--secrets-from` replaces the source of every secret knock: one line each, in order, neither more nor
 * fewer (one empty line at the end is the end of the file). `-` on a terminal, which would show what is
 * typed, is a prompt for each.
 */
import { SecretError } from "../core/errors.ts";
import { type Knock, renderPortSpec, type SecretSource } from "../core/knock.ts";
import { mapPool } from "../core/pool.ts";
import { parseKey } from "../core/rolling.ts";
import { plural } from "../core/text.ts";
import { obtainPayload, readPrivateFile, type SecretPorts } from "./kinds.ts";
import { hashPassphrase } from "./payload.ts";
import { dropMark, requireText, splitLines } from "./text.ts";

/** What is collected of a secret: its payload, the text of a key of one-time codes, or any key's text. */
type SecretReading = "payload" | "code_key" | "key_text";

/** Knocks whose secrets are collected. */
export interface SecretRequest {
  /** For the prompt. */
  name: string;
  knocks: readonly Knock[];
  /** `payload` where undefined. */
  reads?: SecretReading | undefined;
  /** What a prompt says, one a knock, where the name and the knock would not do. */
  questions?: readonly string[] | undefined;
  /** Throws a SecretError if what was collected cannot be used. */
  check?: ((collected: readonly Uint8Array[]) => void) | undefined;
}

/** How secrets are collected. */
export interface CollectOptions {
  /** A path, or `-` for standard input; it replaces every source. */
  secretsFrom?: string | undefined;
  /** Whether empty passphrases are meant. */
  allowEmpty?: boolean | undefined;
  /** Makes the payload of a passphrase; `hashPassphrase` where undefined. */
  hash?: typeof hashPassphrase | undefined;
  /** Sources that are asked at a time; {@linkcode DEFAULT_JOBS} where undefined. */
  jobs?: number | undefined;
  /** Called after each source that is not a prompt, with how many of them are done. */
  onFetched?: ((done: number, total: number) => void) | undefined;
}

/** Why a request has no payloads. */
export interface SecretFailure {
  /** The first of its knocks whose secret is not available. */
  knock: Knock;
  error: SecretError;
}

const DEFAULT_JOBS = 32;

/**
 * Collects one payload a knock for each request, in order.
 *
 * @throws {SecretError} if one cannot be obtained; CancelledError from a prompt.
 */
export async function collectPayloads(
  requests: readonly SecretRequest[],
  ports: SecretPorts,
  options: CollectOptions = {},
): Promise<Uint8Array[][]> {
  const collected = await collectEach(requests, ports, options);
  return collected.map((each) => {
    if (Array.isArray(each)) return each;
    throw each.error;
  });
}

/**
 * As {@linkcode collectPayloads}, with a failure in the place of a request that has one.
 *
 * @throws {SecretError} if the lines of `secretsFrom` do not fit; CancelledError from a prompt.
 */
export async function collectEach(
  requests: readonly SecretRequest[],
  ports: SecretPorts,
  options: CollectOptions = {},
): Promise<(Uint8Array[] | SecretFailure)[]> {
  const { secretsFrom, allowEmpty = false, hash = hashPassphrase } = options;
  const isTyped = secretsFrom === "-" && ports.isStdinTerminal();
  const lines = secretsFrom === undefined || isTyped
    ? undefined
    : await readLines(secretsFrom, { ports, allowEmpty, count: countSecrets(requests) });
  const known: Map<string, Uint8Array | SecretError> = secretsFrom === undefined
    ? await fetchSources(requests, ports, options)
    : new Map();
  const all: (Uint8Array[] | SecretFailure)[] = [];
  for (const request of requests) {
    const broken = request.knocks.flatMap((knock) => {
      const error = findKnown(knock, request);
      return error instanceof SecretError ? [{ knock, error }] : [];
    });
    all.push(broken[0] ?? await collectOne(request));
  }
  return all;

  async function collectOne(
    request: SecretRequest,
  ): Promise<Uint8Array[] | SecretFailure> {
    const payloads: Uint8Array[] = [];
    for (const [index, knock] of request.knocks.entries()) {
      const payload = await settle(() => obtain(knock, request, index));
      if (payload instanceof SecretError) return { knock, error: payload };
      payloads.push(payload);
    }
    const [knock] = request.knocks;
    const { check } = request;
    if (check === undefined || knock === undefined) return payloads;
    const error = await settle(() => check(payloads));
    return error instanceof SecretError ? { knock, error } : payloads;
  }

  async function obtain(
    knock: Knock,
    request: SecretRequest,
    index: number,
  ): Promise<Uint8Array> {
    const { payload } = knock;
    const { name, reads = "payload" } = request;
    const convert = chooseReader(reads, hash);
    if (payload.kind === "none") return new Uint8Array();
    if (payload.kind === "bytes") return payload.bytes;
    const line = lines?.shift();
    if (line !== undefined) return await convert(line);
    const before = findKnown(knock, request);
    if (before instanceof Uint8Array) return before;
    const source: SecretSource = isTyped ? { kind: "prompt" } : payload.source;
    const isOnce = source.kind === "prompt" && source.mode === "once";
    const what = reads === "payload" ? "Passphrase" : "Key";
    const message = request.questions?.[index] ??
      `${what} for ${name}${isOnce ? "" : ` (${renderPortSpec(knock)})`}`;
    const fresh = await obtainPayload(source, ports, {
      message,
      // An empty key is refused as one that is none.
      allowEmpty: allowEmpty || reads !== "payload",
      hash: convert,
    });
    if (isOnce) known.set(nameSource(source, request), fresh);
    return fresh;
  }

  function findKnown(
    { payload }: Knock,
    request: SecretRequest,
  ): Uint8Array | SecretError | undefined {
    return payload.kind === "secret" && !isTyped
      ? known.get(nameSource(payload.source, request))
      : undefined;
  }
}

/** Asks every source but the prompts; the results are by {@linkcode nameSource}. */
async function fetchSources(
  requests: readonly SecretRequest[],
  ports: SecretPorts,
  { allowEmpty = false, hash = hashPassphrase, jobs = DEFAULT_JOBS, onFetched }: CollectOptions,
): Promise<Map<string, Uint8Array | SecretError>> {
  const sources = new Map<string, { source: SecretSource; reads: SecretReading }>();
  for (const request of requests) {
    const { knocks, reads = "payload" } = request;
    for (const { payload } of knocks) {
      if (payload.kind !== "secret" || payload.source.kind === "prompt") continue;
      sources.set(nameSource(payload.source, request), { source: payload.source, reads });
    }
  }
  type Entry = [string, { source: SecretSource; reads: SecretReading }];
  const results = new Map<string, Uint8Array | SecretError>();
  const fetch = async ([name, { source, reads }]: Entry) => {
    const options = {
      message: "",
      allowEmpty: allowEmpty || reads !== "payload",
      hash: chooseReader(reads, hash),
    };
    results.set(name, await settle(() => obtainPayload(source, ports, options)));
    onFetched?.(results.size, sources.size);
  };
  const programs = new Set<string>();
  const isFirst = ([, { source }]: Entry) => {
    const [program = ""] = source.kind === "command" ? source.command : [];
    return source.kind === "command" && !programs.has(program) && programs.add(program);
  };
  const { first = [], others = [] } = Object.groupBy(
    sources,
    (entry) => isFirst(entry) ? "first" : "others",
  );
  for (const entry of first) await fetch(entry);
  await mapPool(others, jobs, { work: fetch });
  return results;
}

/** A secret that is not available is a result; anything else that is thrown goes on. */
async function settle<T>(obtain: () => Promise<T> | T): Promise<T | SecretError> {
  try {
    return await obtain();
  } catch (error) {
    if (error instanceof SecretError) return error;
    throw error;
  }
}

/** Returns what knocks of the same payload have in common; a prompt is of one request, by its name. */
function nameSource(source: SecretSource, { name, reads = "payload" }: SecretRequest): string {
  return JSON.stringify(source.kind === "prompt" ? [source, reads, name] : [source, reads]);
}

/** Returns what makes the bytes that are collected of a text. */
function chooseReader(reads: SecretReading, hash: typeof hashPassphrase): typeof hashPassphrase {
  if (reads === "payload") return hash;
  return reads === "code_key" ? readKey : (text) =>
    Promise.resolve(
      typeof text === "string" ? new TextEncoder().encode(text) : Uint8Array.from(text),
    );
}

/** Returns the text of a key as it is hashed for a code; no error repeats it. */
function readKey(text: string | Uint8Array): Promise<Uint8Array> {
  const key = typeof text === "string" ? text : new TextDecoder().decode(text);
  try {
    return Promise.resolve(new TextEncoder().encode(parseKey(key)));
  } catch {
    return Promise.reject(
      new SecretError(
        "the secret is not the key of one-time codes: it has to be 32 bytes in base64",
        {
          hint: "look at its file: spknock doctor TARGET; a new key: spknock rolling rotate TARGET",
        },
      ),
    );
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
  { secretsFrom, allowEmpty = false }: { secretsFrom: string; allowEmpty?: boolean | undefined },
): Promise<void> {
  await readLines(secretsFrom, { ports, allowEmpty, count: countSecrets(requests) });
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
  // Where no such file is, its name can be a passphrase.
  const subject = "the file of --secrets-from";
  const bytes = from === "-"
    ? await ports.readStdin()
    : await readPrivateFile(from, ports, subject);
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
