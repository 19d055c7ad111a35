/** `{target}`, `{host}` and `{port}` in the commands and files that secrets come from. */
import { listKeys, mapKeys } from "../core/fwknop.ts";
import type { KnockPayload } from "../core/knock.ts";
import type { Target } from "../core/target.ts";
import { fillIn } from "../core/text.ts";
import { findProbedPort } from "../probe/kinds.ts";
import { fillSource } from "../secret/kinds.ts";
import type { Config } from "./schema.ts";

/**
 * Returns the configuration with the placeholders of secrets filled in. The port is that of the
 * target's probe, also where an option asks another one.
 */
export function fillSecrets(config: Config): Config {
  const targets = new Map(
    [...config.targets].map(([name, target]) => [name, fillTarget(target)] as const),
  );
  return { ...config, targets };
}

function fillTarget(target: Target): Target {
  const { name, host, knocks, close, fwknop } = target;
  if (![...knocks, ...close ?? [], ...listKeys(target)].some(hasPlaceholder)) return target;
  const facts = { target: name, host, port: findProbedPort(target)?.port };
  const fill = <T extends { payload: KnockPayload }>(part: T): T => {
    const { payload } = part;
    if (payload.kind !== "secret") return part;
    const source = fillSource(payload.source, (text) => fillIn(text, facts));
    return { ...part, payload: { kind: "secret", source } };
  };
  return {
    ...target,
    knocks: knocks.map(fill),
    ...(fwknop === undefined ? {} : { fwknop: mapKeys(fwknop, fill) }),
    ...(close === undefined ? {} : { close: close.map(fill) }),
  };
}

function hasPlaceholder({ payload }: { payload: KnockPayload }): boolean {
  if (payload.kind !== "secret") return false;
  const { source } = payload;
  if (source.kind === "command") return source.command.some((word) => word.includes("{"));
  return source.kind === "file" && source.path.includes("{");
}
