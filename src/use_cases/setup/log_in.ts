/** Whether a login comes through the door, with ssh as the user starts it. */
import { errorMessage, quoteShell } from "../../core/text.ts";
import { findSshReason } from "../../ssh/failures.ts";
import type { Ports } from "../ports.ts";
import type { LoginCheck } from "./request.ts";

/** A password may be typed. */
const LOGIN_MS = 120_000;

/** Nothing is shared with a connection that is open already. */
const FRESH = ["-o", "ControlMaster=no", "-o", "ControlPath=none"] as const;

/**
 * Logs in over a new connection, and ends it at once.
 *
 * @param options.place as ssh is given it: the name of the block, or `[USER@]HOST`.
 * @param options.proxyCommand undefined where ssh's configuration has it.
 */
export async function checkLogin(
  ssh: readonly string[],
  { place, proxyCommand }: { place: string; proxyCommand: string | undefined },
  { runProgram, signal }: Pick<Ports, "runProgram" | "signal">,
): Promise<LoginCheck> {
  const proxy = proxyCommand === undefined ? [] : ["-o", `ProxyCommand=${proxyCommand}`];
  const command = [...ssh, ...proxy, place];
  const shown = command.map(quoteShell).join(" ");
  try {
    const run = runProgram([...ssh, ...FRESH, ...proxy, place, "true"], {
      timeoutMs: LOGIN_MS,
      signal,
    });
    const { code, stderr } = await run;
    return { isIn: code === 0, command: shown, detail: describeEnd(code, stderr) };
  } catch (error) {
    signal.throwIfAborted();
    return { isIn: false, command: shown, detail: errorMessage(error) };
  }
}

/** ssh asks on the terminal itself; what it says on stderr is the reason. */
function describeEnd(code: number | undefined, stderr: string): string {
  if (code === undefined) return `no answer within ${LOGIN_MS / 1_000} s`;
  return code === 0 ? "" : findSshReason(stderr, code);
}
