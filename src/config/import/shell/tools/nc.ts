/**
 * `nc -z [-u] [-w N] HOST PORT...` of OpenBSD, the traditional one and nmap's ncat, and `... | nc -u HOST
 * PORT`, whose datagram is what is piped in. Where their options differ, they change no packet.
 */
import type { Knock } from "../../../../core/knock.ts";
import { parseSource } from "../../../../core/target.ts";
import { readOptions, type ToolOptions } from "../options.ts";
import {
  NotAKnock,
  readAt,
  readPayload,
  readSeconds,
  readShellHost,
  readShellRange,
  type ShellInput,
  type ShellTool,
} from "../tool.ts";

const SERVER = "the command listens";
const RELAY = "the command goes through a proxy";

const OPTIONS: ToolOptions = {
  zero: { short: "z" },
  udp: { short: "u" },
  wait: { short: "w", hasValue: true },
  quit: { short: "q", hasValue: true },
  interval: { short: "i", hasValue: true },
  source: { short: "s", hasValue: true },
  ipv4: { short: "4" },
  ipv6: { short: "6" },
  verbose: { short: "v" },
  nodns: { short: "n" },
  shutdown: { short: "N" },
  detach: { short: "d" },
  "send-only": {},
  "recv-only": {},
  crlf: { short: "C", refused: "-C changes what is sent" },
  random: { short: "r", refused: "-r sends the ports in random order" },
  "source-port": { short: "p", hasValue: true, refused: "a fixed source port" },
  ttl: { short: "M", hasValue: true, refused: "a fixed time to live" },
  unix: { short: "U", other: "the command opens a Unix socket" },
  listen: { short: "l", other: SERVER },
  keep: { short: "k", other: SERVER },
  exec: { short: "e", hasValue: true, other: "the command starts a program" },
  "sh-exec": { short: "c", hasValue: true, other: "the command starts a program" },
  proxy: { short: "x", hasValue: true, other: RELAY },
  "proxy-protocol": { short: "X", hasValue: true, other: RELAY },
  ssl: { other: "the command connects" },
  telnet: { short: "t", other: "the command connects" },
  help: { short: "h", other: "the command asks about the tool" },
};

/** Reads a command line of netcat. */
export const tool: ShellTool = {
  read({ args, input }) {
    const { has, value, positionals: [host, ...ports] } = readOptions(args, OPTIONS);
    if (ports.length === 0) throw new NotAKnock("the command has no port");
    const isUdp = has("udp");
    const isZero = has("zero");
    if (!isZero && !(isUdp && input !== undefined)) throw new NotAKnock("the command connects");
    const payload = isZero ? readPayload(undefined) : readInput(input);
    const protocol = isUdp ? "udp" as const : "tcp" as const;
    const knocks = ports.flatMap(readShellRange)
      .map((port): Knock => ({ port, protocol, payload }));
    const interval = value("interval");
    const source = value("source");
    return {
      host: readShellHost(host),
      knocks,
      delayMs: interval === undefined || knocks.length === 1 ? undefined : readSeconds(interval),
      family: has("ipv6") ? "ipv6" : has("ipv4") ? "ipv4" : undefined,
      source: source === undefined ? undefined : readAt("the source", () => parseSource(source)),
      remark: findRemark(ports, isZero && isUdp && !has("verbose")),
    };
  },
};

/** Both differ between the programs of this name. */
function findRemark(ports: readonly string[], isSilent: boolean): string | undefined {
  if (isSilent) {
    return "the nc of OpenBSD sends nothing for -z -u without -v: it is read as a knock";
  }
  return ports.some((port) => port.includes("-"))
    ? "the ports of a range are read from low to high; the traditional nc sends them from high to low"
    : undefined;
}

function readInput(input: ShellInput) {
  if (input === "unknown") throw new RangeError("the payload is what another program prints");
  return readPayload(input);
}
