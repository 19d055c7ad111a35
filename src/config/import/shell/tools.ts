/** The tools whose command lines are read, by the names that they are called by. */
import type { ShellTool } from "./tool.ts";
import { tool as hping3 } from "./tools/hping3.ts";
import { tool as knock } from "./tools/knock.ts";
import { tool as nc } from "./tools/nc.ts";
import { tool as nmap } from "./tools/nmap.ts";
import { tool as ping } from "./tools/ping.ts";

/** One row a name. */
export const SHELL_TOOLS: Readonly<Record<string, ShellTool>> = {
  knock,
  nmap,
  nc,
  ncat: nc,
  netcat: nc,
  "nc.openbsd": nc,
  "nc.traditional": nc,
  hping3,
  hping: hping3,
  ping,
};

/** Programs that start the rest of their line, with how many arguments are before it besides options. */
export const WRAPPERS: Readonly<Record<string, { before: number; withValue: string }>> = {
  sudo: { before: 0, withValue: "ugpCRrtTDh" },
  doas: { before: 0, withValue: "uC" },
  timeout: { before: 1, withValue: "ks" },
  nice: { before: 0, withValue: "n" },
  nohup: { before: 0, withValue: "" },
  time: { before: 0, withValue: "" },
  command: { before: 0, withValue: "" },
  exec: { before: 0, withValue: "a" },
  env: { before: 0, withValue: "uCS" },
};
