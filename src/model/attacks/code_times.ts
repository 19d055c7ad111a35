/** One-time codes and clocks: each moment of a window and of a horizon that decides. */
import { renderDuration } from "../../core/duration.ts";
import { findWindows } from "../../plan/codes.ts";
import { findSkew, findValidity, findWindow } from "../../core/rolling.ts";
import type { Attack, ClaimKind } from "../attack.ts";
import { hasWindow } from "../code_book.ts";
import type { WirePacket } from "../world.ts";
import {
  type AttackContext,
  type AttackWords,
  type CodeContext,
  createCode,
  createCodeAttack,
  createKnocks,
} from "./attack_context.ts";

/** Returns the attacks with codes of other times, and the legitimate uses at the limits. */
export function listCodeTimes(place: CodeContext): Attack[] {
  return [...listClocks(place), ...listSameWindow(place), ...listHorizon(place)];
}

/** A code of another window, at the moments that decide; or at any. */
function listClocks(place: CodeContext): Attack[] {
  const { context, codes, last } = place;
  const skew = findSkew(codes);
  const span = renderDuration(skew);
  const now = findWindow(codes, context.epoch + last);
  const make = (claim: ClaimKind, words: AttackWords, ahead: number, moment?: number): Attack[] => {
    if (claim === "opens" && !hasWindow(codes, now + ahead)) return [];
    const payload = createCode(context, codes, { at: last, ahead });
    const made = createCodeAttack(place, claim, words, replaceCode(context, payload));
    return [moment === undefined ? made : { ...made, epoch: moment - last, setsClock: true }];
  };
  const late = "a code is taken until the skew after its window";
  const early = "a code is taken from the skew before its window";
  const end = findValidity(codes, now - 1).until;
  const begin = findValidity(codes, now + 1).from;
  const words = (name: string, description: string, reason: string) => ({
    name,
    description,
    reason,
  });
  return [
    ...make(
      "opens",
      words("code-last-in-time", `the code of the last window, just under ${span} late`, late),
      -1,
      end - 1,
    ),
    ...make(
      "closed",
      words("code-last-late", `the code of the last window, ${span} late`, late),
      -1,
      end,
    ),
    ...make(
      "opens",
      words("code-next-in-time", `the code of the next window, ${span} early`, early),
      1,
      begin,
    ),
    ...make(
      "closed",
      words("code-next-early", `the code of the next window, more than ${span} early`, early),
      1,
      begin - 1,
    ),
    ...make("closed", words("code-old", "the code of the window before the last", late), -2),
    ...make("closed", words("code-future", "the code of the window after the next", early), 2),
  ];
}

/** The whole of a window, for both ends of it. */
function listSameWindow(place: CodeContext): Attack[] {
  const { context, codes, last } = place;
  const window = findWindow(codes, context.epoch + last);
  const start = window * codes.windowMs;
  return [
    { name: "first", moment: start },
    { name: "last", moment: start + codes.windowMs - 1 },
  ].map(({ name, moment }) => ({
    ...createCodeAttack(place, "opens", {
      name: `code-${name}-moment`,
      description: `the right code, in the ${name} millisecond of its window`,
      reason: "this is the code of the window",
    }, replaceCode(context, createCode(context, codes, { at: last }))),
    epoch: moment - last,
    setsClock: true,
  }));
}

/** The right knocks, with another code. */
function replaceCode(context: AttackContext, payload: Uint8Array): WirePacket[] {
  const knocks = createKnocks(context);
  return knocks.with(-1, { ...knocks.at(-1) as WirePacket, payload });
}

function listHorizon(place: CodeContext): Attack[] {
  const { context, codes, last } = place;
  const { windowMs, from } = codes;
  const at = (claim: ClaimKind, words: AttackWords, window: number): Attack => {
    const epoch = window * windowMs + windowMs / 2 - last;
    const moment = { ...context, epoch };
    const knocks = createKnocks(moment, { at: last });
    return { ...createCodeAttack(place, claim, words, knocks), epoch, setsClock: true };
  };
  const { first, last: end } = findWindows(codes);
  const reason = "the firewall has the codes of its horizon only";
  const before = from < windowMs ? [] : [at("closed", {
    name: "code-before-horizon",
    description: "the code of the window before the first one that the firewall has",
    reason,
  }, first - 1)];
  if (!Number.isFinite(end)) return before;
  return [
    ...before,
    at("opens", {
      name: "code-end-of-horizon",
      description: "the code of the last window that the firewall has",
      reason: "this is the code of the window",
    }, end),
    at("closed", {
      name: "code-after-horizon",
      description: "the code of the window after it: the horizon is over",
      reason,
    }, end + 1),
  ];
}
