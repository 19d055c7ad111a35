/** Compares the clock of this machine with others, for one-time codes. */
import type { Target } from "../../core/target.ts";
import { judgeHorizon } from "../../core/rolling.ts";
import { describeProgramError } from "../../core/system_errors.ts";
import type { ClockEvidence, CodesEvidence } from "../../doctor/evidence.ts";
import { askDate } from "../../probe/http.ts";
import { describeEnd } from "../rolling/horizon.ts";
import type { Ports } from "../ports.ts";
import type { ResolvedTarget } from "../resolve_targets.ts";

type OtherClock = ClockEvidence["others"][number];

/** Milliseconds of a program that only reads a setting. */
const PROGRAM_TIMEOUT_MS = 2_000;
/** Seconds that ssh waits for a connection, and milliseconds for all of it. */
const SSH_CONNECT_S = 5;
const SSH_TIMEOUT_MS = 15_000;
/** Both `date +%s` and HTTP give whole seconds: the middle of one is meant. */
const HALF_SECOND_MS = 500;

/** Returns the horizons of the targets with one-time codes. */
export function lookAtCodes(targets: readonly Target[], now: number = Date.now()): CodesEvidence[] {
  return targets.flatMap(({ name, rolling }) => {
    if (rolling === undefined) return [];
    const { windowMs, slots, until } = rolling;
    const horizon = until === undefined ? "the horizon is not known" : describeEnd(until, now);
    return [{ target: name, windowMs, slots, state: judgeHorizon(rolling, now), horizon }];
  });
}

/** Returns whether the network sets the clock of this machine; undefined where that is not known. */
export async function lookAtOwnClock(
  { os, runProgram, signal }: Pick<Ports, "os" | "runProgram" | "signal">,
): Promise<boolean | undefined> {
  if (os !== "linux") return undefined;
  try {
    const command = ["timedatectl", "show", "-p", "NTPSynchronized", "--value"];
    const { code, stdout } = await runProgram(command, { timeoutMs: PROGRAM_TIMEOUT_MS, signal });
    const answer = stdout.trim();
    return code !== 0 || !/^(?:yes|no)$/.test(answer) ? undefined : answer === "yes";
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Returns how far the clocks are off that the http probes of a target show. */
export async function askWebClocks(
  { target, resolved }: ResolvedTarget,
  ports: Ports,
  { timeoutMs }: { timeoutMs: number },
): Promise<OtherClock[]> {
  const urls = target.probes.flatMap((probe) => probe.type === "http" ? [probe.url] : []);
  const clocks = await Promise.all(
    urls.map((url) =>
      compare(`the Date of ${url}`, () =>
        askDate(url, {
          ...ports,
          ...ports.net,
          target: target.name,
          host: target.host,
          address: resolved.address,
          family: resolved.family,
          source: target.source,
          attempt: 1,
          timeoutMs,
          silenceTimeoutMs: timeoutMs,
        }))
    ),
  );
  return clocks.filter((each) => each !== undefined);
}

/** Returns how far the clock of `[USER@]HOST` is off, by ssh, which must not ask for anything. */
export async function askSshClock(
  place: string,
  { runProgram, signal }: Pick<Ports, "runProgram" | "signal">,
): Promise<{ other: OtherClock } | { failure: string }> {
  const options = ["-o", "BatchMode=yes", "-o", `ConnectTimeout=${SSH_CONNECT_S}`];
  const command = ["ssh", ...options, "--", place, "date", "+%s"];
  const failed = (why: string) => ({ failure: `ssh ${place}: ${why}` });
  try {
    let why = "date +%s printed no time";
    const other = await compare(`date over ssh ${place}`, async () => {
      const { code, stdout, stderr } = await runProgram(command, {
        timeoutMs: SSH_TIMEOUT_MS,
        signal,
      });
      if (code !== 0) why = stderr.trim().split("\n").at(-1) || `exit code ${code}`;
      const seconds = /^(\d{1,11})\s*$/.exec(stdout)?.[1];
      return code === 0 && seconds !== undefined ? Number(seconds) * 1_000 : undefined;
    });
    return other === undefined ? failed(why) : { other };
  } catch (cause) {
    signal.throwIfAborted();
    return failed(describeProgramError(cause));
  }
}

/** Asks for a time in whole seconds: how far it is off is known to half of the time that this took. */
async function compare(
  source: string,
  ask: () => Promise<number | undefined>,
): Promise<OtherClock | undefined> {
  const start = Date.now();
  const time = await ask();
  if (time === undefined) return undefined;
  const halfMs = (Date.now() - start) / 2;
  return {
    source,
    aheadMs: time + HALF_SECOND_MS - (start + halfMs),
    errorMs: HALF_SECOND_MS + halfMs,
  };
}
