/** The knocks of a plan in RouterOS' language: stages, closing knocks, guards and the ban, in this order. */
import {
  BAN_RULE,
  type Door,
  listCodedDoors,
  listKnocks,
  listNeutral,
  listOtherKnocks,
  listSecretPorts,
  listTranslated,
} from "../../../plan/plan.ts";
import { listBackwards, MISTAKES } from "../../backend.ts";
import { nameCodesChain, renderCodeRules } from "./codes.ts";
import { renderMatch, renderSequence } from "./sequence.ts";
import {
  addTo,
  findClosedMs,
  fromList,
  jumpTo,
  matchPorts,
  type Names,
  type Rule,
} from "./syntax.ts";

/** Returns the chains that the packets to this machine pass that can be knocks or mistakes. */
export function renderKnocks(names: Names): Rule[] {
  const { doors, ban } = names.plan;
  return [
    ...listCodedDoors(names.plan).flatMap((coded) => renderCodeRules(names, coded)),
    ...doors.flatMap((door) => [
      ...renderClosingRules(names, door),
      ...renderStageRules(names, door),
      ...(door.guard ? renderGuardRules(names, door) : []),
    ]),
    ...renderKnockRules(names),
    ...(ban ? renderMistakeRules(names) : []),
  ];
}

function renderKnockRules(names: Names): Rule[] {
  const { plan, own } = names;
  const rule = (text: string, note: string): Rule => ({ chain: own("knock"), text, note });
  const guarded = plan.doors.filter(({ guard }) => guard);
  const jumpAll = (doors: readonly Door[], chain: string, note: string) =>
    doors.map((door) => rule(jumpTo(names.door(door, chain)), `${door.name}: ${note}`));
  return [
    ...(plan.ban ? [rule(`action=return ${fromList(own("ban"))}`, "banned")] : []),
    ...jumpAll(plan.doors.filter(({ closing }) => closing.length > 0), "closing", "closing knocks"),
    ...jumpAll(plan.doors, "stages", "knocks"),
    ...(listSecretPorts(plan).length > 0
      ? [rule("action=return connection-state=established,related", "connections make no mistakes")]
      : []),
    ...(guarded.length > 0 || plan.ban
      ? [
        ...matchPorts(listNeutral(plan)).map((ports) =>
          rule(`action=return ${ports}`, "not a mistake")
        ),
        // Their own ports are not seen here any more.
        ...(plan.doors.flatMap(listTranslated).length > 0
          ? [rule("action=return connection-nat-state=dstnat", "redirected, not a mistake")]
          : []),
      ]
      : []),
    ...jumpAll(guarded, "guard", "guard"),
    ...(plan.ban ? renderBanRules(names, rule) : []),
  ];
}

/** After the guards: a mistake at an own knock port resets the sequence, but does not count. */
function renderBanRules(
  { plan, own }: Names,
  rule: (text: string, note: string) => Rule,
): Rule[] {
  const first = fromList(own("mistakes1"));
  return [
    ...matchPorts(listKnocks(plan)).map((ports) =>
      rule(`action=return ${ports}`, "own knock ports")
    ),
    rule(`${jumpTo(own("mistakes"))} ${first}`, "a mistake more"),
    rule(`action=return ${first}`, "counted"),
    rule(addTo(own("mistakes1"), BAN_RULE.windowMs), "the first mistake"),
  ];
}

function renderMistakeRules({ own }: Names): Rule[] {
  const { mistakes, windowMs, banMs } = BAN_RULE;
  return MISTAKES.toReversed().flatMap((count) => {
    const from = fromList(own(`mistakes${count}`));
    const add = count === mistakes
      ? addTo(own("ban"), banMs)
      : addTo(own(`mistakes${count + 1}`), windowMs);
    return [`${add} ${from}`, `action=return ${from}`].map((text): Rule => ({
      chain: own("mistakes"),
      text,
      note: `after ${count} of ${mistakes} mistakes`,
    }));
  });
}

/** Returns the lists of sources whose knocks do not count. */
function listDeaf({ guard, closing }: Door): string[] {
  return [...(guard ? ["penalty"] : []), ...(closing.length > 0 ? ["closed"] : [])];
}

function renderStageRules(names: Names, door: Door): Rule[] {
  const chain = names.door(door, "stages");
  return [
    ...listDeaf(door).map((list): Rule => ({
      chain,
      text: `action=return ${fromList(names.door(door, list))}`,
      note: `${list}: knocks do not count`,
    })),
    ...renderSequence(door.stages, {
      plan: names.plan,
      family: names.family,
      chain,
      codesChain: nameCodesChain(names, door),
      nameList: (number) => names.stage(door, number),
      what: "knock",
      stageTimeoutMs: door.stageTimeoutMs,
      lastMs: door.openForMs,
    }),
  ];
}

function renderClosingRules(names: Names, door: Door): Rule[] {
  const last = door.closing.length;
  return renderSequence(door.closing, {
    plan: names.plan,
    family: names.family,
    chain: names.door(door, "closing"),
    codesChain: nameCodesChain(names, door),
    nameList: (number) => names.door(door, number === last ? "closed" : `closing${number}`),
    what: "closing knock",
    stageTimeoutMs: door.stageTimeoutMs,
    lastMs: findClosedMs(door),
  });
}

/** Not mistakes: knocks, accepted or late, and packets to the knock ports of other doors. */
function renderGuardRules(names: Names, door: Door): Rule[] {
  const { plan, family } = names;
  const rule = (text: string, note: string): Rule => ({
    chain: names.door(door, "guard"),
    text,
    note,
  });
  return [
    // Matches the knocks that were just accepted, too.
    ...listBackwards(door.stages).map(({ stage, number }) =>
      rule(
        `action=return ${renderMatch(stage, family)} ${fromList(names.stage(door, number))}`,
        `knock ${number}, accepted or late`,
      )
    ),
    ...matchPorts(listOtherKnocks(plan, door)).map((ports) =>
      rule(`action=return ${ports}`, "knock ports of other doors")
    ),
    // Knocks that do not count must not make the penalty longer.
    ...listDeaf(door).flatMap((list) =>
      matchPorts(door.stages).map((ports) =>
        rule(
          `action=return ${ports} ${fromList(names.door(door, list))}`,
          `${list}: no new penalty`,
        )
      )
    ),
    rule(
      addTo(names.door(door, "penalty"), door.stageTimeoutMs),
      "a mistake: knocks do not count for a while",
    ),
  ];
}
