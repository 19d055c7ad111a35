/**
 * `connect`: knock if necessary, wait for the door, then carry standard input and output, as ssh's
 * ProxyCommand does it. stdout has only data; stderr is silent without `-v`, apart from errors.
 */
import type { Config } from "../../../config/mod.ts";
import { parseDuration, renderElapsed } from "../../../core/duration.ts";
import { ClosedError, UsageError } from "../../../core/errors.ts";
import { parsePort } from "../../../core/knock.ts";
import type { Target } from "../../../core/target.ts";
import { plural } from "../../../core/text.ts";
import { connectThrough } from "../../../knock/connect.ts";
import type { ConnectWay } from "../../../knock/first_look.ts";
import type { OpenReport } from "../../../knock/until_open.ts";
import { relay } from "../../../net/relay.ts";
import { createOutput, type Sink } from "../../../output/output.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { closeQuietly } from "../../../probe/tcp.ts";
import type { Terminal } from "../../../prompt/mod.ts";
import { mayAsk } from "../../../secret/kinds.ts";
import { toPayloads, toSecretRequest } from "../../../use_cases/rolling/rolling_codes.ts";
import { collectSecrets } from "../../../use_cases/collect_secrets.ts";
import {
  findRoute,
  matchTargets,
  type PinnedRoute,
  pinRoute,
  type Route,
} from "../../../use_cases/connect_target.ts";
import { watchPackets } from "../../../use_cases/one_time/knock_once.ts";
import {
  hasSequences,
  type TakenSequence,
  takeSequence,
} from "../../../use_cases/one_time/take_sequence.ts";
import { dropUnusedPermissions, dropUnusedWrite } from "../../../use_cases/permissions.ts";
import { bindProbes } from "../../../use_cases/probe_target.ts";
import { type GivenUp, renderGivenUp } from "../../../knock/given_up.ts";
import { readKnockChanges } from "../../arguments/target_args.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import { findTarget, loadTargets, makeSecretOptions, readSecretChoice } from "../../context.ts";
import { makeDoctorHint, renderDoctorCommand } from "../../doctor_hint.ts";
import { EXIT } from "../../exit_codes.ts";
import { makeHorizonCheck } from "../../reports/horizon_check.ts";
import { DRY_RUN_OPTION, KNOCK_OPTIONS } from "../../option_specs.ts";
import { asUsageError, type OptionNames } from "../../options.ts";
import { renderLeft, warnOfFew } from "../../reports/one_time/left.ts";
import { createProgress } from "../../reports/progress.ts";
import { reportError } from "../../report_error.ts";

/**
 * Milliseconds that an open door has to answer the first SYN where a knock would cost something: the round
 * trip to another continent before a question, that of a continent before a one-time code.
 */
const LOOK_MS = { question: 300, code: 150 };

const GRACE_OPTION = {
  name: "grace",
  value: "DURATION",
  help: "look first, for so long, whether the port is open; 0: do not",
} as const;

/** The command `connect`. */
export const command = defineCommand({
  usage: ["connect TARGET [HOST] PORT"],
  details: "TARGET is a target's name or its host. HOST is where the connection leads: the\n" +
    "host of the target's connect table, or the target's own. Before a question or\n" +
    "a one-time code it looks whether the port is open; else it connects and knocks\n" +
    "at the same time. The connection is the probe: others run only with --probe.",
  options: [GRACE_OPTION, ...KNOCK_OPTIONS, DRY_RUN_OPTION],
  examples: [
    "connect home 22",
    "connect home nas.example.com 22 --tries 8",
  ],
  async run(given) {
    // ssh gives us a stderr of /dev/null for ControlPersist, and only one that can start programs can
    // write to the terminal: it is opened before that permission is given up.
    const { ports } = given;
    const screen = ports.stderr.isTerminal() ? undefined : await ports.openTerminal();
    try {
      return await connect(given, screen);
    } catch (error) {
      if (screen !== undefined) reportOnTerminal(error, given, screen);
      throw error;
    }
  },
});

/** Reports an error on a terminal that stderr is not. */
function reportOnTerminal(error: unknown, { ports, out }: Context, screen: Terminal): void {
  const sink: Sink = { write: (text) => screen.write(text), isTerminal: () => true };
  const reason = ports.signal.aborted ? ports.signal.reason : error;
  reportError(reason, createOutput({ ...out, stdout: sink, stderr: sink, json: false }));
}

