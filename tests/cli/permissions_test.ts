/** What each command gives up, and when: a row for every command of the table. */
import { assertEquals } from "@std/assert";
import { COMMANDS } from "../../src/cli/command_table.ts";
import { table } from "../table.ts";
import { World } from "./harness.ts";

const TARGET =
  '[targets.home]\nhost = "127.0.0.1"\nknocks = ["7/udp", "8/udp"]\nprobes = ["tcp:22"]\n' +
  '[targets.home.close]\nknocks = ["9/udp"]\n';
const NONE = `${TARGET}`.replace("probes", 'secret = "none"\nprobes');
const COMMAND = `${TARGET}`.replace("probes", 'secret = { command = ["pass"] }\nprobes');
const EXEC = NONE.replace('"tcp:22"', '{ type = "exec", run = ["true"] }');
const ECHO = NONE.replace('"7/udp"', '{ protocol = "icmp", size = 64 }');
const ECHO_CLOSES = NONE.replace('"9/udp"', '{ protocol = "icmp", size = 64 }');
const AFTER = `${NONE}[[targets.home.after]]\nrun = ["true"]\n`;
const ROLLING = '[targets.home]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\n' +
  'secret = { file = "nosuch" }\nrolling = { slots = 2 }\n';

const FWKNOP = '[targets.home]\nhost = "127.0.0.1"\nprotocol = "fwknop"\nopens = ["22/tcp"]\n' +
  '[targets.home.fwknop]\nkey = "one"\nhmac_key = "other"\n';
const FWKNOP_COMMAND = FWKNOP.replace('"other"', '{ command = ["pass"] }');
const ONE_TIME = '[targets.home]\nhost = "127.0.0.1"\none_time = "seq"\nprobes = ["tcp:22"]\n';

/** `write` or `run`, each with the packets sent and the programs started before it was given up. */
const START = "write 0/0";
const BOTH = "write 0/0, run 0/0";

type Row = readonly [text: string, argv: string, drops: string];

