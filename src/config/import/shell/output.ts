/** What `echo` and `printf` print, which is piped into a knock. */
import { type ShellInput, UNKNOWN } from "./tool.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

/** Returns the bytes that a command prints; `unknown` for any but `echo` and `printf`. */
export function findOutput([name, ...args]: readonly string[]): ShellInput {
  if (args.some((word) => word.includes(UNKNOWN))) return "unknown";
  if (name === "echo") return printEcho(args);
  if (name === "printf") return printFormat(args);
  return name === ":" || name === "true" ? new Uint8Array() : "unknown";
}

function printEcho(args: readonly string[]): Uint8Array {
  const start = args.findIndex((word) => !/^-[neE]+$/.test(word));
  const options = args.slice(0, start === -1 ? args.length : start).join("");
  const text = args.slice(start === -1 ? args.length : start).join(" ");
  const bytes = options.includes("e") ? decodeEscapes(text) : new TextEncoder().encode(text);
  return options.includes("n") ? bytes : new Uint8Array([...bytes, 10]);
}

/** `%s`, `%b` and `%%`; a format that needs more is unknown. */
function printFormat(args: readonly string[]): ShellInput {
  const [format = "", ...values] = args[0] === "--" ? args.slice(1) : args;
  const pieces = format.match(/%.?|[^%]+/gs) ?? [];
  if (pieces.some((piece) => piece.startsWith("%") && !/^%[sb%]$/.test(piece))) return "unknown";
  const used = pieces.filter((piece) => /^%[sb]$/.test(piece)).length;
  if (values.length > used) return "unknown";
  const rest = [...values];
  return joinBytes(pieces.map((piece) => {
    if (piece === "%%") return new Uint8Array([37]);
    if (piece === "%s") return new TextEncoder().encode(rest.shift() ?? "");
    return decodeEscapes(piece === "%b" ? rest.shift() ?? "" : piece);
  }));
}

/** `\n`, `\xHH`, `\NNN` and `\0NNN`. */
function decodeEscapes(text: string): Uint8Array {
  const pieces = text.match(/\\x[0-9A-Fa-f]{1,2}|\\0?[0-7]{1,3}|\\[^x0-7]|[^\\]+|\\/gs) ?? [];
  return joinBytes(pieces.map((piece) => {
    const [, hex] = /^\\x(.+)$/.exec(piece) ?? [];
    const [, octal] = /^\\([0-7]+)$/.exec(piece) ?? [];
    if (hex !== undefined) return new Uint8Array([Number.parseInt(hex, 16)]);
    if (octal !== undefined) return new Uint8Array([Number.parseInt(octal, 8)]);
    const known = piece.startsWith("\\") ? ESCAPES[piece.slice(1)] : undefined;
    return new TextEncoder().encode(known ?? piece);
  }));
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
