/** New keys for a door of fwknopd, and the target that names them. */
import { addTargets } from "../../config/changes.ts";
import { type Problem, UsageError } from "../../core/errors.ts";
import {
  type Fwknop,
  FWKNOP_DEFAULTS,
  FWKNOP_OPEN_FOR_MS,
  FWKNOP_PORT,
  type FwknopKey,
} from "../../core/fwknop.ts";
import type { Service } from "../../core/service.ts";
import { checkAccess } from "../../fwknop/message.ts";
import {
  locateKeyFile,
  nameKeyFile,
  readSaved,
  saveWithSecrets,
  type TargetsFile,
} from "../secret_files.ts";

/** Random bytes of each key: what fwknop's own --key-gen makes. */
const KEY_BYTES = { key: 32, hmacKey: 64 } as const;

/** Both keys, in base64. */
interface FwknopKeys {
  key: string;
  hmacKey: string;
}

/** Returns new keys. */
export function makeFwknopKeys(): FwknopKeys {
  const make = (count: number) => crypto.getRandomValues(new Uint8Array(count)).toBase64();
  return { key: make(KEY_BYTES.key), hmacKey: make(KEY_BYTES.hmacKey) };
}

/** A new door. */
interface FwknopDoorRequest {
  name: string;
  host: string;
  opens: readonly Service[];
  /** The udp port of the daemon. */
  port?: number | undefined;
  /** What its packets ask for; the daemon's own time where undefined. */
  openForMs?: number | undefined;
}

/** What was made. */
interface MadeFwknopDoor extends FwknopKeys {
  keyFile: string;
  hmacKeyFile: string;
  fwknop: Fwknop;
  warnings: readonly Problem[];
}

/**
 * Makes both keys and saves the target that names their files.
 *
 * @throws {UsageError} if the target is saved already; {RangeError} for what fwknopd cannot open;
 * {ConfigError} where nothing was saved.
 */
export async function makeFwknopDoor(
  { name, host, opens, port = FWKNOP_PORT, openForMs }: FwknopDoorRequest,
  { file, fs }: TargetsFile,
): Promise<MadeFwknopDoor> {
  checkAccess(opens);
  const { text, written } = await readSaved({ file, fs });
  if (written.targets.has(name)) {
    throw new UsageError(`"${name}" is saved already`, {
      hint: written.targets.get(name)?.fwknop === undefined
        ? `choose another name, or remove it first: spknock remove ${name}`
        : `what its server needs: spknock fwknop access ${name}`,
    });
  }
  const keys = makeFwknopKeys();
  const paths = { key: nameKeyFile(name), hmacKey: nameKeyFile(name).replace(/key$/, "hmac") };
  const name64 = (path: string): FwknopKey => ({
    payload: { kind: "secret", source: { kind: "file", path } },
    isBase64: true,
  });
  const key = name64(paths.key);
  const fwknop: Fwknop = {
    ...FWKNOP_DEFAULTS,
    key,
    hmacKey: name64(paths.hmacKey),
    asksTime: openForMs !== undefined,
  };
  const draft = {
    name,
    host,
    opens,
    fwknop,
    knocks: [{ port, protocol: "udp", payload: key.payload }],
    openForMs: openForMs ?? FWKNOP_OPEN_FOR_MS,
  } as const;
  const warnings = await saveWithSecrets({
    text,
    edit: (now) => addTargets(now, [draft], { file }),
    secrets: [
      { path: paths.key, text: `${keys.key}\n` },
      { path: paths.hmacKey, text: `${keys.hmacKey}\n` },
    ],
  }, { file, fs });
  return {
    ...keys,
    fwknop,
    keyFile: locateKeyFile(paths.key, file),
    hmacKeyFile: locateKeyFile(paths.hmacKey, file),
    warnings,
  };
}
