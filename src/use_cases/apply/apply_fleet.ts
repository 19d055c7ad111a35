/**
 * Applies the rules of many machines, some at a time; a machine that fails does not stop the others.
 *
 * Rules: no question comes while rules are being loaded. First the secrets of all machines are collected, one
 * prompt each. Then, unless no confirmation is needed, every machine is looked at without a change, which asks for
 * the passwords of sudo, and one question is for all of them. Then the rules are applied to those that are left:
 * what is asked for then was answered before, or the machine fails before anything is changed there. A program
 * that gives a secret runs once.
 */
import { SecretError, SpknockError } from "../../core/errors.ts";
import { mapPool } from "../../core/pool.ts";
import { buildPlan, draftPlan } from "../build_plan.ts";
import type { Ports } from "../ports.ts";
import type { FleetPlace } from "./group_targets.ts";
import type { ApplyHooks, ApplyJob, ApplyOutcome, ApplyStep } from "./job.ts";

/** How it ended on one machine. */
export interface FleetReport<T> {
  group: FleetPlace;
  /** Undefined where there is an error. */
  outcome: T | undefined;
  error: SpknockError | undefined;
}

/** How to run through machines. */
interface FleetWork<T, G extends FleetPlace> {
  /** Machines at a time. */
  jobs: number;
  work(group: G, index: number): Promise<T>;
  /** Called as soon as a machine is finished. */
  onDone?: (() => void) | undefined;
}

/**
 * Does something on every machine; reports in the order of the machines. When the signal aborts, no further machine is
 * begun, and those that are under way end first: each has something to undo.
 *
 * @throws the signal's reason then, or what is not a {@linkcode SpknockError}: a bug.
 */
export async function forEachPlace<T, G extends FleetPlace>(
  groups: readonly G[],
  { signal }: Pick<Ports, "signal">,
  { jobs, work, onDone }: FleetWork<T, G>,
): Promise<FleetReport<T>[]> {
  const bugs: unknown[] = [];
  const reports = await mapPool(groups, jobs, {
    work: async (group, index): Promise<FleetReport<T>> => {
      const { place, targets } = group;
      const report = { group: { place, targets }, outcome: undefined, error: undefined };
      if (signal.aborted) return report;
      try {
        return { ...report, outcome: await work(group, index) };
      } catch (error) {
        if (error instanceof SpknockError) return { ...report, error };
        bugs.push(error);
        return report;
      } finally {
        onDone?.();
      }
    },
  });
  signal.throwIfAborted();
  if (bugs.length > 0) throw bugs[0];
  return reports;
}

/** A machine, and what is applied there. */
interface FleetJob extends FleetPlace {
  job: ApplyJob;
}

/** What an apply to many machines asks of its caller. */
interface FleetHooks extends Pick<ApplyHooks, "ask" | "allowEmpty"> {
  /**
   * Shows what will happen, and resolves to whether to go on; every machine is looked at first. Where it is
   * undefined, nothing is looked at or confirmed beforehand.
   */
  confirm?: ((looks: readonly FleetReport<ApplyOutcome>[]) => Promise<boolean>) | undefined;
  onStep?: ((group: FleetPlace, step: ApplyStep) => void) | undefined;
  /** Called before each round with the number of its machines, and what it does. */
  onRound?: ((count: number, round: "look" | "apply") => void) | undefined;
  onDone?: (() => void) | undefined;
}

/** How an apply to many machines is run. */
interface FleetOptions {
  /** Machines at a time. */
  jobs: number;
  /** Applies to one of them. */
  apply: (job: ApplyJob, ports: Ports, hooks: ApplyHooks) => Promise<ApplyOutcome>;
  hooks: FleetHooks;
}

type Report = FleetReport<ApplyOutcome>;

/** What was typed, or printed by a program that asks. */
type Answer = Awaited<ReturnType<ApplyHooks["ask"]>>;

/**
 * See the header. Reports in the order of the machines.
 *
 * @throws {UsageError} if the plan of any machine is refused, before a secret is collected; the signal's reason.
 */
