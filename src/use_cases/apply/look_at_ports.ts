/** What the guarded ports of doors answer, from here: before the load, without a knock, and after it. */
import type { Plan } from "../../plan/plan.ts";
import { covers, isAmong, isPorts } from "../../core/service.ts";
import type { Target } from "../../core/target.ts";
import { type Address, resolveHost } from "../../net/resolve.ts";
import { waitForPort } from "../../net/wait_for_port.ts";
import { closeQuietly } from "../../probe/tcp.ts";
import type { DoorRequest } from "../build_plan.ts";
import type { Ports } from "../ports.ts";

/** A port of a door at one of its addresses. */
interface GuardedPort extends Address {
  target: Target;
  port: number;
  /** Whether a packet there is a mistake for the ban while the door is shut: few may be sent. */
  isCounted: boolean;
}

/** `unreachable`: this machine has no way there. */
type PortAnswer = "open" | "refused" | "silent" | "unreachable";

/** A port and its answer. */
export interface LookedPort extends GuardedPort {
  answer: PortAnswer;
}

/** Ports of one door that are looked at: each costs connections. */
const MAX_PORTS = 4;
/** Milliseconds of silence that tell that a port is shut: many SYNs, of which one may be lost. */
const SHUT_MS = 3_000;
/** Milliseconds in which a port that is open answers. */
const OPEN_MS = 2_000;

type Guarding = Pick<DoorRequest, "opens" | "forwards">;

/** Whether a door closes a tcp port: on the server itself, or as it is forwarded. */
export function guardsPort({ opens, forwards = [] }: Guarding, port: number): boolean {
  const place = { protocol: "tcp", port };
  return isAmong(opens, place) ||
    forwards.some(({ host, service }) => host === undefined && covers(service, place));
}

/** With a ban, packets to ports that are not named are mistakes. */
export function isCounted(
  { opens, forwards = [] }: Guarding,
  { port, ban }: { port: number; ban: boolean },
): boolean {
  return ban && !guardsPort({ opens: opens.filter(isPorts), forwards }, port);
}

/**
 * Returns the tcp ports of doors, at the first address of each family that the rules cover: that of ssh first,
 * which has to open again, also where it is in a range or a door guards everything; other ranges by their first port.
 *
 * @throws {NetworkError} code `resolve`.
 */
export async function listGuardedPorts(
  doors: readonly DoorRequest[],
  { families, ban, sshPort }: Pick<Plan, "families" | "ban"> & { sshPort: number },
  { net }: Ports,
): Promise<GuardedPort[]> {
  const all = await Promise.all(doors.map(async (door) => {
    const { target, opens, forwards = [] } = door;
    const services = [
      ...opens.filter(isPorts),
      ...forwards.flatMap(({ host, service }) => host === undefined ? [service] : []),
    ];
    const named = services.filter(({ protocol }) => protocol === "tcp").map(({ port }) => port);
    const ports = [...(guardsPort(door, sshPort) ? [sshPort] : []), ...named];
    const resolved = await resolveHost(target.host, { family: target.family, lookup: net.lookup });
    const addresses = families.flatMap((family) =>
      resolved.all.filter((address) => address.family === family).slice(0, 1)
    );
    return addresses.flatMap((address) =>
      [...new Set(ports)].slice(0, MAX_PORTS).map((port) => ({
        ...address,
        target,
        port,
        isCounted: isCounted(door, { port, ban }),
      }))
    );
  }));
  return all.flat();
}

/** Asks all ports at the same time; `isShut` waits until a silence is sure. */
export function lookAtPorts(
  ports: readonly GuardedPort[],
  use: Ports,
  { isShut = false }: { isShut?: boolean } = {},
): Promise<LookedPort[]> {
  const timeoutMs = isShut ? SHUT_MS : OPEN_MS;
  return Promise.all(ports.map(async (port) => ({
    ...port,
    answer: await ask(port, use, timeoutMs),
  })));
}

async function ask(
  { address, port, target: { source }, isCounted: isSingle }: GuardedPort,
  { net, clock, signal }: Ports,
  timeoutMs: number,
): Promise<PortAnswer> {
  const found = await waitForPort({
    open: (stop) => net.openTcp({ address, port, source }, stop),
    clock,
    timeoutMs,
    isSingle,
    signal,
  });
  if (found.status === "open") {
    closeQuietly(found.connection);
    return "open";
  }
  if (found.status === "refused") return "refused";
  return found.status === "error" ? "unreachable" : "silent";
}
