import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Clock } from "../../src/core/clock.ts";
import { NetworkError } from "../../src/core/errors.ts";
import { type Plan } from "../../src/plan/plan.ts";
import { type PortSpec } from "../../src/core/service.ts";
import { type Simulator, type SimulatorEvent, startSimulator } from "../../src/model/simulator.ts";
import { bytes, HASHES, secretPlan, toWords } from "./fixtures.ts";
import { change, getDoor } from "../plans.ts";

/** A clock that only the test moves on. */
class FakeClock implements Clock {
  #now = 0;
  #sleepers = new Map<() => void, number>();

  now(): number {
    return this.#now;
  }

  sleepUntil(at: number, signal?: AbortSignal): Promise<void> {
    if (at <= this.#now) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#sleepers.set(resolve, at);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    return promise;
  }

  moveTo(at: number): void {
    this.#now = at;
    for (const [wake, until] of this.#sleepers) {
      if (until > at) continue;
      this.#sleepers.delete(wake);
      wake();
    }
  }
}

/** Keeps every event, and waits for the next one that a test asks for. */
class FakeWatcher {
  readonly events: SimulatorEvent[] = [];
  #heard = Promise.withResolvers<void>();
  #taken = 0;

  readonly onEvent = (event: SimulatorEvent): void => {
    this.events.push(event);
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  };

  async next(): Promise<SimulatorEvent> {
    for (;;) {
      const event = this.events[this.#taken];
      if (event !== undefined) {
        this.#taken++;
        return event;
      }
      await this.#heard.promise;
    }
  }

  /** The verdict of the next packet. */
  async verdict(): Promise<string> {
    const event = await this.next();
    return event.kind === "packet"
      ? toWords(event.verdict).replace(/ .*/, "")
      : `not a packet but ${event.kind}`;
  }
}

const BANNER = "SSH-2.0-spknock_simulated_door\r\n";
const SSH: PortSpec = { port: 22, protocol: "tcp" };

/** Any free port for each of the plan's. */
function anyPorts(plan: Plan): Record<string, number> {
  return Object.fromEntries(
    [...getDoor(plan).stages, ...getDoor(plan).closing, ...getDoor(plan).opens].map((
      { port, protocol },
    ) => [`${port}/${protocol}`, 0]),
  );
}

async function makeDoor(plan: Plan) {
  const clock = new FakeClock();
  const watcher = new FakeWatcher();
  const door = await startSimulator(plan, {
    clock,
    onEvent: watcher.onEvent,
    ports: anyPorts(plan),
  });
  return { clock, watcher, door, [Symbol.asyncDispose]: () => door.close() };
}

/** A UDP socket of the test's own; closed by `using`. */
function openUdp(door: Simulator) {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: door.address, port: 0 });
  return {
    async send(spec: PortSpec, payload: string): Promise<void> {
      const port = door.findPort(spec);
      await socket.send(bytes(payload), { transport: "udp", hostname: door.address, port });
    },
    async receive(): Promise<string> {
      const [answer] = await socket.receive();
      return new TextDecoder().decode(answer);
    },
    [Symbol.dispose]: () => socket.close(),
  };
}

async function sendUdp(door: Simulator, spec: PortSpec, payload: string): Promise<void> {
  using socket = openUdp(door);
  await socket.send(spec, payload);
}

/** Returns what the port answers; "refused" where it is closed. */
async function visit(door: Simulator, spec: PortSpec): Promise<string> {
  try {
    using connection = await Deno.connect({ hostname: door.address, port: door.findPort(spec) });
    return await new Response(connection.readable).text();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return "refused";
    throw error;
  }
}

async function knock(door: Simulator, watcher: FakeWatcher, plan: Plan): Promise<string[]> {
  const verdicts: string[] = [];
  for (const [index, stage] of getDoor(plan).stages.entries()) {
    await sendUdp(door, stage, HASHES[index] as string);
    verdicts.push(await watcher.verdict());
  }
  return verdicts;
}

