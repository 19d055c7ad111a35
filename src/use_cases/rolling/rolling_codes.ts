/**
 * The one-time codes of a target, each made when it is sent, and never stored.
 *
 * Rules:
 * - the first try takes a random slot, which stays for the run, and each further try a later one: another
 *   address of the same owner can have used it in this window;
 * - each address that is knocked on has slots of its own: a code is taken from one source only, and the
 *   source is another over another family. A try goes past the slots that the former one used of all addresses;
 * - while a former key may still be in the rules, its code is sent too.
 */
import { findWindow, makeCode, type Rolling } from "../../core/rolling.ts";
import type { Target } from "../../core/target.ts";
import type { Payloads } from "../../knock/until_open.ts";
import { createPackets, type PacketPorts, toFwknopRequest } from "../fwknop/packets.ts";
import type { SecretRequest } from "../../secret/collect.ts";

/** What decides the codes besides the key, and what packets of fwknop need. */
interface CodeOptions extends Partial<PacketPorts> {
  /** From 0 to 1, as `Math.random`. */
  random?: () => number;
}

/**
 * Returns what is collected for a target; of one with one-time codes, its key, and the former one last; of a door
 * of fwknopd, both keys.
 */
export function toSecretRequest(
  target: Pick<Target, "name" | "knocks" | "rolling" | "fwknop"> & Partial<Target>,
  { isListed = false }: { isListed?: boolean } = {},
): SecretRequest {
  const { name, knocks, rolling, fwknop } = target;
  if (fwknop !== undefined) return toFwknopRequest({ name, knocks, fwknop });
  if (rolling === undefined) return { name, knocks };
  const { formerKey } = rolling;
  const [last] = knocks.slice(-1);
  if (formerKey === undefined || isListed || last === undefined) {
    return { name, knocks, reads: "code_key" };
  }
  const former = {
    ...last,
    payload: { kind: "secret", source: { kind: "file", path: formerKey } },
  } as const;
  return { name, knocks: [...knocks, former], reads: "code_key" };
}

/** Returns what is sent of what was collected for {@linkcode toSecretRequest}. */
export function toPayloads(
  target: Pick<Target, "knocks" | "rolling"> & Partial<Target>,
  collected: readonly Uint8Array[],
  options: CodeOptions = {},
): Payloads {
  const { knocks, rolling, fwknop, name = "", opens = [], openForMs = 0 } = target;
  if (fwknop !== undefined && collected.length > 0) {
    const { wallNow = Date.now, env = () => undefined, net = {}, signal } = options;
    const ports = { wallNow, env, net, signal: signal ?? new AbortController().signal };
    return createPackets({ name, opens, openForMs, fwknop }, collected, ports);
  }
  if (rolling === undefined || collected.length === 0) return collected;
  const place = knocks.length - 1;
  const keys = collected.slice(place).map((key) => new TextDecoder().decode(key));
  return createCodes(rolling, { keys, before: collected.slice(0, place) }, options);
}

function createCodes(
  rolling: Rolling,
  { keys, before }: { keys: readonly string[]; before: readonly Uint8Array[] },
  { wallNow = Date.now, random = Math.random }: CodeOptions,
): Payloads {
  const start = Math.floor(random() * rolling.slots);
  const addresses: string[] = [];
  return async ({ address, attempt }) => {
    if (!addresses.includes(address)) addresses.push(address);
    const place = addresses.indexOf(address) + (attempt - 1) * addresses.length;
    const slot = (start + place) % rolling.slots;
    const window = findWindow(rolling, wallNow());
    const codes = await Promise.all(keys.map((key) => makeCode(key, window, slot)));
    return [...before, codes.map((code) => new TextEncoder().encode(code))];
  };
}
