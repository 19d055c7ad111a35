/** What the knocks of each target open: services of the machine, ports that it forwards, hosts behind it. */
import { isAddress } from "../../core/address/syntax.ts";
import { ValueError } from "../../core/errors.ts";
import {
  type Forward,
  isPorts,
  parseServices,
  renderForward,
  renderService,
  type Service,
} from "../../core/service.ts";
import type { Target } from "../../core/target.ts";
import { sanitize } from "../../output/sanitize.ts";
import { findProbedPort, listOpenServices } from "../../probe/mod.ts";
import { type Backend, parseForwards } from "../../rules/mod.ts";
import type { DoorRequest } from "../../use_cases/build_plan.ts";
import { askForDraft, type Check, type Draft, type QuestionContext } from "./draft_questions.ts";

/** Asks what each target opens. */
export async function askForDoors(
  targets: readonly Target[],
  draft: Draft,
  context: QuestionContext,
): Promise<Draft> {
  let answered = draft;
  for (const target of targets) {
    answered = await askForServices(target, answered, context);
    answered = await askForTranslated(answered, context);
    answered = await askForRouted(answered, context);
  }
  return answered;
}

function askForServices(
  target: Target,
  draft: Draft,
  { prompter, check, supports }: QuestionContext,
): Promise<Draft> {
  // A host behind can be all that the knocks open.
  const mayBeNone = supports.routed;
  const isBehind = mayBeNone && target.connect?.host !== undefined;
  const own = listOpenServices(target).map(renderService).join(",") || "22/tcp";
  return askForDraft<Service[]>({
    message: `What ${target.name} opens on the machine itself, such as ${giveServices(supports)}`,
    parse: parseServices,
    fallback: isBehind ? "none" : own,
    ...(mayBeNone ? { none: [] } : {}),
    apply: (opens) => ({ ...draft, doors: [...draft.doors, { target, opens, forwards: [] }] }),
  }, { prompter, check: mayBeNone ? toleratesEmpty(check) : check });
}

function giveServices({ ranges, icmp, all }: Backend["supports"]): string {
  const more = [ranges ? "60000-61000/udp" : "443/tcp", icmp ? "icmp" : "", all ? "all" : ""];
  return ["22/tcp", ...more].filter((part) => part !== "").join(",");
}

/** The door that is asked about has a question left. */
function toleratesEmpty(check: Check): Check {
  return (draft) => {
    const doors = draft.doors.filter(({ opens, forwards = [] }) =>
      opens.length + forwards.length > 0
    );
    if (doors.length > 0) check({ ...draft, doors });
  };
}

/** A port that Docker publishes, or that NAT leads elsewhere, does not pass the rules for the machine itself. */
async function askForTranslated(
  draft: Draft,
  { prompter, check, supports }: QuestionContext,
): Promise<Draft> {
  const [door, before] = takeLast(draft);
  if (!supports.translated) return draft;
  const known = door.opens.filter(isPorts).map(renderService);
  const isForwarded = await prompter.confirm({
    message:
      `Does the machine forward or redirect a port that ${door.target.name} opens (Docker, NAT)?`,
    default: false,
  });
  if (!isForwarded) return draft;
  return await askForDraft({
    message: "Which ports, as the client sees them, such as 8080/tcp",
    parse: (text) => {
      const chosen = parseServices(text);
      if (chosen.every(isPorts)) return chosen;
      throw new ValueError(text, "is not only ports: use 8080/tcp, 60000-61000/udp");
    },
    // Of several ports Enter alone must not take all for forwarded ones.
    fallback: known.length === 1 ? known[0] : undefined,
    apply(chosen) {
      const names = chosen.map(renderService);
      const opens = door.opens.filter((service) => !names.includes(renderService(service)));
      const forwards = chosen.map((service) => ({ service }));
      return { ...draft, doors: [...before, { ...door, opens, forwards }] };
    },
  }, { prompter, check });
}

function askForRouted(
  draft: Draft,
  { prompter, check, supports }: QuestionContext,
): Promise<Draft> {
  const [door, before] = takeLast(draft);
  if (!supports.routed) return Promise.resolve(draft);
  const { target, forwards = [] } = door;
  return askForDraft({
    message: `Hosts behind it that ${target.name} opens${
      nameHost(target)
    }, such as 192.168.1.7:22/tcp`,
    parse: parseRouted,
    fallback: proposeForward(target) ?? "none",
    none: [],
    apply: (routed) => ({
      ...draft,
      doors: [...before, { ...door, forwards: [...forwards, ...routed] }],
    }),
  }, { prompter, check });
}

function parseRouted(text: string): Forward[] {
  const forwards = parseForwards(text);
  if (forwards.every(({ host }) => host !== undefined)) return forwards;
  throw new ValueError(
    text,
    "has a port without its host: use 192.168.1.7:22/tcp or [2001:db8::7]:22/tcp",
  );
}

/** Rules have addresses; the name is for the person who is asked. */
function nameHost({ connect }: Target): string {
  const host = connect?.host;
  return host === undefined || isAddress(host) ? "" : ` (${sanitize(host)}, by its address)`;
}

/** Returns where `connect` leads; undefined where that is the target's own host, or not an address. */
function proposeForward(target: Target): string | undefined {
  const { host, port } = target.connect ?? {};
  if (host === undefined || !isAddress(host)) return undefined;
  const probed = findProbedPort(target, { protocol: "tcp" })?.port;
  return renderForward({ host, service: { port: port ?? probed ?? 22, protocol: "tcp" } });
}

function takeLast({ doors }: Draft): [door: DoorRequest, before: readonly DoorRequest[]] {
  const door = doors.at(-1);
  if (door === undefined) throw new TypeError("there is no door to ask about");
  return [door, doors.slice(0, -1)];
}
