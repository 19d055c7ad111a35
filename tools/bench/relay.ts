/**
 * How fast, how promptly and in how much memory `connect` carries data, beside `nc` and `socat`. One of
 * them that is not installed is left out.
 */
import { commandOf } from "../../tests/e2e/program.ts";
import { freeTcpPort } from "../../tests/ports.ts";
import { Ground } from "./ground.ts";
import { median } from "./measure.ts";
import { findProgram, QUIET_ENV } from "./peers.ts";
import { measureMemory, pingPong, type Relay } from "./relay_process.ts";
import { type Outcome, type Section, times } from "./report.ts";

const ROUNDS = 5;
const MEBIBYTE = 1_048_576;
const SIZE = 1_024 * MEBIBYTE;

const DIRECTIONS = ["up", "down", "both"] as const;
type Direction = typeof DIRECTIONS[number];

/** Milliseconds of each round, by relay. */
type Times = Map<string, number[]>;

/** The shell's line for a direction: where data comes from, and where it goes. */
const LINES: Record<Direction, string> = {
  up: `head -c ${SIZE} /dev/zero | "$@" >/dev/null`,
  down: `"$@" </dev/null | cat >/dev/null`,
  both: `head -c ${SIZE} /dev/zero | "$@" | cat >/dev/null`,
};

/** Serves one connection: takes everything, gives `SIZE` bytes, or both; returns what was carried. */
async function serve(listener: Deno.TcpListener, direction: Direction): Promise<number> {
  using connection = await listener.accept();
  const take = async () => {
    const buffer = new Uint8Array(MEBIBYTE);
    let count = 0;
    for (let read = await connection.read(buffer); read !== null;) {
      count += read;
      read = await connection.read(buffer);
    }
    return count;
  };
  const give = async () => {
    const zeros = new Uint8Array(MEBIBYTE);
    for (let count = 0; count < SIZE;) {
      count += await connection.write(zeros.subarray(0, SIZE - count));
    }
    await connection.closeWrite();
    return SIZE;
  };
  const counts = await Promise.all([
    direction === "down" ? 0 : take(),
    direction === "up" ? 0 : give(),
  ]);
  return counts[0] + counts[1];
}

/** Milliseconds that the relay takes for `SIZE` bytes each way, its start included. */
async function transfer(
  command: readonly string[],
  { direction, port }: { direction: Direction; port: number },
): Promise<number> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  const serving = serve(listener, direction);
  const start = performance.now();
  const { code } = await new Deno.Command("sh", {
    args: ["-c", LINES[direction], "sh", ...command],
    env: QUIET_ENV,
    stderr: "null",
    stdout: "null",
  }).output();
  const ms = performance.now() - start;
  const size = direction === "both" ? 2 * SIZE : SIZE;
  if (code !== 0 || await serving !== size) throw new Error(`${command[0]} lost data`);
  return ms;
}

/** The relays that are there; spknock is the last one. */
async function listRelays(port: number, file: string): Promise<Relay[]> {
  const relays: Relay[] = [];
  if (await findProgram("nc") !== undefined) {
    // -d reads no stdin, -N passes its end on.
    const commandFor = (direction: Direction) => [
      "nc",
      direction === "down" ? "-d" : "-N",
      "127.0.0.1",
      `${port}`,
    ];
    relays.push({ name: "nc", commandFor });
  }
  if (await findProgram("socat") !== undefined) {
    // 8 KiB are its default, and slower; -t: after one end it waits for the other.
    const ways = { up: ["-u"], down: ["-U"], both: [] };
    const commandFor = (
      direction: Direction,
    ) => ["socat", "-b", "65536", "-t", "60", ...ways[direction], "-", `TCP:127.0.0.1:${port}`];
    relays.push({ name: "socat", commandFor });
  }
  const spknock = commandOf(["connect", "-c", file, "relay", `${port}`]);
  return [...relays, { name: "spknock connect", commandFor: () => spknock }];
}

/** Every relay once a round, after one round that does not count. */
async function race(
  relays: readonly Relay[],
  { rounds, time }: { rounds: number; time: (relay: Relay) => Promise<number> },
): Promise<Times> {
  const took: Times = new Map(relays.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const relay of relays) {
      const value = await time(relay);
      if (round > 0) took.get(relay.name)?.push(value);
    }
  }
  return took;
}

/** One row a relay; the last cell compares it with the best of the others. */
function makeRows(took: Times, label: string, show: (value: number) => string): string[][] {
  const medians = [...took].map(([name, values]) => ({ name, value: median(values) }));
  const best = Math.min(...medians.slice(0, -1).map(({ value }) => value));
  return medians.map(({ name, value }) => [
    `${name}, ${label}`,
    show(value),
    Number.isFinite(best) ? times(best, value) : "",
  ]);
}

async function run(): Promise<Outcome> {
  const port = freeTcpPort();
  using ground = new Ground({ ports: 0 });
  const file = ground.write(
    "relay.toml",
    `[targets.relay]\nhost = "127.0.0.1"\nknocks = ["${freeTcpPort()}/tcp"]\n`,
  );
  const relays = await listRelays(port, file);
  const rows: string[][] = [];
  for (const direction of DIRECTIONS) {
    const time = ({ commandFor }: Relay) => transfer(commandFor(direction), { direction, port });
    const took = await race(relays, { rounds: ROUNDS, time });
    const rate = (ms: number) => `${Math.round(SIZE / MEBIBYTE / (ms / 1_000))} MiB/s`;
    rows.push(...makeRows(took, direction === "both" ? "both ways, each" : direction, rate));
  }
  const pings = await race(relays, {
    rounds: ROUNDS,
    time: ({ commandFor }) => pingPong(commandFor("both"), port),
  });
  rows.push(...makeRows(pings, "one byte there and back", (ms) => `${Math.round(ms * 1_000)} us`));
  const spknock = relays.at(-1)?.commandFor("down") ?? [];
  const [early, late] = await measureMemory(spknock, { port, size: SIZE });
  return {
    head: ["1 GiB on loopback", "", "of the best other's speed"],
    rows,
    notes: [`Memory of spknock: ${early} MiB after 100 MiB, ${late} MiB after 1 GiB.`],
  };
}

/** See the header. */
export const relay: Section = {
  title: "Carrying data",
  aim: "down ahead of nc and socat, up 0.9 of the better one, start-up included; flat memory",
  run,
};