Deno.test("simulator: the right knocks open a real port until the open time ends", async () => {
  const plan = secretPlan();
  await using setup = await makeDoor(plan);
  const { door, clock, watcher } = setup;
  assertEquals(door.address, "127.0.0.1");
  assertEquals(await visit(door, SSH), "refused");

  assertEquals(await knock(door, watcher, plan), ["advance", "advance", "open"]);
  assertEquals(await watcher.next(), {
    kind: "opened",
    at: 0,
    source: "127.0.0.1",
    until: 60_000,
  });
  assertEquals(await visit(door, SSH), BANNER);
  assertEquals(await watcher.verdict(), "pass");

  clock.moveTo(59_999);
  assertEquals(await visit(door, SSH), BANNER);
  assertEquals(await watcher.verdict(), "pass");
  clock.moveTo(60_000);
  assertEquals(await watcher.next(), { kind: "shut", at: 60_000 });
  assertEquals(await visit(door, SSH), "refused");

  assertEquals(await knock(door, watcher, plan), ["advance", "advance", "open"]);
  assertEquals((await watcher.next()).kind, "opened");
  assertEquals(await visit(door, SSH), BANNER);
});

Deno.test("simulator: the closing knocks shut the port, and it can be opened again", async () => {
  const closing: PortSpec[] = [{ port: 9, protocol: "udp" }, { port: 11, protocol: "udp" }];
  const plan = secretPlan({ closing });
  await using setup = await makeDoor(plan);
  const { door, watcher } = setup;
  for (const _ of [1, 2]) {
    await knock(door, watcher, plan);
    assertEquals((await watcher.next()).kind, "opened");
    assertEquals(await visit(door, SSH), BANNER);
    assertEquals(await watcher.verdict(), "pass");
    for (const spec of closing) {
      await sendUdp(door, spec, "");
      const event = await watcher.next();
      assertEquals(event.kind === "packet" && event.verdict.knocks[0]?.kind, "closing");
    }
    assertEquals(await watcher.next(), { kind: "shut", at: 0 });
    assertEquals(await visit(door, SSH), "refused");
  }
});

Deno.test("simulator: the same knocks again renew the open time", async () => {
  const plan = secretPlan();
  await using setup = await makeDoor(plan);
  const { door, clock, watcher } = setup;
  await knock(door, watcher, plan);
  assertEquals((await watcher.next()).kind, "opened");
  clock.moveTo(40_000);
  await knock(door, watcher, plan);
  assertEquals(await watcher.next(), {
    kind: "opened",
    at: 40_000,
    source: "127.0.0.1",
    until: 100_000,
  });
  clock.moveTo(60_000);
  assertEquals(await visit(door, SSH), BANNER);
  assertEquals(await watcher.verdict(), "pass");
  clock.moveTo(100_000);
  assertEquals((await watcher.next()).kind, "shut");
  assertEquals(await visit(door, SSH), "refused");
});

Deno.test("simulator: wrong, long and late knocks open nothing", async () => {
  const plan = secretPlan();
  await using setup = await makeDoor(plan);
  const { door, clock, watcher } = setup;
  const [one, two, three] = getDoor(plan).stages as [PortSpec, PortSpec, PortSpec];
  await sendUdp(door, one, HASHES[1]);
  assertEquals(await watcher.verdict(), "pass");
  await sendUdp(door, one, `${HASHES[0]}${"x".repeat(5_000)}`);
  assertEquals(await watcher.verdict(), "pass");
  await sendUdp(door, one, HASHES[0]);
  assertEquals(await watcher.verdict(), "advance");
  clock.moveTo(getDoor(plan).stageTimeoutMs);
  await sendUdp(door, two, HASHES[1]);
  assertEquals(await watcher.verdict(), "pass");
  await sendUdp(door, three, HASHES[2]);
  assertEquals(await watcher.verdict(), "pass");
  assertEquals(await visit(door, SSH), "refused");
});

Deno.test("simulator: tcp knocks are connections, and knocks on one port share a socket", async () => {
  const plan = change(secretPlan(), {
    stages: [
      { port: 7000, protocol: "tcp" as const },
      { port: 7000, protocol: "udp" as const },
      { port: 7000, protocol: "tcp" as const },
    ],
  });
  await using setup = await makeDoor(plan);
  const { door, watcher } = setup;
  const [tcp, udp] = getDoor(plan).stages as [PortSpec, PortSpec];
  assertEquals(await visit(door, tcp), "");
  assertEquals(await watcher.verdict(), "advance");
  await sendUdp(door, udp, "");
  assertEquals(await watcher.verdict(), "advance");
  assertEquals(await visit(door, tcp), "");
  assertEquals(await watcher.verdict(), "open");
  assertEquals((await watcher.next()).kind, "opened");
  assertEquals(await visit(door, SSH), BANNER);
});

