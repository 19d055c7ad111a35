/** What the options of `rules` say about one-time codes: until when, whose keys, and the second way in. */
import { cutToSeconds, renderMoment } from "../../core/duration.ts";
import { parseMoment } from "./moment.ts";
import { UsageError } from "../../core/errors.ts";
import { renderPortSpec } from "../../core/knock.ts";
import { listDistinctForwards, listDistinctServices } from "../../core/service.ts";
import { parseTargetName, type Target } from "../../core/target.ts";
import { type Backend, needsHorizon, type PlanOptions } from "../../rules/mod.ts";
import type { DoorRequest } from "../../use_cases/build_plan.ts";
import type { KeyFile } from "../../use_cases/rolling/read_keys.ts";
import { asUsageError, type OptionNames, type OptionSpec, type ParsedArgs } from "../options.ts";

/** The options about one-time codes. */
export const CODE_OPTIONS = [
  { name: "until", value: "TIME", help: "last one-time codes: 1y, 2027-11-25 (default: until)" },
  { name: "from", value: "TIME", help: "first one-time codes (default: now)" },
  { name: "save", help: "save from and until of the one-time codes in the target" },
  { name: "codes-only", help: "only one-time codes, to add them to running rules" },
  {
    name: "keys",
    value: "FILE...",
    many: true,
    help: "one-time codes of these keys, one a person: keys/*.key",
  },
  {
    name: "grace-static",
    value: "TARGET",
    help: "its static secret knocks open too, if the server's clock is wrong",
  },
] as const satisfies readonly OptionSpec[];

type CodeArgs = ParsedArgs<OptionNames<typeof CODE_OPTIONS>>;

/** How long the codes are that a proof is about, in milliseconds. */
const PROOF_MS = 86_400_000;

/** Returns the present moment in Unix milliseconds, as dates are saved: in whole seconds. */
export function readNow(): number {
  return cutToSeconds(Date.now());
}

/**
 * Reads for which time the firewall has codes; undefined where no target has any.
 *
 * @param options.backend undefined for a proof, which has codes for a day where no option says more.
 * @throws {UsageError} where an option has no effect, or the end is missing or over.
 */
export function readHorizon(
  args: CodeArgs,
  targets: readonly Target[],
  { backend, now }: { backend: Backend | undefined; now: number },
): PlanOptions["horizon"] {
  const coded = targets.filter(({ rolling }) => rolling !== undefined);
  if (coded.length === 0) refuseWithoutCodes(args);
  if (coded.length === 0 || backend?.supports.codes === false) return undefined;
  if (backend !== undefined && !needsHorizon(backend)) {
    refuseEndless(args, backend);
    return { from: now, until: Infinity };
  }
  const from = args.read("from", (text) => parseMoment(text, now)) ?? now;
  const given = args.read("until", (text) => parseMoment(text, now));
  const until = given ?? (backend === undefined ? from + PROOF_MS : undefined);
  if (until !== undefined && until <= Math.max(from, now)) {
    throw new UsageError(`--until: is not after ${from > now ? "--from" : "the present moment"}`, {
      hint: "--until 1y",
    });
  }
  if (until === undefined) {
    for (const target of coded) {
      requireUntil(target, Math.max(from, now));
    }
  }
  return until === undefined ? { from } : { from, until };
}

function refuseWithoutCodes(args: CodeArgs): void {
  const idle = CODE_OPTIONS.find(({ name }) => args.has(name));
  if (idle === undefined) return;
  throw new UsageError(`--${idle.name} has no effect: no target has one-time codes (rolling)`, {
    hint: "make a key: spknock rolling new TARGET",
  });
}

/** Such a firewall makes each code when its window begins, without an end. */
function refuseEndless(args: CodeArgs, { name }: Backend): void {
  const idle = (["until", "from", "save", "codes-only"] as const).find((each) => args.has(each));
  if (idle === undefined) return;
  throw new UsageError(
    `--${idle} has no effect with ${name}: it makes the one-time codes itself, without an end`,
    { hint: `leave out --${idle}` },
  );
}

