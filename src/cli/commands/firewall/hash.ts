/** `hash`: passphrase in, SHA-256 hex out: what goes into a firewall's rule. */
import { SecretError, UsageError } from "../../../core/errors.ts";
import { cutFirstLine } from "../../../secret/kinds.ts";
import { hashPassphrase } from "../../../secret/payload.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import { requirePrompter } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { askTwice } from "../../questions/secret_questions.ts";

/** The command `hash`. */
export const command = defineCommand({
  usage: ["hash"],
  details: "Asks twice on a terminal, reads one line of standard input otherwise.",
  options: [],
  examples: [
    "hash",
    "hash --json",
  ],
  async run(context) {
    if (context.args.positionals.length > 0) {
      throw new UsageError("a passphrase is not allowed on the command line", {
        hint: "other users can see it there; run spknock hash and type it, or pipe it in",
      });
    }
    requirePositionals(context, { min: 0, usage: "spknock hash" });
    const passphrase = context.ports.stdin.isTerminal()
      ? await askTwice(await requirePrompter(context, "pipe the passphrase in"))
      : await readLine(context);
    const hash = await renderHash(passphrase);
    context.out.print(hash + "\n");
    context.out.value({ hash });
    return EXIT.done;
  },
});

async function readLine({ ports }: Context): Promise<Uint8Array> {
  const bytes = await ports.stdin.readAll();
  if (bytes.length === 0) {
    throw new SecretError("standard input is empty", {
      hint: "pipe one line in, or use a terminal",
    });
  }
  return cutFirstLine(bytes);
}

/** Returns the payload of a secret knock as text. */
export async function renderHash(passphrase: string | Uint8Array): Promise<string> {
  return new TextDecoder().decode(await hashPassphrase(passphrase));
}
