/** How fast, and in how much memory, `connect` carries data, beside `nc`. */
import { commandOf } from "../../tests/e2e/program.ts";
import { freeTcpPort } from "../../tests/ports.ts";
import { Ground } from "./ground.ts";
import { median } from "./measure.ts";
import { QUIET_ENV } from "./peers.ts";
import { type Outcome, type Section, times } from "./report.ts";

const ROUNDS = 5;
const MEBIBYTE = 1_048_576;
const SIZE = 1_024 * MEBIBYTE;

type Direction = "up" | "down";

/** Serves one connection: takes everything, or gives `SIZE` bytes. */
async function serve(listener: Deno.TcpListener, direction: Direction): Promise<number> {
  using connection = await listener.accept();
  const buffer = new Uint8Array(MEBIBYTE);
  let count = 0;
  if (direction === "up") {
    for (let read = await connection.read(buffer); read !== null;) {
      count += read;
      read = await connection.read(buffer);
    }
  } else {
    while (count < SIZE) count += await connection.write(buffer.subarray(0, SIZE - count));
    await connection.closeWrite();
  }
  return count;
}

/** Milliseconds that the command takes for `SIZE` bytes, and its memory at the end and at most. */
async function transfer(command: readonly string[], direction: Direction, port: number) {
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  const serving = serve(listener, direction);
  const line = direction === "up"
    ? `head -c ${SIZE} /dev/zero | "$@" >/dev/null`
    : `"$@" </dev/null | cat >/dev/null`;
  const start = performance.now();
  const { code } = await new Deno.Command("sh", {
    args: ["-c", line, "sh", ...command],
    env: QUIET_ENV,
    stderr: "null",
    stdout: "null",
  }).output();
  const ms = performance.now() - start;
  if (code !== 0 || await serving !== SIZE) throw new Error(`${command[0]} lost data`);
  return ms;
}

/** Resident MiB of the program after 100 MiB and after all of a download. */
async function measureMemory(command: readonly string[], port: number): Promise<[number, number]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  const serving = serve(listener, "down");
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env: QUIET_ENV,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let [count, early, late] = [0, 0, 0];
  for await (const chunk of child.stdout) {
    count += chunk.length;
    if (early === 0 && count > 100 * MEBIBYTE) early = await residentMib(child.pid);
    if (count > SIZE - 4 * MEBIBYTE && late === 0) late = await residentMib(child.pid);
  }
  await child.stdin.close();
  await serving;
  await child.status;
  return [early, late];
}

async function residentMib(pid: number): Promise<number> {
  // Deno itself reads nothing in /proc without --allow-all.
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/status`] }).output();
  const kib = /VmRSS:\s+(\d+) kB/.exec(new TextDecoder().decode(stdout))?.[1];
  return Math.round(Number(kib) / 1_024);
}

async function run(): Promise<Outcome> {
  const port = freeTcpPort();
  using ground = new Ground({ ports: 0 });
  const file = ground.write(
    "relay.toml",
    `[targets.relay]\nhost = "127.0.0.1"\nknocks = ["${freeTcpPort()}/tcp"]\n`,
  );
  const spknock = commandOf(["connect", "-c", file, "relay", `${port}`]);
  const address = ["127.0.0.1", `${port}`];
  const rows: string[][] = [];
  for (const direction of ["up", "down"] as const) {
    // nc -d reads no stdin, -N passes its end on.
    const nc = ["nc", direction === "up" ? "-N" : "-d", ...address];
    const took: Record<"nc" | "spknock", number[]> = { nc: [], spknock: [] };
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, command] of [["nc", nc], ["spknock", spknock]] as const) {
        const ms = await transfer(command, direction, port);
        if (round > 0) took[name].push(ms);
      }
    }
    for (const name of ["nc", "spknock"] as const) {
      const rate = SIZE / MEBIBYTE / (median(took[name]) / 1_000);
      const label = `${name === "nc" ? "nc" : "spknock connect"}, ${direction}`;
      rows.push([label, `${Math.round(rate)} MiB/s`, times(median(took.nc), median(took[name]))]);
    }
  }
  const [early, late] = await measureMemory(spknock, port);
  return {
    head: ["1 GiB on loopback", "throughput", "of nc's"],
    rows,
    notes: [`Memory of spknock: ${early} MiB after 100 MiB, ${late} MiB after 1 GiB.`],
  };
}

/** See the header. */
export const relay: Section = {
  title: "Carrying data",
  aim: "at least half of nc's throughput, start-up included, and memory that stays flat",
  run,
};
