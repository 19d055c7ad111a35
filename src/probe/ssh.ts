/** `ssh`: reads the banner (RFC 4253, section 4.2: lines before it are allowed, 255 bytes a line). */
import type { TcpConnection } from "../net/connection.ts";
import type { Probe } from "./probe.ts";
import { probeOverTcp } from "./tcp.ts";

const MAX_GREETING = 16_384;

async function readBanner(
  connection: TcpConnection,
): Promise<{ status?: "error"; detail: string }> {
  const buffer = new Uint8Array(1_024);
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < MAX_GREETING) {
    const count = await connection.read(buffer);
    if (count === null) break;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
    const banner = /^(SSH-[^\r\n]*)\r?\n/m.exec(text)?.[1];
    if (banner !== undefined) return { detail: banner.slice(0, 255) };
  }
  return { status: "error", detail: "connected, but it is not an ssh server" };
}

/** Asks for the banner. */
export const probe: Probe<"ssh"> = ({ port }, context) => probeOverTcp(port, context, readBanner);
