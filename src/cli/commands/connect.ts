/**
 * `connect`: knock if need be, wait for the door, then carry standard input and output, as ssh's
 * ProxyCommand wants it. Nothing but data goes to stdout; stderr is silent without `-v`, errors aside.
 */
import { parseDuration, renderElapsed } from "../../core/duration.ts";
import { SpknockError, UsageError } from "../../core/errors.ts";
import { parsePort } from "../../core/knock.ts";
import type { Target } from "../../core/target.ts";
import { connectThrough } from "../../knock/connect.ts";
import type { OpenReport } from "../../knock/until_open.ts";
import { relay } from "../../net/relay.ts";
import { closeQuietly } from "../../probe/tcp.ts";
import { createOutput } from "../../output/output.ts";
import { type Context, loadTargets, wantWords } from "../context.ts";
import { bindProbes } from "../door.ts";
import { EXIT, reportFailure } from "../failure.ts";
import { narrate } from "../live.ts";
import { asUsage } from "../options.ts";
import { findRoute, type PinnedRoute, pinRoute, type Route } from "../route.ts";
import { collectFor, dropUnneeded } from "../secrets.ts";
import { readChanges } from "../select.ts";

/** Milliseconds that an open door has to answer the first SYN, unless `--grace` says otherwise. */
const GRACE_MS = 150;

/** Runs `connect`. */
export async function run(given: Context): Promise<number> {
  const context = withVoice(given);
  const { ports, args, out } = context;
  const { port, route } = await readRoute(context);
  const { target } = route;
  // As people see it: the connection is one more probe.
  const asked: Target = { ...target, probes: [{ type: "tcp", port }, ...target.probes] };
  if (args.has("dry-run")) {
    const { showPlan } = await import("../dry_run.ts");
    return showPlan([asked], given);
  }
  ports.dropPermissions(["write"]);
  const pinned = await pinRoute(route, ports.net);
  const { door, address } = pinned;
  const { source } = target;
  const { connection, knocks } = await connectThrough({
    ...target,
    sequence: target,
    probes: bindProbes(target, door, ports),
    address: door.address,
    graceMs: args.read("grace", parseDuration) ?? GRACE_MS,
    payloads: async () => (await collectFor([target], context))[0] ?? [],
    open: (signal) => ports.net.openTcp({ address, port, source }, signal),
  }, { ...ports, events: narrate({ target: asked, resolved: door }, out, ports) });
  dropUnneeded([], ports);
  if (connection === undefined) {
    reportFailure(explainShut({ route, pinned, port, knocks }), given.out);
    return EXIT.closed;
  }
  out.say(
    `connected to ${address} port ${port}${knocks === undefined ? ", no knock needed" : ""}\n`,
  );
  const start = ports.clock.now();
  try {
    const { sent, received } = await relay(ports.data, connection, ports);
    const elapsed = renderElapsed(ports.clock.now() - start);
    out.say(`sent ${sent} bytes, received ${received} in ${elapsed}\n`);
    return EXIT.done;
  } finally {
    closeQuietly(connection);
  }
}

/** The same context, with everything for people on stderr, and only with `-v`. */
function withVoice(context: Context): Context {
  const { ports, out, color } = context;
  const { stderr } = ports;
  const quiet = !out.verbose || out.json;
  const voice = createOutput({ ...out, stdout: stderr, stderr, json: false, quiet, color });
  return { ...context, out: voice };
}

async function readRoute(context: Context): Promise<{ port: number; route: Route }> {
  const { args } = context;
  const usage = "spknock connect TARGET [HOST] PORT";
  const words = wantWords(context, { min: 2, max: 3, usage });
  const [name = "", host] = words.length === 3 ? words : words.slice(0, 1);
  if (args.text("secrets-from") === "-") {
    throw new UsageError("--secrets-from - cannot be used here: standard input carries the data", {
      hint: "use a file, or a secret from env, file or command in the configuration",
    });
  }
  try {
    const port = parsePort(words.at(-1) ?? "");
    const { target, host: far } = findRoute(await loadTargets(context), { name, host, port });
    // The connection is the probe; others are asked only on demand.
    const changes = { ...target, probes: [], ...await readChanges(args) };
    return { port, route: { target: changes, host: far } };
  } catch (cause) {
    throw asUsage(cause);
  }
}

function explainShut(
  { route: { target, host }, pinned: { address }, port, knocks }: {
    route: Route;
    pinned: PinnedRoute;
    port: number;
    knocks: OpenReport | undefined;
  },
): SpknockError {
  const outcome = knocks?.probes.find(({ status }) => status !== "open");
  const tries = knocks?.tries === 1 ? "1 try" : `${knocks?.tries ?? 0} tries`;
  const place = `port ${port} of "${host}" (${address})`;
  const isConnection = outcome === knocks?.probes[0];
  if (isConnection && outcome?.status === "refused") {
    return new SpknockError("refused", `${place} refused the connection after ${tries}`, {
      hint: "the knocks may be right, but no service listens there",
    });
  }
  const label = isConnection ? "" : `: ${outcome?.label} ${outcome?.status}`;
  const why = label + (outcome?.detail ? `: ${outcome.detail}` : "");
  return new SpknockError("closed", `${place} did not open after ${tries}${why}`, {
    hint: doctorHint(target),
  });
}

/** Where to find out more. */
export function doctorHint({ name }: Target): string {
  return `is the passphrase right? find out more with: spknock doctor ${name}`;
}
