/** The questions: rich prompts, or plain lines, behind one interface. */
import type { Prompter, PrompterOptions, Terminal } from "./prompter.ts";

export type { Prompter, SecretQuestion, SelectOption, Terminal } from "./prompter.ts";

/**
 * The prompter for `terminal`. Loaded only now, since cliffy costs as much as a whole knock.
 *
 * @param options.plain plain lines, no escape codes: `--plain`, `TERM=dumb`.
 */
export async function openPrompter(
  terminal: Terminal,
  { plain = false, ...options }: PrompterOptions & { plain?: boolean | undefined } = {},
): Promise<Prompter> {
  const { createPrompter } = plain ? await import("./plain.ts") : await import("./cliffy.ts");
  return createPrompter(terminal, options);
}
