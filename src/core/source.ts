/**
 * Where packets leave: an address of this machine, or an interface by its name.
 *
 * Rules: brackets around an IPv6 address are dropped, as in `[fd00::1]`; a link-local address needs its
 * zone; what is neither an address nor like one is the name of an interface (Linux: at most 15
 * characters, none of them white space or a slash).
 */
import { isIpv4, isIpv6, needsZone } from "./address_syntax.ts";

/**
 * Returns `text` if packets can leave from it.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseSource(text: string): string {
  const bare = /^\[(.+)\]$/.exec(text)?.[1] ?? text;
  if (isIpv4(bare) || isIpv6(bare)) {
    if (!needsZone(bare)) return bare;
    throw new RangeError(`the link-local address "${bare}" needs its interface: ${bare}%eth0`);
  }
  if (bare !== text || !isInterfaceName(text)) {
    throw new RangeError(
      `${
        JSON.stringify(text)
      } is not a source: use an IPv4 or an IPv6 address of this machine, or ` +
        `an interface such as eth0`,
    );
  }
  return text;
}

/** Windows has names with spaces, such as `Local Area Connection`. */
function isInterfaceName(text: string): boolean {
  return /^[\p{L}_][^:/\p{Cc}]{0,63}$/u.test(text) && !/^\s|\s$/.test(text);
}
