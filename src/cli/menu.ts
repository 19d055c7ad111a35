/** The menu: what `spknock` alone shows on a terminal. */
import { CancelledError, ConfigError, UsageError } from "../core/errors.ts";
import { NO_HOST } from "../config/changes.ts";
import type { Config } from "../config/mod.ts";
import { expandHome, findHome, shortenHome } from "../core/system/home.ts";
import type { Target } from "../core/target.ts";
import { plural } from "../core/text.ts";
import { sanitize } from "../output/sanitize.ts";
import type { Prompter, SelectOption } from "../prompt/mod.ts";
import type { Context } from "./command.ts";
import { findLegacy, loadTargets, readTargets, requirePrompter } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { GLOBAL_OPTIONS, type OptionNames, parseOptions } from "./options.ts";
import { reportError } from "./report_error.ts";

/** What a choice does; its result is the exit code, or undefined to show the menu again. */
type Action = (context: Context, prompter: Prompter) => Promise<number | undefined>;

/** Runs the menu. */
export async function run(context: Context): Promise<number> {
  const prompter = await requirePrompter(context, "spknock --help");
  // Notes about the file are printed once.
  for (let config = await loadTargets(context);; config = await readTargets(context)) {
    const act = await prompter.select({
      message: describe(config, findHome(context.ports)),
      options: choices(config),
      what: "target",
    });
    const code = await attempt(act, { context, prompter });
    if (code !== undefined) return code;
    context.out.note("");
  }
}

/**
 * A mistake in one choice is reported, and the menu is shown again, as after a question that was
 * cancelled; other failures, and Ctrl-C while no question is asked, end it.
 */
async function attempt(
  act: Action,
  { context, prompter }: { context: Context; prompter: Prompter },
): Promise<number | undefined> {
  try {
    return await act(context, prompter);
  } catch (error) {
    if (context.ports.signal.aborted) throw error;
    if (error instanceof CancelledError) return undefined;
    if (!(error instanceof UsageError || error instanceof ConfigError)) throw error;
    reportError(error, context.out);
    return undefined;
  }
}

function describe({ targets, file }: Config, home: string | undefined): string {
  if (targets.size === 0) return "spknock, no targets yet";
  const short = sanitize(shortenHome(file, home));
  return `spknock, ${plural(targets.size, "target")} in ${short}`;
}

function choices(config: Config): SelectOption<Action>[] {
  const targets = [...config.targets.values()];
  const some = (options: SelectOption<Action>[]) => targets.length > 0 ? options : [];
  const isLegacy = config.kind === "legacy";
  return [
    ...targets.map((target) => ({
      label: `Knock on ${target.name}`,
      hint: sanitize(target.description || target.host),
      value: knock(target),
    })),
    ...(isLegacy ? [] : [
      { label: "Set up a door on a server", key: "U", value: setUp },
      { label: "Add a target", key: "A", value: add },
    ]),
    ...some([
      { label: "Probe a target", key: "P", value: withTarget(targets, probe) },
      { label: "Close a door", key: "C", value: close(targets) },
      { label: "Diagnose a target", key: "D", value: withTarget(targets, diagnose) },
      { label: "Write firewall rules", key: "F", value: withTarget(targets, rules) },
      { label: "Print ssh configuration", key: "S", value: withTarget(targets, printSshConfig) },
      ...(isLegacy ? [] : [
        { label: "Edit a target", key: "E", value: withTarget(targets, edit) },
        { label: "Remove a target", key: "R", value: withTarget(targets, remove) },
      ]),
    ]),
    { label: "Import targets from a file", key: "I", value: importByAsking },
    { label: "Generate a SHA-256 hash", key: "H", value: hash },
    { label: "Exit", key: "X", value: () => Promise.resolve(EXIT.done) },
  ];
}

function knock(target: Target): Action {
  return async (context) => {
    const { knockTargets } = await import("./commands/doors/knock.ts");
    const { reportTargets } = await import("./reports/target_report.ts");
    const { renderDoctorCommand } = await import("./doctor_hint.ts");
    return reportTargets(await knockTargets([target], context), context.out, {
      examine: (each) => renderDoctorCommand(each, context),
    });
  };
}

async function probe(target: Target, context: Context): Promise<undefined> {
  if (target.probes.length === 0) {
    throw new UsageError(`"${target.name}" has no probes`, { hint: "add one with: Edit a target" });
  }
  const { limitTimeout, probeTargets } = await import("./commands/doors/probe.ts");
  await probeTargets([limitTimeout(target)], context);
}

