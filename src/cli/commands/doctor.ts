/** `doctor`: gathers evidence, and ends in the one most likely cause and its fix. */
import type { Config } from "../../config/mod.ts";
import { parseDuration, renderDuration, renderElapsed } from "../../core/duration.ts";
import {
  ConfigError,
  renderProblem,
  SecretError,
  SpknockError,
  UsageError,
} from "../../core/errors.ts";
import type { Target } from "../../core/target.ts";
import { diagnose, type Diagnosis } from "../../doctor/causes.ts";
import type { DoorEvidence, Evidence, NameEvidence, SynEvidence } from "../../doctor/evidence.ts";
import { lookAtConfig, lookAtSecrets } from "../../doctor/files.ts";
import { type Resolved, resolveHost } from "../../net/resolve.ts";
import { findProbedPort } from "../../probe/mod.ts";
import { sanitize } from "../../output/sanitize.ts";
import { renderTable } from "../../output/table.ts";
import { type Context, findTarget, loadTargets, targetsPath, wantWords } from "../context.ts";
import { visitDoor } from "../doctor_visit.ts";
import { errorValue, EXIT } from "../failure.ts";
import { collectFor } from "../secrets.ts";
import { readSettings } from "../select.ts";

/** Milliseconds for one question, unless `--timeout` says otherwise. */
const TIMEOUT_MS = 1_000;
const SSH_PORT = 22;

const EXITS: Readonly<Record<Diagnosis["kind"], number>> = {
  fine: EXIT.done,
  closed: EXIT.closed,
  config: EXIT.usage,
  network: EXIT.network,
  secret: EXIT.secret,
};

/** Runs `doctor`. */
export async function run(context: Context): Promise<number> {
  const usage = "spknock doctor [TARGET]";
  const [name] = wantWords(context, { min: 0, max: 1, usage });
  const evidence = await gather(context, name);
  const diagnosis = diagnose(evidence);
  report({ evidence, diagnosis, name }, context);
  return EXITS[diagnosis.kind];
}

async function gather(context: Context, name: string | undefined): Promise<Evidence> {
  const { ports, args } = context;
  const time = new Date().toISOString();
  const filePorts = {
    fileMode: ports.fileMode,
    home: ports.env("HOME") ?? ports.env("USERPROFILE"),
  };
  const path = await targetsPath(context);
  let config: Config;
  try {
    config = await loadTargets(context);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [first] = error.problems;
    const more = error.problems.length - 1;
    const cause = first === undefined ? error.message : renderProblem(first);
    const problem = {
      kind: "config" as const,
      cause: `${cause}${more > 0 ? ` (and ${more} more)` : ""}.`,
      fix: error.hint ?? "correct the file; spknock list names every mistake",
    };
    const files = [{ role: "targets", path, found: "wrong", problem }];
    return { files, time, names: [], door: undefined };
  }
  const target = name === undefined
    ? undefined
    : { ...findTarget(config, name), ...readSettings(args) };
  const targets = target === undefined ? [...config.targets.values()] : [target];
  const files = [
    ...await lookAtConfig(config.file, filePorts),
    ...await lookAtSecrets(targets, filePorts),
  ];
  ports.dropPermissions(["write"]);
  const resolved = await Promise.all(targets.map((each) => resolve(each, context)));
  const names = resolved.map(({ evidence }) => evidence);
  const isSick = diagnose({ files, time, names, door: undefined }).kind !== "fine";
  const place = resolved[0]?.resolved;
  if (target === undefined || place === undefined || isSick) {
    return { files, time, names, door: undefined };
  }
  return { files, time, names, door: await examine({ target, resolved: place }, context) };
}

async function resolve(
  target: Target,
  { ports }: Context,
): Promise<{ evidence: NameEvidence; resolved?: Resolved }> {
  const { host, family } = target;
  const { lookup } = ports.net;
  try {
    const resolved = await resolveHost(host, { family, ...(lookup ? { lookup } : {}) });
    const addresses = resolved.all.map(({ address }) => address);
    return { evidence: { host, addresses, failure: undefined }, resolved };
  } catch (error) {
    if (!(error instanceof SpknockError)) throw error;
    return { evidence: { host, addresses: [], failure: error } };
  }
}

