/**
 * The chains of a plan for one family, as lines for iptables-restore.
 *
 * The order is that of docs/firewall-model.md, measured with live packets:
 * - the last stage first; a knock goes (`-g`) to the small chain that writes its stage, and from there
 *   back to the caller of the door's stages;
 * - after all doors' stages a packet to a knock port is looked at by each door that has a guard: its own knocks,
 *   accepted or late, and the ports of the others' are not mistakes. Any other packet resets all of them, so
 *   that the number of rules grows with the doors and not with their square.
 */
import { ADDRESS_BITS } from "../../../core/address/syntax.ts";
import {
  BAN_RULE,
  type Door,
  findBanPrefix,
  listKnocks,
  listNeutral,
  listOtherKnocks,
  listSecretPorts,
  listTranslated,
  type Plan,
  SET_SIZE,
  type Stage,
} from "../../../plan/plan.ts";
import { isPorts } from "../../../core/service.ts";
import { listBackwards, MISTAKES } from "../../backend.ts";
import { listCodeChains, listKeys, type PlacedKey, renderKeyChains } from "./codes.ts";
import { renderDoorRules, renderForwardChains, renderTrustedRules } from "./door.ts";
import {
  type Chain,
  createIptablesNames,
  findSeconds,
  isInStage,
  makeLists,
  renderConnections,
  renderEntryChains,
  renderMatch,
  renderPortRules,
  renderStage,
  renderTranslatedRules,
  type RuleContext,
  type Variant,
} from "./syntax.ts";

/** The rules have timeouts of their own, so that every plan declares its sets alike. */
const CREATE_TIMEOUT = 300;

/** The rules of one family. */
export interface IptablesRules {
  /** All chains of a table, the entry first; also those that the script of one-time codes fills. */
  chains: Readonly<Record<"filter" | "mangle", string[]>>;
  /** The lists of the stages, which are emptied when loading again. */
  progress: string[];
  /** The lists of the open and of the banned sources. */
  kept: string[];
  /** The input of `ipset restore` that makes them; empty for `recent`. */
  creates: string[];
  /** The input of iptables-restore. */
  restore: string[];
}

/** Returns the rules of a plan for one family. */
export function renderIptablesRules(
  plan: Plan,
  family: Plan["families"][number],
  variant: Variant,
): IptablesRules {
  const context = createContext(plan, family, variant);
  const filter = renderChains(context);
  const mangle = renderForwardChains(context);
  return {
    chains: {
      filter: [...filter.map(([chain]) => chain), ...listCodeChains(context)],
      mangle: mangle.map(([chain]) => chain),
    },
    progress: [...listStageLists(context), ...listMistakeLists(context)],
    kept: listKept(context),
    creates: variant === "recent" ? [] : renderCreates(context),
    restore: [...renderTable("filter", filter), ...renderTable("mangle", mangle)],
  };
}

/**
 * Returns the names of the lists of open sources, one a door. An entry of `recent` has no time of its own: its
 * list's name has the open time, so that a longer one does not open for sources whose time is over.
 */
export function listOpenLists(
  plan: Plan,
  family: Plan["families"][number],
  variant: Variant,
): string[] {
  const { names } = createContext(plan, family, variant);
  return plan.doors.map((door) => names.stageList(door, door.stages.length));
}

/** Returns the keys of a plan's one-time codes. */
export function listPlanKeys(plan: Plan): PlacedKey[] {
  return listKeys(createContext(plan, "ipv4", "ipset"));
}

function createContext(
  plan: Plan,
  family: Plan["families"][number],
  variant: Variant,
): RuleContext {
  const nameOpen = (door: Door) => variant === "ipset" ? "o" : `o${door.openForMs / 1_000}`;
  return {
    plan,
    family,
    names: createIptablesNames(plan, family, nameOpen),
    lists: makeLists(variant, family, plan.prefixes[family]),
    banLists: makeLists(variant, family, findBanPrefix(plan, family)),
  };
}

function listStageLists({ plan, names }: RuleContext): string[] {
  return plan.doors.flatMap((door) => [
    ...door.stages.slice(1).map((_, index) => names.stageList(door, index + 1)),
    ...door.closing.slice(1).map((_, index) => names.closingList(door, index + 1)),
  ]);
}

function listMistakeLists({ plan, names }: RuleContext): string[] {
  return plan.ban ? MISTAKES.map(names.mistakeList) : [];
}

function listKept({ plan, names }: RuleContext): string[] {
  return [
    ...plan.doors.map((door) => names.stageList(door, door.stages.length)),
    ...(plan.ban ? [names.banList] : []),
  ];
}

