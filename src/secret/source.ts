/**
 * Where a passphrase comes from: one function a kind. None puts a secret, or a part of one, in an
 * error.
 */
import { SecretError } from "../core/errors.ts";
import type { SecretSource } from "../core/knock.ts";
import { payloadOf } from "./payload.ts";

/** What the sources need of the world. */
export interface SecretPorts {
  /** Asks the user, masked; rejects with CancelledError, or SecretError where nobody can be asked. */
  ask(message: string): Promise<string>;
  env(name: string): string | undefined;
  readFile(path: string): Promise<Uint8Array>;
  /** Permission bits of a file; undefined where the system has none. */
  fileMode(path: string): Promise<number | undefined>;
  /** The whole of standard input. */
  readStdin(): Promise<Uint8Array>;
  run(
    command: readonly string[],
  ): Promise<{ code: number | undefined; stdout: Uint8Array; stderr: string }>;
  home: string | undefined;
}

/** The first line of `bytes` without its line ending. */
export function firstLine(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0x0a);
  const line = end < 0 ? bytes : bytes.subarray(0, end);
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

/** How a source is asked. */
export interface AskedFor {
  /** What a prompt says. */
  message: string;
  /** Makes the payload of a passphrase; {@linkcode payloadOf} where undefined. */
  hash?: typeof payloadOf | undefined;
}

type Sources = {
  [K in SecretSource["kind"]]: (
    source: Extract<SecretSource, { kind: K }>,
    ports: SecretPorts,
    asked: AskedFor,
  ) => Promise<Uint8Array>;
};

const SOURCES: Sources = {
  prompt: async (_source, ports, { message, hash = payloadOf }) =>
    await hash(await ports.ask(message)),
  hash: ({ hash }) => Promise.resolve(new TextEncoder().encode(hash.toLowerCase())),
  async env({ name }, ports, { hash = payloadOf }) {
    const value = ports.env(name);
    if (value === undefined) {
      throw new SecretError(`the environment variable "${name}" is not set`, {
        hint:
          `set it in the environment of this command, without leaving it in the shell's history`,
      });
    }
    return await hash(value);
  },
  async file({ path }, ports, { hash = payloadOf }) {
    const full = path.startsWith("~/") && ports.home ? `${ports.home}${path.slice(1)}` : path;
    const bytes = await readPrivate(full, ports);
    if (bytes.length === 0) {
      throw new SecretError(`the secret file "${path}" is empty`, {
        hint: "an empty passphrase is one empty line",
      });
    }
    return await hash(firstLine(bytes));
  },
  async command({ command }, ports, { hash = payloadOf }) {
    const name = command[0] ?? "";
    let result: Awaited<ReturnType<SecretPorts["run"]>>;
    try {
      result = await ports.run(command);
    } catch (cause) {
      throw new SecretError(`the secret's command "${name}" could not be started`, {
        hint: "is it installed and in the PATH?",
        cause,
      });
    }
    if (result.code === undefined) {
      throw new SecretError(`the secret's command "${name}" did not end in time`);
    }
    if (result.code !== 0) {
      throw new SecretError(`the secret's command "${name}" ended with exit code ${result.code}`, {
        hint: "run it by hand to see why",
      });
    }
    if (result.stdout.length === 0) {
      throw new SecretError(`the secret's command "${name}" printed nothing`);
    }
    return await hash(firstLine(result.stdout));
  },
};

/**
 * The payload that a source gives.
 *
 * @throws {SecretError}
 */
export function payloadFrom(
  source: SecretSource,
  ports: SecretPorts,
  asked: AskedFor,
): Promise<Uint8Array> {
  const get = SOURCES[source.kind] as (
    source: SecretSource,
    ports: SecretPorts,
    asked: AskedFor,
  ) => Promise<Uint8Array>;
  return get(source, ports, asked);
}

/** A file that only its owner may read. */
export async function readPrivate(path: string, ports: SecretPorts): Promise<Uint8Array> {
  try {
    const mode = await ports.fileMode(path);
    if (mode !== undefined && (mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, "0");
      throw new SecretError(`the secret file "${path}" can be read by others (mode ${octal})`, {
        hint: `chmod 600 '${path.replaceAll("'", "'\\''")}'`,
      });
    }
    return await ports.readFile(path);
  } catch (cause) {
    if (cause instanceof SecretError) throw cause;
    const isDevice = cause instanceof Deno.errors.NotCapable;
    throw new SecretError(`the secret file "${path}" cannot be read: ${reasonOf(cause)}`, {
      hint: isDevice ? "give the secrets on standard input: --secrets-from -" : undefined,
      cause,
    });
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "there is no such file";
  if (cause instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (cause instanceof Deno.errors.NotCapable) return "it is a device or a pipe";
  return cause instanceof Error ? cause.message : String(cause);
}