/** Connects; `screen` is given back before data is carried: a terminal that closes waits for its users. */
async function connect(given: ConnectContext, screen: Terminal | undefined): Promise<number> {
  const context = withVerboseStderr(given);
  const { ports, args, out } = context;
  const { port, route } = await readRoute(context);
  const { target } = route;
  dropUnusedWrite([target], ports);
  // The connection is shown as one more probe.
  const shown: Target = { ...target, probes: [{ type: "tcp", port }, ...target.probes] };
  if (args.has("dry-run")) {
    const { showDryRun } = await import("../../reports/dry_run.ts");
    return await showDryRun([shown], given);
  }
  const secrets = readSecretChoice(args);
  // No `after` program runs here.
  const needs = [{ probes: target.probes, knocks: target.knocks, oneTime: target.oneTime }];
  const isListed = secrets.secretsFrom !== undefined;
  const { knocks: asked } = toSecretRequest(target, { isListed });
  dropUnusedPermissions(needs, ports, isListed ? {} : { knocks: asked });
  const checkHorizon = makeHorizonCheck(target, given);
  const pinned = await pinRoute(route, ports);
  const [{ resolved }] = pinned;
  // Filled in where a one-time sequence is taken.
  const sequence = { ...target };
  const events = createProgress({ target: shown, resolved }, out, ports);
  const watched = watchPackets(events);
  let taken: TakenSequence | undefined;
  const attempt = connectThrough({
    ...target,
    sequence,
    ways: pinned.map((way) => makeWay(way, { target, port }, ports)),
    lookMs: args.read("grace", parseDuration) ?? chooseLook(target, { port, isListed }),
    payloads: async () => {
      checkHorizon();
      if (hasSequences(target)) {
        taken = await takeSequence(target, ports);
        sequence.knocks = taken.knocks;
        events.onSequence?.(taken.knocks);
        return taken.knocks.map(() => new Uint8Array());
      }
      const options = makeSecretOptions(context, secrets);
      const request = toSecretRequest(target, { isListed });
      const [payloads = []] = await collectSecrets([request], ports, options);
      dropUnusedPermissions(needs, ports);
      return toPayloads(target, payloads, ports);
    },
  }, { ...ports, events: watched.events });
  const { connection, address, knocks, givenUp } = await attempt.catch(async (error) => {
    if (!watched.hasSent()) await taken?.giveBack();
    throw error;
  });
  dropUnusedPermissions([], ports);
  if (taken !== undefined) sayLeft(taken, given, out);
  if (connection === undefined) {
    const examine = renderDoctorCommand(target, context, secrets);
    throw explainClosed({ route, address, port, knocks, givenUp, examine });
  }
  await screen?.close();
  const note = knocks === undefined ? ", which was open already" : "";
  out.say(`connected to ${address} port ${port}${note}\n`);
  const start = ports.clock.now();
  try {
    const { sent, received } = await relay(ports.stdio, connection, ports);
    const elapsed = renderElapsed(ports.clock.now() - start);
    out.say(`sent ${sent} bytes, received ${received} in ${elapsed}\n`);
    return EXIT.done;
  } finally {
    closeQuietly(connection);
  }
}

/** Says what is left: a warning without `-v` too. */
function sayLeft(taken: TakenSequence, { out: errors }: ConnectContext, out: Context["out"]): void {
  const warning = warnOfFew(taken);
  if (warning === undefined) out.say(`${renderLeft(taken.left)}\n`);
  else errors.note(`warning: ${sanitize(warning)}`);
}

/** Returns how long to look before the knocks; undefined where nothing speaks against knocking at once. */
function chooseLook(
  target: Target,
  { port, isListed }: { port: number; isListed: boolean },
): number | undefined {
  const { knocks, rolling, oneTime } = target;
  const { knocks: asked } = toSecretRequest(target);
  if (!isListed && asked.some(({ payload }) => mayAsk(payload))) return LOOK_MS.question;
  // A SYN to a port of the sequence would be a knock.
  const isKnock = knocks.some((knock) => knock.protocol === "tcp" && knock.port === port);
  return rolling !== undefined || oneTime !== undefined || isKnock ? LOOK_MS.code : undefined;
}

