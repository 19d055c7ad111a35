/** Every payload of every target, before the first packet is sent. */
import { mayChangeMode } from "../config/files.ts";
import { SecretError } from "../core/errors.ts";
import { renderPortSpec } from "../core/knock.ts";
import { findHome } from "../core/system/home.ts";
import type { Target } from "../core/target.ts";
import {
  checkSecretsFile,
  collectEach,
  type CollectOptions,
  collectPayloads,
  type SecretFailure,
  type SecretRequest,
} from "../secret/collect.ts";
import { MAX_SECRET_BYTES, type SecretPorts } from "../secret/kinds.ts";
import { isResolved, type Resolution } from "./batch.ts";
import type { Payloads } from "../knock/until_open.ts";
import { toPayloads, toSecretRequest } from "./rolling/rolling_codes.ts";
import type { Ports } from "./ports.ts";
import { toFailedReport } from "./target_report.ts";

/** How long a secret's command may take: enough to type the passphrase of a password manager. */
const COMMAND_TIMEOUT_MS = 300_000;

/** How secrets are asked for and hashed. */
export interface CollectSecretsOptions extends CollectOptions {
  /** Asks for a typed passphrase. */
  ask: SecretPorts["ask"];
}

/**
 * Returns one payload a knock for each target, in order.
 *
 * @throws {SecretError} if one is not available; CancelledError from a prompt.
 */
export function collectSecrets(
  targets: readonly SecretRequest[],
  ports: Ports,
  { ask, ...options }: CollectSecretsOptions,
): Promise<Uint8Array[][]> {
  return collectPayloads(targets, { ...toSecretPorts(ports), ask }, options);
}

/** The payloads of a target's knocks, and of those of its close table. */
interface SequencePayloads {
  /** Of a target with one-time codes the last one is its key, and after it the former one. */
  opening: Uint8Array[];
  closing: Uint8Array[];
}

/** Returns the payloads of each target's knocks, and of those of its close table, as above. */
export async function collectAllSequences(
  targets: readonly Pick<Target, "name" | "knocks" | "close" | "rolling" | "fwknop">[],
  ports: Ports,
  options: CollectSecretsOptions,
): Promise<SequencePayloads[]> {
  const isListed = options.secretsFrom !== undefined;
  const requests = targets.flatMap((target) => [
    toSecretRequest(target, { isListed }),
    { name: `closing ${target.name}`, knocks: target.close ?? [] },
  ]);
  const collected = await collectSecrets(requests, ports, options);
  return targets.map((_, index) => ({
    opening: collected[2 * index] ?? [],
    closing: collected[2 * index + 1] ?? [],
  }));
}

/** Returns the payloads of one target's sequences, as above. */
export async function collectSequences(
  target: Pick<Target, "name" | "knocks" | "close" | "rolling" | "fwknop">,
  ports: Ports,
  options: CollectSecretsOptions,
): Promise<SequencePayloads> {
  const [payloads = { opening: [], closing: [] }] = await collectAllSequences(
    [target],
    ports,
    options,
  );
  return payloads;
}

/** Targets with their payloads, in the same order. */
interface CollectedBatch {
  /** Those that have no secret are reports now. */
  resolutions: readonly Resolution[];
  /** Of each target; none for a report. */
  payloads: readonly Payloads[];
}

/**
 * Collects for many targets: one whose secret is not available becomes a report, and the others go
 * on. Nothing is asked for a target without an address; with `secretsFrom` it has its lines all the
 * same.
 *
 * @throws {SecretError} if the only target has none, or the lines do not fit; CancelledError.
 */
export async function collectForTargets(
  resolutions: readonly Resolution[],
  ports: Ports,
  { ask, ...options }: CollectSecretsOptions,
): Promise<CollectedBatch> {
  if (!resolutions.some(isResolved)) return { resolutions, payloads: [] };
  const requests = resolutions.map((resolution): SecretRequest => {
    const isListed = options.secretsFrom !== undefined;
    const request = toSecretRequest(resolution.target, { isListed });
    return isResolved(resolution) || isListed ? request : { ...request, knocks: [] };
  });
  const collected = await collectEach(requests, { ...toSecretPorts(ports), ask }, options);
  const payloads = resolutions.map(({ target }, index) => {
    const each = collected[index];
    return toPayloads(target, Array.isArray(each) ? each : [], ports);
  });
  const checked = resolutions.map((resolution, index) => {
    const failure = collected[index];
    if (failure === undefined || Array.isArray(failure) || !isResolved(resolution)) {
      return resolution;
    }
    ports.signal.throwIfAborted();
    if (resolutions.length === 1) throw failure.error;
    return toFailedReport(resolution, nameKnock(failure));
  });
  return { resolutions: checked, payloads };
}

/** The error of one of many targets, with the knock whose secret it is about. */
function nameKnock({ knock, error }: SecretFailure): SecretError {
  const { message, hint, cause } = error;
  return new SecretError(`knock ${renderPortSpec(knock)}: ${message}`, { hint, cause });
}

/**
 * Looks at the file of `--secrets-from` without using it; standard input is left alone.
 *
 * @throws {SecretError} if it cannot be used.
 */
export async function checkSecretsFrom(
  targets: readonly SecretRequest[],
  ports: Ports,
  { secretsFrom, allowEmpty }: {
    secretsFrom?: string | undefined;
    allowEmpty?: boolean | undefined;
  },
): Promise<void> {
  if (secretsFrom === undefined || secretsFrom === "-") return;
  const ask = () => Promise.reject(new TypeError("a file is not asked"));
  await checkSecretsFile(targets, { ...toSecretPorts(ports), ask }, { secretsFrom, allowEmpty });
}

function toSecretPorts(ports: Ports): Omit<SecretPorts, "ask"> {
  return {
    env(name) {
      ports.hideEnv(name);
      return ports.env(name);
    },
    home: findHome(ports),
    readFile: (path) => ports.fs.read(path, MAX_SECRET_BYTES + 1),
    fileMode: ports.fileMode,
    async canChangeMode(path) {
      const { uid } = await ports.fs.stat(path);
      // Where writing is refused to root, or to the owner, the file system is read-only.
      return mayChangeMode(uid, ports.fs) ? await ports.fs.canWrite(path) : false;
    },
    isStdinTerminal: ports.stdin.isTerminal,
    readStdin: ports.stdin.readAll,
    run: (command) => runSecretProgram(command, ports),
  };
}

/** Runs a program that gives a passphrase, and may ask for another one. */
export async function runSecretProgram(
  command: readonly string[],
  { runProgram, signal }: Pick<Ports, "runProgram" | "signal">,
): Promise<
  { code: number | undefined; stdout: Uint8Array; stderr: string; isTooLong?: boolean | undefined }
> {
  signal.throwIfAborted();
  const { code, stdout, bytes, stderr, isTooLong } = await runProgram(command, {
    timeoutMs: COMMAND_TIMEOUT_MS,
    signal,
    interactive: true,
    isShort: true,
    asBytes: true,
  });
  return { code, stdout: bytes ?? new TextEncoder().encode(stdout), stderr, isTooLong };
}
