/** `ping`: the system's own `ping`, one echo at a time until one is answered. */
import type { Probe } from "./probe.ts";
import { findLastLine } from "./program.ts";

/** Returns each system's command for one numeric echo that is waited for a second at most. */
export function buildPingCommand(os: string, { address, family, source }: {
  address: string;
  family: "ipv4" | "ipv6";
  source?: string | undefined;
}): string[] {
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
    if (code !== undefined && code > 1) {
      const detail = findLastLine(stderr.trim().split("\n")[0] ?? "") || `ping ended with ${code}`;
      return { status: "error", ms, detail };
    }
    // A ping that failed at once (no route) must not spin.
    await clock.sleepUntil(Math.min(end, asked + 250), signal);
    if (clock.now() >= end) return { status: "closed", ms: clock.now() - start, detail: "no echo" };
  }
};
