/** What the doctor sends, when, and with which permissions: on a fake clock, to the millisecond. */
import { detectFamily } from "../../../src/core/address/syntax.ts";
import { assertEquals } from "@std/assert";
import { realFiles } from "../../../src/config/files.ts";
import { DEFAULT_SETTINGS, type Target } from "../../../src/core/target.ts";
import { type Address } from "../../../src/net/resolve.ts";
import type { ProgramResult } from "../../../src/probe/mod.ts";
import {
  type ExamineOptions,
  examineTarget,
} from "../../../src/use_cases/doctor/examine_target.ts";
import type { Ports } from "../../../src/use_cases/ports.ts";
import { FakeClock, FakeConnection, FakeNet } from "../../fakes.ts";
import { table } from "../../table.ts";

const PORT = 22;
const KNOCKS = [7000, 8000, 9000];

/** A firewall: whether a SYN to the port at this moment is answered. */
type Door = (world: FakeWorld, address: string) => boolean;

/** A world that logs in order what is asked, sent and given up. */
class FakeWorld {
  readonly clock: FakeClock;
  readonly net: FakeNet;
  readonly log: string[] = [];
  /** SYNs of connections to knock ports. */
  readonly syns: number[] = [];
  readonly #door: Door;
  readonly #programs: Readonly<Record<string, ProgramResult>>;

  constructor(
    door: Door,
    programs: Readonly<Record<string, ProgramResult>> = {},
    { clock = new FakeClock({ auto: true }) }: { clock?: FakeClock } = {},
  ) {
    this.clock = clock;
    this.net = new FakeNet(clock);
    this.#door = door;
    this.#programs = programs;
  }

  /** Logs what is new, once. */
  note(text: string): void {
    if (this.log.at(-1) !== text) this.log.push(text);
  }

  get ports(): Ports {
    const { signal } = new AbortController();
    return {
      stdin: { isTerminal: () => false, readAll: () => Promise.resolve(new Uint8Array()) },
      env: () => undefined,
      hideEnv: () => {},
      os: "linux",
      clock: this.clock,
      net: {
        openUdp: (address, options) => this.net.openUdp(address, options),
        sendSyn: async (place) => {
          this.note(`knock ${place.address}`);
          await this.net.sendSyn(place);
        },
        sendEcho: (echo) => this.net.sendEcho(echo),
        openTcp: ({ address, port }, stop) => this.#connect(address, port, stop),
        askUdp: () => Promise.resolve(undefined),
      },
      fs: realFiles,
      fileMode: () => Promise.resolve(undefined),
      startProgram: () => Promise.reject(new Error("no program was expected")),
      runProgram: ([program = "", ...args]) => {
        this.note(`run ${program}`);
        const found = this.#programs[`${program} ${args[0]}`] ?? this.#programs[program];
        return found ? Promise.resolve(found) : Promise.reject(new Deno.errors.NotFound());
      },
      dropPermissions: (names) => this.note(`drop ${names.join(" ")}`),
      signal,
    };
  }

  #connect(address: string, port: number, stop?: AbortSignal): Promise<FakeConnection> {
    if (port !== PORT) this.syns.push(port);
    this.note(port === PORT ? `look ${address}` : `syn ${port}`);
    if (port === PORT && this.#door(this, address)) return Promise.resolve(new FakeConnection());
    const { promise, reject } = Promise.withResolvers<FakeConnection>();
    stop?.addEventListener("abort", () => reject(stop.reason), { once: true });
    return promise;
  }
}

const FIREWALL = "192.0.2.1";
const ECHO = { ping: { code: 0, stdout: "time=1 ms", stderr: "" } };

async function examine(
  world: FakeWorld,
  options: Partial<ExamineOptions> = {},
  { changes = {}, addresses = [FIREWALL] }: {
    changes?: Partial<Target>;
    addresses?: readonly string[];
  } = {},
) {
  const knock = (port: number) => ({ port, protocol: "tcp", payload: { kind: "none" } }) as const;
  const target: Target = {
    ...DEFAULT_SETTINGS,
    name: "home",
    host: "fw",
    knocks: KNOCKS.map(knock),
    ...changes,
  };
  const all = addresses.map((address): Address => ({ address, family: detectFamily(address) }));
  const [first = { address: FIREWALL, family: "ipv4" as const }] = all;
  const door = await examineTarget({ target, resolved: { ...first, all } }, world.ports, {
    port: PORT,
    timeoutMs: 1_000,
    collect: () => {
      world.note("collect");
      const payloads = KNOCKS.map(() => new Uint8Array());
      return Promise.resolve({ payloads, noSecret: undefined });
    },
    looksAtPorts: false,
    waits: false,
    ...options,
  });
  return { door, taken: door.addresses[0] };
}

const opensByKnocks: Door = ({ net }) => net.sent.length >= KNOCKS.length;
const neverOpens: Door = () => false;

