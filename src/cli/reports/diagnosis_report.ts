/** What the doctor found, and the most likely cause. */
import { renderDuration, renderElapsed } from "../../core/duration.ts";
import type { SpknockError } from "../../core/errors.ts";
import { plural } from "../../core/text.ts";
import type { Diagnosis } from "../../doctor/causes.ts";
import type { Evidence, SynEvidence } from "../../doctor/evidence.ts";
import type { Output } from "../../output/output.ts";
import { sanitize } from "../../output/sanitize.ts";
import { renderTable } from "../../output/table.ts";
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
  out.value({
    target: name ?? null,
    ok: diagnosis.kind === "fine",
    cause: { code: diagnosis.code, text: diagnosis.cause, fix: diagnosis.fix || null },
    evidence: toEvidenceValue(evidence),
  });
  out.say(renderTable(rows.map((cells) => cells.map(sanitize))));
  const paint = diagnosis.kind === "fine" ? style.good : style.warn;
  out.print(`${rows.length > 0 ? "\n" : ""}${paint(sanitize(diagnosis.cause))}\n`);
  if (diagnosis.fix !== "") out.print(`${style.strong("fix:")} ${sanitize(diagnosis.fix)}\n`);
}

/** What was looked at, what was found, and after the knocks. */
function listRows({ files, time, names, door }: Evidence): string[][] {
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
    rows.push([
      address,
      `port ${door.port} after ${plural(tries, "try", "tries")}: ${describeSyn(after)}`,
    ]);
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
function toEvidenceValue({ files, time, names, door }: Evidence): unknown {
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
    names: names.map(({ host, addresses, failure }) => ({
      host,
      addresses,
      error: toFailureValue(failure),
    })),
    door: door === undefined ? null : {
      port: door.port,
      longest_gap_ms: door.timing.longestGapMs,
      stage_timeout_ms: door.timing.stageTimeoutMs,
      secret_error: toFailureValue(door.noSecret),
      addresses: door.addresses.map((each) => ({
        address: each.address,
        family: each.family,
        ping: each.ping ?? null,
        before: each.before,
        after: each.after ?? null,
        tries: each.tries,
        knock_ports: each.knockPorts.map((port) => ({ ...port, after: port.after ?? null })),
        error: toFailureValue(each.failure),
      })),
    },
  };
}