export async function applyFleet(
  fleet: readonly FleetJob[],
  ports: Ports,
  { jobs, apply, hooks }: FleetOptions,
): Promise<Report[]> {
  for (const { job: { doors, planOptions } } of fleet) draftPlan(doors, planOptions);
  const asked = fleet.map(() => new Answers(hooks.ask));
  const remembering = { ...ports, runProgram: rememberSecrets(ports.runProgram) };
  const collected = await forEachPlace(fleet, ports, {
    jobs: 1,
    work: ({ job: { doors, planOptions } }, index) =>
      buildPlan(doors, planOptions, {
        ports: remembering,
        allowEmpty: hooks.allowEmpty,
        ask: (message) => requireAt(asked, index).collect(message),
      }),
  });
  const reports: (Report | undefined)[] = collected.map(({ group, error }) =>
    error && { group, outcome: undefined, error }
  );
  const askInTurn = makeTurns();

  if (hooks.confirm !== undefined || fleet.some(({ job }) => job.isDry)) {
    await runRound("look", (answers, message) => askInTurn(() => answers.look(message)));
    const isReady = (report: Report | undefined) => report?.outcome?.status === "dry-run";
    if (fleet.some(({ job }) => job.isDry) || !reports.some(isReady)) return complete();
    const isSure = await hooks.confirm?.(complete()) ?? true;
    for (const [index, report] of reports.entries()) {
      const { outcome } = report ?? {};
      if (outcome?.status !== "dry-run" || report === undefined) continue;
      reports[index] = isSure
        ? undefined
        : { ...report, outcome: { ...outcome, status: "declined" } };
    }
    if (!isSure) return complete();
  }
  await runRound("apply", (answers, message) => answers.replay(message));
  return complete();

  /** What is without a report gets one. */
  async function runRound(
    round: "look" | "apply",
    ask: (answers: Answers, message: string) => Promise<Answer>,
  ): Promise<void> {
    const left = fleet.flatMap((each, index) =>
      reports[index] === undefined ? [{ ...each, index }] : []
    );
    hooks.onRound?.(left.length, round);
    const ended = await forEachPlace(left, ports, {
      jobs,
      onDone: hooks.onDone,
      work: ({ job, index, ...group }) => {
        const answers = requireAt(asked, index);
        answers.rewind();
        return apply(round === "look" ? { ...job, isDry: true } : job, remembering, {
          secretsFrom: undefined,
          allowEmpty: hooks.allowEmpty,
          ask: (message) => ask(answers, message),
          askPassword: (message) => ask(answers, message),
          confirm: () => Promise.resolve(true),
          onStep: (step) => hooks.onStep?.(group, step),
        });
      },
    });
    for (const [place, report] of ended.entries()) reports[requireAt(left, place).index] = report;
  }

  function complete(): Report[] {
    return reports.filter((report) => report !== undefined);
  }
}

/** The same program gives the same secret: it can ask a question by itself, and runs only once. */
function rememberSecrets(run: Ports["runProgram"]): Ports["runProgram"] {
  const known = new Map<string, Awaited<ReturnType<Ports["runProgram"]>>>();
  return async (command, options) => {
    if (options.interactive !== true || options.asBytes !== true) {
      return await run(command, options);
    }
    const name = JSON.stringify(command);
    const result = known.get(name) ?? await run(command, options);
    if (result.code === 0) known.set(name, result);
    return result;
  };
}

/** What was asked for one machine, and the answers: a later round gets the same ones. */
class Answers {
  readonly #ask: ApplyHooks["ask"];
  /** Secrets of targets: every answer to a message in order, as two knocks can have the same one. */
  readonly #secrets = new Map<string, Answer[]>();
  /** Of each message, how many have been given again. */
  readonly #given = new Map<string, number>();
  /** Anything else, such as a password of sudo: the last answer, as those before it were wrong. */
  readonly #others = new Map<string, Answer>();

  constructor(ask: ApplyHooks["ask"]) {
    this.#ask = ask;
  }

  /** Asks for a secret of a target. */
  async collect(message: string): Promise<Answer> {
    const answer = await this.#ask(message);
    this.#secrets.set(message, [...this.#secrets.get(message) ?? [], answer]);
    return answer;
  }

  /** Answers from what was collected; anything else is asked for. */
  async look(message: string): Promise<Answer> {
    const secret = this.#again(message);
    if (secret !== undefined) return secret;
    const answer = await this.#ask(message);
    this.#others.set(message, answer);
    return answer;
  }

  /** Answers from what was asked for before. */
  replay(message: string): Promise<Answer> {
    const answer = this.#again(message) ?? this.#others.get(message);
    if (answer !== undefined) return Promise.resolve(answer);
    return Promise.reject(
      new SecretError(`nothing can be asked while rules are loaded: ${JSON.stringify(message)}`, {
        hint:
          "leave out --yes to be asked before, log in as root, or let sudo ask for no password there",
      }),
    );
  }

  /** The same answers come again, in their order. */
  rewind(): void {
    this.#given.clear();
  }

  #again(message: string): Answer | undefined {
    const answers = this.#secrets.get(message);
    if (answers === undefined) return undefined;
    const given = this.#given.get(message) ?? 0;
    this.#given.set(message, given + 1);
    return answers[given % answers.length];
  }
}

/** Returns what runs one question at a time. */
export function makeTurns(): <T>(ask: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (ask) => {
    const turn = last.then(ask);
    last = turn.catch(() => {});
    return turn;
  };
}

function requireAt<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new TypeError(`there is no item ${index}`);
  return item;
}
