/**
 * `--quiet` prints only results and errors (docs: `-q` in the help): a row for every command. A command whose
 * result is its output (`list`, `rules`, `hash`) prints that, and nothing else; any other prints nothing.
 */
import { assertEquals } from "@std/assert";
import { COMMANDS } from "../../src/cli/command_table.ts";
import { table } from "../table.ts";
import { World, type WorldOptions } from "./harness.ts";

const TARGETS = `version = 1
[defaults]
secret = "none"
delay = 0
tries = 1
[targets.home]
host = "192.0.2.1"
knocks = ["7000/tcp", "9000/tcp", "8000/tcp"]
opens = ["22/tcp"]
probes = ["tcp:22"]
[targets.home.close]
knocks = ["9500/tcp"]
[targets.plain]
host = "192.0.2.1"
knocks = ["7200/udp"]
[targets.codes]
host = "192.0.2.1"
knocks = ["7100/udp"]
secret = { env = "SPKNOCK_TEST" }
rolling = { window = "10m", slots = 4 }
opens = ["22/tcp"]
`;

interface Row {
  argv: string;
  /** Whether the result goes to stdout. */
  prints?: boolean;
  /** The exit code; 0 where undefined. */
  code?: number;
  world?: WorldOptions;
  /** Ctrl-C then: milliseconds of the fake clock. */
  interruptAfter?: number;
}

const KEY = btoa("0".repeat(32));
const OPEN = { open: [22] };

const ROWS: Readonly<Record<string, Row>> = {
  knock: { argv: "knock home", world: OPEN },
  "knock, several": { argv: "knock home codes", world: OPEN },
  probe: { argv: "probe home", world: OPEN },
  connect: { argv: "connect home 22", world: OPEN },
  "ssh-config": { argv: "ssh-config home", prints: true },
  keep: { argv: "keep home", world: { open: [22], shutsAfter: 4 }, interruptAfter: 1_000 },
  close: { argv: "close home" },
  list: { argv: "list", prints: true },
  show: { argv: "show home", prints: true },
  add: { argv: "add box 192.0.2.9 7000/tcp 8000/tcp" },
  edit: { argv: "edit home --tries 4" },
  rename: { argv: "rename home house" },
  remove: { argv: "remove home --yes" },
  import: { argv: "import HOME/legacy --from legacy" },
  export: { argv: "export home --as knock", prints: true },
  hash: { argv: "hash", prints: true, world: { stdin: "MikroTik\n" } },
  rules: { argv: "rules home --for nftables", prints: true },
  apply: { argv: "apply home root@192.0.2.1 --yes", code: 3 },
  setup: { argv: "setup house root@192.0.2.1 --yes", code: 3 },
  rolling: { argv: "rolling new plain" },
  codes: { argv: "codes codes --count 1", prints: true },
  fwknop: { argv: "fwknop keygen", prints: true },
  "one-time": { argv: "one-time generate --count 3", prints: true },
  simulate: { argv: "simulate home", interruptAfter: 1_000 },
  // Its door is real, and the network of a test is not.
  demo: { argv: "demo", code: 1 },
  doctor: { argv: "doctor", prints: true },
  completions: { argv: "completions bash", prints: true },
};

Deno.test("quiet: every command has a row", () => {
  assertEquals(COMMANDS.map(({ name }) => name).filter((name) => ROWS[name] === undefined), []);
});

/** Ctrl-C when something sleeps past that moment of the fake clock, or once real sockets are open. */
function interruptAt(world: World, ms: number): void {
  const sleep = world.clock.sleepUntil.bind(world.clock);
  world.clock.sleepUntil = (at, signal) => {
    if (at > ms) world.interrupt();
    return sleep(at, signal);
  };
  setTimeout(() => world.interrupt(), 50);
}

table("quiet", ROWS, async ({ argv, prints = false, code = 0, world: options, ...row }) => {
  await using world = new World({ env: { SPKNOCK_TEST: KEY }, ...options });
  await world.write(TARGETS);
  await Deno.writeTextFile(`${world.home}/legacy`, "office 192.0.2.5:7000/tcp,8000/tcp\n");
  const { interruptAfter } = row;
  if (interruptAfter !== undefined) interruptAt(world, interruptAfter);
  const words = argv.replace("HOME", world.home).split(" ");
  const ended = await world.run(...words, "--quiet");
  assertEquals(ended.code, code, `${ended.stdout}${ended.stderr}`);
  assertEquals(ended.stdout !== "", prints, ended.stdout);
  const lines = ended.stderr.split("\n").filter((line) => line !== "");
  assertEquals(lines.filter((line) => !/^(?:error|hint): |^ {2}/.test(line)), []);
});
