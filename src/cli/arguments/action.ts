/** The first word behind a command that does several things: `rolling new`, `fwknop keygen`. */
import { UsageError } from "../../core/errors.ts";
import { suggestOr } from "../../core/suggest.ts";
import { joinOr } from "../../core/text.ts";

/**
 * Returns the action that a word names.
 *
 * @throws {UsageError} that names the nearest one, and the usage.
 */
export function parseAction<Action extends string>(
  text: string,
  actions: readonly Action[],
  { usage }: { usage: string },
): Action {
  const found = actions.find((action) => action === text);
  if (found !== undefined) return found;
  const otherwise = `: use ${joinOr(actions)}`;
  throw new UsageError(
    `unknown action ${JSON.stringify(text)}${suggestOr(otherwise, text, actions)}`,
    { hint: `usage: ${usage}` },
  );
}
