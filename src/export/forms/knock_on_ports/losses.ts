/** What Knock on Ports does without, and the one delay that it has. */
import { makeTargetName } from "../../../config/import/legacy_file.ts";
import {
  MAX_APP_DELAY_MS,
  MAX_APP_TRIES,
  MAX_CHECK_S,
} from "../../../config/import/knock_on_ports/format.ts";
import { renderDuration } from "../../../core/duration.ts";
import type { Knock } from "../../../core/knock.ts";
import { renderService } from "../../../core/service.ts";
import {
  DEFAULT_SETTINGS,
  type ProbeOf,
  type ProbeSpec,
  type Target,
} from "../../../core/target.ts";
import type { ExportDoor } from "../../form.ts";

/** Milliseconds between two knocks where a target leaves it to us. */
const AUTO_DELAY_MS = 50;

/** Whether the app can ask what a probe asks. */
export function canCheck(probe: ProbeSpec): probe is ProbeOf<"tcp" | "http" | "ping"> {
  return probe.type === "tcp" || probe.type === "ping" ||
    (probe.type === "http" && probe.status === undefined);
}

/** Returns the name for the app: the description, where that is the name in another spelling. */
export function findTitle({ name, description }: Target): string {
  return description !== "" && makeTargetName(description) === name ? description : name;
}

/** Whether a knock carries what only some may know: a fixed payload opens a door, too. */
export function hasContent({ payload }: Knock): boolean {
  return payload.kind !== "none";
}

/** Milliseconds after each knock but the last one. */
function listDelays({ delayMs }: Target, knocks: readonly Knock[]): number[] {
  const own = delayMs === "auto" ? AUTO_DELAY_MS : delayMs;
  return knocks.slice(0, -1).map((knock) => knock.delayMs ?? own);
}

/** Returns the milliseconds that the app waits after each step: the longest of the knocks. */
export function findDelay(target: Target, knocks: readonly Knock[]): number {
  const [first = target.delayMs === "auto" ? AUTO_DELAY_MS : target.delayMs, ...more] = listDelays(
    target,
    knocks,
  );
  return Math.max(first, ...more);
}

/** Returns what is lost of a door, one short sentence each. */
export function listLosses({ target, opening }: ExportDoor): string[] {
  const all = [...target.knocks, ...target.close ?? []];
  const rows: readonly (readonly [boolean, string])[] = [
    [
      opening === undefined && all.some(hasContent),
      "its secrets: each place says what to put there, or use --with-secrets",
    ],
    ...listPaceLosses(target, all),
    ...listCheckLosses(target),
    [!["", findTitle(target)].includes(target.description), "its description"],
    [target.tags.length > 1, `its tags after the first one`],
    [target.source !== undefined, "its source address"],
    [target.admin !== undefined, "its admin"],
    [target.connect !== undefined, "where connect leads"],
    [target.after.length > 0, "what runs afterwards"],
    [target.openForMs !== DEFAULT_SETTINGS.openForMs, "how long the door stays open"],
    [target.stageTimeoutMs !== DEFAULT_SETTINGS.stageTimeoutMs, "the firewall's stage timeout"],
  ];
  return rows.filter(([isLost]) => isLost).map(([, text]) => text);
}

function listPaceLosses(target: Target, all: readonly Knock[]): (readonly [boolean, string])[] {
  const sequences = [target.knocks, target.close ?? []];
  const longest = Math.max(...sequences.map((knocks) => findDelay(target, knocks)));
  const isUneven = sequences.some((knocks) => new Set(listDelays(target, knocks)).size > 1);
  const { copies, handshakeMs } = target;
  const isCopied = copies === "auto"
    ? all.some(({ payload }) => payload.kind === "secret")
    : copies > 1;
  return [
    [
      target.delayMs === "auto",
      `the delay "auto": each step waits ${renderDuration(AUTO_DELAY_MS)}`,
    ],
    [isUneven, "the delays of single knocks: each step waits as long as the longest"],
    [longest > MAX_APP_DELAY_MS, `a delay of more than ${renderDuration(MAX_APP_DELAY_MS)}`],
    [isCopied, "copies: each packet is sent once"],
    [
      handshakeMs !== undefined || all.some((knock) => knock.handshakeMs !== undefined),
      "the time for the handshake of a tcp knock",
    ],
  ];
}

function listCheckLosses(
  { probes, opens, tries, timeoutMs }: Target,
): (readonly [boolean, string])[] {
  const [first] = probes;
  const isChecked = first !== undefined && canCheck(first);
  const port = first?.type === "tcp" ? `${first.port}/tcp` : undefined;
  const others = opens.map(renderService).filter((service) => service !== port);
  return [
    [probes.length > (isChecked ? 1 : 0), isChecked ? "all probes but the first" : "its probes"],
    [others.length > 0, `that it opens ${others.join(", ")}`],
    [isChecked && tries > MAX_APP_TRIES, `more than ${MAX_APP_TRIES} tries`],
    [!isChecked && tries !== DEFAULT_SETTINGS.tries, "how often it is tried"],
    [
      isChecked && (timeoutMs % 1_000 !== 0 || timeoutMs > MAX_CHECK_S * 1_000),
      `the time for a try's probes: the app takes 1 to ${MAX_CHECK_S} seconds`,
    ],
  ];
}
