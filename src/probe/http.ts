/**
 * `http`: the status of a GET, over http or https, from the pinned address (which `fetch` could not
 * promise). Open is the `status` of the spec, or any below 500. As for `tls`, a certificate that is
 * not trusted is named in the detail and changes nothing else.
 */
import type { TcpConnection } from "../net/connection.ts";
import type { Probe, ProbeContext } from "./probe.ts";
import { probeOverTcp } from "./tcp.ts";
import { describeTrust } from "./tls.ts";

/** The headers of an answer; a date after more than this is not looked for. */
const MAX_HEAD = 16_384;
/** A status line is short; more than this is not HTTP. */
const MAX_STATUS_LINE = 4_096;

/** Sends a GET for `url`, and reads the answer until it `isEnough` or has that many characters. */
async function get(
  connection: TcpConnection,
  url: URL,
  { isEnough, most }: { isEnough: (text: string) => boolean; most: number },
): Promise<string> {
  const request = `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n` +
    "User-Agent: spknock\r\nAccept: */*\r\nConnection: close\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(1_024);
  let text = "";
  while (text.length < most && !isEnough(text)) {
    const count = await connection.read(buffer);
    if (count === null) break;
    text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
  }
  return text;
}

/** Reads the status of the answer; undefined where it is not HTTP. */
async function readStatus(connection: TcpConnection, url: URL): Promise<number | undefined> {
  const isEnough = (text: string) => text.includes("\n");
  const text = await get(connection, url, { isEnough, most: MAX_STATUS_LINE });
  const status = /^HTTP\/\d(?:\.\d)? (\d{3})/.exec(text)?.[1];
  return status === undefined ? undefined : Number(status);
}

interface HttpQuestion {
  url: URL;
  /** The status that means open; any below 500 where undefined. */
  expected: number | undefined;
  signal: AbortSignal;
}

async function askStatus(
  connection: TcpConnection,
  { url, expected, signal }: HttpQuestion,
): Promise<{ status?: "error"; detail: string }> {
  const secured = url.protocol === "https:" ? await startTls(connection, url, signal) : undefined;
  const status = await readStatus(secured?.connection ?? connection, url);
  if (status === undefined) {
    return { status: "error", detail: "connected, but it is not a web server" };
  }
  const isOpen = expected === undefined ? status < 500 : status === expected;
  if (isOpen) return { detail: `status ${status}${describeTrust(secured?.distrust)}` };
  return { status: "error", detail: `status ${status}, expected ${expected ?? "one below 500"}` };
}

async function startTls(connection: TcpConnection, url: URL, signal: AbortSignal) {
  const { openTls } = await import("../net/tls.ts");
  return await openTls(connection, { host: url.hostname.replace(/^\[|\]$/g, ""), signal });
}

/**
 * Asks for the time of a web server (RFC 9110, section 6.6.1), which is in whole seconds.
 *
 * @returns Unix milliseconds; undefined where no time comes back.
 */
export async function askDate(text: string, context: ProbeContext): Promise<number | undefined> {
  const url = new URL(text);
  let time: number | undefined;
  await probeOverTcp(findPort(url), context, async (connection, signal) => {
    const secured = url.protocol === "https:" ? await startTls(connection, url, signal) : undefined;
    const head = await get(secured?.connection ?? connection, url, {
      isEnough: (answer) => /\r?\n\r?\n/.test(answer),
      most: MAX_HEAD,
    });
    time = readDate(head);
    return { detail: "" };
  });
  return time;
}

/** A cache repeats the date of an answer, and says how many seconds ago that was (`Age`). */
function readDate(answer: string): number | undefined {
  const [head = ""] = answer.split(/\r?\n\r?\n/, 1);
  if (!head.startsWith("HTTP/")) return undefined;
  const read = (name: string) => new RegExp(`\\n${name}:[ \\t]*([^\\r\\n]+)`, "i").exec(head)?.[1];
  const date = Date.parse(read("date") ?? "");
  const age = Number(read("age") ?? 0);
  return Number.isNaN(date) || Number.isNaN(age) ? undefined : date + age * 1_000;
}

function findPort({ port, protocol }: URL): number {
  return Number(port || (protocol === "https:" ? 443 : 80));
}

/** Asks for the status of a GET. */
export const probe: Probe<"http"> = ({ url: text, status: expected }, context) => {
  const url = new URL(text);
  return probeOverTcp(
    findPort(url),
    context,
    (connection, signal) => askStatus(connection, { url, expected, signal }),
  );
};
