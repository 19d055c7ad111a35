/** `hping3 -S -p PORT -c 1 HOST`, `-2` for udp, `-1` for an echo request; `-d` is the size of the data. */
import type { Knock } from "../../../../core/knock.ts";
import { parseSource } from "../../../../core/target.ts";
import { readOptions, type ToolArgs, type ToolOptions } from "../options.ts";
import {
  findToolFamily,
  NotAKnock,
  readAt,
  readPayload,
  readShellHost,
  readShellPort,
  type ShellTool,
} from "../tool.ts";

const FLAGS = "tcp flags other than SYN alone, and spknock sends no raw packets";
const FORGED = "the packets are forged, and spknock sends no raw packets";
const FLOOD = "the command sends without end";

const OPTIONS: ToolOptions = {
  icmp: { short: "1" },
  udp: { short: "2" },
  syn: { short: "S" },
  destport: { short: "p", hasValue: true },
  count: { short: "c", hasValue: true },
  data: { short: "d", hasValue: true },
  sign: { short: "e", hasValue: true },
  interface: { short: "I", hasValue: true },
  interval: { short: "i", hasValue: true },
  fast: {},
  faster: {},
  numeric: { short: "n" },
  quiet: { short: "q" },
  verbose: { short: "V" },
  debug: { short: "D" },
  win: { short: "w", hasValue: true },
  keep: { short: "k" },
  beep: {},
  baseport: { short: "s", hasValue: true, refused: "a fixed source port" },
  file: { short: "E", hasValue: true, refused: "the payload is in a file: give it with -e" },
  icmptype: { short: "C", hasValue: true, refused: "an icmp type of its own" },
  icmpcode: { short: "K", hasValue: true, refused: "an icmp code of its own" },
  ttl: { short: "t", hasValue: true, refused: "a fixed time to live" },
  ...Object.fromEntries(
    Object.entries({ fin: "F", rst: "R", push: "P", ack: "A", urg: "U", xmas: "X", ymas: "Y" })
      .map(([name, short]) => [name, { short, refused: FLAGS }]),
  ),
  spoof: { short: "a", hasValue: true, refused: FORGED },
  "rand-source": { refused: FORGED },
  badcksum: { short: "b", refused: FORGED },
  frag: { short: "f", refused: FORGED },
  flood: { other: FLOOD },
  rawip: { short: "0", other: "the command sends raw IP" },
  scan: { short: "8", hasValue: true, other: "the command scans" },
  listen: { short: "9", hasValue: true, other: "the command listens" },
  traceroute: { short: "T", other: "the command traces a route" },
  version: { short: "v", other: "the command asks about the tool" },
  help: { short: "h", other: "the command asks about the tool" },
};

/** Reads a command line of hping3, which knows IPv4 only. */
export const tool: ShellTool = {
  read({ args }) {
    const options = readOptions(args, OPTIONS);
    const { value, positionals: [name, ...others] } = options;
    const count = value("count");
    if (count === undefined) throw new NotAKnock(FLOOD);
    if (count !== "1") throw new RangeError("the knock is sent several times: use -c 1");
    if (others.length > 0) throw new RangeError("the command has several hosts");
    const host = readShellHost(name);
    const source = value("interface");
    return {
      host,
      knocks: [readKnock(options)],
      family: findToolFamily(host, false),
      source: source === undefined ? undefined : readAt("the source", () => parseSource(source)),
    };
  },
};

function readKnock(options: ToolArgs): Knock {
  const { has, value } = options;
  const payload = readPayload(readData(options));
  if (has("icmp")) {
    const size = readSize(value("data") ?? "0");
    return { port: 0, protocol: "icmp", size, payload };
  }
  const port = readShellPort(value("destport") ?? "");
  if (has("udp")) return { port, protocol: "udp", payload };
  if (!has("syn")) throw new RangeError(FLAGS);
  if (payload.kind !== "none") {
    throw new RangeError("a SYN with a payload, and spknock sends no raw packets");
  }
  return { port, protocol: "tcp", payload };
}

/** The signature is at the begin of the data, and the rest of them is filled with `X`. */
function readData({ has, value }: ToolArgs): Uint8Array | undefined {
  const text = value("sign") ?? "";
  const sign = new TextEncoder().encode(text);
  const size = value("data") === undefined ? sign.length : readSize(value("data") ?? "");
  if (sign.length > size) throw new RangeError("-e has more bytes than -d allows");
  // An echo request is known by its size.
  if (size === 0 || (has("icmp") && sign.length === 0)) return undefined;
  const bytes = new Uint8Array(size).fill("X".charCodeAt(0));
  bytes.set(sign);
  return bytes;
}

function readSize(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) <= MAX_SIZE) return Number(text);
  throw new RangeError(`a size of data is not a whole number up to ${MAX_SIZE}`);
}

/** As much as an Ethernet frame carries. */
const MAX_SIZE = 1_400;
