/** The ports of a plan on the server: who listens, where they lead, who guards them already. */
import {
  isAmong,
  isPorts,
  overlaps,
  type PortRange,
  renderService,
  renderServices,
} from "../../core/service.ts";
import { renderPortSpec } from "../../core/knock.ts";
import { joinAnd } from "../../core/text.ts";
import { type Door, listGuarded, listKnocks } from "../../plan/plan.ts";
import type { Assessment } from "../assessment.ts";
import type { Concern } from "../concern.ts";
import type { ForwardedPort } from "../firewall/find_forwards.ts";
import type { Look } from "../look.ts";
import type { Listener } from "../proc_net.ts";
import { isSshGuarded, listOpened, readSshPort } from "./guarded.ts";

/** Returns what is noticed about the ports. */
export function assessPorts(look: Look, assessment: Assessment): Concern[] {
  return [
    ...assessForwards(look, assessment),
    ...assessOtherRules(look, assessment),
    ...assessListeners(look, assessment),
    ...assessProof(assessment),
    ...assessSsh(look, assessment),
  ];
}

function isLoopback({ address }: Listener): boolean {
  return address === "::1" || address.startsWith("127.");
}

function assessListeners({ listeners }: Look, assessment: Assessment): Concern[] {
  // Where the list cannot be read, even ssh does not listen.
  if (listeners.length === 0) return [];
  const opened = listOpened(assessment).filter(isPorts);
  return opened.flatMap((service): Concern[] => {
    const found = listeners.filter((listener) => overlaps(service, listener));
    if (found.some((listener) => !isLoopback(listener))) return [];
    const ports = renderService(service);
    return [{
      severity: "warning",
      code: "no_listener",
      text: found.length === 0
        ? `no program listens on ${ports} there: it will look closed after the knock, too`
        : `the program at ${ports} listens on loopback only there: a knock does not open it`,
      hint: "start the service, or check its address",
    }];
  });
}

const isEveryPort = ({ port, last }: ForwardedPort) => port === 1 && last === 65_535;

function assessForwards({ forwards = [] }: Look, assessment: Assessment): Concern[] {
  const { plan } = assessment;
  const opened = listOpened(assessment).filter(isPorts).flatMap((service): Concern[] => {
    const found = forwards.filter((forward) => overlaps(service, forward));
    const [first] = [...found.filter((each) => !isEveryPort(each)), ...found];
    if (first === undefined) return [];
    const ports = renderService(service);
    return [{
      severity: isEveryPort(first) ? "warning" : "stop",
      code: "port_forwarded",
      text: `the server forwards ${renderForwarded(first)} to ${first.to} before the rules ` +
        `for --open see it: ${ports} would stay open`,
      hint: `guard it as the forwarded port that it is: --forward ${ports} in place of --open`,
    }];
  });
  const knocks = listKnocks(plan).flatMap(({ port, protocol }): Concern[] => {
    const found = forwards.find((forward) => overlaps({ port, protocol }, forward));
    if (found === undefined) return [];
    const knock = renderPortSpec({ port, protocol });
    return [{
      severity: isEveryPort(found) ? "warning" : "stop",
      code: "knock_forwarded",
      text: `the server forwards ${renderForwarded(found)} to ${found.to}: ` +
        `the rules would not see the knock at ${knock}`,
      hint: "choose another port for the knock, or take it out of that rule",
    }];
  });
  return [...opened, ...knocks];
}

function renderForwarded(forward: ForwardedPort): string {
  return isEveryPort(forward) ? `all ${forward.protocol} ports` : renderService(forward);
}

/** Packets have to pass both. */
function assessOtherRules(look: Look, assessment: Assessment): Concern[] {
  const { guarded = [] } = look;
  const { plan, backend } = assessment;
  const ssh = { protocol: "tcp", port: readSshPort(look, assessment) } as const;
  const ours = plan.doors.flatMap(listGuarded);
  const others = guarded.filter((other) => other.name !== plan.name || other.backend !== backend)
    .filter((other) => ours.some((service) => overlaps(service, other)));
  const names = [...new Set(others.map(({ name, backend }) => `${name} ${backend}`))];
  return names.map((key): Concern => {
    const [name, kind] = key.split(" ");
    const ports: PortRange[] = others.filter((other) => `${other.name} ${other.backend}` === key);
    return {
      // The proof comes in through a door of both; a later login would knock on one of them.
      severity: name !== plan.name && isAmong(ports, ssh) ? "stop" : "warning",
      code: "guarded_twice",
      text: `the rules "${name}" (${kind}) close ${renderServices(ports)} there, too: ` +
        "both have to be opened by their knocks",
      hint: name === plan.name
        ? `remove the former ones: the header of their file has the command`
        : `take those out: spknock apply ${name} USER@HOST --remove; or name both targets in one apply`,
    };
  });
}

/** Only an answer to a new tcp connection shows whether a door is open. */
function assessProof({ plan }: Assessment): Concern[] {
  const isProvable = (door: Door) =>
    listGuarded(door).some(({ protocol }) => protocol === "tcp" || protocol === "all") ||
    door.forwards.some(({ service }) => service.protocol === "tcp");
  const doors = plan.doors.filter((door) => !isProvable(door));
  if (doors.length === 0) return [];
  const ports = doors.flatMap(listGuarded);
  return [{
    severity: "note",
    code: "not_provable",
    text: `apply cannot prove from here that ${joinAnd(doors.map(({ name }) => `"${name}"`))} ` +
      `opens and closes: ${renderServices(ports)} is not tcp`,
  }];
}

function assessSsh(look: Look, assessment: Assessment): Concern[] {
  if (isSshGuarded(look, assessment)) return [];
  return [{
    severity: "note",
    code: "ssh_open",
    text: `port ${readSshPort(look, assessment)} of ssh is not among the doors: it stays open`,
  }];
}
