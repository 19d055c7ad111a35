/** The systems that a release has an executable for. */

/** The targets of `deno compile`, the ones that Deno has a runtime for. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
  "aarch64-pc-windows-msvc",
] as const;

/** One of `TARGETS`. */
export type Target = typeof TARGETS[number];

/** Whether the target is Windows. */
export function isWindows(target: Target): boolean {
  return target.includes("windows");
}

/** The name of the compiled executable. */
export function nameExecutable(target: Target): string {
  return `spknock-${target}${isWindows(target) ? ".exe" : ""}`;
}

/** The name of the archive, the same in every release, so that one address leads to the latest. */
export function nameArchive(target: Target): string {
  return `spknock-${target}${isWindows(target) ? ".zip" : ".tar.gz"}`;
}
