/** The sockets of Windows, which say of an ICMP "port unreachable" by the next call, whatever that is. */
import { assertEquals, assertRejects } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import { askUdp, openUdp } from "../../src/net/udp.ts";
import { FakeClock } from "../fakes.ts";

const makeReset = () =>
  new Deno.errors.ConnectionReset("Eine vorhandene Verbindung wurde geschlossen. (os error 10054)");

/** A socket whose calls fail as told, one entry a call, and then work; it closes as Deno's do. */
function playSocket(
  { sends = [], receives = [] }: {
    sends?: readonly (Error | undefined)[];
    receives?: readonly (Error | undefined)[];
  },
) {
  const sent: number[] = [];
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {});
  const [failures, errors] = [[...sends], [...receives]];
  const from = { transport: "udp", hostname: "192.0.2.1", port: 53 };
  const socket = {
    addr: { ...from, hostname: "0.0.0.0" },
    send(bytes: Uint8Array) {
      const failure = failures.shift();
      if (failure !== undefined) return Promise.reject(failure);
      sent.push(bytes.length);
      return Promise.resolve(bytes.length);
    },
    receive() {
      if (errors.length === 0) return closed.promise;
      const error = errors.shift();
      return error === undefined
        ? Promise.resolve([new Uint8Array([7]), from])
        : Promise.reject(error);
    },
    close: () => closed.reject(new Deno.errors.BadResource("it was closed")),
  };
  // Only these calls are made.
  return { sent, listen: () => socket as unknown as Deno.DatagramConn };
}

Deno.test("openUdp: a port that is unreachable does not keep the next knock from being sent", async () => {
  const { sent, listen } = playSocket({ sends: [undefined, makeReset(), undefined] });
  const sender = openUdp("192.0.2.1", { listen });
  await sender.send(new Uint8Array(1), 7001);
  await sender.send(new Uint8Array(2), 7002);
  sender.close();
  assertEquals(sent, [1, 2]);
});

Deno.test("openUdp: what is said twice is an error", async () => {
  const { listen } = playSocket({ sends: [makeReset(), makeReset()] });
  const sender = openUdp("192.0.2.1", { listen });
  await assertRejects(() => sender.send(new Uint8Array(1), 7001), NetworkError);
  sender.close();
});

Deno.test("askUdp: an unreachable port is silence, and an answer after it is one", async () => {
  const ask = (receives: readonly (Error | undefined)[]) =>
    askUdp({
      address: "192.0.2.1",
      port: 53,
      payload: new Uint8Array(1),
      clock: new FakeClock({ auto: true }),
      timeoutMs: 600,
      signal: new AbortController().signal,
      listen: playSocket({ receives }).listen,
    });
  assertEquals(await ask([makeReset(), makeReset()]), undefined);
  assertEquals(await ask([makeReset(), undefined]), new Uint8Array([7]));
  await assertRejects(() => ask([new Error("boom")]), Error, "boom");
});