function renderCreates(context: RuleContext): string[] {
  const { plan, family, names } = context;
  const counted = new Set([names.banList, ...listMistakeLists(context)]);
  return [...listKept(context), ...listStageLists(context), ...listMistakeLists(context)].map(
    (list) => {
      const prefix = counted.has(list) ? findBanPrefix(plan, family) : plan.prefixes[family];
      return `create ${list} hash:ip family ${family === "ipv4" ? "inet" : "inet6"} ` +
        (prefix === ADDRESS_BITS[family] ? "" : `netmask ${prefix} `) +
        `timeout ${CREATE_TIMEOUT} maxelem ${SET_SIZE} -exist`;
    },
  );
}

function renderTable(table: string, chains: readonly Chain[]): string[] {
  if (chains.length === 0) return [];
  return [
    `*${table}`,
    ...chains.map(([chain]) => `:${chain} - [0:0]`),
    ...chains.flatMap(([chain, rules, words]) => [
      `# ${words}`,
      ...rules.map((rule) => `-A ${chain} ${rule}`),
    ]),
    "COMMIT",
  ];
}

function renderChains(context: RuleContext): Chain[] {
  const { plan, names } = context;
  const guarded = listGuardedDoors(plan);
  return [
    ...renderEntryChains(context, {
      entry: "in",
      rules: renderEntryRules(context),
      words: "Every packet to this machine: what is not for these rules returns to yours.",
    }),
    [
      names.own("knock"),
      renderKnockRules(context),
      "What a packet does to the lists of its source, in this order.",
    ],
    ...plan.doors.flatMap((door) => renderStageChains(context, door)),
    ...plan.doors.flatMap((door) => renderClosingChains(context, door)),
    ...(guarded.length === 0 ? [] : [renderTriedChain(context, guarded)]),
    ...guarded.flatMap((door) => renderGuardChains(context, door)),
    ...(plan.ban ? renderBanChains(context) : []),
    [
      names.own("door"),
      renderDoorRules(context),
      "The door: open sources pass, then what is closed is dropped; the rest returns to your rules.",
    ],
  ];
}

function renderEntryRules(context: RuleContext): string[] {
  const { plan, names } = context;
  const knock = `-g ${names.own("knock")}`;
  const services = plan.doors.flatMap(({ opens }) => opens);
  return [
    "-i lo -j RETURN",
    ...renderTrustedRules(context),
    ...renderPortRules(listSecretPorts(plan), knock),
    renderConnections("ACCEPT"),
    `-p tcp ${knock}`,
    `-p udp ${knock}`,
    // All other packets, such as neighbour discovery, are left to the other rules.
    ...(services.every(isPorts) ? [] : [`-g ${names.own("door")}`]),
  ];
}

function renderKnockRules(context: RuleContext): string[] {
  const { plan, names, banLists } = context;
  const door = `-g ${names.own("door")}`;
  const guarded = listGuardedDoors(plan);
  const jumpAll = (doors: readonly Door[], chain: string) =>
    doors.map((each) => `-j ${names.door(each, chain)}`);
  return [
    `-m pkttype ! --pkt-type unicast ${door}`,
    ...(plan.ban ? [`${banLists.has(names.banList, BAN_RULE.banMs / 1_000)} ${door}`] : []),
    ...jumpAll(plan.doors.filter(({ closing }) => closing.length > 0), "close"),
    ...jumpAll(plan.doors, "stage"),
    ...(listSecretPorts(plan).length > 0 ? [renderConnections("ACCEPT")] : []),
    ...(guarded.length > 0 || plan.ban
      ? [
        ...renderPortRules(listNeutral(plan), door),
        ...renderTranslatedRules(plan.doors.flatMap(listTranslated), door),
        ...renderPortRules(
          listKnocks(plan),
          guarded.length > 0 ? `-g ${names.own("tried")}` : door,
        ),
      ]
      : []),
    ...jumpAll(guarded, "reset"),
    ...(plan.ban ? renderBanRules(context) : []),
    door,
  ];
}

/** The last stage first; each ends the walk through the door's stages. */
function renderStageChains(context: RuleContext, door: Door): Chain[] {
  const { names } = context;
  return [
    [
      names.door(door, "stage"),
      listBackwards(door.stages).map(({ stage, number }) =>
        [
          renderStage(stage, context),
          ...(number === 1 ? [] : [isInStage(context, door, number - 1)]),
          `-g ${
            stage.codes === undefined ? names.knock(door, "s", number) : names.door(door, "codes")
          }`,
        ].join(" ")
      ),
      `The knocks of ${door.name}, the last one first.`,
    ],
    ...door.stages.flatMap((stage, index): Chain[] =>
      renderKnockChains(context, door, { stage, index })
    ),
  ];
}