Deno.test("examineTarget: a healthy door takes one look and the knocks: 1 s", async () => {
  const world = new FakeWorld(opensByKnocks, ECHO);
  const { taken } = await examine(world);
  assertEquals([taken?.before.answer, taken?.after?.answer], ["silent", "answered"]);
  assertEquals(world.net.sent.map(({ port, at }) => [port, at]), [
    [7000, 1_000],
    [8000, 1_005],
    [9000, 1_010],
  ]);
  assertEquals([world.clock.now(), world.syns], [1_010, []]);
});

Deno.test("examineTarget: six addresses of a healthy door take no longer", async () => {
  const world = new FakeWorld(opensByKnocks, ECHO);
  const addresses = [1, 2, 3, 4, 5, 6, 7].map((host) => `192.0.2.${host}`);
  const { door } = await examine(world, {}, { addresses });
  assertEquals([world.clock.now(), door.addresses.length], [1_010, 6]);
  assertEquals(new Set(world.net.sent.map(({ address }) => address)), new Set([FIREWALL]));
});

Deno.test("examineTarget: run is given up after the last program and the secrets, before a knock", async () => {
  const world = new FakeWorld(opensByKnocks, ECHO);
  await examine(world);
  assertEquals(world.log.filter((entry) => !entry.startsWith("look")), [
    "run ping",
    "run ip",
    "collect",
    "drop run",
    `knock ${FIREWALL}`,
  ]);
});

Deno.test("examineTarget: no secret and no knock for a door that is open, or is only looked at", async () => {
  const open = new FakeWorld(() => true, ECHO);
  const { door } = await examine(open, { looksAtPorts: true });
  assertEquals([door.hasWaited, door.addresses[0]?.after], [false, undefined]);
  assertEquals(open.log, [`run ping`, `look ${FIREWALL}`, "run ip", "drop run"]);
  const closed = new FakeWorld(neverOpens, ECHO);
  await examine(closed, {
    collect: () => Promise.resolve({ payloads: undefined, noSecret: undefined }),
  });
  assertEquals([closed.net.sent, closed.syns], [[], []]);
});

Deno.test("examineTarget: --ports looks once, in a decoy order, and the stages end before the knocks", async () => {
  // Several sleep at the same time here: the clock has to wake each at its own moment.
  const clock = new FakeClock();
  const world = new FakeWorld(opensByKnocks, ECHO, { clock });
  const waits: unknown[] = [];
  const examined = examine(world, {
    looksAtPorts: true,
    onWait: (...wait) => waits.push(wait),
  });
  await clock.advance(10_000);
  await examined;
  assertEquals(world.syns, [8000, 9000, 7000]);
  // The look: 1 s; the ports: 40 ms for their order, 800 ms of silence; the stages: 5 s.
  assertEquals(world.net.sent[0]?.at, 1_000 + 840 + 5_000);
  assertEquals(waits, [[5_000, "stages"]]);
});

table<[Door, opens: boolean]>("examineTarget: --wait", {
  "the door closes by itself, and is examined": [
    ({ clock, net }) => clock.now() < 300_000 || net.sent.length === KNOCKS.length,
    true,
  ],
  "the door is open to everyone: no knock": [() => true, false],
}, async ([isOpenAt, opens]) => {
  const world = new FakeWorld(isOpenAt, ECHO);
  const { door, taken } = await examine(world, { waits: true });
  assertEquals(door.hasWaited, true);
  assertEquals([taken?.before.answer, taken?.after?.answer], [
    opens ? "silent" : "answered",
    opens ? "answered" : undefined,
  ]);
  assertEquals(world.net.sent.length, opens ? KNOCKS.length : 0);
  // open_for, and a second for the firewall.
  assertEquals(world.clock.now(), 301_000 + (opens ? 1_010 : 0));
  // The passphrase is asked for before the wait.
  assertEquals(world.log.indexOf("collect") < world.log.lastIndexOf(`look ${FIREWALL}`), true);
});

/** A network that ends TCP itself: only knocks whose handshakes may end arrive. */
const opensByHandshakes: Door = ({ net }) =>
  net.sent.filter(({ handshakeMs }) => handshakeMs === 250).length >= KNOCKS.length;

Deno.test("examineTarget: handshakes are tried when nothing else helps, each once", async () => {
  const world = new FakeWorld(opensByHandshakes, ECHO);
  const { taken } = await examine(world, {}, { changes: { tries: 1 } });
  assertEquals([taken?.after?.answer, taken?.handshake?.answer], ["silent", "answered"]);
  assertEquals(world.net.sent.map(({ port, handshakeMs }) => [port, handshakeMs]), [
    ...KNOCKS.map((port) => [port, undefined]),
    ...KNOCKS.map((port) => [port, 250]),
  ]);
});

