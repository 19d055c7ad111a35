/**
 * A door of three UDP knocks in network namespaces, with a server behind it that says an ssh banner.
 * The knocks are regular ones where Debian's `knock` meets the same firewall.
 */
import { Home } from "../../tests/e2e/program.ts";
import { createLab } from "../../tests/kernel/lab.ts";
import { type DelayedWire, openDelayedWire } from "./delayed_wire.ts";

const BANNER = "SSH-2.0-bench\r\n";
/** The UDP port of the last knock. */
export const LAST_KNOCK_PORT = 8044;
const KNOCKS = ["9012/udp", "7003/udp", `${LAST_KNOCK_PORT}/udp`];

const SERVER = `import socket
server = socket.create_server(("0.0.0.0", 22), backlog=128)
while True:
    connection, _ = server.accept()
    connection.sendall(${JSON.stringify(BANNER)}.encode())
    connection.close()
`;

/** See the header. */
export interface BannerLab extends AsyncDisposable {
  /** The server's address, where spknock knows it as the target `bench`. */
  host: string;
  /** The knocks as Debian's `knock` takes them. */
  knocks: string;
  /** Shuts the door. */
  shut(): Promise<void>;
  /** Loses as many of a hundred of the client's packets. */
  lose(percent: number): Promise<void>;
  /** Milliseconds from the start of a process to the banner; undefined where it never came. */
  timeToBanner(command: readonly string[]): Promise<number | undefined>;
  /** Milliseconds from the start of a process to its end; undefined where it failed. */
  timeToEnd(command: readonly string[]): Promise<number | undefined>;
  /** The wire that delays; undefined without a round trip. */
  wire: DelayedWire | undefined;
}

/** What a lab is made with. */
interface BannerLabOptions {
  /** Whether the knocks are secret ones, which Debian's `knock` cannot send. */
  secret?: boolean;
  /** Of the wire that the packets take; 0 is the veth alone. */
  roundTripMs?: number;
}

/** A payload for all three knocks. */
const HASH = "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad";

/** Builds one; needs root on Linux, nft, ip and python3. */
export async function createBannerLab(
  { secret = false, roundTripMs = 0 }: BannerLabOptions = {},
): Promise<BannerLab> {
  const cleanup = new AsyncDisposableStack();
  const lab = cleanup.use(await createLab());
  const home = cleanup.use(new Home());
  const { client, server } = lab;
  await home.write(`version = 1
[targets.bench]
host = "${server.ipv4}"
knocks = ${JSON.stringify(KNOCKS)}
secret = ${secret ? `{ hash = "${HASH}" }` : '"none"'}
probes = ["tcp:22"]
`);
  const rules = await home.run(["rules", "bench", "--for", "nftables"]);
  if (rules.code !== 0) throw new Error(rules.stderr);
  await server.nft(rules.stdout);
  server.spawn(["python3", "-c", SERVER]);
  await server.run(["sh", "-c", "until nc -z 127.0.0.1 22; do sleep 0.05; done"]);
  const wire = roundTripMs === 0
    ? undefined
    : cleanup.use(await openDelayedWire(lab, { roundTripMs }));
  const spawn = (command: readonly string[]) =>
    new Deno.Command("ip", {
      args: ["netns", "exec", client.name, ...command],
      env: home.env,
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  const sets = ["stage1", "stage2", "open"];
  return {
    host: server.ipv4,
    knocks: KNOCKS.map((knock) => knock.replace("/", ":")).join(" "),
    shut: () =>
      server.nft(sets.map((set) => `flush set inet spknock_bench bench.${set}.4\n`).join("")),
    lose: (percent) => server.lose(percent),
    wire,
    async timeToBanner(command) {
      const start = performance.now();
      const child = spawn(command);
      let ms: number | undefined;
      let text = "";
      for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        if (text.includes(BANNER)) ms ??= performance.now() - start;
      }
      await child.status;
      return ms;
    },
    async timeToEnd(command) {
      const start = performance.now();
      const { success } = await spawn(command).output();
      return success ? performance.now() - start : undefined;
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}
