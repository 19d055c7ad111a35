/**
 * A laboratory of real network namespaces: a client and a server joined by a veth pair, with nothing
 * else on the wire. Needs root on Linux and iproute2; the firewalls bring their own tools.
 */
import type { needs as asksRuntime } from "../e2e/old_runtime.ts";
import { denoCommand } from "../e2e/program.ts";
import { type Agent, linkAgent } from "./agent_protocol.ts";
import {
  commandOf,
  type ExecOptions,
  type ExecResult,
  execute,
  mustRun,
  PATH,
  stop,
} from "./exec.ts";

/** One end of the wire. */
export interface Namespace {
  name: string;
  /** The name of the veth end in here. */
  device: string;
  /** Its end's hardware address. */
  mac: string;
  /** Its own addresses. */
  ipv4: string;
  ipv6: string;
  /** Runs a program to its end. */
  exec(args: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** As `exec`, but resolves to stdout and throws, with stderr, unless the exit code is 0. */
  run(args: readonly string[], options?: ExecOptions): Promise<string>;
  /** Starts a program with stdin, stdout and stderr closed; it is killed with the lab. */
  spawn(args: readonly string[], options?: Pick<ExecOptions, "env">): Deno.ChildProcess;
  /** Loads nftables rules. */
  nft(rules: string): Promise<void>;
  /** Loses as many of a hundred packets that come in, and with `out` that leave, at random. */
  lose(percent: number, options?: { out?: boolean }): Promise<void>;
  /** Starts an agent, which sends packets, listens and connects; it is stopped with the lab. */
  agent(): Promise<Agent>;
}

/** See the header. */
export interface Lab extends AsyncDisposable {
  client: Namespace;
  server: Namespace;
  /** More addresses of the client, for "another source". */
  sources: { ipv4: string[]; ipv6: string[] };
  /** Makes the server a router, with one more host behind it at a wire of this name. */
  addBehind(device: string): Promise<Behind>;
}

/** A host behind the server. */
export interface Behind extends Namespace {
  /** As those of the client. */
  sources: Lab["sources"];
}

/** What a lab is made with; see `createLab`. */
export interface LabOptions {
  sources?: number | undefined;
}

const DEVICE = "knock0";
const MACS = { c: "02:00:00:00:77:01", s: "02:00:00:00:77:02" } as const;
const CARRIER_TIMEOUT_MS = 10_000;
const FIRST_EXTRA_HOST = 11;
let labs = 0;

/**
 * Builds a lab. Disposing removes everything, and so does a failure on the way.
 *
 * @param options.sources how many more addresses the client has, of each family; at most 240, and 4
 * where undefined.
 */
export async function createLab({ sources: count = 4 }: LabOptions = {}): Promise<Lab> {
  await removeStale();
  const number = ++labs;
  const subnet = number % 250 + 1;
  const prefix = `spk-${Deno.pid}-${number}`;
  const cleanup = new AsyncDisposableStack();
  try {
    const make = async (side: "c" | "s", host: number) => {
      const name = `${prefix}-${side}`;
      await mustRun(["ip", "netns", "add", name]);
      cleanup.defer(() => removeNamespace(name));
      return namespaceOf(name, {
        mac: MACS[side],
        ipv4: `10.77.${subnet}.${host}`,
        ipv6: `fd77:0:0:${subnet.toString(16)}::${host}`,
      }, cleanup);
    };
    const client = await make("c", 1);
    const server = await make("s", 2);
    await connectWithVeth(client, server);
    const hosts = Array.from({ length: count }, (_, index) => FIRST_EXTRA_HOST + index);
    const sources = {
      ipv4: hosts.map((host) => `10.77.${subnet}.${host}`),
      ipv6: hosts.map((host) => `fd77:0:0:${subnet.toString(16)}::${host}`),
    };
    const ends = [
      { end: client, ipv4: [client.ipv4, ...sources.ipv4], ipv6: [client.ipv6, ...sources.ipv6] },
      { end: server, ipv4: [server.ipv4], ipv6: [server.ipv6] },
    ];
    for (const [index, mine] of ends.entries()) {
      const theirs = ends[1 - index];
      await configure(mine.end, {
        mine,
        neighbours: [...theirs?.ipv4 ?? [], ...theirs?.ipv6 ?? []],
      });
    }
    for (const { end } of ends) await waitForCarrier(end);
    let behind = 0;
    return {
      client,
      server,
      sources,
      addBehind: (device) =>
        makeBehind({ client, server, device, number: ++behind, count }, cleanup),
      [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
    };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
}

interface BehindRequest {
  client: Namespace;
  server: Namespace;
  device: string;
  /** 1 is 10.78.1.2 and fd78:0:0:1::2. */
  number: number;
  /** How many more addresses it has. */
  count: number;
}

async function makeBehind(request: BehindRequest, cleanup: AsyncDisposableStack): Promise<Behind> {
  const { client, server, device, number, count } = request;
  const name = server.name.replace(/s$/, `b${number}`);
  const mac = (end: number) => `02:00:00:00:78:${number}${end}`;
  const net = { ipv4: `10.78.${number}.`, ipv6: `fd78:0:0:${number}::` };
  const hosts = Array.from({ length: count }, (_, index) => FIRST_EXTRA_HOST + index);
  await mustRun(["ip", "netns", "add", name]);
  cleanup.defer(() => removeNamespace(name));
  const near = ["link", "add", device, "address", mac(1), "netns", server.name];
  const far = ["name", DEVICE, "address", mac(2), "netns", name];
  await mustRun(["ip", ...near, "type", "veth", "peer", ...far]);
  const ends = [{ where: server.name, end: 1, other: 2, wire: device, own: [1] }, {
    where: name,
    end: 2,
    other: 1,
    wire: DEVICE,
    own: [2, ...hosts],
  }];
  for (const { where, other, wire, own } of ends) {
    const theirs = other === 1 ? [1] : [2, ...hosts];
    await batch(where, [
      "link set lo up",
      ...own.flatMap((host) => [
        `addr add ${net.ipv4}${host}/24 dev ${wire}`,
        `addr add ${net.ipv6}${host}/64 dev ${wire} nodad`,
      ]),
      `link set ${wire} up`,
      ...theirs.flatMap((host) =>
        Object.values(net).map((start) =>
          `neigh replace ${start}${host} lladdr ${mac(other)} dev ${wire} nud permanent`
        )
      ),
    ]);
  }
  await batch(name, Object.values(net).map((start) => `route add default via ${start}1`));
  await batch(client.name, [
    `route add ${net.ipv4}0/24 via ${server.ipv4}`,
    `route add ${net.ipv6}/64 via ${server.ipv6}`,
  ]);
  await server.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
  const place = namespaceOf(
    name,
    { mac: mac(2), ipv4: `${net.ipv4}2`, ipv6: `${net.ipv6}2` },
    cleanup,
  );
  await waitForCarrier(place);
  const list = (start: string) => hosts.map((host) => `${start}${host}`);
  return { ...place, sources: { ipv4: list(net.ipv4), ipv6: list(net.ipv6) } };
}

async function batch(namespace: string, lines: readonly string[]): Promise<void> {
  await mustRun(["ip", "-n", namespace, "-batch", "-"], { stdin: `${lines.join("\n")}\n` });
}

async function connectWithVeth(client: Namespace, server: Namespace): Promise<void> {
  const near = ["link", "add", DEVICE, "address", client.mac, "netns", client.name];
  const far = ["name", DEVICE, "address", server.mac, "netns", server.name];
  await mustRun(["ip", ...near, "type", "veth", "peer", ...far]);
}

/** Neighbours are permanent: no packet waits for address resolution, or is lost to it. */
async function configure(
  { name }: Namespace,
  { mine, neighbours }: { mine: { ipv4: string[]; ipv6: string[] }; neighbours: string[] },
): Promise<void> {
  const peerMac = name.endsWith("-c") ? MACS.s : MACS.c;
  const lines = [
    "link set lo up",
    ...mine.ipv4.map((address) => `addr add ${address}/24 brd + dev ${DEVICE}`),
    ...mine.ipv6.map((address) => `addr add ${address}/64 dev ${DEVICE} nodad`),
    `link set ${DEVICE} up`,
    ...neighbours.map((address) =>
      `neigh replace ${address} lladdr ${peerMac} dev ${DEVICE} nud permanent`
    ),
  ];
  await batch(name, lines);
}

/** Until the kernel has noticed that both ends are up it throws packets away. */
async function waitForCarrier({ name }: Namespace): Promise<void> {
  const deadline = Date.now() + CARRIER_TIMEOUT_MS;
  while (!(await mustRun(["ip", "-n", name, "link", "show", DEVICE])).includes("state UP")) {
    if (Date.now() > deadline) throw new Error(`${name}: ${DEVICE} does not come up`);
  }
}

function namespaceOf(
  name: string,
  addresses: { mac: string; ipv4: string; ipv6: string },
  cleanup: AsyncDisposableStack,
): Namespace {
  const inside = (args: readonly string[]) => ["ip", "netns", "exec", name, ...args];
  return {
    name,
    device: DEVICE,
    ...addresses,
    exec: (args, options) => execute(inside(args), options),
    run: (args, options) => mustRun(inside(args), options),
    spawn(args, { env } = {}) {
      const process = commandOf(inside(args), {
        stdout: "null",
        stderr: "null",
        ...(env ? { env } : {}),
      }).spawn();
      cleanup.defer(() => stop(process));
      return process;
    },
    async nft(rules) {
      await mustRun(inside(["nft", "-f", "-"]), { stdin: rules });
    },
    async lose(percent, { out = false } = {}) {
      await mustRun(inside(["nft", "-f", "-"]), { stdin: renderLossRules(percent, out) });
    },
    agent() {
      const script = new URL("./agent.ts", import.meta.url).pathname;
      const words = denoCommand(["--allow-net", "--allow-ffi", script]);
      const process = commandOf(inside(words), {
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      const agent = linkAgent(process);
      cleanup.defer(() => agent.stop());
      return Promise.resolve(agent);
    },
  };
}

/** Rules that see a packet before any rule set does, and after. */
function renderLossRules(percent: number, out: boolean): string {
  const drop = `meta l4proto { tcp, udp } numgen random mod 100 < ${percent} drop`;
  return `table inet loss {}
delete table inet loss
table inet loss {
  chain in { type filter hook prerouting priority -300; policy accept; ${drop}; }
  ${out ? `chain out { type filter hook postrouting priority 300; policy accept; ${drop}; }` : ""}
}
`;
}

/**
 * Returns why the real firewall cannot be tested here; undefined where it can.
 *
 * @param tools programs that the test needs besides `ip` and `nft`.
 * @throws {Error} with the reason, if `SPKNOCK_REQUIRE_KERNEL=1` forbids root to skip a test.
 */
export async function labSkipReason(tools: readonly string[] = []): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "network namespaces need Linux";
  if (!await isRoot()) return "network namespaces need root";
  const reason = await findObstacle(["ip", "nft", ...tools]);
  if (reason !== undefined && Deno.env.get("SPKNOCK_REQUIRE_KERNEL") === "1") {
    throw new Error(`the real firewall cannot be tested: ${reason}`);
  }
  return reason;
}

/**
 * A test in a lab of its own, skipped with the reason in its name where no lab can be had.
 *
 * @param options.tools programs that the test needs besides `ip` and `nft`.
 */
export async function kernelTest(
  name: string,
  test: (lab: Lab, context: Deno.TestContext) => Promise<void>,
  { tools = [], needs = { ignore: false, reason: "" }, ...labOptions }: LabOptions & {
    tools?: readonly string[];
    /** What an executable with an old runtime cannot do. */
    needs?: ReturnType<typeof asksRuntime>;
  } = {},
): Promise<void> {
  const reason = await labSkipReason(tools);
  Deno.test({
    name: `${name}${reason === undefined ? "" : ` (skipped: ${reason})`}${needs.reason}`,
    ignore: reason !== undefined || needs.ignore,
    async fn(context) {
      await using lab = await createLab(labOptions);
      await test(lab, context);
    },
  });
}

async function isRoot(): Promise<boolean> {
  return (await execute(["id", "-u"])).stdout.trim() === "0";
}

async function findObstacle(tools: readonly string[]): Promise<string | undefined> {
  for (const tool of tools) {
    if (!await isInstalled(tool)) return `${tool} is not installed`;
  }
  const name = `spk-${Deno.pid}-try`;
  const made = await execute(["ip", "netns", "add", name]);
  if (made.code !== 0) return `ip netns: ${made.stderr.trim()}`;
  try {
    const listed = await execute(["ip", "netns", "exec", name, "nft", "list", "ruleset"]);
    return listed.code === 0 ? undefined : `nft: ${listed.stderr.trim()}`;
  } finally {
    await execute(["ip", "netns", "del", name]);
  }
}

async function isInstalled(tool: string): Promise<boolean> {
  for (const folder of PATH.split(":")) {
    try {
      if ((await Deno.stat(`${folder}/${tool}`)).isFile) return true;
    } catch {
      // Not in this folder.
    }
  }
  return false;
}

/** Removes a namespace and what still runs in it. */
async function removeNamespace(name: string): Promise<void> {
  const { stdout } = await execute(["ip", "netns", "pids", name]);
  for (const pid of stdout.split("\n").filter((line) => line !== "")) {
    try {
      Deno.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended already.
    }
  }
  await execute(["ip", "netns", "del", name]);
}

/** Namespaces of test runs that were killed. */
async function removeStale(): Promise<void> {
  const names = (await mustRun(["ip", "netns", "list"])).matchAll(/^spk-(\d+)-\S+/gm);
  for (const [name, pid] of names) {
    if (!await isRunning(Number(pid))) await removeNamespace(name);
  }
}

async function isRunning(pid: number): Promise<boolean> {
  return (await execute(["test", "-d", `/proc/${pid}`])).code === 0;
}
