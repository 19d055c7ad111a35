/**
 * Saves the target of a new door with what it picks for it: the kind of its knocks, their secrets and ports.
 *
 * Rules:
 * - each secret is random: a key of 256 bits for one-time codes, passphrases of 128 bits else, each in a file
 *   of its own with mode 0600;
 * - it has a closing knock with a secret of its own, so that the door can be proven shut, and shut by hand;
 * - files that an interrupted setup left are used, and no other file is overwritten.
 */
import { addTargets, type TargetDraft } from "../../config/changes.ts";
import type { Problem } from "../../core/errors.ts";
import type { Knock, KnockPayload } from "../../core/knock.ts";
import { DEFAULT_ROLLING, isKey, makeKey, type Rolling } from "../../core/rolling.ts";
import type { Service } from "../../core/service.ts";
import { findSshPort } from "../../probe/mod.ts";
import { needsHorizon } from "../../rules/mod.ts";
import {
  chooseSecretFile,
  type NewSecret,
  readSaved,
  saveWithSecrets,
  type TargetsFile,
} from "../secret_files.ts";
import { chooseKind, type ServerFacts } from "./choose_kind.ts";
import { pickPorts } from "./pick_ports.ts";
import type { DoorKind, SetupRequest } from "./request.ts";
import { makeHorizon } from "./horizon.ts";

/** Passphrases in a sequence without one-time codes. */
const PASSPHRASES = 3;
const PASSPHRASE_BYTES = 16;
const SSH_PORT = 22;

/** A new door, before it is saved. */
interface NewDoorRequest extends SetupRequest {
  host: string;
  opens: readonly Service[];
  /** The port of ssh's login. */
  sshPort: number;
}

/** Where it is saved, and what is known. */
interface NewDoorOptions extends TargetsFile {
  facts: ServerFacts;
  /** Unix milliseconds. */
  now: number;
}

/**
 * Saves the target.
 *
 * @throws {UsageError} where the server cannot check the codes that were asked for; {ConfigError} where nothing was saved.
 */
export async function saveNewDoor(
  request: NewDoorRequest,
  { facts, now, file, fs }: NewDoorOptions,
): Promise<{ kind: DoorKind; reason: string | undefined; warnings: readonly Problem[] }> {
  const { kind, reason } = chooseKind(facts, { wanted: request.kind, now });
  const secrets = await makeSecrets(request, kind, { file, fs });
  const hasEnd = kind === "codes" && needsHorizon(facts.backend);
  const rolling = kind === "codes"
    ? { ...DEFAULT_ROLLING, ...(hasEnd ? makeHorizon(now) : {}) }
    : undefined;
  const draft = makeDraft(request, { facts, secrets, rolling });
  const { text } = await readSaved({ file, fs });
  const edit = (present: string) => addTargets(present, [draft], { file });
  const warnings = await saveWithSecrets({
    secrets: secrets.files,
    edit,
    text,
  }, { file, fs });
  return { kind, reason, warnings };
}

/** What the knocks carry, and the files that have to be there for it. */
interface DoorSecrets {
  opening: readonly KnockPayload[];
  closing: readonly KnockPayload[];
  files: readonly NewSecret[];
}

async function makeSecrets(
  { name, secret }: SetupRequest,
  kind: DoorKind,
  place: TargetsFile,
): Promise<DoorSecrets> {
  const count = kind === "codes" ? 1 : PASSPHRASES;
  if (secret !== undefined) {
    const given = { kind: "secret", source: secret } as const;
    return { opening: Array.from({ length: count }, () => given), closing: [], files: [] };
  }
  const files: NewSecret[] = [];
  for (let index = 0; index <= count; index++) {
    const isOfCodes = kind === "codes" && index === 0;
    const taken = files.map(({ path }) => path);
    const ending = isOfCodes ? "key" : "secret";
    const isUsable = isOfCodes ? isKey : isPassphrase;
    const chosen = await chooseSecretFile(name, { ending, isUsable, taken, ...place });
    files.push({ ...chosen, text: `${isOfCodes ? makeKey() : makePassphrase()}\n` });
  }
  const payloads = files.map(({ path }): KnockPayload => ({
    kind: "secret",
    source: { kind: "file", path },
  }));
  return { opening: payloads.slice(0, count), closing: payloads.slice(count), files };
}

function makePassphrase(): string {
  return crypto.getRandomValues(new Uint8Array(PASSPHRASE_BYTES)).toHex();
}

function isPassphrase(text: string): boolean {
  return /^[0-9a-f]{32}\n?$/.test(text);
}

function makeDraft(
  { name, place, host, opens, tags = [], sshPort }: NewDoorRequest,
  { facts: { look, backend }, secrets, rolling }: {
    facts: ServerFacts;
    secrets: DoorSecrets;
    rolling: Rolling | undefined;
  },
): TargetDraft {
  const { opening } = secrets;
  const closing = backend.supports.closing ? secrets.closing : [];
  const used = [...look.listeners, ...look.forwards ?? []];
  const ports = pickPorts(opening.length + closing.length, { used, opens });
  const knocks = [...opening, ...closing].map((payload, index): Knock => ({
    port: ports[index] ?? 0,
    protocol: "udp",
    payload,
  }));
  const close = knocks.slice(opening.length);
  return {
    name,
    host,
    opens,
    tags,
    admin: place,
    knocks: knocks.slice(0, opening.length),
    rolling,
    ...(close.length === 0 ? {} : { close }),
    ...chooseEnd({ opens, probes: [] }, sshPort),
  };
}

/** Where ssh connects to, named where it is not what a block of ssh would take by itself: a port that opens. */
function chooseEnd(
  door: Parameters<typeof findSshPort>[0],
  sshPort: number,
): Pick<TargetDraft, "connect"> {
  const isClear = sshPort === SSH_PORT && (findSshPort(door) ?? SSH_PORT) === SSH_PORT;
  return isClear ? {} : { connect: { port: sshPort } };
}
