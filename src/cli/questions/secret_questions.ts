/** Passphrases that must not have a slip in them. */
import type { Prompter } from "../../prompt/mod.ts";

/** Asks for a passphrase until two answers are the same. */
export async function askTwice(prompter: Prompter, what = "Passphrase"): Promise<string> {
  for (let message = what;; message = `They differ. ${what}`) {
    const first = await prompter.secret({ message });
    if (await prompter.secret({ message: "Once more" }) === first) return first;
  }
}
