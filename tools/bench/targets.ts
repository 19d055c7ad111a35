/** Many targets of one file: time, peak memory and descriptors; without a probe, and with an open and a silent door. */
import { Ground, renderTarget } from "./ground.ts";
import { type Contestant, median } from "./measure.ts";
import { spknock } from "./peers.ts";
import { ms, type Outcome, type Section } from "./report.ts";

const ROUNDS = 3;
/** `ulimit -n` of the runs with few descriptors. */
const FEW = 256;

/**
 * Prints the high-water mark of a process's memory (kB, Linux) and its descriptors every 50 ms until it is
 * gone. A shell does it, because /proc is closed to a Deno program without `--allow-all`.
 */
const WATCH = `while read -r _ < /proc/$1/status; do
  while read -r key value _; do [ "$key" = VmHWM: ] && break; done < /proc/$1/status
  set -- "$1" /proc/$1/fd/*
  echo "$value $(($# - 1))"
  sleep 0.05
done 2> /dev/null`;

interface Use {
  ms: number;
  /** MiB, the most that was resident. */
  peak: number;
  /** The most descriptors that were open. */
  descriptors: number;
}

/** Runs a process to its end and watches its memory and descriptors. */
async function watch(
  { name, command, env }: Contestant,
  { codes }: { codes: readonly number[] },
): Promise<Use> {
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
  if (!codes.includes(code)) throw new Error(`${name}: exit code ${code}`);
  const marks = new TextDecoder().decode((await watcher).stdout).trim().split("\n")
    .map((line) => line.split(" ").map(Number));
  return {
    ms: took,
    peak: Math.max(...marks.map(([peak = 0]) => peak)) / 1024,
    descriptors: Math.max(...marks.map(([, count = 0]) => count)),
  };
}

/** What is run, and how it ends. */
interface Run {
  name: string;
  size: number;
  args: readonly string[];
  /** The probed port; none where undefined. */
  port?: number;
  limit?: number;
  code?: number;
}

async function run(): Promise<Outcome> {
  using ground = new Ground({ ports: 3 });
  using open = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1_024 });
  using shut = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const serving = (async () => {
    for await (const connection of open) connection.close();
  })();
  // A full backlog does not answer; its connections stay in it.
  const waiting = await fill(shut.addr.port);
  const door = { args: ["knock", "--all"], port: open.addr.port };
  const silent = { args: ["probe", "--all"], port: shut.addr.port, code: 1 };
  const runs: Run[] = [
    ...[1_000, 10_000].map((size) => ({ name: "knock", size, args: ["knock", "--all"] })),
    ...[100, 1_000, 10_000].map((size) => ({ name: "knock, probe open", size, ...door })),
    { name: `the same, ulimit -n ${FEW}`, size: 1_000, limit: FEW, ...door },
    ...[100, 1_000].map((size) => ({ name: "probe, no answer in 3 s", size, ...silent })),
    { name: `the same, ulimit -n ${FEW}`, size: 100, limit: FEW, ...silent },
  ];
  const uses = new Map<Run, Use[]>(runs.map((each) => [each, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [each, taken] of uses) {
      taken.push(await watch(prepare(each, ground), { codes: [each.code ?? 0] }));
    }
  }
  for (const connection of waiting) connection.close();
  open.close();
  await serving;
  return {
    head: ["three knocks each", "targets", "median", "a target", "peak memory", "descriptors"],
    rows: [...uses].map(([{ name, size }, each]) => {
      const took = median(each.map((use) => use.ms));
      const peak = Math.max(...each.map((use) => use.peak));
      const descriptors = Math.max(...each.map((use) => use.descriptors));
      return [
        name,
        `${size}`,
        ms(took),
        ms(took / size),
        `${peak.toFixed(0)} MiB`,
        `${descriptors}`,
      ];
    }),
    notes: [`${ROUNDS} interleaved rounds; peaks are the worst of them.`],
  };
}

/** Connections until the port does not answer any more. */
async function fill(port: number): Promise<Deno.TcpConn[]> {
  const connections: Deno.TcpConn[] = [];
  try {
    for (;;) {
      const signal = AbortSignal.timeout(500);
      connections.push(await Deno.connect({ hostname: "127.0.0.1", port, signal }));
    }
  } catch {
    return connections;
  }
}

function prepare({ name, size, args, port, limit }: Run, ground: Ground): Contestant {
  const probes = port === undefined ? "" : `probes = ["${port}/tcp"]\n`;
  const text = Array.from(
    { length: size },
    (_, index) => renderTarget(`target-${index}`, ground.ports) + probes,
  ).join("\n");
  const file = ground.write(`${size}-${port ?? "none"}.toml`, text);
  const { command, ...rest } = spknock(name, [...args, "-c", file]);
  const limited = ["sh", "-c", `ulimit -n ${limit}; exec "$@"`, "sh", ...command];
  return { ...rest, command: limit === undefined ? command : limited };
}

/** See the header. */
export const targets: Section = {
  title: "Many targets",
  aim:
    "10,000 in under 5 s and 200 MiB without a probe; a target's cost does not rise with their number",
  run,
};
