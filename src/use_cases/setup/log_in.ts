/** ssh as the user starts it: where a login leads to, and whether one comes through the door. */
import { errorMessage, quoteShell } from "../../core/text.ts";
import type { Ports } from "../ports.ts";
import type { LoginCheck, SetupRequest } from "./request.ts";

/** `ssh -G` opens no connection. */
const ASK_MS = 10_000;
/** A password may be typed. */
const LOGIN_MS = 120_000;

/** Nothing is shared with a connection that is open already. */
const FRESH = ["-o", "ControlMaster=no", "-o", "ControlPath=none"] as const;

/** Where ssh's configuration leads a login. */
export interface Destination {
  host: string;
  port: number;
  user: string | undefined;
}

/** Returns where a login leads; what it says itself where ssh cannot be asked. */
export async function findDestination(
  { place, ssh }: Pick<SetupRequest, "place" | "ssh">,
  { runProgram, signal }: Pick<Ports, "runProgram" | "signal">,
): Promise<Destination> {
  const at = place.lastIndexOf("@");
  const user = at === -1 ? undefined : place.slice(0, at);
  const written = { host: place.slice(at + 1), port: 22, user };
  const run = runProgram([...ssh, "-G", place], { timeoutMs: ASK_MS, signal });
  const answer = await run.catch(() => undefined);
  signal.throwIfAborted();
  if (answer?.code !== 0) return written;
  const read = (key: string) => new RegExp(`^${key} (.+)$`, "m").exec(answer.stdout)?.[1];
  return {
    host: read("hostname") ?? written.host,
    port: Number(read("port") ?? written.port),
    user: user ?? read("user"),
  };
}

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
      interactive: true,
    });
    const { code, stderr } = await run;
    const last = stderr.trim().split("\n").at(-1) ?? "";
    return { isIn: code === 0, command: shown, detail: last || describeEnd(code) };
  } catch (error) {
    signal.throwIfAborted();
    return { isIn: false, command: shown, detail: errorMessage(error) };
  }
}

function describeEnd(code: number | undefined): string {
  if (code === undefined) return `no answer within ${LOGIN_MS / 1_000} s`;
  return code === 0 ? "" : `ssh ended with exit code ${code}`;
}