function requireUntil({ name, rolling }: Target, after: number): void {
  const until = rolling?.until;
  const hint = "--until 1y";
  if (until === undefined) {
    throw new UsageError(
      `missing option --until: until when should the firewall have one-time codes for "${name}"?`,
      { hint },
    );
  }
  if (until > after) return;
  throw new UsageError(
    `the one-time codes of "${name}" end at ${renderMoment(until)}, before ${renderMoment(after)}`,
    { hint },
  );
}

/** Separates the targets of `rules home --keys keys/a.key keys/b.key`, as a shell writes `keys/*.key`. */
export function splitPositionals(
  args: Pick<CodeArgs, "positionals" | "has" | "values">,
): { names: readonly string[]; files: readonly string[] } {
  if (!args.has("keys")) return { names: args.positionals, files: [] };
  const isFile = (text: string) => /[/\\]|\.key$/.test(text);
  return {
    names: args.positionals.filter((text) => !isFile(text)),
    files: [...args.values("keys"), ...args.positionals.filter(isFile)],
  };
}

/**
 * Returns the doors with the key files that belong to them.
 *
 * @param files each `FILE`, or with several targets that have codes `TARGET=FILE`.
 * @throws {UsageError} where a file names no person, or belongs to no target.
 */
export function withKeyFiles(
  doors: readonly DoorRequest[],
  files: readonly string[],
): DoorRequest[] {
  const coded = doors.filter(({ target }) => target.rolling !== undefined);
  const names = coded.map(({ target }) => target.name);
  const found = new Map<string, KeyFile[]>();
  for (const text of files) {
    const named = names.find((name) => text.startsWith(`${name}=`));
    const name = named ?? (names.length === 1 ? names[0] : undefined);
    if (name === undefined) {
      throw new UsageError("--keys with several targets needs the target", {
        hint: `--keys ${names[0]}=FILE`,
      });
    }
    const path = named === undefined ? text : text.slice(named.length + 1);
    if (/[*?]/.test(path)) {
      throw new UsageError(`--keys: no file matches "${path}"`, {
        hint: "the shell looks for it from the present folder, not from the configuration's",
      });
    }
    const file = { path, name: asUsageError(() => readPerson(path), "--keys: ") };
    const others = found.get(name) ?? [];
    const twin = others.find((other) => other.name === file.name);
    if (twin !== undefined) {
      throw new UsageError(`--keys: "${twin.path}" and "${path}" have the same name`, {
        hint: "rename one: the name of a file says whose key it is",
      });
    }
    found.set(name, [...others, file]);
  }
  return doors.map((door) => ({ ...door, keyFiles: found.get(door.target.name) }));
}

/** Returns whose key a file has: its name without `.key`. */
function readPerson(path: string): string {
  return parseTargetName(path.replace(/^.*[/\\]/, "").replace(/\.key$/, ""));
}

/**
 * Returns the door of `--grace-static`: it opens what the doors with one-time codes open.
 *
 * @throws {UsageError} where it has one-time codes itself, or nothing secret.
 */
export function makeGraceDoor(target: Target, doors: readonly DoorRequest[]): DoorRequest {
  const { name, knocks, rolling } = target;
  if (doors.some((door) => door.target.name === name)) {
    throw new UsageError(`--grace-static: "${name}" is one of the targets already`, {
      hint: "leave out one of the two",
    });
  }
  const isStatic = rolling === undefined &&
    knocks.some(({ payload }) => payload.kind !== "none");
  if (!isStatic) {
    throw new UsageError(
      rolling === undefined
        ? `--grace-static: "${name}" has no secret knock: ${knocks.map(renderPortSpec).join(" ")}`
        : `--grace-static: "${name}" has one-time codes itself`,
      { hint: "name a target with secret knocks and without rolling" },
    );
  }
  const coded = doors.filter((door) => door.target.rolling !== undefined);
  return {
    target,
    opens: listDistinctServices(coded.flatMap(({ opens }) => opens)),
    forwards: listDistinctForwards(coded.flatMap(({ forwards = [] }) => forwards)),
  };
}
