/** `fwknop access`: what the server of a saved target needs to know. */
import { UsageError } from "../../../core/errors.ts";
import { renderStanza } from "../../../fwknop/stanza.ts";
import { decodeKeys } from "../../../use_cases/fwknop/packets.ts";
import { collectSecrets } from "../../../use_cases/collect_secrets.ts";
import { dropUnusedPermissions } from "../../../use_cases/permissions.ts";
import { toSecretRequest } from "../../../use_cases/rolling/rolling_codes.ts";
import { findTarget, loadTargets, makeSecretOptions, readSecretChoice } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import type { Context } from "../../command.ts";
import { printStanza, warnOfKeys } from "../../reports/fwknop/stanza.ts";

/** Collects both keys of a target, and prints its stanza. */
export async function printAccess(
  name: string,
  context: Context<"secrets-from" | "allow-empty">,
): Promise<number> {
  const { args, ports } = context;
  const target = findTarget(await loadTargets(context), name);
  const { fwknop, opens, openForMs } = target;
  if (fwknop === undefined) {
    throw new UsageError(`"${name}" is not a door of fwknopd`, {
      hint: `the rules for its firewall: spknock rules ${name} --for BACKEND`,
    });
  }
  const request = toSecretRequest(target);
  dropUnusedPermissions([], ports, { knocks: request.knocks });
  const options = makeSecretOptions(context, readSecretChoice(args));
  const [texts = []] = await collectSecrets([request], ports, options);
  const { key, hmacKey } = decodeKeys(fwknop, texts);
  const keys = { key: key.toBase64(), hmacKey: hmacKey.toBase64() };
  warnOfKeys(context);
  const timeout = openForMs / 1_000;
  const { port, protocol } = target.knocks[0] ?? {};
  printStanza(renderStanza({ ...keys, name, opens, timeout, fwknop, port, protocol }), context, {
    target: name,
  });
  return EXIT.done;
}
