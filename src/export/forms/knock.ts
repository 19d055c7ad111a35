/** A command line of Debian's `knock`, which sends bare SYNs and datagrams of one zero byte. */
import { quoteShell } from "../../core/text.ts";
import type { Exporter } from "../form.ts";
import { listLosses, type PlainDoor, refuse, requirePlainDoor } from "../plain_door.ts";
import { listFamilyFlags } from "../shell/line.ts";

/** Writes `knock -d 50 HOST 7000:tcp 8000:udp`. */
export const exporter: Exporter = {
  render(doors) {
    const door = requirePlainDoor(doors, "knock");
    const { target, knocks } = door;
    if (knocks.some(({ knock }) => knock.protocol === "icmp")) {
      refuse(target, "knock", "echo requests", "bash");
    }
    if (knocks.some(({ cargo }) => cargo.kind !== "none")) {
      refuse(target, "knock", "payloads", "bash");
    }
    const delayMs = findDelay(door);
    const words = [
      "knock",
      ...listFamilyFlags(target),
      // Its number is milliseconds, without a unit.
      ...(delayMs === undefined ? [] : ["-d", String(delayMs)]),
      quoteShell(target.host),
      ...knocks.map(({ knock: { port, protocol } }) => `${port}:${protocol}`),
    ];
    const pauses = new Set(knocks.slice(0, -1).map(({ pauseMs }) => pauseMs));
    return {
      text: `${words.join(" ")}\n`,
      lost: [
        ...(pauses.size > 1
          ? [`${target.name}: the delays of single knocks: the longest one is that of all`]
          : []),
        ...listLosses(door, []),
      ],
      holdsSecret: false,
    };
  },
};

function findDelay({ knocks }: PlainDoor): number | undefined {
  const pauses = knocks.flatMap(({ pauseMs }) => pauseMs === undefined ? [] : [pauseMs]);
  return pauses.length === 0 ? undefined : Math.ceil(Math.max(...pauses));
}
