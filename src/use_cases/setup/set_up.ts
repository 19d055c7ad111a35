/**
 * From nothing to a closed, checked door: key, target, rules, ssh block, a login through the door.
 *
 * Rules:
 * - each step can be repeated: what is saved is used again, what is loaded is found unchanged;
 * - a step that fails ends it. The server has its former rules then, and no ssh block is written: ssh would
 *   knock on a door that is not there;
 * - secrets are in files before the target names them, and the target is saved before the rules are loaded:
 *   what the server has is always known here.
 */
import { ConfigError, type Problem } from "../../core/errors.ts";
import { isAmong } from "../../core/service.ts";
import type { Target } from "../../core/target.ts";
import { type Backend, needsHorizon } from "../../rules/mod.ts";
import { type Destination, readDestination } from "../../ssh/destination.ts";
import type { applyRules } from "../apply/apply_rules.ts";
import type { ApplyHooks, ApplyOutcome } from "../apply/job.ts";
import type { Ports } from "../ports.ts";
import { applyDoor, lookAtServer } from "./apply_door.ts";
import { type Horizon, keepHorizon } from "./horizon.ts";
import { checkLogin } from "./log_in.ts";
import { saveNewDoor } from "./new_door.ts";
import { shutDoor } from "./shut_door.ts";
import type { LoginCheck, SavedDoor, SetupReport, SetupRequest, SetupStage } from "./request.ts";
import { DEFAULT_OPENS, findSavedDoor, readDoor, saveEnd, updateDoor } from "./saved_door.ts";

/** The ssh block of a target. */
interface InstalledBlock {
  /** The files that had to change. */
  written: readonly string[];
  /** Whether ssh reads it, with the words that start it. */
  isRead: boolean;
}

/** What a setup needs of its caller. */
export interface SetupTools {
  ports: Ports;
  /** The file of targets. */
  file: string;
  apply: typeof applyRules;
  hooks: ApplyHooks;
  /** Writes the ssh block; undefined where it is not wanted. */
  installBlock: ((target: Target) => Promise<InstalledBlock>) | undefined;
  /** Returns the ProxyCommand of a target. */
  renderProxyCommand(target: Target): Promise<string>;
  /** Called as soon as a stage is done. */
  onDone(stage: SetupStage, door: SavedDoor): void;
  /** Called before the login at the end, for which ssh may ask something. */
  onLogin(door: { isShut: boolean }): void;
  onWarnings(problems: readonly Problem[]): void;
  /** Unix milliseconds. */
  wallNow(): number;
}

/**
 * Sets a door up.
 *
 * @throws {UsageError} where the target is another one, or the server cannot do what was asked for;
 * {ConfigError}; {SecretError}; {NetworkError}.
 */
export async function setUp(
  request: SetupRequest,
  { hooks, ...others }: SetupTools,
): Promise<SetupReport> {
  const tools = { ...others, hooks: rememberPassword(hooks) };
  const stages: SetupStage[] = [];
  const onDone: SetupTools["onDone"] = (stage, door) => {
    stages.push(stage);
    tools.onDone(stage, door);
  };
  const login = await readDestination(request.place, { ...request, ports: tools.ports });
  const { door, outcome: looked } = await saveDoor(request, login, tools);
  const report = {
    stages,
    door,
    outcome: looked,
    written: undefined,
    login: undefined,
    isShut: false,
  };
  if (door === undefined) return { ...report, status: "refused", problem: looked?.problem };
  onDone("saved", door);
  const { rolling } = door.target;
  const horizon = rolling && keepHorizon(rolling, tools.wallNow());
  const outcome = await applyDoor(request, { ...door, horizon }, tools);
  const { status, problem } = outcome;
  if (status !== "applied" && status !== "unchanged") {
    const end = status === "declined" ? "declined" : "not-applied";
    return { ...report, outcome, status: end, problem };
  }
  await saveHorizon(door, { backend: outcome.summary?.backend, horizon }, tools);
  onDone("applied", door);
  const ssh = { protocol: "tcp", port: login.port } as const;
  if (!isAmong(door.target.opens, ssh)) return { ...report, outcome, status: "done", problem };
  const installed = await tools.installBlock?.(door.target);
  if (installed !== undefined) onDone("installed", door);
  const isShut = await shutDoor(door.target, tools.ports, tools.hooks);
  tools.onLogin({ isShut });
  const check = await logInThroughDoor(request, door.target, { installed, ...tools });
  if (check.isIn) onDone("checked", door);
  return {
    ...report,
    outcome,
    written: installed?.written,
    login: check,
    isShut,
    status: check.isIn ? "done" : "no-login",
    // Rules that are in force may still not stay after a reboot.
    problem: check.isIn ? problem : describeNoLogin(check),
  };
}

