/** This program beside another version of it: `--against FILE` (an executable) or `--against FOLDER` (a checkout). */
import { EXECUTABLE } from "../../tests/e2e/program.ts";
import { Ground, renderTarget } from "./ground.ts";
import { type Contestant, listTimes, median, quantile, race } from "./measure.ts";
import { QUIET_ENV, SECRETS, spknock } from "./peers.ts";
import { ms, type Outcome, type Section, times } from "./report.ts";

const ROUNDS = 20;
const MANY_TARGETS = 1_000;
/** A ratio from which a command counts as slower, or its inverse as faster; less is noise. */
const NOTABLE = 1.1;

/** Milliseconds of the rounds of one command, by both versions. */
interface Duel {
  what: string;
  now: readonly number[];
  before: readonly number[];
}

/** Returns a row for each command: both medians, their ratio, and what it means. */
export function compareDuels(duels: readonly Duel[]): string[][] {
  return duels.map(({ what, now, before }) => {
    const [mine, other] = [median(now), median(before)];
    return [what, ms(other), ms(mine), times(mine, other), judge(now, before)];
  });
}

/** Medians that are apart, and quartiles that do not overlap: one slow round decides nothing. */
function judge(now: readonly number[], before: readonly number[]): string {
  const isAbove = (upper: readonly number[], lower: readonly number[]) =>
    median(upper) / median(lower) >= NOTABLE && quantile(upper, 0.25) > quantile(lower, 0.75);
  return isAbove(now, before) ? "slower" : isAbove(before, now) ? "faster" : "same";
}

/**
 * Returns the command line of the other version: an executable, or deno with a checkout and its own dependencies.
 *
 * @param options.flags those of this checkout, whose paths become the other's.
 * @throws {Error} where it is neither, or where this version is of the other kind.
 */
export async function findOther(
  path: string,
  { root, executable, flags }: {
    root: string;
    executable: string | undefined;
    flags: readonly string[];
  },
): Promise<string[]> {
  const isFolder = (await Deno.stat(path)).isDirectory;
  if (isFolder !== (executable === undefined)) {
    throw new Error(
      isFolder
        ? "a checkout is compared with a checkout: leave SPKNOCK_BIN out"
        : "an executable is compared with an executable: SPKNOCK_BIN=FILE",
    );
  }
  if (!isFolder) return [await Deno.realPath(path)];
  const folder = `${await Deno.realPath(path)}/`;
  await Deno.stat(`${folder}main.ts`);
  const own = flags.map((flag) => flag.replaceAll(root, folder));
  return [Deno.execPath(), "run", "-q", "--no-prompt", ...own, "-P=spknock", `${folder}main.ts`];
}

/** Makes the section of another version. */
export function makeAgainst(path: string): Section {
  return {
    title: `Beside ${path}`,
    aim: `no command is slower: a ratio of ${NOTABLE} or more, and quartiles apart`,
    run: () => runDuels(path),
  };
}

async function runDuels(path: string): Promise<Outcome> {
  const root = new URL("../../", import.meta.url).pathname;
  const flags = JSON.parse(Deno.env.get("SPKNOCK_DENO_FLAGS") ?? "[]") as string[];
  const other = await findOther(path, { root, executable: EXECUTABLE, flags });
  using ground = new Ground({ ports: 3 });
  const one = ground.write("one.toml", `version = 1\n\n${renderTarget("home", ground.ports)}`);
  const many = Array.from(
    { length: MANY_TARGETS },
    (_, index) => renderTarget(`t${index}`, ground.ports),
  );
  const large = ground.write("many.toml", `version = 1\n\n${many.join("\n")}`);
  const stdin = `${Object.keys(SECRETS).join("\n")}\n`;
  const specs = ground.ports.map((port) => `${port}/udp`);
  const commands: [what: string, args: string[], stdin?: string][] = [
    ["--version", ["--version"]],
    ["--help", ["--help"]],
    ["knock home", ["knock", "home", "-c", one, "--no-probe"]],
    [
      "knock HOST PORT...",
      [...["knock", "127.0.0.1", ...specs, "--delay", "0"], "--no-probe", "--secrets-from", "-"],
      stdin,
    ],
    ["rules home --for nftables", [
      "rules",
      "home",
      "-c",
      one,
      "--open",
      "22",
      "--for",
      "nftables",
    ]],
    [`list, ${MANY_TARGETS} targets`, ["list", "-c", large]],
  ];
  const duels: Duel[] = [];
  for (const [what, args, input] of commands) {
    const options = input === undefined ? {} : { stdin: input };
    const before: Contestant = {
      name: "before",
      command: [...other, ...args],
      env: QUIET_ENV,
      ...options,
    };
    const runs = await race([before, spknock("now", args, options)], { rounds: ROUNDS });
    duels.push({ what, now: listTimes(runs, "now"), before: listTimes(runs, "before") });
  }
  return {
    head: ["whole process", "before", "now", "ratio", ""],
    rows: compareDuels(duels),
    notes: [`Medians of ${ROUNDS} interleaved rounds.`],
  };
}
