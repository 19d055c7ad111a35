/**
 * One-time codes in nftables: the text, the time and memory to write and load it, the kernel's memory, and what
 * a wrong packet costs. Times are those of the processors (user and system): another program that runs does not count.
 */
import { createLab, type Lab, labSkipReason, type Namespace } from "../../tests/kernel/lab.ts";
import { median } from "./measure.ts";
import type { Outcome, Section } from "./report.ts";

const HOUR = 60;
/** Minutes of each horizon. */
const HORIZONS = {
  "1 day": 24 * HOUR,
  "30 days": 30 * 24 * HOUR,
  "1 year": 365 * 24 * HOUR,
  "10 years": 3_650 * 24 * HOUR,
} as const;
const SIZES = [[10, 1], [10, 4], [1, 1], [1, 4]] as const;
/** Above, nft needs more than 5 GB of memory. */
const MAX_ELEMENTS = 3_200_000;
const PACKETS = 100_000;
const PORT = 62_201;

/** What a program took. */
interface Cost {
  seconds: number;
  mebibytes: number;
  stdout: string;
}

async function run(): Promise<Outcome> {
  const leftOut = await labSkipReason(["time"]);
  if (leftOut !== undefined) return { leftOut };
  const rows: string[][] = [];
  const idle = await timeIdle();
  for (const [name, minutes] of Object.entries(HORIZONS)) {
    for (const [window, slots] of SIZES) {
      const cells = await measure({ windows: minutes / window, window, slots }, idle);
      rows.push([`${name}, ${window} min, ${slots} slot${slots === 1 ? "" : "s"}`, ...cells]);
    }
  }
  return {
    head: [
      "codes",
      "number",
      "text",
      "write",
      "memory",
      "load",
      "nft's memory",
      "kernel",
      "packet",
    ],
    rows,
  };
}

interface Size {
  windows: number;
  /** Minutes. */
  window: number;
  slots: number;
}

async function measure({ windows, window, slots }: Size, idle: number): Promise<string[]> {
  const isLoaded = windows * (slots + 2) <= MAX_ELEMENTS;
  const file = isLoaded ? await Deno.makeTempFile({ suffix: ".nft" }) : "/dev/null";
  try {
    const script = new URL("./codes_writer.ts", import.meta.url).pathname;
    const flags = JSON.parse(Deno.env.get("SPKNOCK_DENO_FLAGS") ?? "[]") as string[];
    const written = await runTimed([
      ...[Deno.execPath(), "run", "-q", "-A", ...flags, script],
      ...[60_000 * window, slots, windows].map(String),
      file,
    ]);
    const { bytes } = JSON.parse(written.stdout) as { bytes: number };
    return [
      String(windows * slots),
      `${(bytes / 1e6).toFixed(1)} MB`,
      `${written.seconds.toFixed(1)} s`,
      `${written.mebibytes.toFixed(0)} MiB`,
      ...(isLoaded ? await load(file, idle) : ["not tried", "", "", ""]),
    ];
  } finally {
    if (isLoaded) await Deno.remove(file);
  }
}

async function load(file: string, idle: number): Promise<string[]> {
  await using lab = await createLab();
  const { server } = lab;
  const before = await readKernelMemory(server);
  const loaded = await runTimed(["nft", "-f", file], server);
  const kernel = await readKernelMemory(server) - before;
  const busy = await timePackets(lab);
  return [
    `${loaded.seconds.toFixed(1)} s`,
    `${loaded.mebibytes.toFixed(0)} MiB`,
    `${kernel.toFixed(0)} MiB`,
    `${(busy - idle).toFixed(1)} us`,
  ];
}

/** Microseconds of a packet with rules that accept it at once. */
async function timeIdle(): Promise<number> {
  await using lab = await createLab();
  await lab.server.nft(`table inet none {
  chain input {
    type filter hook input priority filter - 5; policy accept;
    ct state established,related accept
  }
}
`);
  return await timePackets(lab);
}

/** Microseconds that one wrong packet takes, from the socket to the end of the rules. */
async function timePackets({ client, server }: Lab): Promise<number> {
  const script = new URL("./codes_sender.ts", import.meta.url).pathname;
  const rounds: number[] = [];
  for (let round = 0; round < 3; round++) {
    const [all = 0, start = 0] = await Promise.all([PACKETS, 0].map(async (count) => {
      const flags = ["run", "-q", "-A", "--no-config"];
      const args = [script, server.ipv4, `${PORT}`, `${count}`];
      return (await runTimed([Deno.execPath(), ...flags, ...args], client)).seconds;
    }));
    rounds.push((all - start) * 1e6 / PACKETS);
  }
  return median(rounds);
}

/** Mebibytes of slabs, and of tables that are too large for them. */
async function readKernelMemory(server: Namespace): Promise<number> {
  const text = await server.run(["cat", "/proc/meminfo"]);
  const read = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(text)?.[1]);
  return (read("Slab") + read("VmallocUsed")) / 1_024;
}

async function runTimed(command: readonly string[], where?: Namespace): Promise<Cost> {
  const inside = where === undefined ? [] : ["ip", "netns", "exec", where.name];
  const child = new Deno.Command("time", {
    args: ["-f", "%U %S %M", ...inside, ...command],
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await child.output();
  const said = new TextDecoder().decode(stderr);
  if (!success) throw new Error(`${command.join(" ")}: ${said}`);
  const [user = 0, system = 0, kibibytes = 0] = (said.trim().split("\n").at(-1) ?? "").split(" ")
    .map(Number);
  return {
    seconds: user + system,
    mebibytes: kibibytes / 1_024,
    stdout: new TextDecoder().decode(stdout),
  };
}

/** See the header. */
export const codes: Section = {
  title: "One-time codes",
  aim:
    "a year of ten minutes with four slots loads in seconds; ten years of minutes are written in 1 GB",
  run,
};
