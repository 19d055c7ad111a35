/** Checks the files of a configuration: whether they exist, and who can read them. */
import type { FileEvidence } from "./evidence.ts";
import type { Target } from "../core/target.ts";
import { findErrno } from "../core/system_errors.ts";
import { quoteShell } from "../core/quote_shell.ts";

/** What this needs of the world. */
interface FilePorts {
  /** Permission bits; undefined on Windows; rejects where the file is missing. */
  fileMode(path: string): Promise<number | undefined>;
  home: string | undefined;
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

/** The secret files that targets name. */
export async function lookAtSecrets(
  targets: readonly Target[],
  ports: FilePorts,
): Promise<FileEvidence[]> {
  const evidence: FileEvidence[] = [];
  const seen = new Set<string>();
  for (const { name, knocks, close = [] } of targets) {
    for (const { payload } of [...knocks, ...close]) {
      if (payload.kind !== "secret" || payload.source.kind !== "file") continue;
      const { path } = payload.source;
      const full = path.startsWith("~/") && ports.home ? `${ports.home}${path.slice(1)}` : path;
      if (seen.has(full)) continue;
      seen.add(full);
      evidence.push(judgeSecret(`secret of ${name}`, full, await readMode(full, ports)));
    }
  }
  return evidence;
}

function judgeSecret(
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
