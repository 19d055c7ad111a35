/** `keep`: knock, hold the door open until Ctrl-C or the command's end, and shut it again. */
import { parseDuration } from "../../core/duration.ts";
import { SpknockError } from "../../core/errors.ts";
import type { Target } from "../../core/target.ts";
import { keepOpen } from "../../knock/keep.ts";
import { type Resolved, resolveHost } from "../../net/resolve.ts";
import { loadProbes } from "../../probe/mod.ts";
import { leaveStdout, runCommand } from "../command.ts";
import { type Context, findTarget, loadTargets, wantWords } from "../context.ts";
import { askDoor, factsOf, openDoor } from "../door.ts";
import { EXIT, reportFailure } from "../failure.ts";
import { type KeepVoice, keepVoice } from "../keep_voice.ts";
import type { Ports } from "../ports.ts";
import { collectFor, dropUnneeded } from "../secrets.ts";
import { readChanges } from "../select.ts";
import { closingOf, shutDoor } from "../shut.ts";
import { doctorHint } from "./connect.ts";

/** A look at an open door is answered at once. */
const LOOK_TIMEOUT_MS = 3_000;

/** A door to be held open, with all that its knocks need. */
interface Hold {
  target: Target;
  resolved: Resolved;
  payloads: readonly Uint8Array[];
  /** Undefined where the target has no closing sequence. */
  closing: { target: Target; payloads: readonly Uint8Array[] } | undefined;
}

/** Runs `keep`. */
export async function run(given: Context): Promise<number> {
  const command = given.args.rest;
  const context = command === undefined ? given : leaveStdout(given);
  const { ports, out } = context;
  const hold = await prepare(context);
  const { target, resolved } = hold;
  dropUnneeded([target], ports, { command });
  const voice = keepVoice({ name: target.name, address: resolved.address }, out, ports);

  const first = await openDoor(hold, ports);
  if (!first.knocks?.isOpen) {
    const tries = first.knocks?.tries === 1 ? "1 try" : `${first.knocks?.tries ?? 0} tries`;
    const message = `"${target.name}" (${resolved.address}) did not open after ${tries}`;
    reportFailure(new SpknockError("closed", message, { hint: doctorHint(target) }), out);
    return EXIT.closed;
  }
  const end = new AbortController();
  const facts = factsOf({ target, resolved, attempt: first.knocks.tries });
  // On a terminal Ctrl-C is the command's: it may go on, and so does the hold.
  const signal = command === undefined ? ports.signal : end.signal;
  const running = command === undefined
    ? undefined
    : runCommand(command, facts, context).finally(() => end.abort(new Error("the command ended")));
  const ticking = command === undefined ? voice.tick(signal) : undefined;
  try {
    await holdOpen(hold, { ...ports, signal }, { voice });
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
  await ticking;
  const isShut = await endHold(hold, ports, { voice });
  return running === undefined ? (isShut ? EXIT.done : EXIT.closed) : await running;
}

/** Everything before the first packet: names, and every secret that will be wanted. */
async function prepare(context: Context): Promise<Hold> {
  const { ports, args } = context;
  const [name = ""] = wantWords(context, { min: 1, usage: "spknock keep TARGET" });
  const saved = findTarget(await loadTargets(context), name);
  const openForMs = args.read("open-for", parseDuration) ?? saved.openForMs;
  const target = { ...saved, ...await readChanges(args), openForMs };
  const { lookup } = ports.net;
  const resolved = await resolveHost(target.host, {
    family: target.family,
    ...(lookup ? { lookup } : {}),
  });
  const closing = closingOf(target);
  const requests = closing === undefined
    ? [target]
    : [target, { name: `closing ${target.name}`, knocks: closing.knocks }];
  const [payloads = [], closingPayloads = []] = await collectFor(requests, context);
  await loadProbes(target.probes);
  return {
    target,
    resolved,
    payloads,
    closing: closing && { target: closing, payloads: closingPayloads },
  };
}

/** Until the signal aborts. A renewal is sent twice: that it was lost would show only too late. */
async function holdOpen(
  { target, resolved, payloads }: Hold,
  ports: Ports,
  { voice }: { voice: KeepVoice },
): Promise<void> {
  const copies = target.copies === "auto" ? 2 : target.copies;
  const renewed = { ...target, after: [], copies };
  const looked = { ...target, timeoutMs: Math.min(target.timeoutMs, LOOK_TIMEOUT_MS) };
  await keepOpen({
    openForMs: target.openForMs,
    onEvent: (event) => voice.tell(event),
    async knock() {
      try {
        const { knocks } = await openDoor({ target: renewed, resolved, payloads }, ports);
        return knocks?.isOpen ? undefined : "no probe passed";
      } catch (error) {
        if (ports.signal.aborted || !(error instanceof SpknockError)) throw error;
        return error.message;
      }
    },
    ...(target.probes.length === 0 ? {} : {
      look: async () => {
        const { status } = await askDoor({ target: looked, resolved }, ports);
        return status === "open";
      },
    }),
  }, ports);
}

/** The closing sequence, also after Ctrl-C; false where the door stays open. */
async function endHold(
  { closing, resolved }: Hold,
  ports: Ports,
  { voice }: { voice: KeepVoice },
): Promise<boolean> {
  if (closing === undefined) {
    voice.tell({ kind: "stopped" });
    return true;
  }
  const { signal } = new AbortController();
  const { knocks } = await shutDoor({ ...closing, resolved }, { ...ports, signal });
  voice.tell({ kind: knocks?.isOpen ? "closed" : "still_open" });
  return knocks?.isOpen === true;
}
