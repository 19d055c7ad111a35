/**
 * Logs in to a server. Where ssh's port is one that the targets guard, and it is shut, it knocks first: rules that
 * are applied again guard the way to themselves.
 */
import { NetworkError } from "../../core/errors.ts";
import { resolveHost } from "../../net/resolve.ts";
import { type Destination, readDestination } from "../../ssh/destination.ts";
import type { Server } from "../../ssh/server.ts";
import { openServer, type PasswordQuestion } from "../../ssh/session.ts";
import type { DoorRequest } from "../build_plan.ts";
import { knockTarget } from "../knock_target.ts";
import type { Ports } from "../ports.ts";
import { resolveFor } from "../resolve_targets.ts";
import type { ApplyHooks, ApplyJob } from "./job.ts";
import { guardsPort, isCounted, lookAtPorts } from "./look_at_ports.ts";
import type { CollectOnce } from "./prepare.ts";
import type { Steps } from "./steps.ts";

/** See the header. */
export interface Login {
  server: Server;
  destination: Destination;
}

/**
 * Logs in.
 *
 * @throws {NetworkError} code `ssh` or `resolve`; {SecretError} where a knock has no secret; the signal's reason.
 */
export async function logIn(
  job: Pick<ApplyJob, "place" | "ssh" | "doors" | "planOptions">,
  ports: Ports,
  { hooks, steps, collect }: { hooks: ApplyHooks; steps: Steps; collect: CollectOnce },
): Promise<Login> {
  const { place, ssh } = job;
  steps.show({ name: "login", status: "running", detail: place });
  const destination = await readDestination(place, { ssh, ports });
  const door = await findShutDoor(job, destination, ports);
  if (door !== undefined) await knockFirst(door, ports, { steps, collect });
  const askPassword = async ({ user, host, attempt }: PasswordQuestion) => {
    const again = attempt === 1 ? "" : "Sorry, try again. ";
    const answer = await hooks.askPassword(`${again}Password of ${user} for sudo on ${host}`);
    return typeof answer === "string" ? answer : new TextDecoder().decode(answer);
  };
  const server = await openServer(destination, { ports, askPassword });
  const { user, host, port } = destination;
  const way = {
    root: "root",
    sudo: "sudo",
    "sudo-password": "sudo with a password",
    none: "no root",
  };
  const detail = `${user} at ${host} port ${port}, ${way[server.rootWay]}`;
  steps.show({ name: "login", status: "ok", detail });
  return { server, destination };
}

/** The door that guards the port of ssh itself, where it does not answer; undefined where no knock is needed. */
async function findShutDoor(
  { doors, planOptions: { ban = false } }: Pick<ApplyJob, "doors" | "planOptions">,
  { host, port, proxy }: Destination,
  ports: Ports,
): Promise<DoorRequest | undefined> {
  if (proxy.kind !== "none") return undefined;
  const guarding = doors.filter((door) => guardsPort(door, port));
  if (guarding.length === 0) return undefined;
  const { lookup } = ports.net;
  const there = await resolveHost(host, { lookup });
  for (const door of guarding) {
    const resolved = await resolveFor(door.target, door.target.host, ports);
    const isSame = resolved.all.some(({ address }) =>
      there.all.some((other) => other.address === address)
    );
    if (!isSame) continue;
    const guarded = { ...resolved, target: door.target, port };
    const asked = { ...guarded, isCounted: isCounted(door, { port, ban }) };
    const [look] = await lookAtPorts([asked], ports);
    return look?.answer === "silent" ? door : undefined;
  }
  return undefined;
}

async function knockFirst(
  { target }: DoorRequest,
  ports: Ports,
  { steps, collect }: { steps: Steps; collect: CollectOnce },
): Promise<void> {
  const { payloads } = await collect();
  const resolved = await resolveFor(target, target.host, ports);
  const detail = `${target.name} is shut: a knock, to log in`;
  steps.show({ name: "login", status: "running", detail });
  const { status } = await knockTarget(
    { target: { ...target, after: [] }, resolved, payloads: payloads(target).opening },
    ports,
  );
  if (status !== "closed") return;
  throw new NetworkError(
    `${target.host} does not answer, and the knocks of "${target.name}" do not open it`,
    {
      code: "ssh",
      hint: `find out why: spknock doctor ${target.name}`,
    },
  );
}
