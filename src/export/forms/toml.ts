/**
 * A file for another spknock, which `spknock import` takes over.
 *
 * Rules:
 * - a target is whole: `[defaults]` are filled in;
 * - what is of this machine stays here: programs (probes, `after`, commands of secrets), files and variables,
 *   the source address, the login of `admin`;
 * - a secret is asked for there; with `--with-secrets` it is its hash, or the key itself. A fixed payload and a
 *   key of one-time codes cannot be asked for: placeholders are in their place, which an import refuses.
 */
import { addTargets, type TargetDraft } from "../../config/changes.ts";
import { UsageError } from "../../core/errors.ts";
import { type Fwknop, listKeys, mapKeys } from "../../core/fwknop.ts";
import type { Knock, KnockPayload } from "../../core/knock.ts";
import { KEY_PLACEHOLDER, PAYLOAD_PLACEHOLDER } from "../../core/placeholder.ts";
import { plural } from "../../core/text.ts";
import type { Target } from "../../core/target.ts";
import type { ExportDoor, Exported, Exporter } from "../form.ts";

/** Writes a file of targets. */
export const exporter: Exporter = {
  render(doors): Exported {
    const travellers = doors.map(prepare);
    const drafts = travellers.map(({ draft }) => draft);
    const text = travellers.reduce(
      (written, { draft, key }) =>
        key === undefined
          ? written
          : written.replace(`{ file = "${nameKey(draft)}" }`, () => `{ key = "${key}" }`),
      addTargets("", drafts, { file: "targets.toml" }),
    );
    return {
      text: `# Targets for another spknock: spknock import FILE\n${text}`,
      lost: travellers.flatMap(({ lost }) => lost),
      holdsSecret: travellers.some(({ holdsSecret }) => holdsSecret),
    };
  },
};

/** A target on its way. */
interface Traveller {
  draft: TargetDraft;
  /** The key of its one-time codes, or the placeholder of one. */
  key?: string;
  lost: string[];
  holdsSecret: boolean;
}

function prepare({ target, opening, closing }: ExportDoor): Traveller {
  const { name, knocks, close, rolling, fwknop, oneTime } = target;
  if (oneTime !== undefined) {
    throw new UsageError(
      `"${name}" has one-time sequences in a file, which two machines cannot share`,
      { hint: "export the other targets by their names" },
    );
  }
  const { draft, lost } = leaveOut(target);
  const isReplaced = [...knocks, ...close ?? [], ...listKeys(target)]
    .some(({ payload }) => isElsewhere(payload));
  const holdsSecret = opening !== undefined && hasSecret(target);
  if (fwknop !== undefined) {
    const keys = moveKeys(fwknop, opening);
    const moved = knocks.map((knock) => ({ ...knock, payload: keys.key.payload }));
    if (isReplaced && opening === undefined) lost.push(`${name}: where its keys come from`);
    return { draft: { ...draft, fwknop: keys, knocks: moved }, lost, holdsSecret };
  }
  const moved = {
    ...draft,
    knocks: knocks.map((knock, index) => moveKnock(knock, opening?.[index])),
    ...(close && { close: close.map((knock, index) => moveKnock(knock, closing?.[index])) }),
  };
  if (rolling === undefined) {
    if (isReplaced && opening === undefined) lost.push(`${name}: where its secret comes from`);
    return { draft: moved, lost, holdsSecret };
  }
  const { formerKey, ...codes } = rolling;
  if (formerKey !== undefined) lost.push(`${name}: rolling.former_key`);
  const bytes = opening?.[knocks.length - 1];
  const key = bytes === undefined ? KEY_PLACEHOLDER : new TextDecoder().decode(bytes).trim();
  const source = { kind: "file", path: nameKey(target) } as const;
  const last = moved.knocks.length - 1;
  const withKey = moved.knocks.map((knock, index) =>
    index === last ? { ...knock, payload: { kind: "secret", source } as const } : knock
  );
  return { draft: { ...moved, knocks: withKey, rolling: codes }, key, lost, holdsSecret };
}

/** Stands for a key until the text is written. */
function nameKey({ name }: { name: string }): string {
  return `/inline/${name}`;
}

/** Returns a target without what is of this machine. */
function leaveOut(target: Target): { draft: TargetDraft; lost: string[] } {
  const { name, admin, source, after, probes, ...rest } = target;
  const others = probes.filter(({ type }) => type !== "exec" && type !== "plugin");
  const programs = probes.length - others.length;
  const lost = [
    ...(source === undefined ? [] : [`${name}: source, which is of this machine`]),
    ...(admin === undefined ? [] : [`${name}: admin, which is a login of yours`]),
    ...(programs === 0 ? [] : [`${name}: ${plural(programs, "probe")} by a program`]),
    ...(after.length === 0 ? [] : [`${name}: after, which runs programs`]),
  ];
  return { draft: { ...rest, name, probes: others }, lost };
}

/** Whether a payload comes from something of this machine. */
function isElsewhere(payload: KnockPayload): boolean {
  return payload.kind === "bytes" ||
    (payload.kind === "secret" && payload.source.kind !== "prompt");
}

function hasSecret({ knocks, close = [], fwknop }: Target): boolean {
  return fwknop !== undefined ||
    [...knocks, ...close].some(({ payload }) => payload.kind !== "none");
}

/** Returns a knock with its secret as a hash, or asked for where it is not given. */
function moveKnock(knock: Knock, secret: Uint8Array | undefined): Knock {
  return { ...knock, payload: movePayload(knock.payload, secret) };
}

function movePayload(payload: KnockPayload, secret: Uint8Array | undefined): KnockPayload {
  if (payload.kind === "none") return payload;
  if (payload.kind === "bytes") {
    if (secret !== undefined) return payload;
    return { kind: "bytes", bytes: new TextEncoder().encode(PAYLOAD_PLACEHOLDER) };
  }
  if (secret !== undefined) {
    return { kind: "secret", source: { kind: "hash", hash: new TextDecoder().decode(secret) } };
  }
  return payload.source.kind === "prompt" ? payload : PROMPTED;
}

const PROMPTED: KnockPayload & { kind: "secret" } = { kind: "secret", source: { kind: "prompt" } };

function moveKeys(fwknop: Fwknop, opening: readonly Uint8Array[] | undefined): Fwknop {
  const [key, hmacKey] = opening ?? [];
  const texts = { key, hmacKey };
  return mapKeys(fwknop, (each, use) => {
    const bytes = texts[use];
    return { ...each, payload: bytes === undefined ? PROMPTED : { kind: "bytes", bytes } };
  });
}
