/** What the header of the RouterOS rules says about one-time codes: the test, what is weaker, how to take a key out. */
import { findSkew } from "../../../core/rolling.ts";
import { renderDuration, renderMoment } from "../../../core/duration.ts";
import { type CodedDoor, listCodedDoors, type Plan } from "../../../plan/plan.ts";
import type { RenderRequest } from "../../backend.ts";
import { nameCodeLists, nameCodeRule } from "./codes.ts";
import { nameScript, NOW, renderHash, RENEW_SECONDS } from "./codes_script.ts";
import { createNames, PATHS } from "./syntax.ts";
import { quoteRouterOs } from "../quote/routeros.ts";

/** Returns what is weaker than in other firewalls, and what can go wrong. */
export function renderCodeCautions(plan: Plan): string[] {
  const coded = listCodedDoors(plan);
  if (coded.length === 0) return [];
  const changes = coded.reduce((sum, { codes: { keys, slots } }) => sum + keys.length * slots, 0) *
    plan.families.length;
  return [
    "",
    `One-time codes: a script writes those of the moment into the rules, every ${RENEW_SECONDS} s. A code is taken`,
    `${describeTaken(coded)}.`,
    ...describeHorizon(coded),
    "A code belongs to the first source that sends it, which can repeat it. What is weaker than with nftables:",
    `- for up to ${RENEW_SECONDS} s a copy of the packet is new at another address of this router, and over the other`,
    "  family; after that the script has every address on the list of used codes;",
    "- two packets that two processors handle at the same moment can both be the first;",
    "- if the script does not run, the last codes stay valid, and no later ones get in.",
    `The configuration changes about ${changes} times in each window, and once for each code that is used. RouterOS`,
    "writes changes to flash memory: a longer window and fewer slots write less.",
    "The keys are in /system script: each user with the policy read, each export and each backup has them.",
    "After a power loss a router without a battery has a wrong clock, and no code is taken until the clock is",
    "set: use NTP servers by address, or make sure that the router can resolve their names:",
    "  /system ntp client set enabled=yes servers=ADDRESS",
    "  /system clock print",
    "Until the script has run, some seconds after the start, the rules take the codes from before it.",
    "The counters of the rules say who opened a door:",
    ...plan.families.map((family) =>
      `  ${PATHS[family]} filter print stats where comment~${
        quoteRouterOs(`^spknock:${plan.name}:[0-9]+ .*: opened by`)
      }`
    ),
  ];
}

function describeTaken(coded: readonly CodedDoor[]): string {
  const [first, ...others] = coded.map(({ codes }) => {
    const skew = findSkew(codes) / 1_000;
    return `from ${skew} to ${skew + RENEW_SECONDS} s before its window (${
      renderDuration(codes.windowMs)
    }) to ${skew} to ${skew + RENEW_SECONDS} s after it`;
  });
  return others.every((each) => each === first) ? first ?? "" : [first, ...others].join("; ");
}

function describeHorizon(coded: readonly CodedDoor[]): string[] {
  return coded.map(({ door, codes: { until } }) =>
    until === Infinity
      ? `The router makes the codes of "${door.name}" from the key: they do not end.`
      : `No code of "${door.name}" is taken after ${renderMoment(until)}.`
  );
}

/** Returns the comments with the lines to paste before the import: they contain the keys, and change nothing. */
export function renderCodeTest(plan: Plan): string[] {
  return listCodedDoors(plan).flatMap(({ door, codes }) => [
    "",
    `# Test of "${door.name}": the number of the window and its code of slot 0, now; compare spknock codes.`,
    ...codes.keys.map(({ key }) => {
      const window = `(${NOW} / ${codes.windowMs / 1_000})`;
      const code = renderHash(`(${quoteRouterOs(`${key}:`)} . ${window} . ":0")`);
      return `#   :put (${window} . " " . ${code})`;
    }),
  ]);
}

/** Returns the first of the header's steps. */
export function renderCodeSteps(plan: Plan): string[] {
  if (listCodedDoors(plan).length === 0) return [];
  return [
    "Test first, before anything is closed: paste the line below this header into a terminal of the router (it",
    "changes nothing), and compare the code that it prints. The import compares a known code itself, and the",
    "clock with the year 2026, before its first change.",
  ];
}

/** Returns the lines that remove the scripts. */
export function renderCodeUndo(plan: Plan): string[] {
  if (listCodedDoors(plan).length === 0) return [];
  const own = quoteRouterOs(`^spknock[.]${plan.name}[.]`);
  return ["scheduler", "script"].map((menu) => `  /system ${menu} remove [find name~${own}]`);
}

/** Returns the lines that take a key out: its script, its rules and what is known of its codes. */
export function renderRevoke(
  { plan }: RenderRequest,
  key: { door: string; name: string },
): string[] {
  const door = { name: key.door };
  const script = nameScript(plan, door, key).replaceAll(".", "[.]");
  return [
    ...["scheduler", "script"].map((menu) =>
      `/system ${menu} remove [find name~${quoteRouterOs(`^${script}([.]start)?$`)}]`
    ),
    ...plan.families.flatMap((family) => {
      const names = createNames(plan, family);
      const [menu, base] = [PATHS[family], `${names.base}:${key.door}`];
      const comment = `^${names.base}:[0-9]+ ${nameCodeRule(door, key)}:`;
      const lists = Object.values(nameCodeLists(names, door, key)).join("|");
      return [
        `${menu} filter remove [find comment~${quoteRouterOs(comment)}]`,
        `${menu} filter remove [find chain~${
          quoteRouterOs(`^${base}:(code:${key.name}:.*|by:${key.name})$`)
        }]`,
        `${menu} address-list remove [find list~${quoteRouterOs(`^(${lists}):`)}]`,
      ];
    }),
  ];
}
