/**
 * Checks the files of a configuration (whether they exist, who can read them) and the secrets that can
 * be read without a question: files and environment variables.
 */
import type { FileEvidence } from "./evidence.ts";
import type { Target } from "../core/target.ts";
import { findErrno } from "../core/system_errors.ts";
import { quoteShell } from "../core/text.ts";

/** What this needs of the world. */
interface FilePorts {
  /** Permission bits; undefined on Windows; rejects where the file is missing. */
  fileMode(path: string): Promise<number | undefined>;
  home: string | undefined;
}

/** What looking at secrets needs besides. */
interface SecretFilePorts extends FilePorts {
  env(name: string): string | undefined;
  /** The first bytes of a file. */
  readFile(path: string): Promise<Uint8Array>;
  /** What is wrong with the passphrase in some bytes, or worth a note; undefined where nothing is. */
  judge(bytes: Uint8Array): SecretVerdict | undefined;
}

/** What the bytes of a passphrase show. */
export interface SecretVerdict {
  /** For people, such as `UTF-16`. */
  found: string;
  /** What is wrong, after the name of the file, and what helps; undefined for a note. */
  problem?: { cause: string; fix: string } | undefined;
}

/** The file of targets and its folder. */
export async function lookAtConfig(path: string, ports: FilePorts): Promise<FileEvidence[]> {
  const folder = path.replace(/[/\\][^/\\]*$/, "");
  const mode = await readMode(path, ports);
  if (mode === "missing") return [{ role: "targets", path, found: "not there yet" }];
  const isOpen = typeof mode === "number" && (mode & 0o022) !== 0;
  const file: FileEvidence = { role: "targets", path, found: renderMode(mode) };
  const evidence = [
    isOpen
      ? {
        ...file,
        problem: {
          kind: "config" as const,
          cause: `Other users can change "${path}", and with it what spknock runs.`,
          fix: `chmod 600 ${quoteShell(path)}`,
        },
      }
      : file,
  ];
  const folderMode = folder === path ? undefined : await readMode(folder, ports);
  if (folderMode === undefined || folderMode === "missing") return evidence;
  // In a sticky folder, such as /tmp, users cannot replace the files of others.
  const isShared = (folderMode & 0o022) !== 0 && (folderMode & 0o1000) === 0;
  return [...evidence, {
    role: "folder",
    path: folder,
    found: renderMode(folderMode),
    ...(isShared
      ? {
        problem: {
          kind: "config" as const,
          cause: `Other users can replace the files in "${folder}".`,
          fix: `chmod 700 ${quoteShell(folder)}`,
        },
      }
      : {}),
  }];
}

/** The files and environment variables that targets take secrets from, each once. */
export async function lookAtSecrets(
  targets: readonly Target[],
  ports: SecretFilePorts,
): Promise<FileEvidence[]> {
  const evidence: FileEvidence[] = [];
  const seen = new Set<string>();
  for (const { name, knocks, close = [] } of targets) {
    for (const { payload } of [...knocks, ...close]) {
      const source = payload.kind === "secret" ? payload.source : undefined;
      if (source?.kind !== "file" && source?.kind !== "env") continue;
      const role = `secret of ${name}`;
      const place = source.kind === "env" ? `$${source.name}` : findFullPath(source.path, ports);
      if (seen.has(place)) continue;
      seen.add(place);
      evidence.push(
        source.kind === "env"
          ? lookAtVariable(role, source.name, ports)
          : await lookAtFile(role, place, ports),
      );
    }
  }
  return evidence;
}

function findFullPath(path: string, { home }: FilePorts): string {
  return path.startsWith("~/") && home ? `${home}${path.slice(1)}` : path;
}

function lookAtVariable(role: string, name: string, ports: SecretFilePorts): FileEvidence {
  const file = { role, path: `$${name}` };
  const value = ports.env(name);
  if (value === undefined) {
    const cause = `The environment variable ${name} is not set here.`;
    const fix = `set ${name} in the environment of spknock`;
    return { ...file, found: "not set", problem: { kind: "secret", cause, fix } };
  }
  return addVerdict({ ...file, found: "set" }, ports.judge(new TextEncoder().encode(value)));
}

async function lookAtFile(
  role: string,
  path: string,
  ports: SecretFilePorts,
): Promise<FileEvidence> {
  const file = judgeMode(role, path, await readMode(path, ports));
  if (file.problem !== undefined) return file;
  try {
    return addVerdict(file, ports.judge(await ports.readFile(path)));
  } catch {
    const cause = `The secret file "${path}" cannot be read.`;
    const fix = `see what it is: ls -ld ${quoteShell(path)}`;
    return { ...file, problem: { kind: "secret", cause, fix } };
  }
}

function addVerdict(file: FileEvidence, verdict: SecretVerdict | undefined): FileEvidence {
  if (verdict === undefined) return file;
  const { found, problem } = verdict;
  return {
    ...file,
    found: `${file.found}, ${found}`,
    ...(problem === undefined ? {} : {
      problem: {
        kind: "secret",
        cause: `The secret in "${file.path}" ${problem.cause}.`,
        fix: problem.fix,
      },
    }),
  };
}

function judgeMode(
  role: string,
  path: string,
  mode: number | "missing" | undefined,
): FileEvidence {
  const file = { role, path, found: renderMode(mode) };
  if (mode === "missing") {
    const cause = `The secret file "${path}" does not exist.`;
    const fix = `write the passphrase into it: (umask 077; cat > ${quoteShell(path)})`;
    return { ...file, problem: { kind: "secret", cause, fix } };
  }
  if (mode === undefined) return file;
  const type = mode & 0o170000;
  if (type !== 0 && type !== 0o100000) {
    const cause = `The secret file "${path}" is a folder, a device or a pipe.`;
    return { ...file, problem: { kind: "secret", cause, fix: "name a regular file" } };
  }
  if ((mode & 0o077) === 0) return file;
  const cause = `Other users can read the secret file "${path}", so it is not used.`;
  return { ...file, problem: { kind: "secret", cause, fix: `chmod 600 ${quoteShell(path)}` } };
}

async function readMode(
  path: string,
  { fileMode }: FilePorts,
): Promise<number | "missing" | undefined> {
  try {
    return await fileMode(path);
  } catch (cause) {
    // Any other failure, such as a folder that is closed to us, does not say that it is missing.
    return /^(?:ENOENT|ENOTDIR)$/.test(findErrno(cause) ?? "") ||
        cause instanceof Deno.errors.NotFound
      ? "missing"
      : undefined;
  }
}

function renderMode(mode: number | "missing" | undefined): string {
  if (mode === "missing") return "missing";
  return mode === undefined ? "there" : `mode ${(mode & 0o7777).toString(8).padStart(4, "0")}`;
}
