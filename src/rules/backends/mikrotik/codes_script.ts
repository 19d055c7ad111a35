/**
 * One-time codes in RouterOS' language: the scripts that write them into the rules, one for each key, and the
 * scheduler that runs them.
 *
 * - A code is set where it changes only, and what is known of the former one forgotten then: the
 *   configuration is written to flash memory at each change;
 * - a code is set a little before it is taken, by the interval of the scheduler, never later;
 * - a used code gets two entries that hold every address, in both families, which outlive a reboot.
 *
 * Source: MikroTik, "Scripting" (`:convert`, `:timestamp`, `:tonsec`), "Scheduler" (an entry with an interval
 * does not run at the start), "Scripts" (policies). Users report of RouterOS 7.23 and 7.24 that the digits are
 * lowercase, that without `to=hex` there are none, and that a changed `content` is looked for at once.
 */
import { findSkew } from "../../../core/rolling.ts";
import { type CodeKey, type Codes, computeCode, findWindows } from "../../../plan/codes.ts";
import { type CodedDoor, type Door, listCodedDoors, type Plan } from "../../../plan/plan.ts";
import { nameCodeLists, nameCodeRule, NO_CODE } from "./codes.ts";
import { createNames, PATHS } from "./syntax.ts";
import { quoteRouterOs } from "../quote/routeros.ts";

/** Seconds between two runs of a script. */
export const RENEW_SECONDS = 10;
/** The Unix time in seconds, on the router. */
export const NOW = "([:tonsec [:timestamp]] / 1000000000)";
/** 2026-01-01: a clock before it is not set. */
const CLOCK_MIN_MS = Date.UTC(2026, 0, 1);
/** Every address, as two networks: not all versions of Linux' sets take a prefix of 0. */
const ALL = { ipv4: ["0.0.0.0/1", "128.0.0.0/1"], ipv6: ["::/1", "8000::/1"] } as const;
/** Of the entries that hold every address; not the beginning of a rule's, which an import removes. */
const USED_NOTE = "a used code";

/** Returns the name of the script of a key: names have no dot. */
export function nameScript({ name }: Plan, door: Pick<Door, "name">, key: Pick<CodeKey, "name">) {
  return `spknock.${name}.${door.name}.${key.name}`;
}

/** Returns the lines that stop the import before its first change: no SHA-512, or no clock. */
export function renderCodeChecks(plan: Plan): string[] {
  if (listCodedDoors(plan).length === 0) return [];
  const [text, code] = ["spknock:0:0", computeCode("spknock", 0, 0)];
  const fail = (what: string) => `:error ${quoteRouterOs(`spknock: ${what}: nothing was changed`)}`;
  return [
    "",
    `:if (${renderHash(quoteRouterOs(text))} != ${quoteRouterOs(code)}) do={ ` +
    `${fail("this RouterOS makes other codes (7.12 or newer is required)")} }`,
    `:if (${NOW} < ${CLOCK_MIN_MS / 1_000}) do={ ` +
    `${fail("the clock is not set (/system ntp client)")} }`,
  ];
}

/** Returns the value of the code that is made of a text. */
export function renderHash(text: string): string {
  return `[:pick [:convert ${text} transform=sha512 to=hex] 0 32]`;
}

/** Returns the lines that remove the scripts of a plan: no code changes during the import. */
export function renderScriptRemovals(plan: Plan): string[] {
  if (listCodedDoors(plan).length === 0) return [];
  const own = quoteRouterOs(`^spknock[.]${plan.name}[.]`);
  return [
    "",
    ...["scheduler", "script"].map((menu) => `/system ${menu} remove [find name~${own}]`),
  ];
}

/** Returns the lines that add the scripts of a plan, and run them. */
export function renderScripts(plan: Plan): string[] {
  const coded = listCodedDoors(plan);
  return coded.flatMap((each) => each.codes.keys.flatMap((key) => renderScript(plan, each, key)));
}

function renderScript(plan: Plan, coded: CodedDoor, key: CodeKey): string[] {
  const name = nameScript(plan, coded.door, key);
  const run = `/system script run ${quoteRouterOs(name)}`;
  const note = `comment=${quoteRouterOs(`spknock:${plan.name}: codes of ${key.name}`)}`;
  const schedule = (suffix: string, when: string) =>
    `/system scheduler add name=${quoteRouterOs(`${name}${suffix}`)} ${when} policy=read,write ` +
    `on-event=${quoteRouterOs(run)} ${note}`;
  return [
    "",
    `# Codes of ${key.name}`,
    `/system script add name=${quoteRouterOs(name)} policy=read,write ${note} source={`,
    ...renderSource(plan, coded, key).map((line) => `  ${line}`),
    "}",
    schedule("", `interval=${RENEW_SECONDS}s`),
    schedule(".start", "start-time=startup interval=0s"),
    run,
  ];
}

