/** Calls of nmap: one a knock, as it sends the ports of one call in random order. */
import { isAddress, isIpv6 } from "../../core/address/syntax.ts";
import { HASH_PLACEHOLDER, PAYLOAD_PLACEHOLDER } from "../../core/placeholder.ts";
import type { Target } from "../../core/target.ts";
import { quoteShell } from "../../core/text.ts";
import type { Exporter } from "../form.ts";
import { type Cargo, listLosses, type LoadedKnock, requirePlainDoor } from "../plain_door.ts";
import { renderLine } from "../shell/line.ts";

/** Writes `nmap -n -Pn --max-retries 0 --host-timeout 201ms -p 7000 HOST; ...`. */
export const exporter: Exporter = {
  render(doors) {
    const door = requirePlainDoor(doors, "nmap");
    const { target } = door;
    const isOpen = target.family === "any" && !isAddress(target.host);
    const lost = [
      ...(isOpen ? [`${target.name}: the choice of the family: nmap takes IPv4`] : []),
      ...listLosses(door, ["source"]),
    ];
    return renderLine(door, {
      tool: "nmap (udp needs root)",
      renderCall: (loaded) => renderCall(target, loaded),
      lost,
    });
  },
};

function renderCall({ host, family, source }: Target, { knock, cargo }: LoadedKnock): string {
  return [
    ...["nmap", "-n", "-Pn", "--max-retries", "0", "--host-timeout", "201ms"],
    ...(family === "ipv6" || isIpv6(host) ? ["-6"] : []),
    ...(source === undefined ? [] : [isAddress(source) ? "-S" : "-e", quoteShell(source)]),
    ...(knock.protocol === "udp" ? ["-sU"] : []),
    ...["-p", String(knock.port)],
    ...renderData(cargo),
    quoteShell(host),
  ].join(" ");
}

function renderData(cargo: Cargo): string[] {
  if (cargo.kind === "none") return [];
  if (cargo.kind === "secret") return ["--data-string", cargo.hash ?? HASH_PLACEHOLDER];
  if (cargo.bytes === undefined) return ["--data-string", PAYLOAD_PLACEHOLDER];
  return ["--data", `0x${cargo.bytes.toHex()}`];
}
