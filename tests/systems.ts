/**
 * What some tests need and not every system has: the one place that decides which are skipped, and says why in the
 * name of the test. Everything else runs on Linux, macOS and Windows (docs/platforms.md).
 */
import { assertEquals } from "@std/assert";

/** Why a system lacks something, by its name in `Deno.build.os`. */
const LACKS = {
  modes: { windows: "Windows has access rules, and no mode bits" },
  links: { windows: "Windows makes a symbolic link only with a privilege" },
  sh: { windows: "Windows has no sh, nor cat, true, sed and mkfifo" },
  signals: { windows: "Windows sends a program no signals" },
  linux: {
    windows: "Windows has neither /proc nor /dev/full",
    darwin: "macOS has neither /proc nor /dev/full",
  },
  loopback: { darwin: "macOS has one IPv4 address on its loopback interface" },
  sha512sum: {
    windows: "Windows has no sha512sum",
    darwin: "not every macOS has sha512sum",
  },
} as const satisfies Record<string, Partial<Record<typeof Deno.build.os, string>>>;

/** What a test can need. */
type Need = keyof typeof LACKS;

/** Returns why this system cannot run a test; undefined where it can. */
function findLack(needs: readonly Need[]): string | undefined {
  const lacks: readonly Partial<Record<string, string>>[] = needs.map((need) => LACKS[need]);
  return lacks.map((lack) => lack[Deno.build.os]).find((why) => why !== undefined);
}

/** Whether this system lacks what a test needs: for the `ignore` of tables. */
export function lacks(...needs: readonly Need[]): boolean {
  return findLack(needs) !== undefined;
}

/** Registers a test that is skipped, with the reason in its name, where the system lacks what it needs. */
export function testWith(
  needs: Need | readonly Need[],
  name: string,
  fn: () => void | Promise<void>,
): void {
  const why = findLack(typeof needs === "string" ? [needs] : needs);
  Deno.test({
    name: why === undefined ? name : `${name} (skipped: ${why})`,
    ignore: why !== undefined,
    fn,
  });
}

/** Asserts the permission bits of a file, where the system has such. */
export async function assertMode(path: string, mode: number): Promise<void> {
  if (lacks("modes")) return;
  assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, mode, path);
}

/**
 * Makes a temporary folder. Its path is the real one, as macOS has a link in it and Windows a short name, and has
 * slashes, so that it can be written in TOML and in a shell without quotes.
 */
export function makeFolder(prefix = "spknock-test-"): string {
  return Deno.realPathSync(Deno.makeTempDirSync({ prefix })).replaceAll("\\", "/");
}
