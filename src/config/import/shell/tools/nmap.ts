/**
 * `nmap -Pn --max-retries 0 -p PORTS HOST`. nmap sends several ports of one call in random order, and with
 * `-r` from low to high.
 */
import { type Knock, parsePort } from "../../../../core/knock.ts";
import { parseSource } from "../../../../core/target.ts";
import { readOptions, type ToolArgs, type ToolOptions } from "../options.ts";
import {
  findToolFamily,
  NotAKnock,
  readAt,
  readPayload,
  readSeconds,
  readShellHost,
  readShellRange,
  type ShellTool,
} from "../tool.ts";

const SCAN = "the command scans";
const FORGED = "the packets are forged, and spknock sends no raw packets";

const OPTIONS: ToolOptions = {
  ping: { short: "P", hasValue: true },
  scan: { short: "s", hasValue: true },
  ports: { short: "p", hasValue: true },
  "max-retries": { hasValue: true },
  "host-timeout": { hasValue: true },
  "initial-rtt-timeout": { hasValue: true },
  "min-rtt-timeout": { hasValue: true },
  "max-rtt-timeout": { hasValue: true },
  "min-rate": { hasValue: true },
  "max-rate": { hasValue: true },
  "min-parallelism": { hasValue: true },
  "max-parallelism": { hasValue: true },
  "scan-delay": { hasValue: true },
  "max-scan-delay": { hasValue: true },
  timing: { short: "T", hasValue: true },
  "no-dns": { short: "n" },
  dns: { short: "R" },
  consecutive: { short: "r" },
  ipv6: { short: "6" },
  verbose: { short: "v" },
  debug: { short: "d" },
  reason: {},
  open: {},
  unprivileged: {},
  privileged: {},
  "send-ip": {},
  "send-eth": {},
  "disable-arp-ping": {},
  "no-stylesheet": {},
  interface: { short: "e", hasValue: true },
  source: { short: "S", hasValue: true },
  data: { hasValue: true },
  "data-string": { hasValue: true },
  output: { short: "o", hasValue: true },
  "data-length": { hasValue: true, refused: "--data-length sends random bytes" },
  "source-port": { short: "g", hasValue: true, refused: "a fixed source port" },
  decoys: { short: "D", hasValue: true, refused: FORGED },
  fragment: { short: "f", refused: FORGED },
  scanflags: { hasValue: true, refused: FORGED },
  badsum: { refused: FORGED },
  ttl: { hasValue: true, refused: "a fixed time to live" },
  all: { short: "A", other: SCAN },
  os: { short: "O", other: SCAN },
  fast: { short: "F", other: SCAN },
  "top-ports": { hasValue: true, other: SCAN },
  script: { hasValue: true, other: SCAN },
  input: { short: "i", hasValue: true, other: SCAN },
  iflist: { other: SCAN },
  traceroute: { other: SCAN },
  version: { short: "V", other: "the command asks about the tool" },
  help: { short: "h", other: "the command asks about the tool" },
};

/** Reads a command line of nmap. */
export const tool: ShellTool = {
  read({ args }) {
    const options = readOptions(args.flatMap(toOption), OPTIONS);
    const { has, value, positionals: [host, ...others] } = options;
    const list = value("ports");
    if (list === undefined || list === "-") throw new NotAKnock(SCAN);
    if (host !== undefined && /[/*]|\d-\d+$/.test(host)) throw new NotAKnock(SCAN);
    if (others.length > 0) throw new NotAKnock("the command scans several hosts");
    const protocols = readScan(value("scan"));
    const payload = readData(options);
    const knocks = readPorts(list, protocols).map((knock): Knock => ({ ...knock, payload }));
    if (payload.kind !== "none" && knocks.some(({ protocol }) => protocol === "tcp")) {
      throw new RangeError("a SYN with a payload, and spknock sends no raw packets");
    }
    const name = readShellHost(host);
    const isSorted = has("consecutive");
    if (isSorted) knocks.sort((a, b) => a.port - b.port);
    const delay = value("scan-delay");
    return {
      host: name,
      knocks,
      delayMs: delay === undefined ? undefined : readSeconds(delay),
      family: findToolFamily(name, has("ipv6")),
      source: readSourceOption(options),
      remark: knocks.length > 1 && !isSorted
        ? "nmap sends the ports of one call in random order: they are read in the order of the text"
        : undefined,
    };
  },
};

/** nmap takes long options with one dash, too; `-oG FILE` has its letter before the value. */
function toOption(word: string): string[] {
  if (/^-o[NXGAS]$/.test(word)) return ["-o"];
  const name = /^-([a-z-]+)(?:=.*)?$/.exec(word)?.[1];
  return name !== undefined && Object.hasOwn(OPTIONS, name) && name.length > 2
    ? [`-${word}`]
    : [word];
}

type Protocols = readonly ("tcp" | "udp")[];

function readScan(text: string | undefined): Protocols {
  if (text === undefined || text === "S" || text === "T") return ["tcp"];
  if (text === "U") return ["udp"];
  if (/^[ST]?U[ST]?$/.test(text)) return ["tcp", "udp"];
  if (/[VCnLPRO]/.test(text)) throw new NotAKnock(SCAN);
  throw new RangeError(FORGED);
}

/** `U:53,T:80-82`: a prefix is of the ports that follow, as far as the next one. */
function readPorts(list: string, protocols: Protocols): Omit<Knock, "payload">[] {
  let prefix: "tcp" | "udp" | undefined;
  return list.split(",").flatMap((item) => {
    const [, letter, range = ""] = /^(?:([A-Za-z]):)?(.*)$/.exec(item) ?? [];
    if (letter !== undefined) prefix = readPrefix(letter);
    const protocol = prefix ?? (protocols.length === 1 ? protocols[0] : undefined);
    if (protocol === undefined) throw new RangeError("each port is sent over tcp and udp");
    if (range === "" || range.startsWith("-") || range.endsWith("-")) throw new NotAKnock(SCAN);
    const ports = range.includes("-")
      ? readShellRange(range)
      : [readAt("a port", () => parsePort(range))];
    return ports.map((port) => ({ port, protocol }));
  });
}

function readPrefix(letter: string): "tcp" | "udp" {
  if (letter === "T") return "tcp";
  if (letter === "U") return "udp";
  throw new RangeError("a prefix of a port is neither T: nor U:");
}

function readData({ value }: ToolArgs) {
  const [hex, text] = [value("data"), value("data-string")];
  if (text !== undefined) return readPayload(new TextEncoder().encode(text));
  if (hex === undefined) return readPayload(undefined);
  const digits = hex.replace(/^0x/i, "").replaceAll(/\\x/gi, "");
  if (!/^(?:[0-9A-Fa-f]{2})+$/.test(digits)) throw new RangeError("--data is not hex digits");
  return readPayload(Uint8Array.fromHex(digits));
}

/** With `-S` the interface only says where the packets leave. */
function readSourceOption({ value }: ToolArgs): string | undefined {
  const text = value("source") ?? value("interface");
  return text === undefined ? undefined : readAt("the source", () => parseSource(text));
}
