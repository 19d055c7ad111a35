/**
 * A door of fwknopd: one packet (Single Packet Authorization), encrypted and signed with two keys, says what
 * to open, for whom and for how long. The daemon writes the firewall's rules itself.
 */
import type { KnockPayload } from "./knock.ts";
import type { PortRange } from "./service.ts";

/** The hashes of a packet's digest and of its HMAC, as fwknop names them. */
export const FWKNOP_DIGESTS = ["md5", "sha1", "sha256", "sha384", "sha512"] as const;

/** A hash by its name. */
export type FwknopDigest = typeof FWKNOP_DIGESTS[number];

/** A key: its text comes from a secret source, or is in the configuration (`bytes`, as UTF-8). */
export interface FwknopKey {
  payload: Extract<KnockPayload, { kind: "secret" | "bytes" }>;
  /** Whether the text is base64 (`KEY_BASE64`), or the key itself (`KEY`). */
  isBase64: boolean;
}

/** Where the daemon leads the connection to, instead of opening its own port. */
export interface FwknopNat {
  /** A host behind the daemon, by name or IPv4 address; undefined for the daemon's own host (local NAT). */
  host?: string | undefined;
  /** 1..65535. */
  port: number;
}

/** What a packet is made of besides the host, the port that it is sent to, and what the target opens. */
export interface Fwknop {
  /** Encrypts; 1..32 bytes. */
  key: FwknopKey;
  /** Signs; 1..128 bytes. */
  hmacKey: FwknopKey;
  /** For whom: the packet's source as the daemon sees it, our public address, or an IPv4 address. */
  allowIp: string;
  /** Where {@linkcode allowIp} is `resolve`: the URL that answers with our public address. */
  resolveUrl?: string | undefined;
  nat?: FwknopNat | undefined;
  /** The name of the user; the login name where undefined. */
  user?: string | undefined;
  /** Of the HMAC. */
  hmacDigest: FwknopDigest;
  /** Of the digest in the packet. */
  digest: FwknopDigest;
  /** Added to the clock in the packet, in milliseconds. */
  timeOffsetMs: number;
  /** Whether the packet asks for the target's `openForMs`; otherwise the daemon's own time holds. */
  asksTime: boolean;
}

/** The settings that a target of fwknopd has where it names none. */
export const FWKNOP_DEFAULTS = {
  allowIp: "source",
  hmacDigest: "sha256",
  digest: "sha256",
  timeOffsetMs: 0,
} as const satisfies Partial<Fwknop>;

/** Returns both keys of a door of fwknopd; none for another target. */
export function listKeys({ fwknop }: { fwknop?: Fwknop | undefined }): FwknopKey[] {
  return fwknop === undefined ? [] : [fwknop.key, fwknop.hmacKey];
}

/** Returns the settings with both keys changed. */
export function mapKeys(
  fwknop: Fwknop,
  change: (key: FwknopKey, use: "key" | "hmacKey") => FwknopKey,
): Fwknop {
  return {
    ...fwknop,
    key: change(fwknop.key, "key"),
    hmacKey: change(fwknop.hmacKey, "hmacKey"),
  };
}

/** Returns a place for NAT as the configuration has it: `HOST:PORT`, or `:PORT` for the daemon's own host. */
export function renderNat({ host = "", port }: FwknopNat): string {
  return `${host}:${port}`;
}

/** Returns ports as fwknop and its daemon write them: `tcp/22,udp/53`. */
export function renderAccess(access: readonly PortRange[]): string {
  return access.map(({ protocol, port }) => `${protocol}/${port}`).join(",");
}

/** Where fwknopd listens. */
export const FWKNOP_PORT = 62_201;

/** Milliseconds that fwknopd keeps a door open where neither it nor the packet says how long. */
export const FWKNOP_OPEN_FOR_MS = 30_000;
