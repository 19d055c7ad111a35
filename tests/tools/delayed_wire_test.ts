/** The wire of `deno task bench open` delays as long as it claims, in both families, and keeps the order. */
import { assert, assertEquals } from "@std/assert";
import { openDelayedWire } from "../../tools/bench/delayed_wire.ts";
import { kernelTest } from "../kernel/lab.ts";

/** A busy machine is late; no packet may be early. */
const LATEST_MS = 40;

for (const roundTripMs of [20, 150]) {
  await kernelTest(`bench: a delayed wire has a round trip of ${roundTripMs} ms`, async (lab) => {
    await using wire = await openDelayedWire(lab, { roundTripMs });
    for (const family of ["ipv4", "ipv6"] as const) {
      const ping = ["ping", "-n", "-c", "5", "-i", "0.2", lab.server[family]];
      const stdout = await lab.client.run(ping);
      const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map(([, ms]) => Number(ms));
      assertEquals(times.length, 5, stdout);
      assert(times.every((ms) => ms >= roundTripMs - 1), stdout);
      assert(Math.min(...times) < roundTripMs + LATEST_MS, stdout);
    }
    const echoes = wire.takePackets().filter(({ protocol }) => protocol === "icmp");
    const goingUp = echoes.filter(({ direction }) => direction === "up").map(({ side }) => side);
    assertEquals(goingUp.filter((side) => side === "out").length, goingUp.length / 2);
  }, { tools: ["python3", "ping"] });
}
