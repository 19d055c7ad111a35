/** `echo -n TEXT > /dev/udp/HOST/PORT` and `: > /dev/tcp/HOST/PORT`: bash itself knocks. */
import {
  readPayload,
  readShellHost,
  readShellPort,
  type ShellInput,
  type ShellKnocks,
} from "../tool.ts";

/** Whether a file that is written to is a socket to bash. */
export function isDevice(path: string): boolean {
  return /^\/dev\/(?:tcp|udp)\//.test(path);
}

/**
 * Reads where a command writes to, and what.
 *
 * @throws {RangeError} without any text of it.
 */
export function readDevice(path: string, output: ShellInput): ShellKnocks {
  const [, , protocol, host, port = ""] = path.split("/");
  const knock = { port: readShellPort(port) };
  const name = readShellHost(host);
  if (protocol === "tcp") {
    return { host: name, knocks: [{ ...knock, protocol, payload: { kind: "none" } }] };
  }
  if (output === "unknown") throw new RangeError("the payload is what a program prints");
  return { host: name, knocks: [{ ...knock, protocol: "udp", payload: readPayload(output) }] };
}
