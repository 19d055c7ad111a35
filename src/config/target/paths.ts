/** The paths of files that a target names: of secrets, of a former key, of one-time sequences. */
import { type Fwknop, mapKeys } from "../../core/fwknop.ts";
import type { Knock, KnockPayload } from "../../core/knock.ts";
import type { Rolling } from "../../core/rolling.ts";

/** The parts of a target, or of a change of one, that have paths. */
interface WithPaths {
  knocks?: readonly Knock[] | undefined;
  close?: readonly Knock[] | undefined;
  rolling?: Rolling | undefined;
  fwknop?: Fwknop | undefined;
  oneTime?: string | undefined;
}

type ChangePath = (path: string) => string;

/** Returns the target, or what changes in it, with each path changed. */
export function mapPaths<T extends WithPaths>(part: T, change: ChangePath): T {
  const { knocks, close, rolling, fwknop, oneTime } = part;
  const map = <C extends { payload: KnockPayload }>(carrier: C): C => ({
    ...carrier,
    payload: mapPayloadPath(carrier.payload, change),
  });
  return {
    ...part,
    ...(knocks && { knocks: knocks.map(map<Knock>) }),
    ...(close && { close: close.map(map<Knock>) }),
    ...(rolling && { rolling: mapFormerKey(rolling, change) }),
    ...(fwknop && { fwknop: mapKeys(fwknop, (key) => map(key)) }),
    ...(oneTime === undefined ? {} : { oneTime: change(oneTime) }),
  };
}

/** Returns a payload with the path of its file changed. */
export function mapPayloadPath(payload: KnockPayload, change: ChangePath): KnockPayload {
  if (payload.kind !== "secret" || payload.source.kind !== "file") return payload;
  const { source } = payload;
  return { ...payload, source: { ...source, path: change(source.path) } };
}

function mapFormerKey(rolling: Rolling, change: ChangePath): Rolling {
  const { formerKey } = rolling;
  return formerKey === undefined ? rolling : { ...rolling, formerKey: change(formerKey) };
}
