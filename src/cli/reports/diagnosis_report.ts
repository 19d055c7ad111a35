/** What the doctor found, and the most likely cause. */
import { renderDuration, renderElapsed } from "../../core/duration.ts";
import { renderPortSpec } from "../../core/knock.ts";
import type { SpknockError } from "../../core/errors.ts";
import { findSkew } from "../../core/rolling.ts";
import { plural } from "../../core/text.ts";
import type {
  AddressEvidence,
  DoorEvidence,
  Evidence,
  KnockPortEvidence,
  NameEvidence,
  SynEvidence,
} from "../../doctor/evidence.ts";
import { describeDistance, describeTolerance } from "../../doctor/causes_of_codes.ts";
import type { Diagnosis } from "../../doctor/finding.ts";
import { findReporter } from "../../doctor/path.ts";
import type { Output } from "../../output/output.ts";
import { sanitize } from "../../output/sanitize.ts";
import { renderList } from "../../output/table.ts";
import { toErrorValue } from "../report_error.ts";

/** Prints the evidence and the diagnosis for people or scripts. */
export function reportDiagnosis(
  { evidence, diagnosis, name }: {
    evidence: Evidence;
    diagnosis: Diagnosis;
    name: string | undefined;
  },
  out: Output,
): void {
  const { style } = out;
  const rows = listRows(evidence);
  const remote = diagnosis.remote ?? null;
  out.value({
    target: name ?? null,
    ok: diagnosis.kind === "fine",
    cause: {
      code: diagnosis.code,
      text: diagnosis.cause,
      fix: diagnosis.fix || null,
      remote,
    },
    evidence: toEvidenceValue(evidence),
  });
  const width = out.isLive ? out.width : Infinity;
  const list = renderList(rows.map(([what, found]) => [sanitize(what), sanitize(found)]), {
    width,
  });
  if (list !== "") out.say(`${list}\n`);
  const paint = diagnosis.kind === "fine" ? style.good : style.warn;
  out.print(`${out.wrap(paint(sanitize(diagnosis.cause)))}\n`);
  if (diagnosis.fix !== "") out.print(`${style.strong("fix:")} ${sanitize(diagnosis.fix)}\n`);
  if (remote !== null) out.print(`${style.strong("on the firewall:")} ${sanitize(remote)}\n`);
}

type Row = [what: string, found: string];

/** What shows that a daemon opens the door. */
const DAEMONS: Readonly<Record<NonNullable<DoorEvidence["daemon"]>, string>> = {
  knockd: "knockd, as its target says: regular knocks, each sent once",
  fwknopd: "fwknopd, as its target says: one packet of its own for each try",
};

/** What was looked at, what was found, and after the knocks. */
function listRows({ files, time, names, codes = [], clocks, door }: Evidence): Row[] {
  const rows: Row[] = [
    ...files.map(({ role, path, found }): Row => [role, `${path}, ${found}`]),
    ["clock", `${time}${describeSynchronized(clocks)}`],
    ...(clocks?.others ?? []).map(({ source, aheadMs, errorMs }): Row => [
      "other clock",
      `${source}: ${describeDistance(aheadMs)} this machine's, to ${renderElapsed(errorMs)}`,
    ]),
    ...(clocks?.failure === undefined ? [] : [["other clock", clocks.failure] satisfies Row]),
    ...codes.map((each): Row => [
      "codes",
      `${each.target}: ${describeTolerance(each)}; ${each.horizon}`,
    ]),
    ...names.map((each): Row => [
      "host",
      (names.length > 1 ? `${each.target}: ` : "") + describeName(each),
    ]),
  ];
  if (door === undefined) return rows;
  const { longestGapMs, stageTimeoutMs } = door.timing;
  const pace = `${renderDuration(longestGapMs)} at most between two knocks of a first try, ` +
    `the firewall waits ${renderDuration(stageTimeoutMs)}`;
  rows.push(["pace", pace]);
  if (door.daemon !== undefined) rows.push(["daemon", DAEMONS[door.daemon]]);
  if (door.sequences !== undefined) {
    const { file, left, error } = door.sequences;
    rows.push(["sequences", error ?? `${file}, ${left} left`]);
  }
  return [...rows, ...door.addresses.flatMap((each) => listAddressRows(each, door.port))];
}

function describeSynchronized(clocks: Evidence["clocks"]): string {
  if (clocks?.isSynchronized === undefined) return "";
  return clocks.isSynchronized ? ", set by the network" : ", not set by the network";
}

