/** `hash`: passphrase in, SHA-256 hex out: what goes into a firewall's rule. */
import { SecretError, UsageError } from "../../core/errors.ts";
import type { Prompter } from "../../prompt/mod.ts";
import { hashPassphrase } from "../../secret/payload.ts";
import { cutFirstLine } from "../../secret/kinds.ts";
import { type Context, needPrompter, wantWords } from "../context.ts";
import { EXIT } from "../failure.ts";

/** Runs `hash`. */
export async function run(context: Context): Promise<number> {
  if (context.args.words.length > 0) {
    throw new UsageError("a passphrase does not belong on the command line", {
      hint: "other users can see it there; run spknock hash and type it, or pipe it in",
    });
  }
  wantWords(context, { min: 0, usage: "spknock hash" });
  const passphrase = context.ports.stdin.isTerminal()
    ? await askTwice(await needPrompter(context, "pipe the passphrase in"))
    : await readLine(context);
  const hash = await hashOf(passphrase);
  context.out.print(hash + "\n");
  context.out.value({ hash });
  return EXIT.done;
}

async function readLine({ ports }: Context): Promise<Uint8Array> {
  const bytes = await ports.stdin.readAll();
  if (bytes.length === 0) {
    throw new SecretError("standard input is empty", {
      hint: "pipe one line in, or use a terminal",
    });
  }
  return cutFirstLine(bytes);
}

/** Asks until two answers agree. */
export async function askTwice(prompter: Prompter, what = "Passphrase"): Promise<string> {
  for (let message = what;; message = `They differ. ${what}`) {
    const first = await prompter.secret({ message });
    if (await prompter.secret({ message: "Once more" }) === first) return first;
  }
}

/** The payload of a secret knock as text. */
export async function hashOf(passphrase: string | Uint8Array): Promise<string> {
  return new TextDecoder().decode(await hashPassphrase(passphrase));
}
