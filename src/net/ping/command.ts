/**
 * The command line of each system's `ping` for one numeric echo.
 *
 * | system | one echo | how long it waits | size | filling | source |
 * |---|---|---|---|---|---|
 * | Linux (iputils) | -c 1 | -W seconds | -s | -p | -I, an interface too |
 * | macOS ping | -c 1 | -W milliseconds | -s | -p | -S, an address |
 * | macOS ping6 | -c 1 | no such option (there, -W is something else) | -s | -p | -S, an address |
 * | Windows | -n 1 | -w milliseconds | -l | none | -S, an address |
 *
 * `-n` is "no names" on Linux and macOS; Windows asks for none by itself.
 */
import { detectFamily } from "../../core/address/syntax.ts";
import { NetworkError } from "../../core/errors.ts";
import { pickSource } from "../source.ts";

/** One echo request. */
interface EchoRequest {
  address: string;
  /** An address of this machine, or one of its interfaces. */
  source?: string | undefined;
  /** Bytes of data; ping's own number where undefined. */
  size?: number | undefined;
  /** Up to 16 bytes that fill the data, repeated; ping's own where it is empty. */
  pattern?: Uint8Array | undefined;
}

/** How a ping is told what an echo is made of. */
interface PingDialect {
  /** How many bytes of data are exactly the pattern, as more begin with the time; 0 where it takes no pattern. */
  exactBytes: number;
  start(isIpv6: boolean): string[];
  size: string;
  source: string;
}

const LINUX: PingDialect = {
  exactBytes: 15,
  start: (isIpv6) => ["ping", isIpv6 ? "-6" : "-4", "-n", "-c", "1", "-W", "1"],
  size: "-s",
  source: "-I",
};

const DIALECTS: Readonly<Record<string, PingDialect>> = {
  darwin: {
    exactBytes: 7,
    start: (isIpv6) =>
      isIpv6 ? ["ping6", "-n", "-c", "1"] : ["ping", "-n", "-c", "1", "-W", "1000"],
    size: "-s",
    source: "-S",
  },
  windows: {
    exactBytes: 0,
    start: (isIpv6) => ["ping", isIpv6 ? "-6" : "-4", "-n", "1", "-w", "1000"],
    size: "-l",
    source: "-S",
  },
};

/**
 * Returns the command for one echo that is waited for a second at most, where the system's ping can be told so.
 *
 * @throws {NetworkError} where its ping cannot send such a one.
 */
export function buildPingCommand(
  os: string,
  { address, source: given, size, pattern = new Uint8Array() }: EchoRequest,
): string[] {
  const dialect = DIALECTS[os] ?? LINUX;
  refuseOtherBytes({ size, pattern }, dialect);
  // Only Linux's takes an interface.
  const source = dialect === LINUX ? given : pickSource(given, address);
  return [
    ...dialect.start(detectFamily(address) === "ipv6"),
    ...(size === undefined ? [] : [dialect.size, `${size}`]),
    ...(pattern.length === 0 ? [] : ["-p", pattern.toHex()]),
    ...(source === undefined ? [] : [dialect.source, source]),
    address,
  ];
}

/** A payload without a size of its own is what the firewall compares: it has to leave as it is. */
function refuseOtherBytes(
  { size, pattern }: { size: number | undefined; pattern: Uint8Array },
  { exactBytes }: PingDialect,
): void {
  const isExact = pattern.length <= exactBytes;
  if (pattern.length === 0 || (exactBytes > 0 && (isExact || size !== pattern.length))) return;
  const why = exactBytes === 0
    ? "Windows' ping has a size only"
    : `the ping of this system writes the time into more than ${exactBytes} bytes`;
  throw new NetworkError(`cannot send an echo request with this payload: ${why}`, {
    hint: "use size = N, or a udp knock",
  });
}