/** A door, or only how the look at the server ended. */
interface Saving {
  door?: SavedDoor;
  outcome?: ApplyOutcome;
}

async function saveDoor(
  request: SetupRequest,
  login: Destination,
  tools: SetupTools,
): Promise<Saving> {
  const { ports: { fs }, file, wallNow, onWarnings } = tools;
  const place = { file, fs };
  const { name, host = login.host, opens = DEFAULT_OPENS } = request;
  const saved = await findSavedDoor({ ...request, host }, place);
  if (saved !== undefined) {
    onWarnings(await updateDoor(request, { ...place, now: wallNow() }));
    return { door: { ...await readDoor(name, place), isNew: false, reason: undefined } };
  }
  const outcome = await lookAtServer({ ...request, host, opens }, tools);
  const { status, summary } = outcome;
  if (status !== "dry-run" || summary === undefined) return { outcome };
  const { warnings, reason } = await saveNewDoor(
    { ...request, host, opens, sshPort: login.port },
    { ...place, facts: summary, now: wallNow() },
  );
  onWarnings(warnings);
  return { door: { ...await readDoor(name, place), isNew: true, reason } };
}

/** The end of the codes that the server has, so that each knock can warn of it, and a repeated setup changes nothing. */
async function saveHorizon(
  { target: { name, rolling } }: SavedDoor,
  { backend, horizon }: { backend: Backend | undefined; horizon: Horizon | undefined },
  { ports: { fs }, file, onWarnings }: SetupTools,
): Promise<void> {
  const isSaved = rolling?.until === horizon?.until;
  if (isSaved || horizon === undefined || backend === undefined || !needsHorizon(backend)) return;
  try {
    onWarnings(await saveEnd(name, { file, fs, horizon }));
  } catch (error) {
    // The rules are in force: what follows is needed all the more.
    if (!(error instanceof ConfigError)) throw error;
    onWarnings(error.problems);
  }
}

/** By the block where ssh reads it, else with its ProxyCommand as an option. */
async function logInThroughDoor(
  { name, place, ssh }: SetupRequest,
  target: Target,
  { ports, installed, renderProxyCommand }:
    & Pick<SetupTools, "ports" | "renderProxyCommand">
    & { installed: InstalledBlock | undefined },
): Promise<LoginCheck> {
  const way = installed?.isRead
    ? { place: name, proxyCommand: undefined }
    : { place, proxyCommand: await renderProxyCommand(target) };
  return await checkLogin(ssh, way, ports);
}

function describeNoLogin({ command, detail }: LoginCheck): SetupReport["problem"] {
  return {
    text: `the rules are proven and in force, but ssh did not log in through the door: ${detail}`,
    hint: `look why with: ${command} -v`,
  };
}

/** The look and the load are two logins, and one question: a password that the first one took serves the second. */
function rememberPassword(hooks: ApplyHooks): ApplyHooks {
  let given: Awaited<ReturnType<ApplyHooks["askPassword"]>> | undefined;
  return {
    ...hooks,
    async askPassword(message) {
      const known = given;
      // It is asked for anew where it was wrong.
      given = undefined;
      if (known !== undefined) return known;
      return given = await hooks.askPassword(message);
    },
  };
}
