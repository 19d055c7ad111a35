/**
 * Where a passphrase comes from, one row a source. Made from it: what the configuration and `--secret`
 * take, what is written back, what `show` says of it, error texts, and (by `deno task docs`)
 * targets.schema.json and the table in docs/secrets.md.
 *
 * No row puts a secret, or a part of one, into an error or a description.
 */
import { SecretError, SpknockError } from "../core/errors.ts";
import type { KnockPayload, SecretSource } from "../core/knock.ts";
import {
  describeStartError,
  describeSystemError,
  isMissingProgram,
} from "../core/system_errors.ts";
import { expandHome } from "../core/system/home.ts";
import { joinOr, quoteShell, renderMode } from "../core/text.ts";
import type { ValueSpec } from "../core/value_spec.ts";
import { hashPassphrase } from "./payload.ts";
import { readPassphrase, requireText } from "./text.ts";
import { splitWords } from "./split_words.ts";

/** What the sources need of the system. */
export interface SecretPorts {
  /** Asks the user, masked; rejects with CancelledError, or with SecretError without a terminal. */
  ask(message: string): Promise<string | Uint8Array>;
  env(name: string): string | undefined;
  readFile(path: string): Promise<Uint8Array>;
  /** Permission bits of a file; undefined where the system has none. */
  fileMode(path: string): Promise<number | undefined>;
  /** Whether `chmod` would do; where it is left out, it is taken to. */
  canChangeMode?(path: string): Promise<boolean | undefined>;
  /** Whether standard input is a terminal: a line typed there would be shown. */
  isStdinTerminal(): boolean;
  /** The whole of standard input. */
  readStdin(): Promise<Uint8Array>;
  run(
    command: readonly string[],
  ): Promise<{
    code: number | undefined;
    stdout: Uint8Array;
    stderr: string;
    /** Whether it printed more than a MiB, and was killed. */
    isTooLong?: boolean | undefined;
  }>;
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
  /** The value in TOML, for errors and the table. */
  example: string;
  /** How `--secret` writes it, with the value in capitals after a `:`; undefined where it cannot. */
  form?: string;
  /** Reads the value of the form; it is taken as it is where undefined. Throws a RangeError. */
  parseForm?: (text: string) => unknown;
  /** Whether the user can be asked something: itself, or by a program such as a password manager. */
  mayAsk?: true;
  /** A string that says the same as the table, and is written instead of it. */
  word?: string;
  /** What the passphrase is in, for errors. */
  name(source: SourceOf<K>): string;
  /** What a knock with it carries, for people. */
  describe(source: SourceOf<K>): string;
  /** A passphrase, which is hashed then; bytes whose first line is one; or the payload itself. */
  obtain(
    source: SourceOf<K>,
    ports: SecretPorts,
    context: { message: string },
  ): Promise<{ passphrase: string | Uint8Array } | { text: Uint8Array } | { payload: Uint8Array }>;
}