/** A host and its addresses; an address alone is both. */
function describeName({ host, addresses, failure }: NameEvidence): string {
  if (failure !== undefined) return failure.message;
  return addresses.length === 1 && addresses[0] === host
    ? host
    : `${host}: ${addresses.join(", ")}`;
}

function listAddressRows(evidence: AddressEvidence, port: number): Row[] {
  const { address, ping, before, after, handshake, tries, knockPorts, failure } = evidence;
  const echo = ping === undefined ? "cannot be asked" : ping ? "answered" : "silent";
  const lines = [
    `ping ${echo}`,
    ...describePath(evidence),
    `port ${port} before: ${describeSyn(before)}`,
    ...knockPorts.map(describeKnockPort),
  ];
  if (failure !== undefined) lines.push(`knock: ${failure.message}`);
  if (after !== undefined) {
    lines.push(`port ${port} after ${plural(tries, "try", "tries")}: ${describeSyn(after)}`);
  }
  if (handshake !== undefined) {
    lines.push(`port ${port} after knocks with handshakes: ${describeSyn(handshake)}`);
  }
  return lines.map((line) => [address, line]);
}

/** A SYN is the question at the port of a udp knock too. */
function describeKnockPort({ port, protocol, before }: KnockPortEvidence): string {
  const way = protocol === "tcp" ? "" : ", asked over tcp,";
  return `knock port ${renderPortSpec({ port, protocol })}${way} before: ${describeSyn(before)}`;
}

/** What is unusual on the way. */
function describePath({ address, path }: AddressEvidence): string[] {
  const { noRoute, missing, report, refusal } = path;
  const hop = missing === address.split("%")[0] ? "it" : missing;
  return [
    ...(noRoute === undefined ? [] : [`route: ${noRoute}`]),
    ...(missing === undefined ? [] : [`${hop} does not answer on the local network`]),
    ...(report === undefined ? [] : [`${report.by} reports: ${report.text}`]),
    ...(refusal === undefined ? [] : [`this machine reports: ${refusal}`]),
  ];
}

function describeSyn({ answer, ms, detail }: SynEvidence): string {
  const time = answer === "silent" ? `for ${renderElapsed(ms)}` : `in ${renderElapsed(ms)}`;
  return `${answer} ${time}${detail === "" ? "" : `, ${detail}`}`;
}

/** The evidence as the JSON contract has it. */
function toEvidenceValue({ files, time, names, codes, clocks, door }: Evidence): unknown {
  const toFailureValue = (failure: SpknockError | undefined) =>
    failure === undefined ? null : toErrorValue(failure);
  return {
    files: files.map(({ role, path, found, problem }) => ({
      role,
      path,
      found,
      problem: problem?.cause ?? null,
    })),
    time,
    ...(codes === undefined || clocks === undefined ? {} : {
      codes: codes.map(({ target, state, horizon, windowMs }) => ({
        target,
        horizon: state,
        text: horizon,
        skew_ms: findSkew({ windowMs }),
        window_ms: windowMs,
      })),
      clocks: {
        is_synchronized: clocks.isSynchronized ?? null,
        others: clocks.others.map(({ source, aheadMs, errorMs }) => ({
          source,
          ahead_ms: Math.round(aheadMs),
          error_ms: Math.round(errorMs),
        })),
        failure: clocks.failure ?? null,
      },
    }),
    names: names.map(({ target, host, addresses, failure }) => ({
      target,
      host,
      addresses,
      error: toFailureValue(failure),
    })),
    door: door === undefined ? null : {
      port: door.port,
      daemon: door.daemon ?? null,
      sequences: door.sequences ?? null,
      longest_gap_ms: door.timing.longestGapMs,
      open_for_ms: door.openForMs,
      has_waited: door.hasWaited,
      stage_timeout_ms: door.timing.stageTimeoutMs,
      secret_error: toFailureValue(door.noSecret),
      addresses: door.addresses.map((each) => ({
        address: each.address,
        family: each.family,
        ping: each.ping ?? null,
        before: each.before,
        after: each.after ?? null,
        tries: each.tries,
        handshake: each.handshake ?? null,
        knock_ports: each.knockPorts,
        path: {
          device: each.path.route?.device ?? null,
          gateway: each.path.route?.gateway ?? null,
          source: each.path.route?.source ?? null,
          no_route: each.path.noRoute ?? null,
          missing: each.path.missing ?? null,
          report: each.path.report ?? null,
          refusal: each.path.refusal ?? null,
        },
        reported_by: findReporter(each) ?? null,
        error: toFailureValue(each.failure),
      })),
    },
  };
}
