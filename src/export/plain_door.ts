/** Doors that open by packets which are the same each time: what other knockers can send. */
import { UsageError } from "../core/errors.ts";
import { isEcho, type Knock, renderPortSpec } from "../core/knock.ts";
import type { ProbeOf, Target } from "../core/target.ts";
import type { ExportDoor } from "./form.ts";
import { listLostKeys } from "./lost.ts";

/** What a packet carries, as far as it is known here. */
export type Cargo =
  | { kind: "none" }
  /** Undefined where the payload stays here: it is as secret as a passphrase. */
  | { kind: "fixed"; bytes: Uint8Array | undefined }
  /** 64 hex digits; undefined where the secret stays here. */
  | { kind: "secret"; hash: string | undefined };

/** A knock with what it carries. */
export interface LoadedKnock {
  knock: Knock;
  cargo: Cargo;
  /** Milliseconds to wait after it; undefined where any pause will do, and after the last one. */
  pauseMs: number | undefined;
}

/** A door of such packets. */
export interface PlainDoor {
  target: Target;
  knocks: readonly LoadedKnock[];
  holdsSecret: boolean;
}

/**
 * Returns the door with what each knock carries.
 *
 * @param form the name that `--as` takes.
 * @throws {UsageError} where its packets differ each time, with a form that can carry it.
 */
export function requirePlainDoor([door]: readonly ExportDoor[], form: string): PlainDoor {
  if (door === undefined) throw new UsageError("there is no target to export");
  const { target, opening } = door;
  requireSamePackets(target, form);
  const last = target.knocks.length - 1;
  const knocks = target.knocks.map((knock, index): LoadedKnock => {
    const delay = knock.delayMs ?? target.delayMs;
    return {
      knock,
      cargo: loadKnock(knock, opening?.[index]),
      pauseMs: index === last || delay === "auto" ? undefined : delay,
    };
  });
  const echo = knocks.find(({ knock, cargo }) => isEcho(knock) && cargo.kind !== "none");
  if (echo !== undefined) refuse(target, form, "the data of an echo request", "toml");
  const holdsSecret = opening !== undefined && knocks.some(({ cargo }) => cargo.kind !== "none");
  return { target, knocks, holdsSecret };
}

/**
 * Refuses a door whose packets differ each time.
 *
 * @throws {UsageError} with a form that can carry it.
 */
export function requireSamePackets(target: Target, form: string): void {
  if (target.fwknop !== undefined) refuse(target, form, "a packet of fwknop", "fwknoprc");
  if (target.oneTime !== undefined) refuse(target, form, "one-time sequences", "toml");
  if (target.rolling !== undefined) refuse(target, form, "one-time codes", "toml");
}

/** Refuses what a form cannot send, and names one that can. */
export function refuse({ name }: Pick<Target, "name">, form: string, what: string, other: string) {
  throw new UsageError(`--as ${form} cannot send ${what}`, {
    hint: `use: spknock export ${name} --as ${other}`,
  });
}

/**
 * Refuses what a script cannot ask for: a payload that is bytes.
 *
 * @throws {UsageError} with the way out.
 */
export function requirePayloads({ target: { name }, knocks }: PlainDoor, form: string): void {
  const hidden = knocks.find(({ cargo }) => cargo.kind === "fixed" && cargo.bytes === undefined);
  if (hidden === undefined) return;
  throw new UsageError(
    `--as ${form} cannot ask for the fixed payload of ${renderPortSpec(hidden.knock)}`,
    { hint: `use: spknock export ${name} --as ${form} --with-secrets` },
  );
}

function loadKnock({ payload }: Knock, bytes: Uint8Array | undefined): Cargo {
  if (payload.kind === "none") return payload;
  if (payload.kind === "bytes") return { kind: "fixed", bytes };
  return {
    kind: "secret",
    hash: bytes === undefined ? undefined : new TextDecoder().decode(bytes),
  };
}

/** Keys of a target that its packets carry in each of these forms. */
const CARRIED = ["delay", "rolling"];

/** Returns what the other side does without; see {@linkcode listLostKeys}. */
export function listLosses({ target, knocks }: PlainDoor, carried: readonly string[]): string[] {
  // A person knocks once, and looks; what the server does is not part of a knock.
  const aside = [
    ...["description", "tags", "opens", "admin", "tries", "timeout", "open_for", "stage_timeout"],
    ...(target.copies === 1 || target.copies === "auto" ? ["copies"] : []),
    ...(target.family === "both" ? [] : ["family"]),
  ];
  const ownHandshake = knocks.some(({ knock }) => knock.handshakeMs !== undefined);
  return [
    ...listLostKeys(target, [...CARRIED, ...aside, ...carried]),
    ...(ownHandshake && !carried.includes("handshake")
      ? [`${target.name}: the handshake of single knocks`]
      : []),
  ];
}

/** Returns the tcp port that a script checks, of the first tcp probe; undefined where there is none. */
export function findCheckedPort({ probes }: Target): number | undefined {
  return probes.find((probe): probe is ProbeOf<"tcp"> => probe.type === "tcp")?.port;
}

/** Whether a script can ask what the target's probes ask: whether one tcp port is reached. */
export function canCheck({ probes }: Target): boolean {
  return probes.length === 1 && probes[0]?.type === "tcp";
}