async function add(context: Context, prompter: Prompter): Promise<undefined> {
  await (await import("./commands/targets/add.ts")).addByAsking(context, prompter);
}

async function setUp(context: Context, prompter: Prompter): Promise<undefined> {
  const { setUpByAsking } = await import("./commands/server/run_setup.ts");
  const { SETUP_OPTIONS } = await import("./commands/server/setup_options.ts");
  const { applyRules } = await import("../use_cases/apply/apply_rules.ts");
  const args = parseOptions<OptionNames<typeof SETUP_OPTIONS>>([], SETUP_OPTIONS);
  await setUpByAsking({ ...context, args }, prompter, applyRules);
}

async function rules(target: Target, context: Context, prompter: Prompter): Promise<undefined> {
  await (await import("./questions/write_rules.ts")).writeByAsking([target], context, { prompter });
}

async function edit(target: Target, context: Context, prompter: Prompter): Promise<undefined> {
  await (await import("./commands/targets/edit.ts")).editByAsking(target, context, { prompter });
}

async function remove(target: Target, context: Context, prompter: Prompter): Promise<undefined> {
  const sure = await prompter.confirm({ message: `Remove ${target.name}?`, default: false });
  if (sure) {
    await (await import("./commands/targets/remove.ts")).removeTargets([target], context);
  }
}

async function hash({ out }: Context, prompter: Prompter): Promise<undefined> {
  const { renderHash } = await import("./commands/firewall/hash.ts");
  const { askTwice, refuseEmpty } = await import("./questions/secret_questions.ts");
  out.print(
    `${await renderHash(
      await askTwice(prompter, { message: "Passphrase", validate: refuseEmpty }),
    )}\n`,
  );
}

function close(targets: readonly Target[]): Action {
  const closing = targets.filter((target) => target.close !== undefined);
  if (closing.length > 0) return withTarget(closing, runClose);
  return () => {
    throw new UsageError("no target has a closing sequence", {
      hint: 'add one to the configuration: [targets.NAME.close] knocks = ["7000/udp"]',
    });
  };
}

const runClose = (target: Target, context: Context) => runCommand("close", target, context);
const diagnose = (target: Target, context: Context) => runCommand("doctor", target, context);
const printSshConfig = (target: Target, context: Context) =>
  runCommand("ssh-config", target, context);

/** Does what `spknock NAME TARGET` does, and shows the menu again whatever comes of it. */
async function runCommand(name: string, target: Target, context: Context): Promise<undefined> {
  const { COMMANDS } = await import("./command_table.ts");
  const row = COMMANDS.find((command) => command.name === name);
  if (row === undefined) throw new TypeError(`there is no command "${name}"`);
  const { command } = await row.load();
  const args = parseOptions<string>([target.name], [...command.options, ...GLOBAL_OPTIONS]);
  await command.run({ ...context, args });
}

async function importByAsking(context: Context, prompter: Prompter): Promise<undefined> {
  const { importFile } = await import("./commands/targets/import.ts");
  const legacy = await findLegacy(context);
  const answer = await prompter.input({
    message: "File to import",
    ...(legacy === undefined ? {} : { default: sanitize(legacy) }),
    validate: (text) => text === "" ? "type the name of a file" : undefined,
  });
  const isLegacy = legacy !== undefined && answer === sanitize(legacy);
  const file = isLegacy ? legacy : expandHome(answer, findHome(context.ports));
  const from = isLegacy ? "legacy" : undefined;
  try {
    await importFile(file, context, { from });
  } catch (error) {
    if (!(error instanceof ConfigError && error.code === NO_HOST)) throw error;
    const { askForHost } = await import("./questions/target_questions.ts");
    await importFile(file, context, { from, host: await askForHost(prompter) });
  }
}

/** Asks which target first, unless there is only one. */
function withTarget(
  targets: readonly Target[],
  act: (target: Target, context: Context, prompter: Prompter) => Promise<undefined>,
): Action {
  return async (context, prompter) => {
    const [only] = targets;
    const target = targets.length === 1 && only !== undefined ? only : await prompter.select({
      message: "Which target",
      what: "target",
      options: targets.map((each) => ({
        label: each.name,
        hint: sanitize(each.host),
        value: each,
      })),
    });
    return await act(target, context, prompter);
  };
}
