/** Calls of netcat, one a knock, with options that OpenBSD's, the traditional one and ncat have. */
import { HASH_PLACEHOLDER, PAYLOAD_PLACEHOLDER } from "../../core/placeholder.ts";
import type { Target } from "../../core/target.ts";
import { quoteShell } from "../../core/text.ts";
import type { Exporter } from "../form.ts";
import { type Cargo, listLosses, type LoadedKnock, requirePlainDoor } from "../plain_door.ts";
import { listFamilyFlags, renderLine, renderPrintf } from "../shell/line.ts";

/** Writes `nc -z -w 1 HOST 7000; printf %s HASH | nc -u -w 1 HOST 8000`. */
export const exporter: Exporter = {
  render(doors) {
    const door = requirePlainDoor(doors, "nc");
    return renderLine(door, {
      tool: "nc",
      renderCall: (loaded) => renderCall(door.target, loaded),
      lost: listLosses(door, ["source", "handshake"]),
    });
  },
};

function renderCall(target: Target, { knock, cargo }: LoadedKnock): string {
  const { host, source } = target;
  const from = source === undefined ? [] : ["-s", quoteShell(source)];
  const place = [...listFamilyFlags(target), ...from, quoteShell(host), String(knock.port)];
  if (knock.protocol === "tcp") return ["nc", "-z", "-w", "1", ...place].join(" ");
  return `printf ${renderCargo(cargo)} | ${["nc", "-u", "-w", "1", ...place].join(" ")}`;
}

/** nc sends nothing of an empty input: one zero byte is a regular knock, as Debian's knock has it. */
function renderCargo(cargo: Cargo): string {
  if (cargo.kind === "none") return renderPrintf(new Uint8Array(1));
  if (cargo.kind === "fixed") {
    return cargo.bytes === undefined ? `%s ${PAYLOAD_PLACEHOLDER}` : renderPrintf(cargo.bytes);
  }
  return `%s ${cargo.hash ?? HASH_PLACEHOLDER}`;
}
