/** What every torture is. */

/** One torture: something is done very often, and a rule has to hold each time. */
export interface Torture {
  /** What is counted, for the help. */
  summary: string;
  /** How often without the flag. */
  count: number;
  /**
   * Returns what happened, in half a line.
   *
   * @throws {Error} with the seed of the first failure.
   */
  run(count: number, options: { seed: number }): Promise<string>;
}

/** Runs `use` in a folder that is removed afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "spknock-torture-" });
  try {
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Throws with the seed, unless the rule holds. */
export function requireRule(holds: boolean, seed: number, message: string): void {
  if (!holds) throw new Error(`seed ${seed}: ${message}`);
}
