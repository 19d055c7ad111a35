/**
 * The original's `~/.secrets/spknock-targets.conf`, read as spknock.py reads it.
 *
 * Rules (its `parse_target`, and what Python's `str.split()` and `int()` do):
 * - all white space is removed first, inside of words too; Python's white space, which has U+001C to
 *   U+001F and U+0085, but not U+FEFF;
 * - lines that then begin with `#`, and empty ones, are skipped;
 * - exactly one `:` is between the host and the ports, or the line is dropped;
 * - ports are separated by commas; `int()` takes a sign, `_` between digits and the digits of any script;
 * - exactly `udp` after exactly one `/` means udp, anything else means tcp;
 * - a bad port is dropped with a message, the others of the line stay.
 * No message repeats text of a line: a passphrase can be in it by mistake.
 * Beyond that a target needs a host that can be one, and at least one port: the original lists
 * others as well, but cannot knock on them.
 */
import { isIpv4 } from "../../core/address/syntax.ts";
import type { Problem } from "../../core/errors.ts";
import type { Knock, Protocol } from "../../core/knock.ts";
import { DEFAULT_SETTINGS, type Family, parseHost, type Target } from "../../core/target.ts";
import { joinAnd, renderOrdinal } from "../../core/text.ts";
import { type Config, PROMPT } from "../schema.ts";

/** The original opens IPv4 sockets only, and the firewalls that it knocks on have IPv4 rules only. */
export const LEGACY_FAMILY: Family = "ipv4";

/** A line of the file that is not skipped. */
interface LegacyLine {
  /** 1-based. */
  line: number;
  /** Undefined where the line gives no target at all. */
  target?: { host: string; knocks: readonly Knock[] } | undefined;
  /** What is wrong in the line: one message, or none. */
  problems: readonly Problem[];
  /** What the original reads otherwise than it looks: a comment behind the protocol, `/UDP`. */
  remarks: readonly Problem[];
}

// deno-lint-ignore no-control-regex -- these are Python's white space.
const PYTHON_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/g;

/** Returns the lines of a legacy file; a byte order mark is left out. */
export function parseLegacyLines(text: string, { file }: { file: string }): LegacyLine[] {
  return text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/).flatMap((raw, index) => {
    const content = raw.replace(PYTHON_SPACE, "");
    if (content === "" || content.startsWith("#")) return [];
    const line = index + 1;
    const messages: string[] = [];
    const target = parseLine(content, messages);
    const problems = messages.length === 0 ? [] : [messages.join("; ")];
    const locate = (message: string) => ({ file, line, message });
    const remarks = findMisreadings(raw).map(locate);
    return [{ line, target, problems: problems.map(locate), remarks }];
  });
}

/** Whatever is behind the `/` and is not exactly `udp` means tcp, as in the original. */
function findMisreadings(raw: string): string[] {
  const [, ports = ""] = raw.split(":");
  return ports.split(",").flatMap((text, index) => {
    const [, protocol, ...rest] = text.trim().split("/");
    const bare = [protocol, ...rest].join("/").replace(PYTHON_SPACE, "");
    if (protocol === undefined || bare === "udp" || bare === "tcp") return [];
    const why = bare.includes("#") ? "a comment needs a line of its own" : 'only "udp" means udp';
    return [`the ${renderOrdinal(index + 1)} port reads as tcp, as in the original: ${why}`];
  });
}

/** Reads a legacy file as the original does: what it cannot use is skipped with a warning. */
export function parseLegacy(text: string, { file }: { file: string }): Config {
  const lines = parseLegacyLines(text, { file });
  const targets = new Map<string, Target>();
  const findName = createNames(targets);
  for (const { target } of lines) {
    if (target === undefined) continue;
    const name = findName(makeTargetName(target.host));
    targets.set(name, { ...DEFAULT_SETTINGS, name, family: LEGACY_FAMILY, ...target });
  }
  return {
    file,
    kind: "legacy",
    targets,
    defaults: {},
    payload: PROMPT,
    plugins: new Map(),
    holdsSecret: false,
    secretVariables: [],
    warnings: lines.flatMap(({ problems }) => problems),
  };
}

