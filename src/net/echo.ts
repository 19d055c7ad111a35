/**
 * An echo request as a knock, by the system's own `ping`: raw sockets need root.
 *
 * Measured with iputils 20240117: bytes that are longer than 15 begin with the time (16 bytes), so that
 * only shorter ones are exactly the pattern; `-p` takes 16 bytes and repeats them. Windows' `ping` has a
 * size and no pattern.
 */
import { detectFamily } from "../core/address/syntax.ts";
import { NetworkError } from "../core/errors.ts";
import { errorMessage } from "../core/text.ts";
import type { SentPacket } from "./connection.ts";
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
  const command = buildEchoCommand(os, echo);
  const from = echo.isTraced
    ? { address: pickSource(echo.source, echo.address) ?? await guessSource(echo.address) }
    : {};
  try {
    const { code, stderr } = await run(command, { timeoutMs: PING_MS });
    // 1: no answer, which a closed door does not give.
    if (code === undefined || code <= 1) return from;
    const detail = stderr.trim().split("\n")[0] || `exit code ${code}`;
    throw new NetworkError(`cannot send an echo request to ${echo.address}: ${detail}`, {
      hint: "the system's ping sends it: try that by hand",
    });
  } catch (cause) {
    if (cause instanceof NetworkError) throw cause;
    const reason = cause instanceof Deno.errors.NotFound ? "there is no ping" : errorMessage(cause);
    throw new NetworkError(`cannot send an echo request to ${echo.address}: ${reason}`, {
      hint: "install the system's ping (Debian: iputils-ping), or use a udp knock",
      cause,
    });
  }
}

/**
 * Returns each system's command for one echo request.
 *
 * @throws {NetworkError} where its `ping` cannot send such a one.
 */
function buildEchoCommand(
  os: string,
  { address, source: given, size, pattern }: EchoKnock,
): string[] {
  // Only Linux's takes an interface.
  const source = os === "linux" ? given : pickSource(given, address);
  const isIpv6 = detectFamily(address) === "ipv6";
  const fill = pattern.length === 0 ? [] : ["-p", pattern.toHex()];
  if (os === "windows") {
    if (pattern.length > 0) {
      throw new NetworkError(
        "cannot send an echo request with a payload: Windows' ping has a size only",
        {
          hint: "use size = N, or a udp knock",
        },
      );
    }
    const from = source === undefined ? [] : ["-S", source];
    return ["ping", isIpv6 ? "-6" : "-4", "-n", "1", "-l", `${size}`, ...from, address];
  }
  if (os === "darwin") {
    const from = source === undefined ? [] : ["-S", source];
    return [isIpv6 ? "ping6" : "ping", "-n", "-c", "1", "-s", `${size}`, ...fill, ...from, address];
  }
  const from = source === undefined ? [] : ["-I", source];
  const options = ["-n", "-c", "1", "-W", "1", "-s", `${size}`, ...fill, ...from];
  return ["ping", isIpv6 ? "-6" : "-4", ...options, address];
}