function renderSource(plan: Plan, { door, codes }: CodedDoor, key: CodeKey): string[] {
  const window = codes.windowMs / 1_000;
  const skew = findSkew(codes) / 1_000;
  const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  return [
    `:local now ${NOW}`,
    `:local late (($now - ${skew}) / ${window})`,
    `:local early (($now + ${skew + RENEW_SECONDS}) / ${window})`,
    ":for side from=0 to=1 do={",
    ...indent([
      ":local n $late",
      ":if (($n % 2) != $side) do={ :set n $early }",
      `:for slot from=0 to=${codes.slots - 1} do={`,
      ...indent([
        `:local code ${quoteRouterOs(NO_CODE)}`,
        `:if (${renderIsTaken(codes)}) do={`,
        `  :set code ${renderHash(`(${quoteRouterOs(`${key.key}:`)} . $n . ":" . $slot)`)}`,
        "}",
        ':local place (":" . $side . ":" . $slot)',
        ":local isUsed false",
        ...plan.families.flatMap((family) => renderUpdate(plan, family, { door, key })),
        ":if ($isUsed) do={",
        ...indent(plan.families.flatMap((family) => renderBurn(plan, family, { door, key }))),
        "}",
      ]),
      "}",
    ]),
    "}",
  ];
}

/** Returns the condition that window `n` is one of this side for which the firewall has codes. */
function renderIsTaken(codes: Codes): string {
  const { first, last } = findWindows({ ...codes, from: Math.max(codes.from, CLOCK_MIN_MS) });
  const conditions = [
    "(($n % 2) = $side)",
    `($n >= ${first})`,
    ...(last === Infinity ? [] : [`($n <= ${last})`]),
  ];
  return conditions.join(" && ");
}

interface KeyPlace {
  door: Door;
  key: CodeKey;
}

/** Returns the lines that set a code where it is another one, and see whether it is used. */
function renderUpdate(plan: Plan, family: Plan["families"][number], { door, key }: KeyPlace) {
  const menu = PATHS[family];
  const names = createNames(plan, family);
  const { mine, used } = nameCodeLists(names, door, key);
  const start = quoteRouterOs(`^${names.base}:[0-9]+ ${nameCodeRule(door, key)}`);
  const end = quoteRouterOs("$");
  const set = (disabled: string) => `${menu} filter set $rule content=$code disabled=${disabled}`;
  const find = (list: string) => `${menu} address-list find list=(${quoteRouterOs(list)} . $place)`;
  return [
    `:foreach rule in=[${menu} filter find comment~(${start} . $place . ${end})] do={`,
    `  :local former [${menu} filter get $rule content]`,
    "  :if ($former != $code) do={",
    `    :if ($code = ${quoteRouterOs(NO_CODE)}) do={ ${set("yes")} } else={ ${set("no")} }`,
    `    :if ($former != ${quoteRouterOs(NO_CODE)}) do={`,
    ...[mine, used].flatMap((list) => [
      `      :foreach entry in=[${find(list)}] do={`,
      // An entry that expires meanwhile is an error.
      `        :do { ${menu} address-list remove $entry } on-error={}`,
      "      }",
    ]),
    "    }",
    "  }",
    "}",
    `:if ([:len [${find(used)}]] > 0) do={ :set isUsed true }`,
  ];
}

/** Returns the lines that add every address to the list of a used code. */
function renderBurn(plan: Plan, family: Plan["families"][number], { door, key }: KeyPlace) {
  const menu = PATHS[family];
  const { used } = nameCodeLists(createNames(plan, family), door, key);
  const list = `list=(${quoteRouterOs(used)} . $place)`;
  const note = `comment=${quoteRouterOs(USED_NOTE)}`;
  return [
    `:if ([:len [${menu} address-list find ${list} ${note}]] = 0) do={`,
    ...ALL[family].map((network) =>
      `  ${menu} address-list add ${list} address=${network} ${note}`
    ),
    "}",
  ];
}
