/** Everything that the doctor goes by: files, names, and what a target's ports answer. */
import type { Config } from "../config/mod.ts";
import {
  type ConfigError,
  renderProblem,
  SecretError,
  SpknockError,
  UsageError,
} from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import { diagnose } from "../doctor/causes.ts";
import type { Evidence, NameEvidence } from "../doctor/evidence.ts";
import { lookAtConfig, lookAtSecrets, type SecretVerdict } from "../doctor/files.ts";
import { findProbedPort } from "../probe/mod.ts";
import { hasMark, isUtf16, readPassphrase } from "../secret/text.ts";
import { MAX_SECRET_BYTES } from "../secret/kinds.ts";
import { examineTarget } from "./examine_target.ts";
import type { Ports } from "./ports.ts";
import { type ResolvedTarget, resolveTarget } from "./resolve_targets.ts";

const SSH_PORT = 22;

/** How evidence is gathered. */
interface GatherOptions {
  /** The target to examine; undefined where only files and names are looked at. */
  target: Target | undefined;
  /** Milliseconds that one question may take. */
  timeoutMs: number;
  /** Whether the command line has the secrets. */
  hasOwnSecrets?: boolean;
  /** Whether empty passphrases are meant. */
  allowEmpty?: boolean | undefined;
  /** Collects the payloads of the target; undefined where no knock is sent. */
  collect: (() => Promise<readonly Uint8Array[] | undefined>) | undefined;
}

/** Returns the evidence where the configuration is wrong: nothing else can be looked at. */
export function makeConfigEvidence(path: string, error: ConfigError): Evidence {
  const [first] = error.problems;
  const more = error.problems.length - 1;
  const cause = first === undefined ? error.message : renderProblem(first);
  const problem = {
    kind: "config" as const,
    cause: `${cause}${more > 0 ? ` (and ${more} more)` : ""}.`,
    fix: error.hint ?? "correct the file; spknock list names every mistake",
  };
  const files = [{ role: "targets", path, found: "wrong", problem }];
  return { files, time: new Date().toISOString(), names: [], door: undefined };
}

/**
 * Looks at the files and names of the configuration and, where those are right, examines the target.
 *
 * @throws the signal's reason when it aborts; CancelledError from a prompt.
 */
export async function gatherEvidence(
  config: Config,
  ports: Ports,
  { target, timeoutMs, collect, hasOwnSecrets = false, allowEmpty = false }: GatherOptions,
): Promise<Evidence> {
  const home = ports.env("HOME") ?? ports.env("USERPROFILE");
  const filePorts = {
    fileMode: ports.fileMode,
    home,
    env: ports.env,
    readFile: (path: string) => ports.fs.read(path, MAX_SECRET_BYTES),
    judge: (bytes: Uint8Array) => judgePassphrase(bytes, { allowEmpty }),
  };
  const targets = target === undefined ? [...config.targets.values()] : [target];
  const files = [
    ...await lookAtConfig(config.file, filePorts),
    // What --secrets-from gives replaces them.
    ...hasOwnSecrets ? [] : await lookAtSecrets(targets, filePorts),
  ];
  ports.dropPermissions(["write"]);
  const looked = await Promise.all(targets.map((each) => lookUpName(each, ports)));
  const names = looked.map(({ evidence }) => evidence);
  const found = { files, time: new Date().toISOString(), names, door: undefined };
  const resolved = looked[0]?.resolved;
  const isWrong = diagnose(found).kind !== "fine";
  if (target === undefined || resolved === undefined || isWrong) return found;
  const port = findExaminedPort(target);
  const { payloads, noSecret } = await collectOrExplain(collect);
  return {
    ...found,
    door: await examineTarget(resolved, ports, { port, timeoutMs, payloads, noSecret }),
  };
}

/** What is wrong with the passphrase in some bytes, or worth a note. */
function judgePassphrase(
  bytes: Uint8Array,
  { allowEmpty }: { allowEmpty: boolean },
): SecretVerdict | undefined {
  if (isUtf16(bytes)) {
    return { found: "UTF-16", problem: { cause: "is UTF-16 text", fix: "save it as UTF-8" } };
  }
  const line = readPassphrase(bytes, { subject: "it", allowEmpty: true });
  if (line.length === 0 && !allowEmpty) {
    const fix = "write the passphrase into its first line";
    return { found: "empty", problem: { cause: "is empty", fix } };
  }
  return hasMark(bytes) ? { found: "a byte order mark at its start is left out" } : undefined;
}

/** The TCP port whose answers show whether the door is open. */
function findExaminedPort(target: Target): number {
  const port = findProbedPort(target, { protocol: "tcp" })?.port ?? target.connect?.port;
  if (port === undefined && findProbedPort(target) !== undefined) {
    throw new UsageError(`"${target.name}" has only a UDP probe, and doctor examines TCP ports`, {
      hint: "give it a probe of a TCP port that opens too, or connect.port",
    });
  }
  return port ?? SSH_PORT;
}

async function lookUpName(
  target: Target,
  ports: Ports,
): Promise<{ evidence: NameEvidence; resolved?: ResolvedTarget }> {
  const { host } = target;
  try {
    const resolved = await resolveTarget(target, ports);
    const addresses = resolved.resolved.all.map(({ address }) => address);
    return { evidence: { host, addresses, failure: undefined }, resolved };
  } catch (error) {
    if (!(error instanceof SpknockError)) throw error;
    return { evidence: { host, addresses: [], failure: error } };
  }
}

async function collectOrExplain(
  collect: GatherOptions["collect"],
): Promise<{ payloads: readonly Uint8Array[] | undefined; noSecret: SecretError | undefined }> {
  try {
    return { payloads: await collect?.(), noSecret: undefined };
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    return { payloads: undefined, noSecret: error };
  }
}
