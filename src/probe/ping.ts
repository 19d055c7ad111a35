/** `ping`: the system's own `ping`, one echo at a time until one is answered. */
import { buildPingCommand } from "../net/ping/command.ts";
import { isWithoutRoute, type PingReading, readPing } from "../net/ping/output.ts";
import { findReporter, THIS_MACHINE } from "../net/socket_errors.ts";
import type { Probe } from "./probe.ts";
import { findLastLine } from "./program.ts";

/** What is said about a packet that did not arrive, by a router, the host, or this machine itself. */
function findReport(
  { report, refusal = "" }: PingReading,
  stderr: string,
): { detail: string; reportedBy: string } | undefined {
  if (report !== undefined) return { detail: report.line, reportedBy: report.by };
  if (!isWithoutRoute(refusal)) return undefined;
  const line = stderr.split("\n").find((each) => each.includes(refusal));
  return { detail: (line ?? refusal).trim(), reportedBy: THIS_MACHINE };
}

const REPORTERS = { "this machine": "this machine reports", host: "the host itself reports" };

/** Asks for an echo until there is one. */
export const probe: Probe<"ping"> = async (_spec, context) => {
  const { clock, signal, os, address, source } = context;
  const start = clock.now();
  const end = start + context.silenceTimeoutMs;
  const command = buildPingCommand(os, { address, source });
  for (;;) {
    const asked = clock.now();
    const timeoutMs = Math.max(1, Math.min(1_500, end - asked));
    const ended = await context.runProgram(command, { timeoutMs, signal });
    const { code, stderr } = ended;
    const reading = readPing(ended, os);
    const ms = clock.now() - start;
    if (reading.ping) {
      const { time } = reading;
      return { status: "open", ms, detail: time === undefined ? "" : `echo in ${time} ms` };
    }
    const report = findReport(reading, stderr);
    if (report === undefined && (reading.ping === undefined || reading.refusal !== undefined)) {
      const said = findLastLine(stderr.trim().split("\n")[0] ?? "") || reading.refusal;
      return { status: "error", ms, detail: said ?? `ping ended with ${code}` };
    }
    // A ping that failed at once (no route) must not spin.
    await clock.sleepUntil(Math.min(end, asked + 250), signal);
    if (clock.now() < end) continue;
    const closed = { status: "closed" as const, ms: clock.now() - start };
    if (report === undefined) return { ...closed, detail: "no echo" };
    const { reportedBy, detail } = report;
    const who = findReporter({ address, reportedBy });
    const by = who === "this machine" || who === "host" ? `${REPORTERS[who]}: ` : "";
    return { ...closed, detail: `${by}${detail}`, isUnreachable: true, reportedBy };
  }
};
