/**
 * Looks at the sources of secrets that can be read without a question: files, variables of the
 * environment, and whether a command can be found. No secret becomes evidence.
 */
import type { Knock, SecretSource } from "../core/knock.ts";
import { isKey } from "../core/rolling.ts";
import { chooseCommands } from "../core/system/commands.ts";
import { expandHome } from "../core/system/home.ts";
import { listProgramPaths } from "../core/system/programs.ts";
import type { Target } from "../core/target.ts";
import { detectUtf16, hasMark } from "../secret/text.ts";
import type { FileEvidence, Invocation } from "./evidence.ts";
import { type FilePorts, findFile, type FoundFile, renderChmod, renderMode } from "./files.ts";
import { renderCommand } from "./remedies.ts";

/** What this needs of the world. */
interface SecretLookPorts extends FilePorts {
  /** The first bytes of a file; rejects where it cannot be read. */
  readFile(path: string): Promise<Uint8Array>;
  env(name: string): string | undefined;
  invocation: Invocation;
}

type Looked = Pick<FileEvidence, "path" | "found"> & { cause?: string; fix?: string };

/** Looks at every source that the targets name, each once. */
export async function lookAtSecrets(
  targets: readonly Target[],
  ports: SecretLookPorts,
): Promise<FileEvidence[]> {
  const evidence: FileEvidence[] = [];
  const seen = new Set<string>();
  for (const target of targets) {
    for (const { source, role, renderFix } of listSources(target, ports)) {
      const key = JSON.stringify(source);
      if (seen.has(key)) continue;
      seen.add(key);
      const looked = await lookAtSource(source, { target: target.name, renderFix }, ports);
      if (looked !== undefined) evidence.push(toEvidence(role, looked));
    }
  }
  return evidence;
}

/** A source of a target's secrets. */
interface Source {
  source: SecretSource;
  role: string;
  /** Of a key: returns the command against a file, by its path, that has none; undefined for a passphrase. */
  renderFix?: ((path: string) => string) | undefined;
}

/**
 * The sources of a target's secrets; with one-time codes those of its knocks are keys. A key is not typed: another
 * one takes the place of what is missing, or is not one. In a rotation there is none to make: the former key is
 * the one that is left.
 */
function listSources(
  { name, knocks, close = [], rolling, fwknop }: Target,
  { invocation }: SecretLookPorts,
): Source[] {
  const list = (some: readonly Pick<Knock, "payload">[], kind: Omit<Source, "source">) =>
    some.flatMap(({ payload }) =>
      payload.kind === "secret" ? [{ source: payload.source, ...kind }] : []
    );
  const secret = { role: `secret of ${name}` };
  if (fwknop !== undefined) {
    return [
      ...list([fwknop.key], { role: `encryption key of ${name}` }),
      ...list([fwknop.hmacKey], { role: `HMAC key of ${name}` }),
    ];
  }
  if (rolling === undefined) return list([...knocks, ...close], secret);
  const rotate = (...options: string[]) =>
    renderCommand(["rolling", "rotate", name, ...options], invocation);
  const path = rolling.formerKey;
  const key = {
    role: `key of ${name}`,
    renderFix: path === undefined ? () => rotate() : chooseCommands(invocation.os).showAccess,
  };
  const former = path === undefined ? [] : [{
    source: { kind: "file", path } as const,
    role: `former key of ${name}`,
    renderFix: () => rotate("--finish"),
  }];
  return [...list(knocks, key), ...former, ...list(close, secret)];
}

/** Looks at the file of `--secrets-from`. */
export async function lookAtSecretsFile(
  path: string,
  ports: SecretLookPorts,
): Promise<FileEvidence> {
  const looked = await lookAtFile(path, ports);
  if (looked.found !== "missing") return toEvidence("secrets", looked);
  // Where no such file is, its name can be a passphrase.
  return toEvidence("secrets", {
    path: "the file of --secrets-from",
    found: looked.found,
    cause: "The file of --secrets-from does not exist.",
    fix: chooseCommands(ports.invocation.os).writePrivate("FILE"),
  });
}

function toEvidence(role: string, { path, found, cause, fix = "" }: Looked): FileEvidence {
  if (cause === undefined) return { role, path, found };
  return { role, path, found, problem: { kind: "secret", cause, fix } };
}

async function lookAtSource(
  source: SecretSource,
  { target, renderFix }: Pick<Source, "renderFix"> & { target: string },
  ports: SecretLookPorts,
): Promise<Looked | undefined> {
  if (source.kind === "file") return await lookAtFile(source.path, ports, { renderFix });
  if (source.kind === "env") {
    const looked = lookAtVariable(source.name, target, ports);
    const isKnown = renderFix === undefined || looked.cause !== undefined;
    if (isKnown || isKey(ports.env(source.name) ?? "")) return looked;
    const cause = `The environment variable "${source.name}" of "${target}" ${NOT_A_KEY}.`;
    return { ...looked, found: "set, not a key", cause, fix: renderSet(source.name, ports) };
  }
  if (source.kind === "command") return await lookAtCommand(source.command, target, ports);
  return undefined;
}

