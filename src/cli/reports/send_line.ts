/**
 * The shell line that sends a one-time code with nothing but `nc` and `ping`, after the knocks before it.
 *
 * Rules:
 * - what runs before the code never ends the line, hence `;`: a closed port makes `nc` fail;
 * - `nc` sends no empty datagram: a regular udp knock is one byte, as Debian's `knock -u` sends it.
 */
import { UsageError } from "../../core/errors.ts";
import { type Knock, renderPortSpec } from "../../core/knock.ts";
import type { Target } from "../../core/target.ts";
import { quoteShell } from "../../core/text.ts";

/** The longest pattern of iputils' ping, in bytes. */
const MAX_PATTERN = 16;

/**
 * Returns the line.
 *
 * @throws {UsageError} for a knock that these programs cannot send.
 */
export function renderSendLine(
  { host, family, knocks }: Pick<Target, "host" | "family" | "knocks">,
  code: string,
): string {
  const options = { ipv4: " -4", ipv6: " -6", any: "", both: "" }[family];
  const place = quoteShell(host);
  const before = knocks.slice(0, -1).map((knock) => `${renderKnock(knock, { place, options })}; `);
  const port = knocks.at(-1)?.port;
  return `${before.join("")}printf %s ${code} | nc${options} -u -w1 ${place} ${port}`;
}

function renderKnock(
  { protocol, port, payload, size = 0 }: Knock,
  { place, options }: { place: string; options: string },
): string {
  const bytes = payload.kind === "bytes" ? payload.bytes : new Uint8Array();
  if (protocol === "tcp") return `nc${options} -z -w1 ${place} ${port}`;
  if (protocol === "icmp") {
    if (bytes.length > MAX_PATTERN) {
      throw new UsageError(
        `no shell line can send the knock ${renderPortSpec({ protocol, port })}`,
        {
          hint: "its pattern is longer than ping takes; use --json for the codes alone",
        },
      );
    }
    const pattern = bytes.length === 0 ? "" : ` -p ${bytes.toHex()}`;
    return `ping${options} -c1 -W1 -s ${size}${pattern} ${place} > /dev/null`;
  }
  const text = bytes.length === 0 ? "x" : `'${[...bytes].map(escapeByte).join("")}'`;
  return `printf ${text} | nc${options} -u -w1 ${place} ${port}`;
}

/** A byte for `printf`: letters and digits are themselves, all others octal (POSIX). */
function escapeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9]/.test(character) ? character : `\\${byte.toString(8).padStart(3, "0")}`;
}
