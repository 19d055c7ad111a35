/** Every payload of every target, before the first packet is sent. */
import {
  checkSecretsFile,
  type CollectOptions,
  collectPayloads,
  type SecretRequest,
} from "../secret/collect.ts";
import type { SecretPorts } from "../secret/kinds.ts";
import type { Ports } from "./ports.ts";

/** How long a secret's command may take: enough to type the passphrase of a password manager. */
const COMMAND_TIMEOUT_MS = 300_000;

/** A file of passphrases is small; a device has no end. */
const MAX_SECRET_BYTES = 1_048_576;

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

/**
 * Looks at the file of `--secrets-from` without using it; standard input is left alone.
 *
 * @throws {SecretError} if it cannot be used.
 */
export async function checkSecretsFrom(
  targets: readonly SecretRequest[],
  ports: Ports,
  secretsFrom: string | undefined,
): Promise<void> {
  if (secretsFrom === undefined || secretsFrom === "-") return;
  const ask = () => Promise.reject(new TypeError("a file is not asked"));
  await checkSecretsFile(targets, { ...toSecretPorts(ports), ask }, secretsFrom);
}

function toSecretPorts(ports: Ports): Omit<SecretPorts, "ask"> {
  return {
    env(name) {
      ports.hideEnv(name);
      return ports.env(name);
    },
    home: ports.env("HOME") ?? ports.env("USERPROFILE"),
    readFile: (path) => ports.fs.read(path, MAX_SECRET_BYTES),
    fileMode: ports.fileMode,
    readStdin: ports.stdin.readAll,
    async run(command) {
      const { code, stdout, stderr } = await ports.runProgram(command, {
        timeoutMs: COMMAND_TIMEOUT_MS,
        signal: ports.signal,
        interactive: true,
      });
      return { code, stdout: new TextEncoder().encode(stdout), stderr };
    },
  };
}
