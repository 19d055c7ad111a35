/** Many targets of one file: time and peak memory. */
import { Ground, renderTarget } from "./ground.ts";
import { type Contestant, median } from "./measure.ts";
import { spknock } from "./peers.ts";
import { ms, type Outcome, type Section } from "./report.ts";

const SIZES = [1_000, 10_000] as const;
const ROUNDS = 5;

/**
 * Prints the high-water mark of a process's memory (kB, Linux) every 50 ms until it is gone. A shell
 * does it, because /proc is closed to a Deno program without `--allow-all`.
 */
const WATCH = `while read -r _ < /proc/$1/status; do
  while read -r key value _; do [ "$key" = VmHWM: ] && echo "$value"; done < /proc/$1/status
  sleep 0.05
done 2> /dev/null`;

interface Use {
  ms: number;
  /** MiB, the most that was resident. */
  peak: number;
}

/** Runs a process to its end and watches its memory. */
async function watch({ name, command, env }: Contestant): Promise<Use> {
  const [program = "", ...args] = command;
  const start = performance.now();
  const child = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "null",
    ...(env === undefined ? {} : { env }),
  }).spawn();
  const watcher = new Deno.Command("sh", { args: ["-c", WATCH, "sh", `${child.pid}`] }).output();
  const { code } = await child.status;
  const took = performance.now() - start;
  if (code !== 0) throw new Error(`${name}: exit code ${code}`);
  const marks = new TextDecoder().decode((await watcher).stdout).trim().split("\n");
  return { ms: took, peak: Math.max(...marks.map(Number)) / 1024 };
}

async function run(): Promise<Outcome> {
  using ground = new Ground({ ports: 3 });
  const contestants = SIZES.map((size) => {
    const text = Array.from(
      { length: size },
      (_, index) => renderTarget(`target-${index}`, ground.ports),
    ).join("\n");
    const file = ground.write(`${size}.toml`, text);
    const bytes = `${(text.length / 1024 / 1024).toFixed(1)} MiB`;
    return spknock(`${size} targets (${bytes} of TOML)`, ["knock", "--all", "-c", file]);
  });
  const uses = new Map<string, Use[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const contestant of contestants) uses.get(contestant.name)?.push(await watch(contestant));
  }
  return {
    head: ["three knocks each", "median", "worst", "peak memory"],
    rows: [...uses].map(([name, each]) => {
      const took = each.map((use) => use.ms);
      const peak = Math.max(...each.map((use) => use.peak));
      return [name, ms(median(took)), ms(Math.max(...took)), `${peak.toFixed(0)} MiB`];
    }),
    notes: [`${ROUNDS} interleaved rounds; the peak is the worst of them.`],
  };
}

/** See the header. */
export const targets: Section = {
  title: "Many targets",
  aim: "10,000 in under 5 s and 200 MiB",
  run,
};
