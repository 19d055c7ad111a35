/** A run of `setup`: what is asked, what is shown while it works, and what is left of it where it fails. */
import { SecretError, UsageError } from "../../../core/errors.ts";
import { renderServices } from "../../../core/service.ts";
import type { Target } from "../../../core/target.ts";
import { chooseCommands } from "../../../core/system/commands.ts";
import { sanitize } from "../../../output/sanitize.ts";
import type { Prompter } from "../../../prompt/mod.ts";
import { readDestination } from "../../../ssh/destination.ts";
import type { applyRules } from "../../../use_cases/apply/apply_rules.ts";
import { listPaperCodes } from "../../../use_cases/setup/list_paper_codes.ts";
import type { SetupReport, SetupRequest, SetupStage } from "../../../use_cases/setup/request.ts";
import { setUp, type SetupTools } from "../../../use_cases/setup/set_up.ts";
import {
  loadForAdding,
  makeSecretOptions,
  noteWarnings,
  refuseLegacy,
  requirePrompter,
  targetsPath,
} from "../../context.ts";
import { listFileOptions } from "../../doctor_hint.ts";
import { askForSetup } from "../../questions/setup_questions.ts";
import { makeApplyHooks } from "../../reports/server/apply_progress.ts";
import { describeDone, reportSetup, showSaved } from "../../reports/server/setup_report.ts";
import { PROXY_HEADER, renderProxyBlock } from "../doors/ssh_blocks.ts";
import { makeStart, requireHome } from "../doors/ssh_start.ts";
import { readNames, readWishes, SETUP_OPTIONS, type SetupContext } from "./setup_options.ts";

const USAGE = "spknock setup NAME USER@HOST";

/** What a run is asked for. */
interface Wanted {
  request: SetupRequest;
  /** Whether ssh gets a block. */
  installs: boolean;
}

/** Runs the command. */
export async function runSetup(context: SetupContext, apply: typeof applyRules): Promise<number> {
  const { args, ports } = context;
  const wishes = readWishes(context);
  const config = await loadForAdding(context);
  refuseLegacy(config);
  const installs = !args.has("no-ssh-config");
  if (installs) requireHome(ports, "without a block for ssh: --no-ssh-config");
  const [name, place, ...rest] = args.positionals;
  if (rest[0] !== undefined) {
    throw new UsageError(`unexpected argument "${rest[0]}"`, { hint: `usage: ${USAGE}` });
  }
  if (name === undefined) {
    return await setUpByAsking(context, await requirePrompter(context, USAGE), apply);
  }
  const admin = place ?? config.targets.get(name)?.admin;
  if (admin === undefined) {
    throw new UsageError("missing argument USER@HOST: where ssh logs in", {
      hint: `usage: ${USAGE}`,
    });
  }
  const request = { ...wishes, ...readNames(name, admin) };
  // Before ssh is started, and a target is saved.
  if (!args.has("yes")) await requirePrompter(context, "without a question: --yes");
  return await runRequest({ request, installs }, context, apply);
}

/** Asks for a door and sets it up; the menu does the same. */
export async function setUpByAsking(
  context: SetupContext,
  prompter: Prompter,
  apply: typeof applyRules,
): Promise<number> {
  const { args, out, ports } = context;
  const wishes = readWishes(context);
  const { targets } = await loadForAdding(context);
  const answers = await askForSetup(prompter, {
    targets,
    wishes,
    note: (text) => out.note(text),
    findHost: async (place) => (await readDestination(place, { ...wishes, ports })).host,
  });
  const installs = !args.has("no-ssh-config") && await prompter.confirm({
    message: `Write the block for ssh, so that "ssh ${answers.name}" knocks by itself?`,
    default: true,
  });
  return await runRequest({ request: { ...wishes, ...answers }, installs }, context, apply);
}

async function runRequest(
  { request, installs }: Wanted,
  context: SetupContext,
  apply: typeof applyRules,
): Promise<number> {
  const { out, ports, args } = context;
  const file = await targetsPath(context);
  const again = renderAgain({ request, installs }, context);
  const stages: SetupStage[] = [];
  const tools: SetupTools = {
    ports,
    file,
    apply,
    hooks: makeApplyHooks(context, { secrets: {}, isSure: args.has("yes") }),
    installBlock: installs ? (target) => installBlock(target, request, context) : undefined,
    async renderProxyCommand(target) {
      return renderProxyBlock(target, await makeStart(context)).proxyCommand ?? "";
    },
    onDone(stage, door) {
      stages.push(stage);
      if (stage === "saved") showSaved(door, { ...request, out, file });
    },
    onLogin: ({ isShut }) => out.say(`logging in through the ${isShut ? "closed " : ""}door\n`),
    onWarnings: (problems) => noteWarnings(problems, context),
    wallNow: Date.now,
  };
  try {
    const report = await setUp(request, tools);
    const codes = await listReportCodes(report, context);
    return reportSetup(report, context, { request, file, again, codes });
  } catch (error) {
    const done = describeDone(stages, again);
    if (done !== undefined) out.note(done);
    throw error;
  }
}

async function listReportCodes(
  { door, stages }: SetupReport,
  context: SetupContext,
): ReturnType<typeof listPaperCodes> {
  if (door === undefined || !stages.includes("applied")) return undefined;
  const options = { ...makeSecretOptions(context), now: Date.now() };
  try {
    return await listPaperCodes(door.target, context.ports, options);
  } catch (error) {
    // The rules are in force: how to take them out has to be said in any case.
    if (!(error instanceof SecretError)) throw error;
    context.out.note(`warning: no one-time codes for the paper: ${sanitize(error.message)}`);
    return undefined;
  }
}

/** Another file of `-F` takes the place of the user's own one. */
async function installBlock(
  target: Target,
  { ssh }: SetupRequest,
  context: SetupContext,
): Promise<{ written: readonly string[]; isRead: boolean }> {
  const { out, ports } = context;
  const { installSshConfig, planSshInstall } = await import(
    "../../../config/disk/ssh_install.ts"
  );
  const home = requireHome(ports, "without a block for ssh: --no-ssh-config");
  const { name, text } = renderProxyBlock(target, await makeStart(context));
  const blocks = [{ name, text: `${PROXY_HEADER}\n${text}` }];
  const changes = await planSshInstall(blocks, { home }, ports.fs);
  await installSshConfig(changes, ports.fs);
  const written = changes.map(({ path }) => path);
  for (const path of written) out.say(`wrote ${sanitize(path)}\n`);
  return { written, isRead: !ssh.some((word) => word.startsWith("-F")) };
}

/** Returns the command that goes on, with the answers as options. */
function renderAgain({ request, installs }: Wanted, context: SetupContext): string {
  const { args } = context;
  const { quote } = chooseCommands(context.ports.os);
  const { name, place, host, opens, trusted } = request;
  const given = SETUP_OPTIONS.flatMap((option) => {
    if (!args.has(option.name)) return [];
    const values = args.values(option.name);
    const flag = `--${option.name}`;
    return "value" in option ? values.map((value) => `${flag} ${quote(value)}`) : [flag];
  });
  const answered = [
    ["host", host],
    ["open", opens && renderServices(opens).replaceAll(" ", "")],
    ["trust", trusted.join(",")],
  ] as const;
  return [
    "spknock setup",
    name,
    quote(place),
    ...given,
    ...answered.flatMap(([option, value]) =>
      value && !args.has(option) ? [`--${option} ${quote(value)}`] : []
    ),
    ...(installs || args.has("no-ssh-config") ? [] : ["--no-ssh-config"]),
    ...listFileOptions(context),
  ].join(" ");
}
