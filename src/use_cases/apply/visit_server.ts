/** The beginning of everything that is done on a server: the login, the script, the look, and which rules fit. */
import type { Look } from "../../apply/look.ts";
import type { RunnerTarget } from "../../apply/runner.ts";
import { UsageError } from "../../core/errors.ts";
import type { Ports } from "../ports.ts";
import type { ApplyHooks, ApplyJob } from "./job.ts";
import { type Login, logIn } from "./log_in.ts";
import { chooseRules, type ChosenRules, type CollectOnce, createCollectOnce } from "./prepare.ts";
import { openRunner, type ServerRunner } from "./server_runner.ts";
import { createSteps, type Steps } from "./steps.ts";

/** A server that was looked at; disposing of it ends the login. */
interface Visit extends AsyncDisposable {
  login: Login;
  look: Look;
  runner: ServerRunner;
  /** The rules that fit, or why there are none. */
  choice: Awaited<ReturnType<typeof chooseRules>>;
  steps: Steps;
  collect: CollectOnce;
}

/**
 * Logs in and looks.
 *
 * @throws as `applyRules`.
 */
export async function visitServer(
  job: ApplyJob,
  ports: Ports,
  hooks: ApplyHooks,
): Promise<Visit> {
  const steps = createSteps(hooks, ports);
  const collect = createCollectOnce(job, ports, hooks);
  const login = await logIn(job, ports, { hooks, steps, collect });
  await using cleanup = new AsyncDisposableStack();
  cleanup.use(login.server);
  const runner = await openRunner(login.server);
  steps.show({ name: "look", status: "running", detail: "" });
  const look = await runner.look(job.planOptions.name ?? job.doors[0]?.target.name ?? "");
  const choice = await chooseRules(job, look);
  if (!("refusal" in choice)) {
    steps.show({ name: "look", status: "ok", detail: `${look.system}; ${choice.reason}` });
  }
  const kept = cleanup.move();
  return {
    login,
    look,
    runner,
    choice,
    steps,
    collect,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/**
 * Returns the rules that fit.
 *
 * @throws {UsageError} where there are none.
 */
export function requireRules({ choice }: Pick<Visit, "choice">): ChosenRules {
  if (!("refusal" in choice)) return choice;
  const { text, hint } = choice.refusal;
  throw new UsageError(text, { hint });
}

/** Returns what the script on the server calls the rules of a plan. */
export function nameRules(
  { server }: Pick<ChosenRules, "server">,
  plan: ChosenRules["draft"],
): RunnerTarget {
  return { kind: server.kind, name: plan.name, table: server.nameTable(plan) };
}
