/** Debian's `knock [-u] [-d MS] [-4|-6] [-v] HOST PORT[:PROTO]...`; its datagrams carry one zero byte. */
import { type Knock, parsePort } from "../../../../core/knock.ts";
import { readOptions, type ToolOptions } from "../options.ts";
import { NotAKnock, readAt, readShellHost, type ShellTool } from "../tool.ts";

const ABOUT = "the command asks about the tool";

const OPTIONS: ToolOptions = {
  udp: { short: "u" },
  delay: { short: "d", hasValue: true },
  ipv4: { short: "4" },
  ipv6: { short: "6" },
  verbose: { short: "v" },
  version: { short: "V", other: ABOUT },
  help: { short: "h", other: ABOUT },
};

/** Reads a command line of knockd's client. */
export const tool: ShellTool = {
  read({ args }) {
    const { has, value, positionals: [host, ...ports] } = readOptions(args, OPTIONS);
    if (ports.length === 0) throw new NotAKnock("the command has no port");
    return {
      host: readShellHost(host),
      knocks: ports.map((text) => readKnock(text, has("udp"))),
      delayMs: readMilliseconds(value("delay")),
      family: has("ipv6") ? "ipv6" : has("ipv4") ? "ipv4" : undefined,
      remark: has("udp") && ports.some((text) => text.endsWith(":tcp"))
        ? "with -u knock sends each port as udp, whatever its protocol"
        : undefined,
    };
  },
};

/** As knock.c does, but for a protocol that is neither: it sends tcp then, for `UDP` as well. */
function readKnock(text: string, isUdp: boolean): Knock {
  const [portText = "", protocol = "tcp", ...rest] = text.split(":");
  if (rest.length > 0 || (protocol !== "tcp" && protocol !== "udp")) {
    throw new RangeError("a port has a protocol that is neither tcp nor udp");
  }
  const port = readAt("a port", () => parsePort(portText));
  return { port, protocol: isUdp ? "udp" : protocol, payload: { kind: "none" } };
}

function readMilliseconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new RangeError("the delay is not a whole number of milliseconds");
}
