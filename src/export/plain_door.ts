/** Doors that open by packets which are the same each time: what other knockers can send. */
import { UsageError } from "../core/errors.ts";
import { isEcho, type Knock } from "../core/knock.ts";
import type { Target } from "../core/target.ts";
import type { ExportDoor } from "./form.ts";

/** What a packet carries, as far as it is known here. */
export type Cargo =
  | { kind: "none" }
  | { kind: "fixed"; bytes: Uint8Array }
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
  const holdsSecret = knocks.some(({ cargo }) =>
    cargo.kind === "secret" && cargo.hash !== undefined
  );
  return { target, knocks, holdsSecret };
}

function requireSamePackets(target: Target, form: string): void {
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

function loadKnock({ payload }: Knock, bytes: Uint8Array | undefined): Cargo {
  if (payload.kind === "none") return payload;
  if (payload.kind === "bytes") return { kind: "fixed", bytes: payload.bytes };
  return {
    kind: "secret",
    hash: bytes === undefined ? undefined : new TextDecoder().decode(bytes),
  };
}

/** What a form says by itself, of what is not in the packets. */
export interface Carried {
  /** The source address or interface. */
  source?: boolean;
  /** A check of a tcp port after the knock. */
  probe?: boolean;
  /** The handshake of a tcp knock. */
  handshake?: boolean;
}

/** Returns what the other side does without. */
export function listLosses({ target, knocks }: PlainDoor, carried: Carried = {}): string[] {
  const { source, probes, after, close, copies, family, handshakeMs } = target;
  const isChecked = carried.probe === true && probes.every(({ type }) => type === "tcp");
  const hasHandshake = knocks.some(({ knock }) =>
    (knock.handshakeMs ?? (knock.protocol === "tcp" ? handshakeMs : undefined)) !== undefined
  );
  const losses: (string | false)[] = [
    source !== undefined && carried.source !== true && "the source of the packets",
    probes.length > 0 && !isChecked && "the check whether the door is open",
    hasHandshake && carried.handshake !== true && "the handshake of tcp knocks",
    typeof copies === "number" && copies > 1 && "the copies of each packet",
    family === "both" && "the knock over a second family",
    close !== undefined && "the closing knocks",
    after.length > 0 && "what runs when the door is open",
  ];
  return losses.filter((loss) => loss !== false);
}
