/**
 * `http`: the status of a GET, over http or https, from the pinned address (which `fetch` could not
 * promise). Open is the `status` of the spec, or any below 500.
 */
import type { TcpConnection } from "../net/tcp.ts";
import type { ProbeContext, ProbeKind } from "./probe.ts";
import { askOver, closeQuietly } from "./tcp.ts";
import { startTls, untrusted } from "./tls.ts";

/** A status line is short; more than this is no HTTP. */
const MAX_STATUS_LINE = 4_096;

/** Sends a GET for `url` and reads the status of the answer. */
async function readStatus(connection: TcpConnection, url: URL): Promise<number | undefined> {
  const request = `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n` +
    "User-Agent: spknock\r\nAccept: */*\r\nConnection: close\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(1_024);
  let text = "";
  while (text.length < MAX_STATUS_LINE && !text.includes("\n")) {
    const count = await connection.read(buffer);
    if (count === null) break;
    text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
  }
  const status = /^HTTP\/\d(?:\.\d)? (\d{3})/.exec(text)?.[1];
  return status === undefined ? undefined : Number(status);
}

async function ask(
  connection: TcpConnection,
  { url, wanted, context }: { url: URL; wanted: number | undefined; context: ProbeContext },
): Promise<{ status?: "error"; detail: string }> {
  const isTls = url.protocol === "https:";
  let status: number | undefined;
  try {
    const over = isTls ? await startTls(connection, context) : connection;
    status = await readStatus(over, url);
    if (isTls) closeQuietly(over);
  } catch (cause) {
    const reason = untrusted(cause);
    if (reason === undefined) throw cause;
    return {
      status: "error",
      detail: `the certificate is not trusted (${reason}): use a tls or tcp probe`,
    };
  }
  if (status === undefined) {
    return { status: "error", detail: "connected, but it is no web server" };
  }
  const isOpen = wanted === undefined ? status < 500 : status === wanted;
  if (isOpen) return { detail: `status ${status}` };
  return {
    status: "error",
    detail: `status ${status}, wanted ${wanted ?? "one below 500"}`,
  };
}

/** `http`. */
export const kind: ProbeKind = {
  label: (spec) => `http ${spec.url}`,
  ask(spec, context) {
    const url = new URL(spec.url ?? `http://${context.host}/`);
    const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
    const name = url.hostname.replace(/^\[|\]$/g, "");
    const isTls = url.protocol === "https:";
    const about = {
      ...context,
      host: name,
      source: isTls ? undefined : context.source,
    };
    return askOver(
      port,
      about,
      (connection) => ask(connection, { url, wanted: spec.status, context: about }),
    );
  },
};
