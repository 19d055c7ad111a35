/** Everything that the doctor goes by: files, names, and what a target's ports answer. */
import { mayChangeMode } from "../../config/files.ts";
import type { Config } from "../../config/mod.ts";
import {
  type ConfigError,
  renderProblem,
  SecretError,
  SpknockError,
  UsageError,
} from "../../core/errors.ts";
import { isAmong } from "../../core/service.ts";
import { findHome } from "../../core/system/home.ts";
import type { Target } from "../../core/target.ts";
import { diagnose } from "../../doctor/causes.ts";
import type {
  ClockEvidence,
  Evidence,
  FileEvidence,
  Invocation,
  NameEvidence,
} from "../../doctor/evidence.ts";
import { lookAtConfig } from "../../doctor/files.ts";
import { renderCommand } from "../../doctor/remedies.ts";
import type { Payloads } from "../../knock/until_open.ts";
import { lookAtSecrets, lookAtSecretsFile } from "../../doctor/secrets.ts";
import { findProbedPort, listOpenServices } from "../../probe/mod.ts";
import { type CollectedPayloads, type ExamineOptions, examineTarget } from "./examine_target.ts";
import { askSshClock, askWebClocks, lookAtCodes, lookAtOwnClock } from "./look_at_clocks.ts";
import type { Ports } from "../ports.ts";
import { type ResolvedTarget, resolveTarget } from "../resolve_targets.ts";

const SSH_PORT = 22;

/** How evidence is gathered. */
interface GatherOptions {
  /** The target to examine; undefined where only files and names are looked at. */
  target: Target | undefined;
  /** Milliseconds that one question may take. */
  timeoutMs: number;
  /** A file of passphrases that replaces every source; `-` for standard input. */
  secretsFrom: string | undefined;
  /** Collects the payloads of the target; undefined where no knock is sent. */
  collect: (() => Promise<Payloads | undefined>) | undefined;
  looksAtPorts: ExamineOptions["looksAtPorts"];
  waits: ExamineOptions["waits"];
  onWait: ExamineOptions["onWait"];
  /** `[USER@]HOST` whose clock is asked for over ssh. */
  ssh?: string | undefined;
  invocation: Invocation;
}

/** Bytes of a secret file that show its encoding, and whether it is empty. */
const LOOK_BYTES = 64;

/** Returns the evidence where the configuration is wrong: nothing else can be looked at. */
export function makeConfigEvidence(
  path: string,
  error: ConfigError,
  invocation: Invocation,
): Evidence {
  const [first] = error.problems;
  const more = error.problems.length - 1;
  const cause = first === undefined ? error.message : renderProblem(first);
  const note = error.hint === undefined ? "" : `: ${error.hint}`;
  const problem = {
    kind: "config" as const,
    cause: `${cause}${more > 0 ? ` (and ${more} more)` : ""}${note}.`,
    fix: renderCommand(["list"], invocation),
  };
  const files = [{ role: "targets", path, found: "wrong", problem }];
  return { invocation, files, time: new Date().toISOString(), names: [], door: undefined };
}

/**
 * Looks at the files and names of the configuration and, where those are right, examines the target.
 *
 * @throws the signal's reason when it aborts; CancelledError from a prompt.
 */
export async function gatherEvidence(
  config: Config,
  ports: Ports,
  options: GatherOptions,
): Promise<Evidence> {
  const { target, timeoutMs, invocation } = options;
  const targets = target === undefined ? [...config.targets.values()] : [target];
  const codes = lookAtCodes(targets);
  const needsClock = codes.length > 0 || targets.some(({ fwknop }) => fwknop !== undefined);
  const isSynchronized = needsClock ? await lookAtOwnClock(ports) : undefined;
  ports.dropPermissions(target === undefined ? ["write", "run"] : ["write"]);
  const files = await lookAtFiles(config.file, targets, { ports, options });
  const looked = await Promise.all(targets.map((each) => lookUpName(each, ports)));
  const names = looked.map(({ evidence }) => evidence);
  const time = new Date().toISOString();
  const clocks = needsClock ? { isSynchronized, others: [] } : undefined;
  const found = { invocation, files, time, names, codes, clocks, door: undefined };
  const resolved = looked[0]?.resolved;
  const isWrong = diagnose(found).kind !== "fine";
  if (target === undefined || resolved === undefined || isWrong) {
    ports.dropPermissions(["run"]);
    return found;
  }
  const door = await examineTarget(resolved, ports, {
    ...options,
    port: findExaminedPort(target),
    timeoutMs,
    collect: () => collectOrExplain(options.collect),
    keepsRun: options.ssh !== undefined,
  });
  // After the knocks: the door may be open.
  return {
    ...found,
    clocks: clocks && await compareClocks(clocks, resolved, { ports, options }),
    door,
  };
}

async function compareClocks(
  own: ClockEvidence,
  resolved: ResolvedTarget,
  { ports, options: { timeoutMs, ssh } }: { ports: Ports; options: GatherOptions },
): Promise<ClockEvidence> {
  const byWeb = await askWebClocks(resolved, ports, { timeoutMs });
  if (ssh === undefined) return { ...own, others: byWeb };
  const asked = await askSshClock(ssh, ports);
  ports.dropPermissions(["run"]);
  return "other" in asked
    ? { ...own, others: [...byWeb, asked.other] }
    : { ...own, others: byWeb, failure: asked.failure };
}

async function lookAtFiles(
  file: string,
  targets: readonly Target[],
  { ports, options: { secretsFrom, invocation } }: { ports: Ports; options: GatherOptions },
): Promise<FileEvidence[]> {
  const lookPorts = {
    fileMode: ports.fileMode,
    stat: ports.fs.stat,
    mayChangeMode: (uid: number | null) => mayChangeMode(uid, ports.fs),
    readFile: (path: string) => ports.fs.read(path, LOOK_BYTES),
    env: ports.env,
    home: findHome(ports),
    invocation,
  };
  const secrets = secretsFrom === undefined
    ? await lookAtSecrets(targets, lookPorts)
    : secretsFrom === "-"
    ? []
    : [await lookAtSecretsFile(secretsFrom, lookPorts)];
  return [...await lookAtConfig(file, lookPorts), ...secrets];
}

/** The TCP port whose answers show whether the door is open. */
function findExaminedPort(target: Target): number {
  const port = findProbedPort(target, { protocol: "tcp" })?.port ?? target.connect?.port;
  if (port !== undefined) return port;
  const services = listOpenServices(target);
  const ssh = { protocol: "tcp", port: SSH_PORT };
  if (services.length === 0 || isAmong(services, ssh)) return SSH_PORT;
  throw new UsageError(`"${target.name}" names no single TCP port, and doctor examines one`, {
    hint: "give it a TCP port that opens too: opens, a probe or connect.port",
  });
}

async function lookUpName(
  target: Target,
  ports: Ports,
): Promise<{ evidence: NameEvidence; resolved?: ResolvedTarget }> {
  const { host, name } = target;
  try {
    const resolved = await resolveTarget(target, ports);
    const addresses = resolved.resolved.all.map(({ address }) => address);
    return { evidence: { target: name, host, addresses, failure: undefined }, resolved };
  } catch (error) {
    if (!(error instanceof SpknockError)) throw error;
    return { evidence: { target: name, host, addresses: [], failure: error } };
  }
}

async function collectOrExplain(
  collect: GatherOptions["collect"],
): Promise<CollectedPayloads> {
  try {
    return { payloads: await collect?.(), noSecret: undefined };
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    return { payloads: undefined, noSecret: error };
  }
}
