/**
 * Where a passphrase comes from, one row a source. Made from it: what the configuration and `--secret`
 * take, what is written back, what `show` says of it, error texts, and (by `deno task schema`)
 * targets.schema.json and the table in the README.
 *
 * No row puts a secret, or a part of one, into an error or a description.
 */
import { SecretError } from "../core/errors.ts";
import type { KnockPayload, SecretSource } from "../core/knock.ts";
import { quoteShell } from "../core/quote_shell.ts";
import { errorMessage, joinOr } from "../core/text.ts";
import type { ValueSpec } from "../core/value_spec.ts";
import { hashPassphrase } from "./payload.ts";

/** What the sources need of the system. */
export interface SecretPorts {
  /** Asks the user, masked; rejects with CancelledError, or with SecretError without a terminal. */
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

type SourceOf<K extends SecretSource["kind"]> = Extract<SecretSource, { kind: K }>;

/** One source of passphrases. */
interface SecretKind<K extends SecretSource["kind"] = SecretSource["kind"]> {
  /** Where the passphrase comes from, in half a line. */
  summary: string;
  /** Which field of the source holds the value of the key; undefined where it has none. */
  field?: Exclude<keyof SourceOf<K>, "kind"> & string;
  value: ValueSpec;
  /** The value in TOML, for errors and the README. */
  example: string;
  /** How `--secret` writes it, with the value in capitals after a `:`; undefined where it cannot. */
  form?: string;
  /** A string that says the same as the table, and is written instead of it. */
  word?: string;
  /** What a knock with it carries, for people. */
  describe(source: SourceOf<K>): string;
  /** The passphrase, which is hashed then, or the payload itself. */
  obtain(
    source: SourceOf<K>,
    ports: SecretPorts,
    context: { message: string },
  ): Promise<{ passphrase: string | Uint8Array } | { payload: Uint8Array }>;
}

/** The table, by the key in TOML. */
export const SECRET_KINDS: { readonly [K in SecretSource["kind"]]: SecretKind<K> } = {
  prompt: {
    summary: "asked for, before the first packet leaves",
    value: { type: "true" },
    example: "true",
    form: "prompt",
    word: "prompt",
    describe: () => "secret, asked for",
    obtain: async (_source, ports, { message }) => ({ passphrase: await ports.ask(message) }),
  },
  env: {
    summary: "an environment variable",
    field: "name",
    value: {
      type: "pattern",
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
      problem: "is not the name of an environment variable: use letters, digits and _",
    },
    example: '"NAME"',
    form: "env:NAME",
    describe: ({ name }) => `secret from the environment variable ${name}`,
    obtain: readVariable,
  },
  file: {
    summary: "the first line of a file that only its owner can read (mode 0600)",
    field: "path",
    value: { type: "path" },
    example: '"path"',
    form: "file:PATH",
    describe: ({ path }) => `secret from the file ${path}`,
    obtain: readSecretFile,
  },
  command: {
    summary: "the first line that a program prints",
    field: "command",
    value: { type: "command" },
    example: '["program"]',
    describe: ({ command }) => `secret from the command ${command[0]}`,
    obtain: runSecretCommand,
  },
  hash: {
    summary: "the payload itself, as `spknock hash` prints it",
    field: "hash",
    value: {
      type: "pattern",
      pattern: /^[0-9A-Fa-f]{64}$/,
      isLowerCased: true,
      problem: "is not a hash: use 64 hex digits, as `spknock hash` prints them",
    },
    example: '"64 hex digits"',
    describe: () => "secret, its hash is in the configuration",
    obtain: ({ hash }) =>
      Promise.resolve({ payload: new TextEncoder().encode(hash.toLowerCase()) }),
  },
};

/** The keys of the table. */
export const SECRET_KEYS = Object.keys(SECRET_KINDS) as readonly SecretSource["kind"][];

/** Returns the row of a key that is in the table. */
function getSecretKind(key: SecretSource["kind"]): SecretKind {
  // Each row takes the sources of its own kind, which is what it is asked for.
  return SECRET_KINDS[key] as SecretKind;
}

/** Returns the source that a key and its value in a configuration mean. */
export function makeSource(key: SecretSource["kind"], value: unknown): SecretSource {
  const { field } = getSecretKind(key);
  return { kind: key, ...(field === undefined ? {} : { [field]: value }) } as SecretSource;
}

/** Returns the value of the key of a source; true where the key says everything. */
export function readSourceValue(source: SecretSource): unknown {
  const { field } = getSecretKind(source.kind);
  return field === undefined ? true : Reflect.get(source, field);
}

/** Returns what a knock with this source carries, for people; never the secret. */
export function describeSecret(source: SecretSource): string {
  return getSecretKind(source.kind).describe(source);
}

/** Returns every way to write a secret in TOML, for errors. */
export function listSecretForms(): string {
  const tables = SECRET_KEYS.map((key) => `{ ${key} = ${SECRET_KINDS[key].example} }`);
  return joinOr(['"prompt"', '"none"', ...tables]);
}

/** Returns what `--secret` takes, such as `env:NAME`. */
export function listSecretOptions(): string[] {
  const [prompt = "", ...others] = SECRET_KEYS.flatMap((key) => SECRET_KINDS[key].form ?? []);
  return [prompt, "none", ...others];
}

/**
 * Reads a payload as `--secret` takes it: `prompt`, `none`, `env:NAME` or `file:PATH`.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseSecretOption(text: string): KnockPayload {
  if (text === "none") return { kind: "none" };
  const [, word, value] = /^([^:]+)(?::(.+))?$/s.exec(text) ?? [];
  const key = SECRET_KEYS.find((each) => each === word && SECRET_KINDS[each].form !== undefined);
  const takesValue = key !== undefined && SECRET_KINDS[key].field !== undefined;
  if (key !== undefined && takesValue === (value !== undefined)) {
    return { kind: "secret", source: makeSource(key, value) };
  }
  // The text may be a passphrase by mistake: it is not repeated.
  throw new RangeError(`not a source of secrets: use ${joinOr(listSecretOptions())}`);
}

/** How a payload is obtained. */
interface ObtainOptions {
  /** What a prompt says. */
  message: string;
  /** Makes the payload of a passphrase; {@linkcode hashPassphrase} where undefined. */
  hash?: typeof hashPassphrase | undefined;
}

/**
 * Returns the payload that a source gives.
 *
 * @throws {SecretError} if it gives none; CancelledError from a prompt.
 */
export async function obtainPayload(
  source: SecretSource,
  ports: SecretPorts,
  { message, hash = hashPassphrase }: ObtainOptions,
): Promise<Uint8Array> {
  const obtained = await getSecretKind(source.kind).obtain(source, ports, { message });
  return "payload" in obtained ? obtained.payload : await hash(obtained.passphrase);
}

/** Returns the first line of `bytes`, without its line ending (LF or CRLF). */
export function cutFirstLine(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0x0a);
  const line = end < 0 ? bytes : bytes.subarray(0, end);
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

/**
 * Reads a file that only its owner can read.
 *
 * @param subject what an error calls it.
 * @throws {SecretError} if others can, or it cannot be read.
 */
export async function readPrivateFile(
  path: string,
  ports: SecretPorts,
  subject = `the secret file "${path}"`,
): Promise<Uint8Array> {
  try {
    const mode = await ports.fileMode(path);
    if (mode !== undefined && (mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, "0");
      throw new SecretError(`${subject} can be read by others (mode ${octal})`, {
        hint: `chmod 600 ${quoteShell(path)}`,
      });
    }
    return await ports.readFile(path);
  } catch (cause) {
    if (cause instanceof SecretError) throw cause;
    const isDevice = cause instanceof Deno.errors.NotCapable;
    throw new SecretError(`${subject} cannot be read: ${describeReadError(cause)}`, {
      hint: isDevice ? "give the secrets on standard input: --secrets-from -" : undefined,
      cause,
    });
  }
}

function describeReadError(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "there is no such file";
  if (cause instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (cause instanceof Deno.errors.NotCapable) return "it is a device or a pipe";
  return errorMessage(cause);
}

function readVariable(
  { name }: SourceOf<"env">,
  ports: SecretPorts,
): Promise<{ passphrase: string }> {
  const passphrase = ports.env(name);
  if (passphrase !== undefined) return Promise.resolve({ passphrase });
  const error = new SecretError(`the environment variable "${name}" is not set`, {
    hint: "set it in the environment of this command, without leaving it in the shell's history",
  });
  return Promise.reject(error);
}

async function readSecretFile(
  { path }: SourceOf<"file">,
  ports: SecretPorts,
): Promise<{ passphrase: Uint8Array }> {
  const full = path.startsWith("~/") && ports.home ? `${ports.home}${path.slice(1)}` : path;
  const bytes = await readPrivateFile(full, ports);
  if (bytes.length === 0) {
    throw new SecretError(`the secret file "${path}" is empty`, {
      hint: "an empty passphrase is one empty line",
    });
  }
  return { passphrase: cutFirstLine(bytes) };
}

async function runSecretCommand(
  { command }: SourceOf<"command">,
  ports: SecretPorts,
): Promise<{ passphrase: Uint8Array }> {
  const subject = `the secret's command "${command[0]}"`;
  const { code, stdout } = await ports.run(command).catch((cause) => {
    throw new SecretError(`${subject} could not be started`, {
      hint: "is it installed and in the PATH?",
      cause,
    });
  });
  if (code === undefined) throw new SecretError(`${subject} did not end in time`);
  if (code !== 0) {
    throw new SecretError(`${subject} ended with exit code ${code}`, {
      hint: "run it by hand to see why",
    });
  }
  if (stdout.length === 0) throw new SecretError(`${subject} printed nothing`);
  return { passphrase: cutFirstLine(stdout) };
}
