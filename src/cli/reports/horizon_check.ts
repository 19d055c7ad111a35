/** What each command that knocks does about the horizon of one-time codes. */
import type { Target } from "../../core/target.ts";
import { watchHorizon } from "../../use_cases/rolling/horizon.ts";
import type { Context } from "../command.ts";
import { listFileOptions } from "../doctor_hint.ts";

/** Returns what is called before each knock of a target: see {@linkcode watchHorizon}; it warns on stderr. */
export function makeHorizonCheck(
  target: Pick<Target, "name" | "rolling">,
  context: Context,
): () => void {
  return watchHorizon(target, {
    globals: listFileOptions(context),
    onWarning: (warning) => context.out.note(`warning: ${warning}`),
  });
}