table<[changes: Partial<Target>, isTried: boolean]>(
  "examineTarget: what handshakes are tried for",
  {
    "a target whose handshakes are shorter": [{ handshakeMs: 50 }, true],
    "none for a target that has them": [{ handshakeMs: 250 }, false],
    "none for knocks that all have their own": [
      {
        knocks: KNOCKS.map((port) => ({
          port,
          protocol: "tcp",
          payload: { kind: "none" },
          handshakeMs: 50,
        })),
      },
      false,
    ],
  },
  async ([changes, isTried]) => {
    const world = new FakeWorld(neverOpens, ECHO);
    const { taken } = await examine(world, {}, { changes: { ...changes, tries: 1 } });
    assertEquals(taken?.handshake?.answer, isTried ? "silent" : undefined);
    assertEquals(world.net.sent.length, isTried ? 6 : 3);
  },
);

Deno.test("examineTarget: no handshakes for a door that opens, nor for UDP knocks", async () => {
  const good = await examine(new FakeWorld(opensByKnocks, ECHO));
  assertEquals(good.taken?.handshake, undefined);
  const udp = KNOCKS.map((port) => ({ port, protocol: "udp", payload: { kind: "none" } }) as const);
  const world = new FakeWorld(neverOpens, ECHO);
  const { taken } = await examine(world, {}, { changes: { knocks: udp, tries: 1 } });
  assertEquals([taken?.after?.answer, taken?.handshake, world.syns], ["silent", undefined, []]);
});

table<[programs: Record<string, ProgramResult>, found: unknown, at: number]>(
  "examineTarget: an address that this machine calls unreachable gets no knock",
  {
    "no route": [
      { "ip route": { code: 2, stdout: "", stderr: "RTNETLINK answers: Network is unreachable" } },
      { noRoute: "Network is unreachable", report: undefined, refusal: undefined },
      1_000,
    ],
    "a neighbour that is still asked for": [
      {
        "ip route": { code: 0, stdout: "192.0.2.1 dev a0 src 192.0.2.9", stderr: "" },
        "ip neigh": { code: 0, stdout: "192.0.2.1 dev a0 INCOMPLETE", stderr: "" },
      },
      {
        route: { device: "a0", gateway: undefined, source: "192.0.2.9" },
        missing: "192.0.2.1",
        report: undefined,
        refusal: undefined,
      },
      5_000,
    ],
  },
  async ([programs, found, at]) => {
    const world = new FakeWorld(neverOpens, programs);
    const { taken } = await examine(world);
    assertEquals<unknown>(taken?.path, found);
    assertEquals([world.net.sent, world.clock.now()], [[], at]);
    assertEquals(world.log.includes("collect"), false);
  },
);

Deno.test("examineTarget: the next address gets knocks only where the first does not open", async () => {
  const second = "192.0.2.2";
  const door: Door = ({ net }, address) =>
    address === second && net.sent.some((packet) => packet.address === second);
  const world = new FakeWorld(door, ECHO);
  const { door: { addresses } } = await examine(world, {}, {
    changes: { tries: 1 },
    addresses: [FIREWALL, second],
  });
  assertEquals(addresses.map(({ address, after }) => [address, after?.answer]), [
    [FIREWALL, "silent"],
    [second, "answered"],
  ]);
});

const SIX = "2001:db8::1";
const hasKnocked = ({ net }: FakeWorld, at: string) =>
  net.sent.some(({ address }) => address === at);

table<[door: Door, waits: boolean, after: readonly (string | undefined)[], sent: number]>(
  "examineTarget: with the family both each family gets knocks",
  {
    "both open": [(world, at) => hasKnocked(world, at), false, ["answered", "answered"], 6],
    "IPv4 stays closed": [
      (world, at) => at === SIX && hasKnocked(world, at),
      false,
      ["answered", "silent"],
      6,
    ],
    "IPv6 is open before": [(_, at) => at === SIX, false, [undefined, "silent"], 3],
    "IPv4 is open before": [
      (world, at) => at === FIREWALL || hasKnocked(world, at),
      false,
      ["answered", undefined],
      3,
    ],
    "IPv4 is open to everyone": [
      (world, at) => at === FIREWALL || hasKnocked(world, at),
      true,
      ["answered", undefined],
      3,
    ],
  },
  async ([door, waits, after, sent]) => {
    const world = new FakeWorld(door, ECHO);
    const changes = { family: "both", tries: 1, handshakeMs: 250 } as const;
    const examined = await examine(world, { waits }, { changes, addresses: [SIX, FIREWALL] });
    assertEquals(examined.door.addresses.map((each) => each.after?.answer), after);
    assertEquals([world.net.sent.length, examined.door.hasWaited], [sent, waits]);
  },
);

Deno.test("examineTarget: both families are examined, however many addresses come first", async () => {
  const world = new FakeWorld((each, at) => hasKnocked(each, at), ECHO);
  const many = [1, 2, 3, 4, 5, 6, 7].map((host) => `2001:db8::${host}`);
  const { door } = await examine(world, {}, {
    changes: { family: "both" },
    addresses: [...many, FIREWALL],
  });
  assertEquals(door.addresses.map(({ address }) => address), [...many.slice(0, 5), FIREWALL]);
  assertEquals(new Set(world.net.sent.map(({ address }) => address)), new Set([SIX, FIREWALL]));
});
