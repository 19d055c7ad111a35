/** Sockets as the kernel lists them in /proc/net (proc(5)). */
import { parseAddress } from "../core/address/address.ts";
import type { Protocol } from "../core/knock.ts";

/** A port that a program listens on there. */
export interface Listener {
  protocol: Protocol;
  /** The address that it is bound to; `0.0.0.0` and `::` are all. */
  address: string;
  port: number;
}

/**
 * Returns the listener of `tcp 0100007F:0016`; none where it is something else. Each 32 bits of the address
 * are a number in the order of the machine, the port is not.
 */
export function parseSocket(
  text: string,
  { isLittleEndian }: { isLittleEndian: boolean },
): Listener[] {
  const [, protocol, hex = "", port = ""] =
    /^(tcp|udp)6? ((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4})$/.exec(text) ?? [];
  if ((protocol !== "tcp" && protocol !== "udp") || ![8, 32].includes(hex.length)) return [];
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => {
    const four = [...Uint8Array.fromHex(word)];
    return isLittleEndian ? four.reverse() : four;
  });
  return [{ protocol, address: renderAddress(bytes), port: parseInt(port, 16) }];
}

function renderAddress(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join(".");
  const hex = Uint8Array.from(bytes).toHex();
  return parseAddress(hex.match(/.{4}/g)?.join(":") ?? "").text;
}
