/** Whole processes, timed from spawn to exit, in interleaved rounds. */

/** A process to be timed. */
export interface Contestant {
  name: string;
  command: readonly string[];
  stdin?: string;
  env?: Record<string, string>;
}

/** What one process took. */
interface Run {
  /** Milliseconds from spawn to exit. */
  ms: number;
  stdout: string;
}

/** Half of the values are below it. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The sum of the values by their number. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The value below which the given part of the values is (nearest rank). */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(part * sorted.length) - 1));
  return sorted[rank] ?? NaN;
}

/**
 * Runs a process to its end.
 *
 * @throws {Error} with its stderr, if its exit code is not 0.
 */
export async function runOnce({ name, command, stdin, env }: Contestant): Promise<Run> {
  const [program = "", ...args] = command;
  const start = performance.now();
  const child = new Deno.Command(program, {
    args,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(env === undefined ? {} : { env }),
  }).spawn();
  const output = child.output();
  if (stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
  }
  const { code, stdout, stderr } = await output;
  const ms = performance.now() - start;
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`${name}: exit code ${code}: ${decoder.decode(stderr)}`);
  return { ms, stdout: decoder.decode(stdout) };
}

/** Every contestant once a round, after one round that does not count; runs by name. */
export async function race(
  contestants: readonly Contestant[],
  { rounds }: { rounds: number },
): Promise<Map<string, Run[]>> {
  const runs = new Map<string, Run[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of contestants) {
      const run = await runOnce(contestant);
      if (round > 0) runs.get(contestant.name)?.push(run);
    }
  }
  return runs;
}

/** The milliseconds of a contestant's runs. */
export function listTimes(runs: Map<string, Run[]>, name: string): number[] {
  return (runs.get(name) ?? []).map(({ ms }) => ms);
}