Deno.test("simulator: a connection that is closed at once is a knock", async () => {
  const plan = change(secretPlan(), { stages: [{ port: 7000, protocol: "tcp" as const }] });
  await using setup = await makeDoor(plan);
  const { door, watcher } = setup;
  const stop = new AbortController();
  const attempt = Deno.connect({
    hostname: door.address,
    port: door.findPort({ port: 7000, protocol: "tcp" }),
    signal: stop.signal,
  }).then((connection) => connection.close(), () => {});
  setTimeout(() => stop.abort(), 0);
  await attempt;
  assertEquals(await watcher.verdict(), "open");
});

Deno.test("simulator: a protected udp port answers while it is open", async () => {
  const spec: PortSpec = { port: 51820, protocol: "udp" };
  const plan = secretPlan({ opens: [SSH, spec] });
  await using setup = await makeDoor(plan);
  const { door, watcher } = setup;
  await knock(door, watcher, plan);
  assertEquals((await watcher.next()).kind, "opened");
  using socket = openUdp(door);
  await socket.send(spec, "hello");
  assertEquals(await socket.receive(), BANNER);
});

Deno.test("simulator: a knock may use the protected port itself", async () => {
  const plan = change(secretPlan(), { stages: [SSH, { port: 7000, protocol: "tcp" as const }] });
  await using setup = await makeDoor(plan);
  const { door, watcher } = setup;
  assertEquals(await visit(door, SSH), "");
  assertEquals(await watcher.verdict(), "advance");
  await visit(door, { port: 7000, protocol: "tcp" });
  assertEquals(await watcher.verdict(), "open");
  assertEquals((await watcher.next()).kind, "opened");
  assertEquals(await visit(door, SSH), BANNER);
});

Deno.test("simulator: a plan for IPv6 only listens on ::1, and ignores trusted sources", async () => {
  const plan = secretPlan({ families: ["ipv6"], trusted: ["::1"] });
  await using setup = await makeDoor(plan);
  const { door, watcher } = setup;
  assertEquals(door.address, "::1");
  assertEquals(await knock(door, watcher, plan), ["advance", "advance", "open"]);
});

Deno.test("simulator: events contain no payload", async () => {
  const plan = secretPlan();
  await using setup = await makeDoor(plan);
  const { door, watcher } = setup;
  await knock(door, watcher, plan);
  const text = JSON.stringify(watcher.events);
  for (const hash of HASHES) assert(!text.includes(hash.slice(0, 8)));
  assertMatch(text, /"port":1234,"protocol":"udp"/);
});

Deno.test("simulator: a used port is an error that names it, and nothing stays bound", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const plan = secretPlan();
  const ports = { ...anyPorts(plan), "22/tcp": taken.addr.port };
  const error = await assertRejects(
    () => startSimulator(plan, { clock: new FakeClock(), ports }),
    NetworkError,
    `port "${taken.addr.port}/tcp": another program uses it`,
  ) as NetworkError;
  assertMatch(error.hint ?? "", /22\/tcp/);
});

Deno.test("simulator: a port that another program takes during the knocks is reported, and can be used later", async () => {
  const plan = secretPlan();
  await using setup = await makeDoor(plan);
  const { door, watcher } = setup;
  const port = door.findPort(SSH);
  {
    using _taken = Deno.listen({ hostname: "127.0.0.1", port });
    await knock(door, watcher, plan);
    const event = await watcher.next();
    assert(event.kind === "failed" && event.error instanceof NetworkError);
  }
  await knock(door, watcher, plan);
  assertEquals((await watcher.next()).kind, "opened");
});

Deno.test("simulator: closing unbinds all ports, and twice does no harm", async () => {
  const plan = secretPlan();
  const { door, watcher } = await makeDoor(plan);
  await knock(door, watcher, plan);
  assertEquals((await watcher.next()).kind, "opened");
  await door.close();
  await door.close();
  assertEquals(await visit(door, SSH), "refused");
});