/** What writes the stage of a knock. */
function renderKnockChains(
  { names, lists, ...context }: RuleContext,
  door: Door,
  { stage, index }: { stage: Stage; index: number },
): Chain[] {
  const number = index + 1;
  const write = lists.write(names.stageList(door, number), findSeconds(door, number));
  if (stage.codes !== undefined) return renderKeyChains({ ...context, names, lists }, door, write);
  return [[
    names.knock(door, "s", number),
    [write],
    number === door.stages.length
      ? `The last knock of ${door.name}: its source is open.`
      : `Knock ${number} of ${door.name}: its source is in stage ${number}.`,
  ]];
}

/** A closing knock may be an opening one as well: the packet returns to the rules of those. */
function renderClosingChains(context: RuleContext, door: Door): Chain[] {
  const { names, lists } = context;
  const { closing, stages } = door;
  if (closing.length === 0) return [];
  const seconds = door.stageTimeoutMs / 1_000;
  const matches = listBackwards(closing).map(({ stage, number }) =>
    [
      renderStage(stage, context),
      ...(number === 1 ? [] : [lists.has(names.closingList(door, number - 1), seconds)]),
      `-g ${names.knock(door, "c", number)}`,
    ].join(" ")
  );
  return [
    [names.door(door, "close"), matches, `The closing knocks of ${door.name}, the last one first.`],
    ...closing.map((_, index): Chain => [
      names.knock(door, "c", index + 1),
      index < closing.length - 1
        ? [lists.write(names.closingList(door, index + 1), seconds)]
        : stages.map((_, stage) => lists.remove(names.stageList(door, stage + 1))),
      index < closing.length - 1
        ? `Closing knock ${index + 1} of ${door.name}.`
        : `The last closing knock of ${door.name}: it is shut for its source.`,
    ]),
  ];
}

/** Those with a sequence that a mistake can reset. */
function listGuardedDoors({ doors }: Plan): Door[] {
  return doors.filter(({ guard, stages }) => guard && stages.length > 1);
}

/** A packet to a knock port: a mistake there resets sequences, but does not count for the ban. */
function renderTriedChain({ names }: RuleContext, guarded: readonly Door[]): Chain {
  return [names.own("tried"), [
    ...guarded.map((door) => `-j ${names.door(door, "guard")}`),
    `-g ${names.own("door")}`,
  ], "A packet to a knock port: each guard looks at it."];
}

/** Knocks, accepted or late, and the ports of the other doors' knocks are not mistakes. */
function renderGuardChains(context: RuleContext, door: Door): Chain[] {
  const { plan, family, names, lists } = context;
  const others = listOtherKnocks(plan, door);
  const isOthers = ({ port, protocol }: { port: number; protocol: string }) =>
    others.some((knock) => knock.port === port && knock.protocol === protocol);
  const own = listKnocks({ doors: [door] }).filter((knock) => !isOthers(knock));
  return [
    [names.door(door, "guard"), [
      ...listBackwards(door.stages).map(({ stage, number }) =>
        `${renderMatch(stage, family)} ${isInStage(context, door, number)} -j RETURN`
      ),
      ...renderPortRules(own, `-g ${names.door(door, "reset")}`),
    ], `The guard of ${door.name}: a knock that counts, or of another target, resets nothing.`],
    [
      names.door(door, "reset"),
      door.stages.slice(1).map((_, index) => lists.remove(names.stageList(door, index + 1))),
      `A mistake: the sequence of ${door.name} begins anew.`,
    ],
  ];
}

/** The most mistakes first; a first mistake starts the time in which they count. */
function renderBanRules({ names, banLists }: RuleContext): string[] {
  const seconds = BAN_RULE.windowMs / 1_000;
  const has = (count: number) => banLists.has(names.mistakeList(count), seconds);
  return [
    ...MISTAKES.toReversed().map((count) =>
      [
        ...[...new Set([has(1), has(count)])],
        `-g ${names.own(count === BAN_RULE.mistakes ? "ban" : `m${count + 1}`)}`,
      ].join(" ")
    ),
    `-g ${names.own("m1")}`,
  ];
}

function renderBanChains({ names, banLists }: RuleContext): Chain[] {
  const door = `-g ${names.own("door")}`;
  const { windowMs, banMs } = BAN_RULE;
  return [
    ...MISTAKES.map((count): Chain => [
      names.own(`m${count}`),
      [banLists.write(names.mistakeList(count), windowMs / 1_000), door],
      `Mistake ${count} of ${MISTAKES.length}.`,
    ]),
    [
      names.own("ban"),
      [banLists.write(names.banList, banMs / 1_000), door],
      "One mistake too many.",
    ],
  ];
}