function parseLine(content: string, messages: string[]): LegacyLine["target"] {
  const parts = content.split(":");
  const [hostText = "", portTexts = ""] = parts;
  if (parts.length !== 2) {
    const count = parts.length === 1 ? 'no ":"' : `${parts.length - 1} times ":"`;
    messages.push(`the line has ${count}: write host:port/protocol,port/protocol,...`);
    return undefined;
  }
  const host = checkHost(hostText, messages);
  const knocks = portTexts === "" ? [] : parseKnocks(portTexts, messages);
  if (portTexts === "") {
    messages.push("the line has no port: write host:port/protocol,port/protocol,...");
  }
  return host === undefined || knocks.length === 0 ? undefined : { host, knocks };
}

function checkHost(text: string, messages: string[]): string | undefined {
  try {
    return parseHost(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    messages.push("the host is wrong: use a name, an IPv4 or an IPv6 address");
    return undefined;
  }
}

function parseKnocks(texts: string, messages: string[]): Knock[] {
  const parsed = texts.split(",").map(parseKnock);
  const bad = parsed.flatMap((knock, index) =>
    knock === undefined ? [`the ${renderOrdinal(index + 1)}`] : []
  );
  if (bad.length > 0) {
    const what = bad.length === 1
      ? "port is not a port: use a whole number"
      : "ports are not ports: use whole numbers";
    messages.push(`${joinAnd(bad)} ${what} from 1 to 65535`);
  }
  return parsed.filter((knock) => knock !== undefined);
}

/** Returns the knock that `PORT/PROTOCOL` is to the original; undefined where the port is bad. */
function parseKnock(text: string): Knock | undefined {
  const [portText = "", ...rest] = text.split("/");
  const port = parsePythonInt(portText);
  if (!(port >= 1 && port <= 65535)) return undefined;
  const protocol: Protocol = rest.length === 1 && rest[0] === "udp" ? "udp" : "tcp";
  const payload: Knock["payload"] = protocol === "udp"
    ? { kind: "secret", source: { kind: "prompt" } }
    : { kind: "none" };
  return { port, protocol, payload };
}

/** Returns what Python's `int(text)` returns, or NaN where it raises; `text` has no white space. */
function parsePythonInt(text: string): number {
  const match = /^([+-]?)(\p{Nd}+(?:_\p{Nd}+)*)$/u.exec(text);
  if (match === null) return NaN;
  const digits = Array.from(match[2]?.replaceAll("_", "") ?? "", readDigit).join("");
  return Number(`${match[1]}${digits}`);
}

/** The decimal digits of every script are a run of ten code points that begins with zero. */
function readDigit(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  if (code < 128) return code - 48;
  let start = code;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(start - 1))) start--;
  return (code - start) % 10;
}

/** Returns a target's name for a host: `fw.example.com` is `fw-example-com`, an address `host-192-0-2-1`. */
export function makeTargetName(host: string): string {
  const plain = host.replace(/[^A-Za-z0-9_]+/g, "-").replace(/^-+|-+$/g, "");
  const isNamed = /^[A-Za-z]/.test(plain) && !isIpv4(host) && !host.includes(":");
  return (isNamed ? plain : `host-${plain}`).slice(0, 60).replace(/-+$/, "");
}

/** The longest name of a target. */
const MAX_NAME = 64;

/** Returns what finds `name`, or the first of `name-2`, `name-3`, ... that is not taken; it is not taken twice. */
export function createNames(taken: { has(name: string): boolean }): (name: string) => string {
  // Where the search goes on: many targets have the same host.
  const numbers = new Map<string, number>();
  return (name) => {
    let number = numbers.get(name) ?? 1;
    const render = () => {
      const ending = number === 1 ? "" : `-${number}`;
      return name.slice(0, MAX_NAME - ending.length) + ending;
    };
    while (taken.has(render())) number++;
    numbers.set(name, number);
    return render();
  };
}
