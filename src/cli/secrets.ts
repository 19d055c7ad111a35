/** Secrets for targets, and giving up what a run no longer needs once it has them. */
import type { Target } from "../core/target.ts";
import { startsProgram } from "../probe/mod.ts";
import { type CollectOptions, collectPayloads, type SecretRequest } from "../secret/collect.ts";
import type { SecretPorts } from "../secret/kinds.ts";
import { askSecret, type Context } from "./context.ts";
import type { Ports } from "./ports.ts";

/** How long a secret's command may take: long enough to type a password manager's own passphrase. */
const COMMAND_TIMEOUT_MS = 300_000;

/** A file of passphrases is small; a device has no end. */
const MAX_SECRET_BYTES = 1_048_576;

/** One payload a knock for each target; asks for what must be typed. */
export function collectFor(
  targets: readonly SecretRequest[],
  context: Context,
  { hash, ask = (message) => askSecret(context, message) }: CollectForOptions = {},
): Promise<Uint8Array[][]> {
  const secretsFrom = context.args.text("secrets-from");
  return collectPayloads(targets, { ...secretPorts(context), ask }, { secretsFrom, hash });
}

/** How secrets are asked for and hashed. */
export interface CollectForOptions extends Pick<CollectOptions, "hash"> {
  /** Asks for a typed one; once, where undefined. */
  ask?: SecretPorts["ask"];
}

function secretPorts({ ports }: Context): Omit<SecretPorts, "ask"> {
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

/**
 * Gives up `write`, and `run` unless a probe, what comes after or `-- COMMAND` needs it. Called when
 * the configuration is read and the secrets are there.
 */
export function dropUnneeded(
  targets: readonly Target[],
  ports: Ports,
  { command }: { command?: readonly string[] | undefined } = {},
): void {
  const needsRun = command !== undefined ||
    targets.some(({ probes, after }) => after.length > 0 || probes.some(startsProgram));
  ports.dropPermissions(needsRun ? ["write"] : ["write", "run"]);
}
