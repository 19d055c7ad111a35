/**
 * Whether a text is an address, by its syntax alone.
 *
 * `ipaddr.js` (see `address.ts`) could say so too, but every `knock HOST` asks, and loading that
 * CommonJS module costs more than all the rest of a knock (docs/measurements.md).
 */

/** Whether `text` is an IPv4 address in dotted decimal; some programs read a leading zero as octal. */
export function isIpv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
}

/** Whether `text` is a link-local IPv6 address (fe80::/10, RFC 4291) without its zone: it could be on any link. */
export function needsZone(text: string): boolean {
  return /^fe[89ab][\da-f]:/i.test(text) && isIpv6(text) && !text.includes("%");
}

/** Whether `text` is an IPv6 address, with or without a zone. */
export function isIpv6(text: string): boolean {
  const [address = "", zone, ...rest] = text.split("%");
  if (rest.length > 0 || (zone !== undefined && !/^[\w.-]+$/.test(zone))) return false;
  return /^[\dA-Fa-f:.]+$/.test(address) && URL.canParse(`http://[${address}]/`);
}