const ROWS: readonly Row[] = [
  [NONE, "knock home", BOTH],
  [COMMAND, "knock home", "write 0/0, run 0/1"],
  [EXEC, "knock home", START],
  [AFTER, "knock home", START],
  // The system's ping sends icmp knocks.
  [ECHO, "knock home", START],
  [ECHO_CLOSES, "knock home", BOTH],
  [NONE, "knock home -- true", START],
  [NONE, "probe home", BOTH],
  [COMMAND, "probe home", BOTH],
  [AFTER, "probe home", BOTH],
  [EXEC, "probe home", START],
  [NONE, "connect home 22", BOTH],
  [EXEC, "connect home 22", BOTH],
  [AFTER, "connect home 22", BOTH],
  [COMMAND, "connect home 22", "write 0/0, run 0/1"],
  [NONE, "connect home 22 --probe ping", "write 0/0, run 2/1"],
  [COMMAND, "connect home 22 --probe ping", "write 0/0, run 4/2"],
  [ECHO, "connect home 22", "write 0/0, run 2/0"],
  [ECHO, "probe home", BOTH],
  [ECHO, "close home", BOTH],
  [ECHO_CLOSES, "close home", START],
  [NONE, "close home", BOTH],
  [AFTER, "close home", BOTH],
  [COMMAND, "close home", "write 0/0, run 0/1"],
  [NONE, "keep home -- true", START],
  // A door that stays closed ends it.
  [NONE, "keep home --probe 23 --tries 1 --timeout 1ms", BOTH],
  [ECHO, "keep home --probe 23 --tries 1 --timeout 1ms", START],
  [ECHO_CLOSES, "keep home --probe 23 --tries 1 --timeout 1ms", START],
  [NONE, "ssh-config home", "run 0/0, write 0/0"],
  [NONE, "list", BOTH],
  [NONE, "export home --as knock", ""],
  [NONE, "show home", BOTH],
  [NONE, "show home --fingerprint", START],
  [NONE, "ssh-config home --install --yes", "run 0/0"],
  [NONE, "hash", START],
  [NONE, "add new 127.0.0.1 1/tcp", ""],
  [NONE, "edit home --tries 2", ""],
  [NONE, "rename home house", "run 0/0"],
  [NONE, "remove home", ""],
  [NONE, "import old.conf", "run 0/0"],
  [COMMAND, "rules home --for nftables", ""],
  [NONE, "rolling new cabin --host 127.0.0.1 --port 1", "run 0/0"],
  [ROLLING, "codes home", BOTH],
  [NONE, "fwknop keygen", "run 0/0, write 0/0"],
  [NONE, "fwknop keygen work --host 127.0.0.1", "run 0/0"],
  [FWKNOP, "fwknop access home", BOTH],
  [FWKNOP_COMMAND, "fwknop access home", START],
  [FWKNOP, "knock home", BOTH],
  // Of the key of the HMAC alone.
  [FWKNOP_COMMAND, "knock home", "write 0/0, run 0/1"],
  [FWKNOP_COMMAND, "connect home 22", "write 0/0, run 0/1"],
  [ROLLING, "rolling revoke home", "run 0/0"],
  [NONE, "apply home root@127.0.0.1 --yes", ""],
  [NONE, "one-time generate --count 1", "run 0/0"],
  // The mark of a one-time sequence is written right before its first packet.
  [ONE_TIME, "knock home", "run 0/0"],
  [ONE_TIME, "probe home", BOTH],
  [ONE_TIME, "connect home 22", "run 0/0, write 2/0"],
  [ONE_TIME, "keep home --probe 23 --tries 1 --timeout 1ms", "run 0/0"],
  [NONE, "setup home root@127.0.0.1 --yes", ""],
  [NONE, "demo", BOTH],
  // What `simulate` and `doctor` give up while they work is tested where they are.
  [NONE, "simulate home --nonsense", ""],
  [NONE, "doctor", BOTH],
  [NONE, "completions bash", BOTH],
  // It reads names in the configuration, and nothing that a target names.
  [COMMAND, "complete bash", BOTH],
];

table(
  "permissions are given up as soon as nothing needs them",
  ROWS.map((row) => [`${row[1]}, ${nameText(row[0])}`, row] as const),
  async ([text, argv, drops]) => {
    await using world = new World({
      open: [22],
      opensAfter: argv.startsWith("connect") ? 2 : 0,
      shutsAfter: argv.startsWith("close") ? 1 : Infinity,
      programs: [{ code: 0, stdout: "ok\n", stderr: "" }],
      stdin: "x\n",
    });
    await world.write(text);
    const sequences = world.config.replace("targets.toml", "seq");
    await Deno.writeTextFile(sequences, " 7:udp,8:udp\n", { mode: 0o600 });
    await world.run(...argv.split(" "));
    const given = world.drops.map(({ name, sent, programs }) => `${name} ${sent}/${programs}`);
    assertEquals(given.join(", "), drops);
  },
);

function nameText(text: string): string {
  if (text === ECHO) return "an icmp knock";
  if (text === ECHO_CLOSES) return "an icmp knock that closes";
  if (text.includes("rolling")) return "one-time codes";
  if (text.includes("fwknop")) return `fwknop, ${text === FWKNOP ? "no program" : "a command"}`;
  if (text === ONE_TIME) return "one-time sequences";
  if (text === COMMAND) return "a secret command";
  return text === EXEC ? "an exec probe" : text === AFTER ? "an after program" : "no program";
}

Deno.test("every command has a row", () => {
  const tested = new Set(ROWS.map(([, argv]) => argv.split(" ")[0]));
  const names = [...COMMANDS.map(({ name }) => name), "complete"];
  assertEquals(names.filter((name) => !tested.has(name)), []);
});
