/** One relay as a process: how promptly it answers, and how much memory it takes. */
import { median } from "./measure.ts";
import { QUIET_ENV } from "./peers.ts";

const MEBIBYTE = 1_048_576;
const TRIPS = 300;

/** A program that carries data between its standard streams and a port. */
export interface Relay {
  name: string;
  commandFor(direction: "up" | "down" | "both"): readonly string[];
}

function spawn([program = "", ...args]: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(program, {
    args,
    env: QUIET_ENV,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

/** Median milliseconds of one byte through the relay, to a server that sends it back. */
export async function pingPong(command: readonly string[], port: number): Promise<number> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  const serving = (async () => {
    using connection = await listener.accept();
    await connection.readable.pipeTo(connection.writable);
  })();
  const child = spawn(command);
  const [writer, reader] = [child.stdin.getWriter(), child.stdout.getReader()];
  const took: number[] = [];
  for (let trip = 0; trip <= TRIPS; trip++) {
    const start = performance.now();
    await writer.write(new Uint8Array(1));
    await reader.read();
    // The first one waits for the program's start.
    if (trip > 0) took.push(performance.now() - start);
  }
  await writer.close();
  await reader.cancel();
  await child.status;
  await serving;
  return median(took);
}

/** Resident MiB of the program after 100 MiB and after all of a download. */
export async function measureMemory(
  command: readonly string[],
  { port, size }: { port: number; size: number },
): Promise<[number, number]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  const serving = (async () => {
    using connection = await listener.accept();
    const zeros = new Uint8Array(MEBIBYTE);
    for (let count = 0; count < size;) count += await connection.write(zeros);
    await connection.closeWrite();
  })();
  const child = spawn(command);
  let [count, early, late] = [0, 0, 0];
  for await (const chunk of child.stdout) {
    count += chunk.length;
    if (early === 0 && count > 100 * MEBIBYTE) early = await readResidentMib(child.pid);
    if (count > size - 4 * MEBIBYTE && late === 0) late = await readResidentMib(child.pid);
  }
  await child.stdin.close();
  await serving;
  await child.status;
  return [early, late];
}

async function readResidentMib(pid: number): Promise<number> {
  // Deno itself reads nothing in /proc without --allow-all.
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/status`] }).output();
  const kib = /VmRSS:\s+(\d+) kB/.exec(new TextDecoder().decode(stdout))?.[1];
  return Math.round(Number(kib) / 1_024);
}
