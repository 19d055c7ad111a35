/** The questions of `add` and `edit`. */
import { renderService, type Service } from "../../core/service.ts";
import { isSameData, type TargetDraft } from "../../config/changes.ts";
import { UsageError, ValueError } from "../../core/errors.ts";
import {
  type Knock,
  type KnockPayload,
  parsePortSpec,
  type Protocol,
  renderPortSpec,
} from "../../core/knock.ts";
import {
  makeDefaultProbes,
  parseHost,
  parseTargetName,
  type ProbeSpec,
  type Target,
} from "../../core/target.ts";
import { sanitize } from "../../output/sanitize.ts";
import type { Prompter } from "../../prompt/mod.ts";
import { parseOpens } from "../arguments/draft_args.ts";

/** Makes a validator of a parser: its error is shown, and the question is asked again. */
export function makeValidator(
  parse: (text: string) => unknown,
): (text: string) => string | undefined {
  return (text) => {
    try {
      parse(text);
      return undefined;
    } catch (cause) {
      if (cause instanceof RangeError || cause instanceof UsageError) {
        return sanitize(cause.message);
      }
      throw cause;
    }
  };
}

/** Asks for a new target. */
export async function askForTarget(
  prompter: Prompter,
  { taken }: { taken: ReadonlySet<string> },
): Promise<TargetDraft> {
  const host = await askForHost(prompter);
  const name = await askForName(prompter, { host, taken });
  const knocks = await askForKnocks(prompter, { knocks: [] });
  const opens = await askForOpens(prompter, "22/tcp");
  const probes = await askForProbes(prompter, makeDefaultProbes(opens));
  const description = await askForDescription(prompter, "");
  return { name, host, knocks, opens, probes, description };
}

/** Asks for a host. */
export async function askForHost(prompter: Prompter): Promise<string> {
  const message = "Host name or address";
  return parseHost(await prompter.input({ message, validate: makeValidator(parseHost) }));
}

/** Asks for a name that is not taken. */
export async function askForName(
  prompter: Prompter,
  { host, taken }: { host: string; taken: ReadonlySet<string> },
): Promise<string> {
  return await prompter.input({
    message: "Name of the target",
    default: findFreeName(host, taken),
    validate: (text) =>
      makeValidator(parseTargetName)(text) ?? (taken.has(text) ? `"${text}" is taken` : undefined),
  });
}

/** What is asked about a target that is there. */
type Question = "host" | "knocks" | "opens" | "probes" | "description";

/** Returns what {@linkcode askForChanges} asks: probes only where they are one port or none. */
export function listQuestions({ probes }: Target): Question[] {
  const [first] = probes;
  const isSimple = first === undefined || (probes.length === 1 && first.type === "tcp");
  return ["host", "knocks", "opens", ...(isSimple ? ["probes" as const] : []), "description"];
}

/** Asks for what most often changes in a target; returns only what differs from it. */
export async function askForChanges(
  prompter: Prompter,
  target: Target,
  { questions = listQuestions(target) }: { questions?: readonly Question[] } = {},
): Promise<Partial<Pick<Target, Question>>> {
  const changes: { -readonly [Key in Question]?: Target[Key] } = {};
  if (questions.includes("host")) {
    const host = await prompter.input({
      message: "Host name or address",
      default: target.host,
      validate: makeValidator(parseHost),
    });
    changes.host = parseHost(host);
  }
  if (questions.includes("knocks")) changes.knocks = await askForKnocks(prompter, target);
  if (questions.includes("opens")) {
    const before = target.opens.map(renderService).join(",") || "none";
    changes.opens = await askForOpens(prompter, before);
  }
  const { opens = target.opens } = changes;
  // A probe of what the target opens changes with it, unless the answer is another one.
  const isDerived = isSameData(target.probes, makeDefaultProbes(target.opens));
  const probes = isDerived ? makeDefaultProbes(opens) : target.probes;
  if (questions.includes("probes")) changes.probes = await askForProbes(prompter, probes);
  if (questions.includes("description")) {
    changes.description = await askForDescription(prompter, target.description);
  }
  return Object.fromEntries(
    Object.entries(changes).filter(([key, value]) =>
      [target, { ...target, probes }].some((each) => !isSameData(value, Reflect.get(each, key)))
    ),
  );
}

