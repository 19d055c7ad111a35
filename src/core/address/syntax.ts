/**
 * Whether a text is an address, by its syntax alone.
 *
 * `ipaddr.js` (see `address.ts`) could say so too, but every `knock HOST` asks, and loading that
 * CommonJS module costs more than all the rest of a knock (docs/measurements.md).
 */

/** Bits of an address: the longest prefix. */
export const ADDRESS_BITS = { ipv4: 32, ipv6: 128 } as const;

/** The family of an address or a network. */
export function detectFamily(address: string): keyof typeof ADDRESS_BITS {
  return address.includes(":") ? "ipv6" : "ipv4";
}

/** Returns the name of a family for people. */
export function renderFamily(family: keyof typeof ADDRESS_BITS): string {
  return family === "ipv4" ? "IPv4" : "IPv6";
}

/** Whether `text` is an IPv4 address in dotted decimal; some programs read a leading zero as octal. */
export function isIpv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
}

/** Whether `text` is an IPv4 or an IPv6 address, and not a name. */
export function isAddress(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

/** Whether an IPv6 address is link-local (fe80::/10, RFC 4291), with or without its zone. */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab][\da-f]:/i.test(address);
}

/** Whether `text` is a link-local address without its zone: it could be on any link. */
export function needsZone(text: string): boolean {
  return isLinkLocal(text) && isIpv6(text) && !text.includes("%");
}

/** Whether `text` is an IPv6 address, with or without a zone. */
export function isIpv6(text: string): boolean {
  const [address = "", zone, ...rest] = text.split("%");
  if (rest.length > 0 || (zone !== undefined && !/^[\w.-]+$/.test(zone))) return false;
  return /^[\dA-Fa-f:.]+$/.test(address) && URL.canParse(`http://[${address}]/`);
}

/** Characters that a shell reads: ssh puts user and host into a ProxyCommand (CVE-2023-51385). */
// deno-lint-ignore no-control-regex
const PART = /^[^\s\u0000-\u001f\u007f@'"`$\\;&<>|(){}-][^\s\u0000-\u001f\u007f@'"`$\\;&<>|(){}]*$/;

/** Whether a text is `[USER@]HOST`, which ssh cannot take for an option, nor a shell for more than a word. */
export function isSshPlace(text: string): boolean {
  const parts = text.split("@");
  return parts.length <= 2 && parts.every((part) => PART.test(part));
}
