/** `ping -c 1 -s SIZE HOST`, an echo request as a knock. */
import { parseSource } from "../../../../core/target.ts";
import { readOptions, type ToolOptions } from "../options.ts";
import { NotAKnock, readAt, readPayload, readShellHost, type ShellTool } from "../tool.ts";

const OPTIONS: ToolOptions = {
  count: { short: "c", hasValue: true },
  size: { short: "s", hasValue: true },
  wait: { short: "W", hasValue: true },
  deadline: { short: "w", hasValue: true },
  interval: { short: "i", hasValue: true },
  interface: { short: "I", hasValue: true },
  pattern: { short: "p", hasValue: true },
  ipv4: { short: "4" },
  ipv6: { short: "6" },
  quiet: { short: "q" },
  numeric: { short: "n" },
  verbose: { short: "v" },
};

/** Reads a command line of iputils' ping; without a size and a count of one it is a question. */
export const tool: ShellTool = {
  read({ args }) {
    const { has, value, positionals: [host, ...others] } = readQuestion(args);
    const size = value("size");
    if (size === undefined || value("count") !== "1" || others.length > 0) {
      throw new NotAKnock("the command asks whether a host answers");
    }
    if (!/^\d{1,4}$/.test(size)) throw new RangeError("the size is not a whole number");
    const pattern = value("pattern") ?? "";
    if (!/^(?:[0-9A-Fa-f]{2}){0,16}$/.test(pattern)) throw new RangeError("-p is not hex digits");
    const source = value("interface");
    const payload = readPayload(Uint8Array.fromHex(pattern));
    return {
      host: readShellHost(host),
      knocks: [{ port: 0, protocol: "icmp", size: Number(size), payload }],
      family: has("ipv6") ? "ipv6" : has("ipv4") ? "ipv4" : undefined,
      source: source === undefined ? undefined : readAt("the source", () => parseSource(source)),
    };
  },
};

/** An option that is not in the table is not one of a knock. */
function readQuestion(args: readonly string[]) {
  try {
    return readOptions(args, OPTIONS);
  } catch {
    throw new NotAKnock("the command asks whether a host answers");
  }
}
