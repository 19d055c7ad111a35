/** `hash`: passphrase in, SHA-256 hex out: what goes into a firewall's rule. */
import { UsageError } from "../../../core/errors.ts";
import { hashPassphrase } from "../../../secret/payload.ts";
import { readPassphrase } from "../../../secret/text.ts";
import { defineCommand, requirePositionals } from "../../command.ts";
import { requirePrompter } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { ALLOW_EMPTY_OPTION } from "../../option_specs.ts";
import { askTwice, refuseEmpty } from "../../questions/secret_questions.ts";

/** The command `hash`. */
export const command = defineCommand({
  usage: ["hash"],
  details: "Asks twice on a terminal, reads one line of standard input otherwise.",
  options: [ALLOW_EMPTY_OPTION],
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
    const allowEmpty = context.args.has("allow-empty");
    const passphrase = context.ports.stdin.isTerminal()
      ? await askTwice(await requirePrompter(context, "pipe the passphrase in"), {
        message: "Passphrase",
        validate: allowEmpty ? undefined : refuseEmpty,
      })
      : readPassphrase(await context.ports.stdin.readAll(), {
        subject: "standard input",
        allowEmpty,
      });
    const hash = await renderHash(passphrase);
    context.out.print(hash + "\n");
    context.out.value({ hash });
    return EXIT.done;
  },
});

/** Returns the payload of a secret knock as text. */
export async function renderHash(passphrase: string | Uint8Array): Promise<string> {
  return new TextDecoder().decode(await hashPassphrase(passphrase));
}
