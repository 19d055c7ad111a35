/**
 * What the JSON of Knock on Ports means, measured on its source (e526272): `data/json`, `data/type`, and
 * `service/sequence/Knocker.kt`, which sends.
 *
 * What is missing in a step becomes `udp` and `raw` when the app stores it. Files of version 0 are an array,
 * and have numbers instead of words.
 */

/** The words of each list, in the order of the numbers of version 0. */
export const WORDS = {
  type: ["udp", "tcp", "icmp"],
  encoding: ["raw", "base64", "hex"],
  ipv: ["prefer_ipv4", "prefer_ipv6", "only_ipv4", "only_ipv6", "both_ipv4_ipv6"],
  icmp_type: ["without_headers", "with_ip_header", "with_ip_and_icmp_headers"],
  check_type: ["URL", "PORT", "PING"],
} as const;

/** The name of the sequence that shuts the door of another. */
export const CLOSING = " (close)";

/** What is in a step instead of the digits of a secret that stays here; no 64 digits. */
export const SECRET_PLACEHOLDER = "PUT THE SHA-256 OF THE PASSPHRASE HERE: 64 LOWERCASE HEX DIGITS";

/** Milliseconds after each packet where the sequence does not say, and the most that there can be. */
export const APP_DELAY_MS = 500;
export const MAX_APP_DELAY_MS = 15_000;

/** How often the app knocks at most until its check passes, and where it does not say. */
export const MAX_APP_TRIES = 5;
export const APP_TRIES = 2;

/** Seconds that the app's check takes at most, and where it does not say. */
export const MAX_CHECK_S = 10;
export const CHECK_S = 3;
