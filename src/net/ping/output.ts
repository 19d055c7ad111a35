/**
 * What each system's `ping` says about one echo.
 *
 * | system | exit code | what is told apart |
 * |---|---|---|
 * | Linux (iputils) | 0 an echo, 1 silence, 2 ping itself failed | "From 192.0.2.254 icmp_seq=1 Destination Host Unreachable" |
 * | macOS | 0 an echo, 2 silence, others: ping itself failed | "92 bytes from 192.0.2.254: Destination Host Unreachable" |
 * | Windows | 0 for everything that comes back, an ICMP error too; 1 silence | by the words, in any language: see below |
 *
 * Windows' words are in the user's language and code page. In all of them a reply is a line with an address, a colon
 * and more; an echo has `TTL=` and a number (IPv4), or a time (`=` or `<` and a number, which IPv6 has alone).
 * Everything else that came back is an ICMP error. What Windows itself refuses begins with "PING: ".
 */

/** How a ping ended. */
interface Printed {
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/** What a ping said. */
export interface PingReading {
  /** Whether an echo came back; undefined where this ping cannot be used. */
  ping: boolean | undefined;
  /** The time that it took, in milliseconds as ping writes it. */
  time?: string;
  /** An ICMP error, from a router, the host or this machine. */
  report?: {
    by: string;
    text: string;
    /** All of its line. */
    line: string;
  };
  /** What the kernel of this machine said, before a packet left. */
  refusal?: string;
}

/** How the words of a ping are read. */
interface Language {
  /** Exit codes that tell nothing against ping itself. */
  codes: readonly (number | undefined)[];
  isEcho(printed: Printed): boolean;
  /** A line about an ICMP error: the sender and the text. */
  reports: readonly RegExp[];
  refusal: RegExp;
}

/** What the kernel says through a ping of Linux or macOS, which may know itself by its path. */
const UNIX_REFUSAL = /^(?:\S*\/)?ping6?: (?:connect|sendmsg|sendto): (.+)$/m;

const LINUX: Language = {
  codes: [undefined, 0, 1],
  isEcho: ({ code }) => code === 0,
  reports: [/^From (\S+?)(?: \(\S+\))?:? icmp_seq=\d+ (?!Redirect)(.+)$/m],
  refusal: UNIX_REFUSAL,
};

/** An address, and behind it a colon and more. */
const WINDOWS_REPLY =
  /^(?:.*?\s)?((?:\d{1,3}\.){3}\d{1,3}|[\da-f]*:[\da-f:.]*[\da-f](?:%\w+)?)(?![\w.])[^:\r\n]*:[ \t]+(\S.*?)\.?\s*$/im;
const WINDOWS_ECHO = /TTL\s*=\s*\d/i;
const WINDOWS_TIME = /[=<]\s*\d/;

const LANGUAGES: Readonly<Record<string, Language>> = {
  darwin: {
    codes: [undefined, 0, 2],
    isEcho: ({ code }) => code === 0,
    reports: [/^\d+ bytes from (\S+): (?!icmp_seq|Redirect)(.+)$/m],
    refusal: UNIX_REFUSAL,
  },
  windows: {
    codes: [undefined, 0, 1],
    isEcho: ({ stdout }) =>
      WINDOWS_ECHO.test(stdout) || WINDOWS_TIME.test(WINDOWS_REPLY.exec(stdout)?.[2] ?? ""),
    reports: [WINDOWS_REPLY],
    refusal: /^PING: (.+?)\.?\s*$/m,
  },
};

/** Returns what a ping of this system said. */
export function readPing(printed: Printed, os: string): PingReading {
  const { codes, isEcho, reports, refusal: refused } = LANGUAGES[os] ?? LINUX;
  const { code, stdout, stderr } = printed;
  if (isEcho(printed)) {
    const time = /[=<]\s*([\d.]+)\s*ms/.exec(stdout)?.[1];
    return { ping: true, ...(time === undefined ? {} : { time }) };
  }
  const refusal = refused.exec(`${stderr}\n${stdout}`)?.[1];
  const match = reports.map((pattern) => pattern.exec(stdout)).find((found) => found !== null);
  const [line = "", by = "", text = ""] = match ?? [];
  const isUnknown = refusal === undefined && !codes.includes(code);
  return {
    ping: isUnknown ? undefined : false,
    ...(match ? { report: { by, text: readable(text), line: readableLine(line.trim(), by) } } : {}),
    ...(refusal ? { refusal: readable(refusal, "general failure") } : {}),
  };
}

/** The code page of a console is not known here: what is not UTF-8 has lost its letters. */
function readable(text: string, what = "an ICMP error"): string {
  return text.includes("\ufffd") ? `${what}, in the language of this system` : text;
}

/** The whole line of a report; where its letters are lost, who sent it stays. */
function readableLine(line: string, by: string): string {
  return line.includes("\ufffd") ? `${by}: ${readable(line)}` : line;
}

/** Whether the kernel refused a packet because it has no way to the address, or the neighbour there is gone. */
export function isWithoutRoute(refusal: string): boolean {
  return /unreachable|no route to host|host is down|general failure/i.test(refusal);
}