/**
 * Returns other knocks for a target with one-time codes: the last one carries the code, and no other a secret.
 *
 * @param payload the secret of the code; that of the target where undefined.
 */
export function keepCode(
  knocks: readonly Knock[],
  target: Pick<Target, "knocks">,
  payload: KnockPayload | undefined = target.knocks.at(-1)?.payload,
): readonly Knock[] {
  return knocks.map((knock, index) => {
    if (knock.protocol !== "udp") return knock;
    if (index === knocks.length - 1) return { ...knock, payload: payload ?? knock.payload };
    return knock.payload.kind === "secret" ? { ...knock, payload: { kind: "none" } } : knock;
  });
}

async function askForKnocks(
  prompter: Prompter,
  { knocks: before, rolling }: Pick<Target, "knocks" | "rolling">,
): Promise<readonly Knock[]> {
  const old = before.map(renderPortSpec).join(" ");
  const text = await prompter.input({
    message: "Knocks in order, such as 1234/udp 9876/udp 7000/tcp",
    ...(old === "" ? {} : { default: old }),
    // What is there may have icmp knocks, which no answer can name.
    validate: (answer) => answer === old ? undefined : makeValidator(parseSpecs)(answer),
  });
  if (text === old) return before;
  const specs = parseSpecs(text);
  if (specs.map(renderPortSpec).join(" ") === old) return before;
  if (rolling !== undefined) {
    const plain = specs.map((spec) => ({ ...spec, payload: { kind: "none" } as const }));
    return keepCode(plain, { knocks: before });
  }
  const hasUdp = specs.some(({ protocol }) => protocol === "udp");
  const isSecret = hasUdp && await prompter.confirm({
    message: "Do the udp knocks carry a secret (a hashed passphrase)?",
    default: true,
  });
  const secret: KnockPayload = isSecret
    ? { kind: "secret", source: { kind: "prompt" } }
    : { kind: "none" };
  return specs.map((spec) => ({
    ...spec,
    payload: spec.protocol === "udp" ? secret : { kind: "none" },
  }));
}

function parseSpecs(text: string): { port: number; protocol: Protocol }[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length === 0) throw new RangeError("at least one knock is needed");
  return words.map((word) => parsePortSpec(word));
}

/** A port for a tcp probe, in any spelling of `22/tcp`. */
function parseTcpPort(text: string): number {
  const { port, protocol } = parsePortSpec(text);
  if (protocol === "tcp") return port;
  throw new ValueError(text, `is not a tcp port: use one, such as 22/tcp`);
}

/** Asks what the door opens; `before` is in the words of an answer. */
async function askForOpens(prompter: Prompter, before: string): Promise<Service[]> {
  const text = await prompter.input({
    message: "What the knocks open, such as 22/tcp,60000-61000/udp (or none)",
    default: before,
    validate: makeValidator(parseOpens),
  });
  return parseOpens(text);
}

async function askForProbes(
  prompter: Prompter,
  [before]: readonly ProbeSpec[],
): Promise<ProbeSpec[]> {
  const port = before?.type === "tcp" ? `${before.port}` : "none";
  const text = await prompter.input({
    message: "TCP port to check afterwards (none to check nothing)",
    default: port,
    validate: (answer) => answer === "none" ? undefined : makeValidator(parseTcpPort)(answer),
  });
  return text === "none" ? [] : [{ type: "tcp", port: parseTcpPort(text) }];
}

async function askForDescription(prompter: Prompter, before: string): Promise<string> {
  const shown = sanitize(before);
  const text = await prompter.input({
    message: "Description (may stay empty)",
    ...(shown === "" ? {} : { default: shown }),
  });
  return text === shown ? before : text;
}

/** Returns a free name that is made of the host. */
export function findFreeName(host: string, taken: ReadonlySet<string>): string {
  const label = (host.split(".")[0] ?? "").replace(/[^A-Za-z0-9_-]/g, "");
  const base = /^[A-Za-z]/.test(label) ? label.slice(0, 60) : "target";
  for (let number = 1;; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(name)) return name;
  }
}
