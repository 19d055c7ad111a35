/**
 * What the system says when a call fails, in words: files, programs and standard streams. Sockets
 * have words of their own in `net/socket_errors.ts`.
 *
 * | call | errors that can come | where they become a sentence |
 * |---|---|---|
 * | open, read, stat of a file of ours | ENOENT, ENOTDIR, EACCES, EISDIR, ELOOP, ENAMETOOLONG, EIO, EMFILE, ENFILE, ESTALE | `config/disk/read_text.ts`, `secret/kinds.ts`: "cannot be read: ..." |
 * | create, write, fsync, rename, link | ENOSPC, EDQUOT, EROFS, EACCES, EPERM, EIO, EFBIG, EBUSY, EXDEV | `config/disk/replace_file.ts`, `use_cases/save_file.ts`: "cannot be written: ..." |
 * | flock | ENOLCK, ENOTSUP, ENOSYS, EINVAL: the file system has none | `config/update.ts`: a warning, and the write goes on |
 * | fsync of a folder | EINVAL, ENOTSUP: it needs none; else EIO, ... | `config/disk/replace_file.ts`: nothing, else a warning |
 * | spawn | ENOENT, EACCES, ENOEXEC, ETXTBSY, E2BIG, EAGAIN, ENOMEM, EMFILE | `secret/kinds.ts`, `cli/child_command.ts`, and the detail of a probe |
 * | read of standard input | EISDIR, EIO, EAGAIN (tried again), ECONNRESET | `system/streams.ts` |
 * | write to standard output | EPIPE, ECONNRESET (quiet), EAGAIN (tried again), ENOSPC, EIO, EFBIG | `system/streams.ts` |
 *
 * An error with a number that arrives at the top all the same is shown in the same words, and not as
 * a bug.
 */
import { errorMessage } from "./text.ts";

const REASONS: Readonly<Record<string, string>> = {
  E2BIG: "its arguments and environment are too long",
  EACCES: "permission denied",
  EAGAIN: "the system has no room for more processes or data now",
  EBUSY: "it is in use",
  EDQUOT: "the disk quota is used up",
  EEXIST: "a file of that name is in the way",
  EFBIG: "it is larger than a file may be here",
  EINTR: "it was interrupted",
  EIO: "the device reports an input/output error",
  EISDIR: "it is a folder",
  ELOOP: "its symbolic links lead in a circle",
  EMFILE: "this process has too many open files",
  ENAMETOOLONG: "its name is too long",
  ENFILE: "the system has too many open files",
  ENODEV: "the device does not exist",
  ENOENT: "a part of its path does not exist",
  ENOEXEC: "it is not a program for this system",
  ENOMEM: "the memory is used up",
  ENOLCK: "the file system has no locks",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of its path is not a folder",
  ENOTSUP: "the file system does not support it",
  ENXIO: "the device does not exist",
  EOPNOTSUPP: "the file system does not support it",
  EPERM: "permission denied",
  EPIPE: "its reader is gone",
  EROFS: "the file system is read-only",
  ESTALE: "the network file system has lost it",
  ETIMEDOUT: "the file system does not answer",
  ETXTBSY: "it is being written at this moment",
};

/** Errors that Deno 2.9 gives no code, by the text of the C library (Linux and macOS). */
const TEXTS: Readonly<Record<string, string>> = {
  "Disc quota exceeded": "EDQUOT",
  "Disk quota exceeded": "EDQUOT",
  "Exec format error": "ENOEXEC",
  "File too large": "EFBIG",
  "Function not implemented": "ENOSYS",
  "Interrupted system call": "EINTR",
  "No locks available": "ENOLCK",
  "No such device": "ENODEV",
  "No such device or address": "ENXIO",
  "Stale file handle": "ESTALE",
  "Stale NFS file handle": "ESTALE",
  "Resource temporarily unavailable": "EAGAIN",
  "Text file busy": "ETXTBSY",
  "Too many links": "EMLINK",
  "Too many open files": "EMFILE",
  "Too many open files in system": "ENFILE",
};

/**
 * Windows' own numbers, whose texts are in the user's language: those that are above all numbers of Linux and macOS. Of
 * files Deno gives most a code.
 */
