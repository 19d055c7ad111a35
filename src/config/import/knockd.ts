/**
 * knockd.conf, for `import`.
 *
 * Rules:
 * - each section is a target of its name. A section that only deletes rules which another one adds becomes the
 *   closing knocks of that one;
 * - `Seq_Timeout` is for the whole sequence, and a pace grows to a quarter of `stage_timeout`: of more than four
 *   knocks each has less. `Cmd_Timeout` counts where there is a `Stop_Command`;
 * - `copies = 1`, for a duplicate breaks a sequence, and no payload, for knockd compares none;
 * - iptables without a command for IPv6 opens nothing over IPv6 (the same command runs, and fails): `family` says so;
 * - sections that `rules --for knockd` wrote (`[spknock_NAME]`) give the target back that they were made of.
 */
import { sortByLine } from "../../core/errors.ts";
import { renderDuration } from "../../core/duration.ts";
import type { Knock } from "../../core/knock.ts";
import { listDistinctServices } from "../../core/service.ts";
import type { TargetDraft } from "../target/keys.ts";
import type { RuleChange } from "./knockd/firewall_commands.ts";
import type { Door, makeRemarks, Report } from "./knockd/door.ts";
import { parseKnockdFile } from "./knockd/file.ts";
import { type ImportReader, type ImportResult, USE_HOST } from "./reader.ts";

/** As in the rules of `rules --for knockd`. */
const OWN_PREFIX = "spknock_";
/** A pace grows to this part of the stage timeout. */
const PACE_PART = 4;

/** Reads knockd.conf. */
export const reader: ImportReader = {
  isLikely: (text) =>
    /^[ \t]*\[[^[\]\n]+\][ \t\r]*$/m.test(text) && !/^[ \t]*\[\[?targets\./m.test(text) &&
    /^[ \t]*(?:sequence|one_time_sequences|seq_timeout|(?:start_)?command(?:_6)?)[ \t]*=[ \t]*[^\s"]/mi
      .test(text),
  async parse(text, context) {
    const { file } = context;
    // With the parser of bash.
    const { readDoor, makeRemarks } = await import("./knockd/door.ts");
    const { sections, broken, problems, remarks } = parseKnockdFile(text, { file });
    const report = {
      fail: (line: number, message: string) => void problems.push({ file, line, message }),
      remark: (line: number, message: string) => void remarks.push({ file, line, message }),
    };
    const doors = sections.flatMap((section) => {
      const door = readDoor(section, report);
      return door === undefined || broken.has(section) ? [] : [door];
    });
    if (sections.length === 0 && problems.length === 0) {
      report.fail(1, "there is no section with a Sequence: write [NAME], and Sequence = 7000,8000");
    }
    const targets = makeTargets(doors, context, { ...report, makeRemarks });
    return { targets, problems: sortByLine(problems), remarks: sortByLine(remarks) };
  },
};

/** Pairs the doors, and makes targets of them. */
function makeTargets(
  doors: readonly Door[],
  { host, makeName }: Parameters<ImportReader["parse"]>[1],
  report: Report & { makeRemarks: typeof makeRemarks },
): ImportResult["targets"] {
  const pairs = pairDoors(doors);
  const closing = new Set(pairs.values());
  return doors.filter((door) => !closing.has(door)).flatMap((door) => {
    const { section, target } = door;
    const to = host ?? target;
    if (to === undefined) {
      report.fail(section.line, `the file names no host: ${USE_HOST}`);
      return [];
    }
    const close = pairs.get(door);
    report.makeRemarks(door, { isPaired: close !== undefined }, report);
    const name = makeName(section.name.replace(new RegExp(`^${OWN_PREFIX}`), ""));
    const stageTimeoutMs = findStageTimeout(door, close, report);
    return [makeDraft(door, close, { name, host: to, stageTimeoutMs })];
  });
}

/** Returns the closing door of each opening one that has one. */
function pairDoors(doors: readonly Door[]): Map<Door, Door> {
  const opening = doors.filter(({ changes }) => changes.some(({ isOpening }) => isOpening));
  const closing = doors.filter((door) => isOnlyClosing(door) && door.oneTime === undefined);
  // A rule of each that names it is found at once: a file can have thousands.
  const places = new Map<string, number>();
  for (const [place, { changes }] of closing.entries()) {
    for (const { rule, verb, isLoose } of changes) {
      const key = `${verb} ${rule}`;
      if (!isLoose && !places.has(key)) places.set(key, place);
    }
  }
  const loose = closing.filter(({ changes }) => changes.some(({ isLoose }) => isLoose));
  return new Map(opening.flatMap((door) => {
    const named = door.changes.filter(({ isOpening }) => isOpening)
      .map(({ rule, verb }) => places.get(`${verb === "add" ? "delete" : "add"} ${rule}`));
    const fitting = loose.find(({ changes }) =>
      door.changes.some((one) => changes.some((two) => isUndoneBy(one, two)))
    );
    const place = Math.min(
      ...named.filter((each) => each !== undefined),
      fitting === undefined ? Infinity : closing.indexOf(fitting),
    );
    const found = closing[place];
    return found === undefined ? [] : [[door, found] as const];
  }));
}

function isOnlyClosing({ changes }: Door): boolean {
  return changes.length > 0 && !changes.some(({ isOpening }) => isOpening);
}

/** Whether a change that names only where the rule is undoes another one. */
function isUndoneBy(one: RuleChange, other: RuleChange): boolean {
  return other.isLoose && one.isOpening && one.verb !== other.verb &&
    one.rule.startsWith(`${other.rule} `);
}

function makeDraft(
  { knocks, oneTime, changes, family, openForMs }: Door,
  close: Door | undefined,
  { name, host, stageTimeoutMs }: { name: string; host: string; stageTimeoutMs: number },
): TargetDraft {
  const opens = listDistinctServices(
    changes.flatMap(({ isOpening, services = [] }) => isOpening ? services : []),
  );
  return {
    name,
    host,
    knocks: knocks.map(toKnock),
    ...(oneTime === undefined ? {} : { oneTime }),
    ...(family === undefined ? {} : { family }),
    ...(opens.length === 0 ? {} : { opens }),
    copies: 1,
    stageTimeoutMs,
    ...(openForMs === undefined ? {} : { openForMs }),
    ...(close === undefined ? {} : { close: close.knocks.map(toKnock) }),
  };
}

function toKnock({ port, protocol }: Pick<Knock, "port" | "protocol">): Knock {
  return { port, protocol, payload: { kind: "none" } };
}

/** Returns the time for each knock such that the whole sequence fits, whatever its pace. */
function findStageTimeout(
  door: Door,
  close: Door | undefined,
  { remark }: Report,
): number {
  const times = [door, ...(close === undefined ? [] : [close])].map(findOwnTimeout);
  const ms = Math.min(...times);
  if (ms < door.seqTimeoutMs && !isOwnSection(door)) {
    const whole = renderDuration(door.seqTimeoutMs);
    remark(
      door.section.line,
      `stage_timeout is ${renderDuration(ms)}: knockd has ${whole} for the whole sequence`,
    );
  }
  return ms;
}

function findOwnTimeout(door: Door): number {
  const { knocks, seqTimeoutMs } = door;
  const gaps = Math.max(1, knocks.length - 1);
  if (isOwnSection(door)) return Math.max(1, Math.floor(seqTimeoutMs / gaps));
  if (gaps < PACE_PART) return seqTimeoutMs;
  return Math.floor(seqTimeoutMs * PACE_PART / (gaps + 1));
}

function isOwnSection({ section: { name } }: Door): boolean {
  return name.startsWith(OWN_PREFIX);
}
