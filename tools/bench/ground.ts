/** Where the knocks go: UDP ports on loopback, and files of targets that name them. */
import { SECRETS } from "./peers.ts";

/** Bound ports, so that the kernel delivers rather than answers "unreachable". */
export class Ground implements Disposable {
  readonly ports: number[];
  /** A folder that goes away with it. */
  readonly folder: string = Deno.makeTempDirSync({ prefix: "spknock-bench-" });
  readonly #sockets: Deno.DatagramConn[];

  constructor({ ports }: { ports: number }) {
    this.#sockets = Array.from(
      { length: ports },
      () => Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }),
    );
    this.ports = this.#sockets.map(({ addr }) => (addr as Deno.NetAddr).port);
  }

  /** Writes a file that only its owner can read. */
  write(name: string, text: string): string {
    const path = `${this.folder}/${name}`;
    Deno.writeTextFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** The text of the next datagram of each port, in their order; waits for them. */
  async take(): Promise<string[]> {
    const decoder = new TextDecoder();
    const taken = await Promise.all(this.#sockets.map((socket) => socket.receive()));
    return taken.map(([payload]) => decoder.decode(payload));
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.close();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** A target with one secret knock a port, without pauses. */
export function renderTarget(name: string, ports: readonly number[]): string {
  const hashes = Object.values(SECRETS);
  const knocks = ports.map((port, index) =>
    `  { port = ${port}, protocol = "udp", secret = { hash = "${hashes[index % 3]}" } },\n`
  );
  return `[targets.${name}]\nhost = "127.0.0.1"\ndelay = "0ms"\nknocks = [\n${knocks.join("")}]\n`;
}
