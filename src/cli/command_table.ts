/** Every command: its name, its line in the help, and where it is. The rest is in its own file. */
import type { Permission } from "../use_cases/ports.ts";
import type { Command } from "./command.ts";

/** One command. */
export interface CommandRow {
  name: string;
  /** One line in the imperative. */
  summary: string;
  /** What it may need; the others are given up before it starts. */
  permissions: readonly Permission[];
  load(): Promise<{ command: Command }>;
}

/** Every command, in the order of the help: doors, saved targets, firewalls. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: "knock",
    summary: "knock on targets, then check that the door is open",
    permissions: ["write", "run"],
    load: () => import("./commands/doors/knock.ts"),
  },
  {
    name: "probe",
    summary: "check whether the door is open, without a knock",
    permissions: ["run"],
    load: () => import("./commands/doors/probe.ts"),
  },
  {
    name: "connect",
    summary: "knock, then carry stdin and stdout: for ssh's ProxyCommand",
    permissions: ["write", "run"],
    load: () => import("./commands/doors/connect.ts"),
  },
  {
    name: "ssh-config",
    summary: "print the Host block that makes ssh knock by itself",
    permissions: ["write"],
    load: () => import("./commands/doors/ssh_config.ts"),
  },
  {
    name: "keep",
    summary: "knock, and hold the door open until Ctrl-C or the command's end",
    permissions: ["write", "run"],
    load: () => import("./commands/doors/keep.ts"),
  },
  {
    name: "close",
    summary: "close the door: the knocks of a target's close table",
    permissions: ["run"],
    load: () => import("./commands/doors/close.ts"),
  },
  {
    name: "list",
    summary: "show the saved targets",
    permissions: [],
    load: () => import("./commands/targets/list.ts"),
  },
  {
    name: "show",
    summary: "show one target with all its settings",
    permissions: ["run"],
    load: () => import("./commands/targets/show.ts"),
  },
  {
    name: "add",
    summary: "save a target; without arguments it asks",
    permissions: ["write", "run"],
    load: () => import("./commands/targets/add.ts"),
  },
  {
    name: "edit",
    summary: "change a target; without options it asks",
    permissions: ["write", "run"],
    load: () => import("./commands/targets/edit.ts"),
  },
  {
    name: "rename",
    summary: "give a target another name",
    permissions: ["write"],
    load: () => import("./commands/targets/rename.ts"),
  },
  {
    name: "remove",
    summary: "remove targets",
    permissions: ["write", "run"],
    load: () => import("./commands/targets/remove.ts"),
  },
  {
    name: "import",
    summary: "save the targets of another tool's file",
    permissions: ["write"],
    load: () => import("./commands/targets/import.ts"),
  },
  {
    name: "export",
    summary: "write the same knock for another tool, or another person",
    permissions: ["write", "run"],
    load: () => import("./commands/targets/export.ts"),
  },
  {
    name: "hash",
    summary: "print the SHA-256 hex of a passphrase",
    permissions: ["run"],
    load: () => import("./commands/firewall/hash.ts"),
  },
  {
    name: "rules",
    summary: "write the complete firewall rules for a target",
    permissions: ["write", "run"],
    load: () => import("./commands/firewall/rules.ts"),
  },
  {
    name: "apply",
    summary: "load the rules over ssh, with a timed way back, and prove them",
    permissions: ["write", "run"],
    load: () => import("./commands/server/apply.ts"),
  },
  {
    name: "rolling",
    summary: "make, replace or revoke the key of one-time codes",
    permissions: ["write"],
    load: () => import("./commands/rolling/rolling.ts"),
  },
  {
    name: "codes",
    summary: "print one-time codes, for paper or a friend",
    permissions: ["run"],
    load: () => import("./commands/rolling/codes.ts"),
  },
  {
    name: "fwknop",
    summary: "make the keys of a door of fwknopd, and the server's lines",
    permissions: ["write", "run"],
    load: () => import("./commands/fwknop/fwknop.ts"),
  },
  {
    name: "one-time",
    summary: "make the one-time sequences of a knockd",
    permissions: ["write"],
    load: () => import("./commands/targets/one_time.ts"),
  },
  {
    name: "setup",
    summary: "set up a closed, checked door on a server, over ssh",
    permissions: ["write", "run"],
    load: () => import("./commands/server/setup.ts"),
  },
  {
    name: "simulate",
    summary: "run a door on loopback that behaves as the firewall would",
    permissions: ["run"],
    load: () => import("./commands/firewall/simulate.ts"),
  },
  {
    name: "demo",
    summary: "closed, knock, open: on loopback, with no configuration",
    permissions: [],
    load: () => import("./commands/firewall/demo.ts"),
  },
  {
    name: "doctor",
    summary: "find out what is wrong: files, names, routes, the door",
    permissions: ["run"],
    load: () => import("./commands/firewall/doctor.ts"),
  },
  {
    name: "completions",
    summary: "print what makes a shell complete command lines",
    permissions: [],
    load: () => import("./commands/shell/completions.ts"),
  },
];
