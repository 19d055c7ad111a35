/** Files that another program has in use: only Windows refuses a call for that, and only for a moment. */
import { findErrno } from "../../core/system_errors.ts";

/** Milliseconds that such a file is waited for, and between two calls. */
const IN_USE_MS = 2_000;
const STEP_MS = 20;

/** A sharing violation (32) and a lock violation (33) are EBUSY; to replace or remove a file in use may be denied. */
const ERRORS = { read: /^EBUSY$/, replace: /^(?:EBUSY|EACCES|EPERM)$/ } as const;

/**
 * Calls again while another program has the file in use.
 *
 * @param options.os the system, as in `Deno.build.os`.
 * @param options.use what the call does with the file.
 * @throws what the last call throws.
 */
export async function untilFree<T>(
  { os, use }: { os: string; use: keyof typeof ERRORS },
  call: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + IN_USE_MS;
  for (;;) {
    try {
      return await call();
    } catch (cause) {
      const isInUse = os === "windows" && ERRORS[use].test(findErrno(cause) ?? "");
      if (!isInUse || performance.now() >= deadline) throw cause;
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  }
}
