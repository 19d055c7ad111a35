/** The values of the options that shape a plan, from text. */
import { parsePortSpec } from "../core/knock.ts";
import type { PortSpec } from "../core/plan.ts";
import { parseNetwork, withoutContained } from "./network.ts";

/**
 * The ports of `tcp/22,udp/1194`, `22/tcp`, `22:tcp` or plain `22` (tcp), in the order of the text,
 * each once.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parsePorts(text: string): PortSpec[] {
  const specs = new Map<string, PortSpec>();
  for (const part of partsOf(text)) {
    const turned = /^(tcp|udp)[/:](.*)$/i.exec(part);
    const spec = parsePortSpec(turned === null ? part : `${turned[2]}/${turned[1]}`);
    specs.set(`${spec.port}/${spec.protocol}`, spec);
  }
  return [...specs.values()];
}

/**
 * The trusted sources of `192.0.2.1,198.51.100.0/24,2001:db8::/32`: canonical, without what another
 * one contains.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseTrusted(text: string): string[] {
  return withoutContained(partsOf(text).map(parseNetwork)).map((network) => network.text);
}

/**
 * `text` if it can name a network interface; one `*` at the end stands for any ending.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseInterface(text: string): string {
  const isNamed = /^(?=.{1,15}$)[A-Za-z0-9_@][A-Za-z0-9._@-]*\*?$/.test(text);
  if (!isNamed) {
    throw new RangeError(
      `${JSON.stringify(text)} cannot name an interface: use letters, digits, ".", "-", "_" and ` +
        `"@", at most 15, with "*" at the end for any ending, such as eth0 or ppp*`,
    );
  }
  return text;
}

function partsOf(text: string): string[] {
  const parts = text.split(",").map((part) => part.trim());
  const empty = parts.indexOf("");
  if (empty !== -1) {
    throw new RangeError(`"${text}" has nothing in place ${empty + 1}: use A,B,C`);
  }
  return parts;
}
