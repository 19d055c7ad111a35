/** Passphrases that must not have a slip in them. */
import type { Prompter, SecretQuestion } from "../../prompt/mod.ts";
import { EMPTY_HINT } from "../../secret/text.ts";

/** Asks for a passphrase until two answers are the same. */
export async function askTwice(
  prompter: Prompter,
  { message: what, validate }: SecretQuestion,
): Promise<string> {
  for (let message = what;; message = `They differ. ${what}`) {
    const first = await prompter.secret({ message, validate });
    if (await prompter.secret({ message: "Once more" }) === first) return first;
  }
}

/** What is wrong with an empty passphrase, which Enter by accident gives. */
export function refuseEmpty(passphrase: string): string | undefined {
  return passphrase === "" ? `the passphrase is empty; ${EMPTY_HINT}` : undefined;
}
