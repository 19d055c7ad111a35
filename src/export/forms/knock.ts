/** A command line of Debian's `knock`, which sends bare SYNs and datagrams of one zero byte. */
import { renderDelay } from "../../core/sequence.ts";
import { UsageError } from "../../core/errors.ts";
import type { Exporter } from "../form.ts";

/** Writes `knock -d 50 HOST 7000:tcp 8000:udp`. */
export const exporter: Exporter = {
  render([door]) {
    if (door === undefined) throw new UsageError("there is no target to export");
    const { host, knocks, delayMs } = door.target;
    const ports = knocks.map(({ port, protocol }) => `${port}:${protocol}`).join(" ");
    return {
      text: `knock ${delayMs === "auto" ? "" : `-d ${renderDelay(delayMs)} `}${host} ${ports}\n`,
      lost: [],
      holdsSecret: false,
    };
  },
};
