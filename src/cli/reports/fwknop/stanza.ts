/** The lines of access.conf on the screen. */
import type { Context } from "../../command.ts";

/** Says that what follows is a secret. */
export function warnOfKeys({ out }: Pick<Context, "out">): void {
  out.note("warning: these lines hold both keys: who has them opens the door");
}

/** Prints the lines for access.conf. */
export function printStanza(
  stanza: string,
  { out }: Pick<Context, "out">,
  value: Readonly<Record<string, unknown>>,
): void {
  out.print(stanza);
  out.say("then restart the daemon: systemctl restart fwknop-server\n");
  out.value({ ...value, stanza });
}
