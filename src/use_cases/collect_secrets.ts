/** Every payload of every target, before the first packet is sent. */
import { type CollectOptions, collectPayloads, type SecretRequest } from "../secret/collect.ts";
import { MAX_SECRET_BYTES, type SecretPorts } from "../secret/kinds.ts";
import type { Ports } from "./ports.ts";

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

function toSecretPorts(ports: Ports): Omit<SecretPorts, "ask"> {
  return {
    env(name) {
      ports.hideEnv(name);
      return ports.env(name);
    },
    home: ports.env("HOME") ?? ports.env("USERPROFILE"),
    readFile: (path) => ports.fs.read(path, MAX_SECRET_BYTES + 1),
    fileMode: ports.fileMode,
    async canChangeMode(path) {
      const { uid } = await ports.fs.stat(path);
      const own = ports.fs.ownUid();
      const isOurs = own === undefined || own === 0 || own === uid;
      // Where writing is refused to root, or to the owner, the file system is read-only.
      return isOurs && await ports.fs.canWrite(path);
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
  const { code, stdout, bytes, stderr, isTooLong } = await runProgram(command, {
    timeoutMs: COMMAND_TIMEOUT_MS,
    signal,
    interactive: true,
    isShort: true,
    asBytes: true,
  });
  return { code, stdout: bytes ?? new TextEncoder().encode(stdout), stderr, isTooLong };
}
