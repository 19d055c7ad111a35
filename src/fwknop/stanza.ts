/** What a server's access.conf has to say for a door of fwknopd. */
import { type Fwknop, FWKNOP_PORT, renderAccess } from "../core/fwknop.ts";
import type { KnockProtocol } from "../core/knock.ts";
import { isPorts, type Service } from "../core/service.ts";

/** A door, and its keys in base64. */
interface StanzaRequest {
  /** Of the target, for a comment; undefined where there is none. */
  name?: string | undefined;
  opens: readonly Service[];
  /** Seconds that the daemon keeps the door open where a packet does not say it. */
  timeout: number;
  key: string;
  hmacKey: string;
  /** Where the packets go. */
  port?: number | undefined;
  protocol?: KnockProtocol | undefined;
  fwknop?: Pick<Fwknop, "allowIp" | "nat" | "hmacDigest"> | undefined;
}

/** Width of the names. */
const WIDTH = 23;

/** Returns the lines of the stanza; they hold both keys. */
export function renderStanza(request: StanzaRequest): string {
  const { name, opens, timeout, key, hmacKey, fwknop } = request;
  const hasAddress = fwknop !== undefined && fwknop.allowIp !== "source";
  const isSha256 = fwknop === undefined || fwknop.hmacDigest === "sha256";
  const rows: [key: string, value: string][] = [
    ["SOURCE", "ANY"],
    ...(hasAddress ? [["REQUIRE_SOURCE_ADDRESS", "Y"] as [string, string]] : []),
    ["OPEN_PORTS", renderAccess(opens.filter(isPorts))],
    ["FW_ACCESS_TIMEOUT", `${timeout}`],
    ["KEY_BASE64", key],
    ["HMAC_KEY_BASE64", hmacKey],
    ...(isSha256
      ? []
      : [["HMAC_DIGEST_TYPE", fwknop.hmacDigest.toUpperCase()] as [string, string]]),
  ];
  const whose = name === undefined ? "" : `: the target ${name} of spknock`;
  return [
    `# /etc/fwknop/access.conf (mode 0600) of the server${whose}`,
    ...listRemarks(request),
    ...rows.map(([word, value]) => `${word.padEnd(WIDTH)} ${value}`),
    "",
  ].join("\n");
}

/** What fwknopd.conf needs besides. */
function listRemarks(
  { fwknop, port = FWKNOP_PORT, protocol = "udp" }: StanzaRequest,
): string[] {
  const nat = fwknop?.nat;
  const needs = [
    ...(port === FWKNOP_PORT && protocol === "udp"
      ? []
      : [`PCAP_FILTER ${protocol} port ${port};`]),
    ...(protocol === "tcp" ? ["ENABLE_TCP_SERVER Y;", `TCPSERV_PORT ${port};`] : []),
    ...(nat === undefined
      ? []
      : [`${nat.host === undefined ? "ENABLE_IPT_LOCAL_NAT" : "ENABLE_IPT_FORWARDING"} Y;`]),
  ];
  return needs.map((each) => `# fwknopd.conf needs: ${each}`);
}