/** The table, by the key in TOML. */
export const SECRET_KINDS: { readonly [K in SecretSource["kind"]]: SecretKind<K> } = {
  prompt: {
    summary: 'asked for, before the first packet leaves; `"once"` asks once for the whole target',
    field: "mode",
    value: { type: "choice", values: [true, "once"] },
    example: "true",
    form: "prompt",
    mayAsk: true,
    word: "prompt",
    name: () => "the passphrase",
    describe: ({ mode }) => mode === "once" ? "secret, asked for once" : "secret, asked for",
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
    name: ({ name }) => `the environment variable "${name}"`,
    describe: ({ name }) => `secret from the environment variable ${name}`,
    obtain: readVariable,
  },
  file: {
    summary: "the first line of a file that only its owner can read (mode 0600)",
    field: "path",
    value: { type: "path" },
    example: '"path"',
    form: "file:PATH",
    name: ({ path }) => `the secret file "${path}"`,
    describe: ({ path }) => `secret from the file ${path}`,
    obtain: readSecretFile,
  },
  command: {
    summary: "the first line that a program prints",
    field: "command",
    value: { type: "command" },
    example: '["program"]',
    form: "command:LINE",
    parseForm: parseCommandLine,
    mayAsk: true,
    name: ({ command }) => `the output of the secret's command "${command[0]}"`,
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
    name: () => "the hash",
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
  const isFlag = field === undefined || value === true || value === undefined;
  return { kind: key, ...(isFlag ? {} : { [field]: value }) } as SecretSource;
}

/** Returns the source with `fill` applied to its path, or to each word of its command. */
export function fillSource(source: SecretSource, fill: (text: string) => string): SecretSource {
  const { value } = getSecretKind(source.kind);
  const now = readSourceValue(source);
  if (value.type === "path") return makeSource(source.kind, fill(`${now}`));
  return value.type === "command" && Array.isArray(now)
    ? makeSource(source.kind, now.map(fill))
    : source;
}

/** Returns the value of the key of a source; true where the key says everything. */
export function readSourceValue(source: SecretSource): unknown {
  const { field } = getSecretKind(source.kind);
  return field === undefined ? true : Reflect.get(source, field) ?? true;
}

/** Whether the user can be asked something for a payload. */
export function mayAsk(payload: KnockPayload): boolean {
  return payload.kind === "secret" && getSecretKind(payload.source.kind).mayAsk === true;
}

/** Returns what a knock with this source carries, for people; never the secret. */
export function describeSecret(source: SecretSource): string {
  return getSecretKind(source.kind).describe(source);
}

/** Returns the same where the secret is the key of one-time codes. */
export function describeKey(source: SecretSource): string {
  return describeSecret(source).replace(/^secret/, "key");
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
 * Reads a payload as `--secret` takes it, such as `prompt`, `none` or `env:NAME`.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseSecretOption(text: string): KnockPayload {
  if (text === "none") return { kind: "none" };
  const [, word, value] = /^([^:]+)(?::(.+))?$/s.exec(text) ?? [];
  const key = SECRET_KEYS.find((each) => each === word && SECRET_KINDS[each].form !== undefined);
  const takesValue = key !== undefined && SECRET_KINDS[key].form?.includes(":");
  if (key !== undefined && takesValue === (value !== undefined)) {
    const { parseForm } = getSecretKind(key);
    const read = parseForm === undefined || value === undefined ? value : parseForm(value);
    return { kind: "secret", source: makeSource(key, read) };
  }
  // The text may be a passphrase by mistake: it is not repeated.
  throw new RangeError(`not a source of secrets: use ${joinOr(listSecretOptions())}`);
}

/** How a payload is obtained. */
interface ObtainOptions {
  /** What a prompt says. */
  message: string;
  /** Whether an empty passphrase is meant. */
  allowEmpty?: boolean | undefined;
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
  { message, allowEmpty = false, hash = hashPassphrase }: ObtainOptions,
): Promise<Uint8Array> {
  const kind = getSecretKind(source.kind);
  const obtained = await kind.obtain(source, ports, { message });
  if ("payload" in obtained) return obtained.payload;
  const options = { subject: kind.name(source), allowEmpty };
  if ("text" in obtained) return await hash(readPassphrase(obtained.text, options));
  const { passphrase } = obtained;
  // A byte order mark at the start came with a file, by way of a shell or a clipboard.
  const clean = typeof passphrase === "string" ? passphrase.replace(/^\ufeff/, "") : passphrase;
  requireText(clean, options);
  return await hash(clean);
}

/** A file of passphrases is small. */
export const MAX_SECRET_BYTES = 1_048_576;

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
    refuseSpecial(subject, mode);
    if (mode !== undefined && (mode & 0o077) !== 0) {
      throw new SecretError(`${subject} can be read by others (mode ${renderMode(mode)})`, {
        hint: await findModeHint(path, ports),
      });
    }
    const bytes = await ports.readFile(path);
    if (bytes.length <= MAX_SECRET_BYTES) return bytes;
    throw new SecretError(`${subject} is larger than 1 MiB`, { hint: "is it the right file?" });
  } catch (cause) {
    if (cause instanceof SecretError) throw cause;
    if (cause instanceof Deno.errors.NotCapable) throw makeSpecialError(subject, cause);
    throw new SecretError(`${subject} cannot be read: ${describeReadError(cause)}`, { cause });
  }
}

/** A copy helps where the mode cannot be changed: another's file, a read-only file system. */
async function findModeHint(path: string, { canChangeMode }: SecretPorts): Promise<string> {
  const change = `chmod 600 ${quoteShell(path)}`;
  const copy = `use a copy of your own: (umask 077; cat ${quoteShell(path)} > NEW-FILE)`;
  if (canChangeMode === undefined) return change;
  const canChange = await canChangeMode(path).catch(() => false);
  if (canChange === undefined) return `${change}, or where that is refused, ${copy}`;
  return canChange ? change : copy;
}

/** The type of a file, in its mode (inode(7)); none where a system or a test has only permissions. */
const [TYPE, REGULAR, FOLDER] = [0o170000, 0o100000, 0o040000];

/** A pipe is not opened: that would wait for a writer. */
function refuseSpecial(subject: string, mode = 0): void {
  const type = mode & TYPE;
  if (type === FOLDER) throw new SecretError(`${subject} is a folder`, { hint: "name a file" });
  if (type !== 0 && type !== REGULAR) throw makeSpecialError(subject);
}

function makeSpecialError(subject: string, cause?: unknown): SecretError {
  return new SecretError(`${subject} cannot be read: it is a device or a pipe`, {
    hint: "give the secrets on standard input: --secrets-from -",
    cause,
  });
}

function describeReadError(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "there is no such file";
  if (cause instanceof Deno.errors.PermissionDenied) return "permission denied";
  return describeSystemError(cause);
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
): Promise<{ text: Uint8Array }> {
  return { text: await readPrivateFile(expandHome(path, ports.home), ports) };
}

/** Splits a line into a command; the line can be a passphrase by mistake, and is not repeated. */
function parseCommandLine(line: string): string[] {
  const words = splitWords(line);
  if (words[0]) return words;
  throw new RangeError("the command is missing: use command:'pass show fw/{target}'");
}

async function runSecretCommand(
  { command }: SourceOf<"command">,
  ports: SecretPorts,
): Promise<{ text: Uint8Array }> {
  const subject = `the secret's command "${command[0]}"`;
  const { code, stdout, isTooLong } = await ports.run(command).catch((cause) => {
    if (cause instanceof SpknockError) throw cause;
    throw new SecretError(`${subject} could not be started: ${describeStartError(cause)}`, {
      hint: isMissingProgram(cause) ? "is it installed and in the PATH?" : undefined,
      cause,
    });
  });
  if (isTooLong) {
    throw new SecretError(`${subject} printed more than 1 MiB, and was ended`, {
      hint: "a passphrase is one line",
    });
  }
  if (code === undefined) throw new SecretError(`${subject} did not end in time`);
  if (code !== 0) {
    throw new SecretError(`${subject} ended with exit code ${code}`, {
      hint: "run it by hand to see why",
    });
  }
  return { text: stdout };
}
