/** Key files of one-time codes, one a person. */
import type { CodeKey } from "../../plan/codes.ts";
import { SecretError, UsageError } from "../../core/errors.ts";
import { collectSecrets, type CollectSecretsOptions } from "../collect_secrets.ts";
import type { Ports } from "../ports.ts";

/** A file with a key, and whose it is. */
export interface KeyFile {
  /** Letters, digits, `-` and `_`. */
  name: string;
  path: string;
}

/**
 * Returns the keys of private files, in order.
 *
 * @throws {SecretError} with the file, if it cannot be read, others can read it, or it has no key.
 * @throws {UsageError} if two have the same key.
 */
export async function collectKeys(
  files: readonly KeyFile[],
  ports: Ports,
  { ask }: Pick<CollectSecretsOptions, "ask">,
): Promise<CodeKey[]> {
  const keys: CodeKey[] = [];
  for (const { name, path } of files) {
    const key = await readKeyFile(path, ports, { ask });
    const twin = keys.findIndex((other) => other.key === key);
    if (twin !== -1) {
      throw new UsageError(`"${files[twin]?.path}" and "${path}" have the same key`, {
        hint: "each person needs a key of their own",
      });
    }
    keys.push({ name, key });
  }
  return keys;
}

async function readKeyFile(
  path: string,
  ports: Ports,
  options: Pick<CollectSecretsOptions, "ask">,
): Promise<string> {
  const payload = { kind: "secret", source: { kind: "file", path } } as const;
  const knocks = [{ port: 1, protocol: "udp", payload }] as const;
  try {
    const [collected = []] = await collectSecrets(
      [{ name: path, knocks, reads: "code_key" }],
      ports,
      options,
    );
    return new TextDecoder().decode(collected[0]);
  } catch (cause) {
    if (!(cause instanceof SecretError) || cause.message.includes(`"${path}"`)) throw cause;
    const { hint } = cause;
    throw new SecretError(`"${path}": ${cause.message}`, { hint, cause });
  }
}
