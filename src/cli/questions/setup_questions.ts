/** The questions of `setup`: only what people know. All else is picked. */
import type { Config } from "../../config/mod.ts";
import { parseServices, renderService, type Service } from "../../core/service.ts";
import {
  isSameHost,
  parseHost,
  parseLogin,
  parseTargetName,
  type Target,
} from "../../core/target.ts";
import { sanitize } from "../../output/sanitize.ts";
import type { Prompter } from "../../prompt/mod.ts";
import { parseTrusted } from "../../rules/mod.ts";
import type { SetupRequest } from "../../use_cases/setup/request.ts";
import { findFreeName, makeValidator } from "./target_questions.ts";

/** What the answers say. */
type Answers = Pick<SetupRequest, "name" | "place" | "host" | "opens" | "trusted">;

/** What is known before the first question; what an option says is not asked. */
interface Known {
  targets: Config["targets"];
  /** What the options say. */
  wishes: Pick<SetupRequest, "host" | "opens" | "trusted">;
  note(text: string): void;
  /** Returns the host that a login leads to. */
  findHost(place: string): Promise<string>;
}

/** Asks for a door. */
export async function askForSetup(
  prompter: Prompter,
  { targets, wishes, note, findHost }: Known,
): Promise<Answers> {
  const place = await prompter.input({
    message: "Where ssh logs in, such as root@fw.example.com",
    validate: makeValidator(parseLogin),
  });
  const host = wishes.host ?? await askForHost(prompter, await findHost(place));
  const name = await askForDoorName(prompter, { host, targets });
  const saved = targets.get(name);
  note("Protected ports are closed to everyone who does not knock: leave out what others need.");
  const opens = wishes.opens ?? await askForPorts(prompter, saved?.opens ?? []);
  note("From an address that is never locked out, apply cannot prove that the door is shut.");
  const trusted = wishes.trusted.length > 0 ? wishes.trusted : await askForTrusted(prompter);
  return { place, host, name, opens, trusted };
}

async function askForHost(prompter: Prompter, found: string): Promise<string> {
  const answer = await prompter.input({
    message: "Where to knock, a name or an address",
    default: sanitize(found),
    validate: makeValidator(parseHost),
  });
  return parseHost(answer);
}

/** A door of this host can be set up again. */
async function askForDoorName(
  prompter: Prompter,
  { host, targets }: { host: string; targets: Config["targets"] },
): Promise<string> {
  const isOther = (target: Target | undefined) =>
    target !== undefined && !isSameHost(target.host, host);
  const own = [...targets.values()].find((target) => !isOther(target));
  return await prompter.input({
    message: "Name of the target, for: ssh NAME",
    default: own?.name ?? findFreeName(host, new Set(targets.keys())),
    validate: (text) =>
      makeValidator(parseTargetName)(text) ??
        (isOther(targets.get(text)) ? `"${text}" is another host` : undefined),
  });
}

async function askForPorts(prompter: Prompter, before: readonly Service[]): Promise<Service[]> {
  const answer = await prompter.input({
    message: "Ports to protect, such as 22/tcp,443/tcp",
    default: before.map(renderService).join(",") || "22/tcp",
    validate: makeValidator(parseServices),
  });
  return parseServices(answer);
}

async function askForTrusted(prompter: Prompter): Promise<string[]> {
  const read = (text: string) => text === "none" || text === "" ? [] : parseTrusted(text);
  const answer = await prompter.input({
    message: "Networks that are never locked out, such as 192.168.0.0/24",
    default: "none",
    validate: makeValidator(read),
  });
  return read(answer);
}
