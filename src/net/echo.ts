/**
 * An echo request as a knock, by the system's own `ping`: raw sockets need root.
 *
 * Measured with iputils 20240117: bytes that are longer than 15 begin with the time (16 bytes), so that
 * only shorter ones are exactly the pattern; `-p` takes 16 bytes and repeats them. The ping of macOS writes
 * 8 bytes of time, into 8 bytes and more (by its source); that of Windows has a size and no pattern.
 */
import { NetworkError } from "../core/errors.ts";
import { errorMessage } from "../core/text.ts";
import type { SentPacket } from "./connection.ts";
import { buildPingCommand } from "./ping/command.ts";
import { readPing } from "./ping/output.ts";
import { guessSource, pickSource } from "./source.ts";

/** An echo request. */
export interface EchoKnock {
  address: string;
  source?: string | undefined;
  /** Bytes of data, without the headers of ICMP and IP. */
  size: number;
  /** Up to 16 bytes that fill the data, repeated; ping's own where it is empty. */
  pattern: Uint8Array;
  /** Whether it matters which address it leaves from. */
  isTraced?: boolean | undefined;
}

/** Runs a program to its end, or kills it at the deadline. */
type Run = (
  command: readonly string[],
  options: { timeoutMs: number },
) => Promise<{ code: number | undefined; stdout: string; stderr: string }>;

/** Milliseconds for `ping` to start and send; the answer is not waited for. */
const PING_MS = 500;

/**
 * Sends one echo request; returns the address that it left from where that is asked for and known.
 *
 * @throws {NetworkError} if `ping` cannot send it.
 */
export async function sendEcho(
  echo: EchoKnock,
  { run, os }: { run: Run; os: string },
): Promise<SentPacket> {
  const command = buildPingCommand(os, echo);
  const from = echo.isTraced
    ? { address: pickSource(echo.source, echo.address) ?? await guessSource(echo.address) }
    : {};
  try {
    const ended = await run(command, { timeoutMs: PING_MS });
    const { ping, refusal } = readPing(ended, os);
    // No answer is what a closed door gives.
    if (ping !== undefined && refusal === undefined) return from;
    const detail = ended.stderr.trim().split("\n")[0] || refusal || `exit code ${ended.code}`;
    throw new NetworkError(`cannot send an echo request to ${echo.address}: ${detail}`, {
      hint: "the system's ping sends it: try that by hand",
    });
  } catch (cause) {
    if (cause instanceof NetworkError) throw cause;
    const reason = cause instanceof Deno.errors.NotFound ? "there is no ping" : errorMessage(cause);
    throw new NetworkError(`cannot send an echo request to ${echo.address}: ${reason}`, {
      hint: os === "linux"
        ? "install the system's ping (Debian: iputils-ping), or use a udp knock"
        : "use a udp knock",
      cause,
    });
  }
}
