/** `ping`: the system's own `ping`, one echo at a time until one is answered. */
import { findReporter, THIS_MACHINE } from "../net/socket_errors.ts";
import { pickSource } from "../net/source.ts";
import type { Probe } from "./probe.ts";
import { findLastLine } from "./program.ts";

/** Returns each system's command for one numeric echo that is waited for a second at most. */
export function buildPingCommand(os: string, { address, family, source: given }: {
  address: string;
  family: "ipv4" | "ipv6";
  source?: string | undefined;
}): string[] {
  // Only Linux's takes an interface.
  const source = os === "linux" ? given : pickSource(given, address);
  const version = family === "ipv6" ? "-6" : "-4";
  if (os === "windows") {
    return ["ping", version, "-n", "1", "-w", "1000", ...(source ? ["-S", source] : []), address];
  }
  if (os === "darwin") {
    const program = family === "ipv6" ? "ping6" : "ping";
    return [program, "-n", "-c", "1", ...(source ? ["-S", source] : []), address];
  }
  return ["ping", version, "-n", "-c", "1", "-W", "1", ...(source ? ["-I", source] : []), address];
}

/**
 * What `ping` says about a packet that did not arrive: "From 192.0.2.254 icmp_seq=1 Destination Host
 * Unreachable" (iputils), "92 bytes from 192.0.2.254: Destination Host Unreachable" (macOS), "Reply from
 * 192.0.2.254: ..." (Windows), or what the kernel said to it: "ping: connect: No route to host".
 */
function findReport(output: string): { detail: string; reportedBy: string } | undefined {
  for (const line of output.split("\n")) {
    if (!/unreachable|prohibited|filtered|no route to host/i.test(line)) continue;
    const by = /\bfrom ([\da-f.:]*[\da-f](?:%[^\s:]+)?)/i.exec(line)?.[1];
    return { detail: line.trim(), reportedBy: by ?? THIS_MACHINE };
  }
  return undefined;
}

const REPORTERS = { "this machine": "this machine reports", host: "the host itself reports" };

/** Asks for an echo until there is one. */
export const probe: Probe<"ping"> = async (_spec, context) => {
  const { clock, signal } = context;
  const start = clock.now();
  const end = start + context.silenceTimeoutMs;
  const command = buildPingCommand(context.os, context);
  for (;;) {
    const asked = clock.now();
    const timeoutMs = Math.max(1, Math.min(1_500, end - asked));
    const { code, stdout, stderr } = await context.runProgram(command, { timeoutMs, signal });
    const ms = clock.now() - start;
    if (code === 0) {
      const time = /time[=<]\s*([\d.]+)\s*ms/.exec(stdout)?.[1];
      return { status: "open", ms, detail: time ? `echo in ${time} ms` : "" };
    }
    const report = findReport(`${stdout}\n${stderr}`);
    if (code !== undefined && code > 1 && report === undefined) {
      const detail = findLastLine(stderr.trim().split("\n")[0] ?? "") || `ping ended with ${code}`;
      return { status: "error", ms, detail };
    }
    // A ping that failed at once (no route) must not spin.
    await clock.sleepUntil(Math.min(end, asked + 250), signal);
    if (clock.now() < end) continue;
    const closed = { status: "closed" as const, ms: clock.now() - start };
    if (report === undefined) return { ...closed, detail: "no echo" };
    const { reportedBy, detail } = report;
    const who = findReporter({ address: context.address, reportedBy });
    const by = who === "this machine" || who === "host" ? `${REPORTERS[who]}: ` : "";
    return { ...closed, detail: `${by}${detail}`, isUnreachable: true, reportedBy };
  }
};