async function examine(
  { target, resolved }: { target: Target; resolved: Resolved },
  context: Context,
): Promise<DoorEvidence> {
  const { ports, args } = context;
  let payloads: readonly Uint8Array[] | undefined;
  let noSecret: SecretError | undefined;
  try {
    payloads = args.has("no-knock") ? undefined : (await collectFor([target], context))[0];
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    noSecret = error;
  }
  const port = findProbedPort(target, { protocol: "tcp" })?.port ?? target.connect?.port;
  if (port === undefined && findProbedPort(target) !== undefined) {
    throw new UsageError(`"${target.name}" has only a UDP probe, and doctor examines TCP ports`, {
      hint: "give it a probe of a TCP port that opens too, or connect.port",
    });
  }
  return await visitDoor({ target, resolved }, ports, {
    port: port ?? SSH_PORT,
    timeoutMs: args.read("timeout", parseDuration) ?? TIMEOUT_MS,
    payloads,
    noSecret,
  });
}

function report(
  { evidence, diagnosis, name }: {
    evidence: Evidence;
    diagnosis: Diagnosis;
    name: string | undefined;
  },
  { out }: Context,
): void {
  const { style } = out;
  const rows = rowsOf(evidence);
  out.value({
    target: name ?? null,
    ok: diagnosis.kind === "fine",
    cause: { code: diagnosis.code, text: diagnosis.cause, fix: diagnosis.fix || null },
    evidence: valueOf(evidence),
  });
  out.say(renderTable(rows.map((cells) => cells.map(sanitize))));
  const paint = diagnosis.kind === "fine" ? style.good : style.warn;
  out.print(`${rows.length > 0 ? "\n" : ""}${paint(sanitize(diagnosis.cause))}\n`);
  if (diagnosis.fix !== "") out.print(`${style.strong("fix:")} ${sanitize(diagnosis.fix)}\n`);
}

/** What was looked at, what was found, and after the knocks. */
function rowsOf({ files, time, names, door }: Evidence): string[][] {
  const rows = [
    ...files.map(({ role, path, found }) => [role, `${path}, ${found}`]),
    ["clock", time],
    ...names.map(({ host, addresses, failure }) => [
      "host",
      failure === undefined ? `${host}: ${addresses.join(", ")}` : failure.message,
    ]),
  ];
  if (door === undefined) return rows;
  const { longestGapMs, stageTimeoutMs } = door.timing;
  const pace = `${renderDuration(longestGapMs)} between two knocks at most, ` +
    `the firewall waits ${renderDuration(stageTimeoutMs)}`;
  rows.push(["pace", pace]);
  for (const { address, ping, before, after, tries, knockPorts, failure } of door.addresses) {
    const echo = ping === undefined ? "cannot be asked" : ping ? "answered" : "silent";
    rows.push([address, `ping ${echo}`]);
    rows.push([address, `port ${door.port} before: ${describeSyn(before)}`]);
    for (const { port, before } of knockPorts) {
      rows.push([address, `knock port ${port} before: ${describeSyn(before)}`]);
    }
    if (failure !== undefined) rows.push([address, `knock: ${failure.message}`]);
    if (after === undefined) continue;
    const count = tries === 1 ? "1 try" : `${tries} tries`;
    rows.push([address, `port ${door.port} after ${count}: ${describeSyn(after)}`]);
    for (const { port, after } of knockPorts) {
      if (after !== undefined) {
        rows.push([address, `knock port ${port} after: ${describeSyn(after)}`]);
      }
    }
  }
  return rows;
}

function describeSyn({ answer, ms, detail }: SynEvidence): string {
  const time = answer === "silent" ? `for ${renderElapsed(ms)}` : `in ${renderElapsed(ms)}`;
  return `${answer} ${time}${detail === "" ? "" : `, ${detail}`}`;
}

/** The evidence as the JSON contract has it. */
function valueOf({ files, time, names, door }: Evidence): unknown {
  const failureOf = (failure: SpknockError | undefined) =>
    failure === undefined ? null : errorValue(failure);
  return {
    files: files.map(({ role, path, found, problem }) => ({
      role,
      path,
      found,
      problem: problem?.cause ?? null,
    })),
    time,
    names: names.map(({ host, addresses, failure }) => ({
      host,
      addresses,
      error: failureOf(failure),
    })),
    door: door === undefined ? null : {
      port: door.port,
      longest_gap_ms: door.timing.longestGapMs,
      stage_timeout_ms: door.timing.stageTimeoutMs,
      secret_error: failureOf(door.noSecret),
      addresses: door.addresses.map((each) => ({
        address: each.address,
        family: each.family,
        ping: each.ping ?? null,
        before: each.before,
        after: each.after ?? null,
        tries: each.tries,
        knock_ports: each.knockPorts.map((port) => ({ ...port, after: port.after ?? null })),
        error: failureOf(each.failure),
      })),
    },
  };
}
