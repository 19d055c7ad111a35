/** Checks the files of a configuration: whether they exist, and who can change them. */
import type { FileEvidence } from "./evidence.ts";
import { quoteShell } from "../core/text.ts";

/** What is known about a file. */
interface FileFacts {
  isFile: boolean;
  isDirectory: boolean;
  uid: number | null;
}

/** What this needs of the world. */
export interface FilePorts {
  /** Permission bits; undefined on Windows; rejects where the file is missing. */
  fileMode(path: string): Promise<number | undefined>;
  /** Rejects where the file is missing. */
  stat(path: string): Promise<FileFacts>;
  /** Whether `chmod` is ours to use on a file of that owner. */
  mayChangeMode(uid: number | null): boolean;
  home: string | undefined;
}

/** A file as it was found. */
export interface FoundFile {
  /** Undefined on Windows. */
  mode: number | undefined;
  isFile: boolean;
  isDirectory: boolean;
  /** Whether `chmod` is ours to use. */
  isOurs: boolean;
}

/** Returns what is known about a file; `missing`, or why it cannot be looked at. */
export async function findFile(
  path: string,
  ports: FilePorts,
): Promise<FoundFile | "missing" | "forbidden"> {
  try {
    const { isFile, isDirectory, uid } = await ports.stat(path);
    const isOurs = ports.mayChangeMode(uid);
    return { mode: await ports.fileMode(path), isFile, isDirectory, isOurs };
  } catch (cause) {
    return cause instanceof Deno.errors.PermissionDenied ? "forbidden" : "missing";
  }
}

/** Returns the mode of a file for people. */
export function renderMode(file: FoundFile | "missing" | "forbidden"): string {
  if (file === "missing") return "missing";
  if (file === "forbidden") return "cannot be looked at";
  return file.mode === undefined ? "there" : `mode ${renderOctal(file.mode)}`;
}

/** Returns the command that gives a file a mode; only a look at it where it is not ours. */
export function renderChmod(mode: string, path: string, { isOurs }: FoundFile): string {
  return isOurs ? `chmod ${mode} ${quoteShell(path)}` : `ls -ld ${quoteShell(path)}`;
}

/** The file of targets and its folder. */
export async function lookAtConfig(path: string, ports: FilePorts): Promise<FileEvidence[]> {
  const file = await findFile(path, ports);
  if (file === "missing") return [{ role: "targets", path, found: "not there yet" }];
  const evidence: FileEvidence[] = [{
    role: "targets",
    path,
    found: renderMode(file),
    ...(isWritable(file) && {
      problem: {
        kind: "config" as const,
        cause: `Other users can change "${path}", and with it what spknock runs.`,
        fix: renderChmod("600", path, file),
      },
    }),
  }];
  const folder = path.replace(/[/\\][^/\\]*$/, "");
  const above = folder === path ? "missing" : await findFile(folder, ports);
  if (above === "missing") return evidence;
  return [...evidence, {
    role: "folder",
    path: folder,
    found: renderMode(above),
    ...(isWritable(above) && !isSticky(above) && {
      problem: {
        kind: "config" as const,
        cause: `Other users can replace the files in "${folder}".`,
        fix: renderChmod("700", folder, above as FoundFile),
      },
    }),
  }];
}

function isWritable(file: FoundFile | "forbidden"): file is FoundFile {
  return file !== "forbidden" && ((file.mode ?? 0) & 0o022) !== 0;
}

/** In a sticky folder, such as /tmp, users cannot replace the files of others. */
function isSticky({ mode = 0 }: FoundFile): boolean {
  return (mode & 0o1000) !== 0;
}

function renderOctal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