type ConnectContext = Context<
  OptionNames<readonly [...typeof KNOCK_OPTIONS, typeof GRACE_OPTION, typeof DRY_RUN_OPTION]>
>;

/** The same context, with all text for people on stderr, and only with `-v`. */
function withVerboseStderr<Name extends string>(context: Context<Name>): Context<Name> {
  const { ports: { stderr }, out } = context;
  const quiet = !out.verbose || out.json;
  return {
    ...context,
    out: createOutput({ ...out, stdout: stderr, stderr, json: false, quiet }),
  };
}

async function readRoute(context: ConnectContext): Promise<{ port: number; route: Route }> {
  const { args } = context;
  const usage = "spknock connect TARGET [HOST] PORT";
  const positionals = requirePositionals(context, { min: 2, max: 3, usage });
  const [name = "", host] = positionals.length === 3 ? positionals : positionals.slice(0, 1);
  if (args.value("secrets-from") === "-") {
    throw new UsageError("--secrets-from - cannot be used here: standard input carries the data", {
      hint: "use a file, or a secret from env, file or command in the configuration",
    });
  }
  const port = asUsageError(() => parsePort(positionals.at(-1) ?? ""));
  const config = await loadTargets(context);
  const target = findOnlyTarget(config, { name, host, port });
  const route = asUsageError(() => findRoute(target, { name, host }));
  // The connection is the probe; others run only on demand.
  const changes = { probes: [], ...await readKnockChanges(args) };
  return { port, route: { ...route, target: { ...target, ...changes } } };
}

function findOnlyTarget(
  config: Config,
  { name, host, port }: { name: string; host: string | undefined; port: number },
): Target {
  const [only, other, ...more] = matchTargets(config, name, { port });
  if (only === undefined) return findTarget(config, name);
  if (other === undefined) return only;
  const names = [only, other, ...more].map((target) => target.name).join(", ");
  throw new UsageError(`the host "${name}" belongs to several targets: ${names}`, {
    hint: `name one of them: spknock connect ${only.name} ${host ?? name} ${port}`,
  });
}

/** One way through the door, as `connectThrough` needs it. */
function makeWay(
  { resolved, address, other }: PinnedRoute,
  { target, port }: { target: Target; port: number },
  ports: Context["ports"],
): ConnectWay {
  const { source } = target;
  const ends = [address, ...(other === undefined ? [] : [other.address])];
  return {
    address: resolved.address,
    alsoAt: other === undefined ? [] : [other.near.address],
    ends: ends.map((end) => ({
      address: end,
      open: (signal) => ports.net.openTcp({ address: end, port, source }, signal),
    })),
    probes: bindProbes({ target, resolved }, ports),
  };
}

function explainClosed(
  { route: { host, target }, address, port, knocks, givenUp, examine }: {
    route: Route;
    address: string;
    port: number;
    knocks: OpenReport | undefined;
    givenUp: readonly GivenUp[];
    /** The command that finds out more. */
    examine: string;
  },
): ClosedError {
  const outcome = knocks?.probes.find(({ status }) => status !== "open");
  const tries = plural(knocks?.tries ?? 0, "try", "tries");
  const where = `port ${port} of "${host}"${host === address ? "" : ` (${address})`}`;
  const isConnection = outcome === knocks?.probes[0];
  if (isConnection && outcome?.status === "refused") {
    return new ClosedError(`${where} refused the connection after ${tries}`, {
      code: "refused",
      hint: "the knocks may be right, but no service listens there",
    });
  }
  if (knocks?.unreachable !== undefined) {
    const said = renderGivenUp(givenUp);
    return new ClosedError(`port ${port} of "${host}" cannot be reached: ${said}`, {
      hint: makeDoctorHint(examine, { isReachable: false }),
    });
  }
  const label = isConnection ? "" : `: ${outcome?.label} ${outcome?.status}`;
  const why = label + (outcome?.detail ? `: ${outcome.detail}` : "");
  return new ClosedError(`${where} did not open after ${tries}${why}`, {
    hint: makeDoctorHint(examine, target),
  });
}
