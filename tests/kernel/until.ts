/** Waiting for what another process does. */

/** Waits until something is so; returns whether it is. */
export async function until(
  isSo: () => Promise<boolean>,
  timeoutMs = 30_000,
): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (!await isSo()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}
