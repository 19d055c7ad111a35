/** Replays what the model was told as real packets. */
import type { TimedPacket } from "../../src/model/attack.ts";
import type { ModelPacket } from "../../src/model/model.ts";
import type { Agent, SendItem } from "./agent_protocol.ts";
import type { Namespace } from "./lab.ts";

/**
 * Sends the packets to the namespace, each at its moment. Resolves to the same packets with the
 * moments at which they really left: what the model has to be told, so that both saw the same.
 */
export async function replay(
  agent: Agent,
  server: Namespace,
  packets: readonly TimedPacket[],
): Promise<TimedPacket[]> {
  const moments = await agent.send(
    packets.map(({ packet, at }) => ({ ...itemOf(packet, server), atMs: at })),
  );
  return packets.map(({ packet }, index) => ({ packet, at: moments[index] as number }));
}

function itemOf({ payload, toHost, ...packet }: ModelPacket, server: Namespace): SendItem {
  const isIpv4 = !packet.source.includes(":");
  const everyone = isIpv4 ? server.ipv4.replace(/\d+$/, "255") : "ff02::1";
  const host = toHost === false ? everyone : isIpv4 ? server.ipv4 : server.ipv6;
  return { ...packet, host, payloadHex: payload?.toHex() };
}