const WINDOWS_NUMBERS: Readonly<Record<string, string>> = {
  193: "ENOEXEC", // ERROR_BAD_EXE_FORMAT
  206: "ENAMETOOLONG", // ERROR_FILENAME_EXCED_RANGE
  216: "ENOEXEC", // ERROR_EXE_MACHINE_TYPE_MISMATCH
  1231: "ENETUNREACH", // ERROR_NETWORK_UNREACHABLE
  1232: "EHOSTUNREACH", // ERROR_HOST_UNREACHABLE
  10013: "EACCES", // WSAEACCES
  10024: "EMFILE", // WSAEMFILE
  10040: "EMSGSIZE", // WSAEMSGSIZE
  10047: "EAFNOSUPPORT", // WSAEAFNOSUPPORT
  10048: "EADDRINUSE", // WSAEADDRINUSE
  10049: "EADDRNOTAVAIL", // WSAEADDRNOTAVAIL
  10050: "ENETDOWN", // WSAENETDOWN
  10051: "ENETUNREACH", // WSAENETUNREACH
  10053: "ECONNABORTED", // WSAECONNABORTED
  10054: "ECONNRESET", // WSAECONNRESET
  10055: "ENOBUFS", // WSAENOBUFS
  10060: "ETIMEDOUT", // WSAETIMEDOUT
  10061: "ECONNREFUSED", // WSAECONNREFUSED
  10064: "EHOSTDOWN", // WSAEHOSTDOWN
  10065: "EHOSTUNREACH", // WSAEHOSTUNREACH
};

/** The text of a failed call at the end of what Deno says, such as `Failed to spawn 'x': TEXT`. */
const OS_ERROR = /(?:^|: )([^:]*) \(os error (\d+)\)/;

/** Returns the `E...` code of an error from Deno or node, if it has one. */
export function findErrno(cause: unknown): string | undefined {
  const { code, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string") return code;
  const text = String(message ?? "");
  const [, words = "", number = ""] = OS_ERROR.exec(text) ?? [];
  return TEXTS[words] ?? WINDOWS_NUMBERS[number] ?? /\b(E[A-Z]{3,})\b/.exec(text)?.[1];
}

/** Returns why a call failed, in words; the system's own where the table has none. */
export function describeSystemError(cause: unknown): string {
  return REASONS[findErrno(cause) ?? ""] ??
    errorMessage(cause).replace(/ \(os error \d+\)(?::.*)?$/s, "");
}

/** Whether a program could not be started because there is none of that name. */
export function isMissingProgram(cause: unknown): boolean {
  return cause instanceof Deno.errors.NotFound && !isFolderGone(cause);
}

/** A program is started in the current folder, which may have been removed. */
function isFolderGone(cause: unknown): boolean {
  return errorMessage(cause).includes("failed resolving cwd");
}

/** Returns why a program could not be started, in words. */
export function describeStartError(cause: unknown): string {
  if (isFolderGone(cause)) return "the current folder does not exist any more";
  return isMissingProgram(cause) ? "it was not found" : describeSystemError(cause);
}

/** Returns what went wrong with a probe or an `after` program: a start that failed, or anything else. */
export function describeProgramError(cause: unknown): string {
  const isStart = errorMessage(cause).startsWith("Failed to spawn ");
  return isStart ? `could not be started: ${describeStartError(cause)}` : errorMessage(cause);
}

/** Calls that were made wrongly: what reports these is a bug of ours. */
const MISUSE = new Set(["EBADF", "EFAULT"]);

/** Whether the system reported it: an error with the number of a failed call. */
export function isSystemError(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  if (!("code" in cause)) return OS_ERROR.test(cause.message);
  const code = String(cause.code);
  return /^E[A-Z0-9]+$/.test(code) && !MISUSE.has(code);
}

/**
 * Returns the hint for a file that could not be read or written, where there is one.
 *
 * @param options.denied the hint where the permission was denied.
 */
export function findFileHint(
  cause: unknown,
  { denied }: { denied?: string } = {},
): string | undefined {
  switch (findErrno(cause)) {
    case "ENOSPC":
      return "make room on the disk, then try again";
    case "EDQUOT":
      return "make room, then try again";
    case "EACCES":
    case "EPERM":
      return denied;
    case "EMFILE":
    case "ENFILE":
      return "use fewer --jobs, or raise ulimit -n";
    default:
      return undefined;
  }
}