async function lookAtFile(
  path: string,
  ports: SecretLookPorts,
  { renderFix }: Pick<Source, "renderFix"> = {},
): Promise<Looked> {
  const full = expandHome(path, ports.home);
  const file = await findFile(full, ports);
  const looked = { path: full, found: renderMode(file) };
  const commands = chooseCommands(ports.invocation.os);
  const write = renderFix?.(full) ?? commands.writePrivate(full);
  const see = commands.showAccess(full);
  if (file === "missing") {
    return { ...looked, cause: `The secret file "${full}" does not exist.`, fix: write };
  }
  if (file === "forbidden") {
    return { ...looked, cause: `The secret file "${full}" cannot be read.`, fix: see };
  }
  if (!file.isFile) return judgeSpecial(file, looked, see);
  if (file.mode !== undefined && (file.mode & 0o077) !== 0) {
    const cause = `Other users can read the secret file "${full}", so it is not used.`;
    return { ...looked, cause, fix: renderChmod("600", full, file) };
  }
  const bytes = await ports.readFile(full).catch(() => undefined);
  if (bytes === undefined) {
    return { ...looked, cause: `The secret file "${full}" cannot be read.`, fix: see };
  }
  const judged = judgeBytes(bytes, looked, { write, commands });
  const isKnown = renderFix === undefined || judged.cause !== undefined;
  if (isKnown || isKey(readFirstLine(bytes))) return judged;
  const cause = `The key file "${full}" ${NOT_A_KEY}.`;
  return { ...judged, found: `${judged.found}, not a key`, cause, fix: write };
}

/** Secrets may come through a pipe, which can be read once only; a folder holds none. */
function judgeSpecial({ isDirectory }: FoundFile, looked: Looked, fix: string): Looked {
  if (!isDirectory) return { ...looked, found: `${looked.found}, a device or a pipe` };
  return {
    ...looked,
    found: `${looked.found}, a folder`,
    cause: `The secret file "${looked.path}" is a folder.`,
    fix,
  };
}

const NOT_A_KEY = "has no key of one-time codes: it has to be 32 bytes in base64";

function readFirstLine(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).split("\n", 1)[0] ?? "";
}

function judgeBytes(
  bytes: Uint8Array,
  looked: Looked,
  { write, commands }: { write: string; commands: ReturnType<typeof chooseCommands> },
): Looked {
  const utf16 = detectUtf16(bytes);
  if (utf16 !== undefined) {
    return {
      ...looked,
      found: `${looked.found}, UTF-16`,
      cause: `The secret file "${looked.path}" is UTF-16: save it as UTF-8.`,
      fix: commands.toUtf8(looked.path, utf16),
    };
  }
  const isMarked = hasMark(bytes);
  const found = isMarked ? `${looked.found}, a byte order mark is left out` : looked.found;
  const start = bytes[isMarked ? 3 : 0];
  if (start !== undefined && start !== 0x0a && start !== 0x0d) return { ...looked, found };
  return {
    ...looked,
    found: `${found}, empty`,
    cause: `The first line of the secret file "${looked.path}" is empty.`,
    fix: write,
  };
}

function lookAtVariable(
  name: string,
  target: string,
  { env, invocation }: SecretLookPorts,
): Looked {
  const value = env(name);
  if (value !== undefined && value !== "") return { path: `$${name}`, found: "set" };
  const found = value === undefined ? "not set" : "empty";
  return {
    path: `$${name}`,
    found,
    cause: `The environment variable "${name}" of "${target}" is ${found}.`,
    fix: renderSet(name, { invocation }),
  };
}

function renderSet(name: string, { invocation }: Pick<SecretLookPorts, "invocation">): string {
  return chooseCommands(invocation.os).setVariable(name);
}

async function lookAtCommand(
  [program = ""]: readonly string[],
  target: string,
  ports: SecretLookPorts,
): Promise<Looked> {
  const path = await findProgram(program, ports);
  if (path !== undefined) return { path, found: "found" };
  const place = /[/\\]/.test(program) ? "does not exist or cannot be run" : "is not in the PATH";
  return {
    path: program,
    found: "not found",
    cause: `The secret's command "${program}" of "${target}" ${place}.`,
    fix: renderCommand(["edit", target, "--secret", "prompt"], ports.invocation),
  };
}

/** Returns the path of a program; undefined where there is none that can be run. */
async function findProgram(
  program: string,
  ports: SecretLookPorts,
): Promise<string | undefined> {
  const { env, invocation: { os } } = ports;
  for (const path of listProgramPaths(program, { env, os })) {
    const file = await findFile(path, ports);
    if (typeof file !== "object" || !file.isFile) continue;
    if (file.mode === undefined || (file.mode & 0o111) !== 0) return path;
  }
  return undefined;
}
