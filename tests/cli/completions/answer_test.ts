/** What can follow on a line, asked for as fish does: it gets whole words, with nothing left out. */
import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "../../../src/cli/command_table.ts";
import { readValueName, VALUE_KINDS } from "../../../src/cli/completions/value_kinds.ts";
import { readUsage } from "../../../src/cli/completions/words.ts";
import { GLOBAL_OPTIONS } from "../../../src/cli/options.ts";
import { table } from "../../table.ts";
import { World } from "../harness.ts";

const TARGETS = `
[targets.home]
host = "h"
tags = ["family", "my rack"]
knocks = ["7/udp"]
[targets.office]
host = "o"
tags = ["family"]
knocks = [
  "1/tcp", # first
]
`;

/** Returns the candidates, and before them what paths can be there. */
async function ask(line: string, text = TARGETS): Promise<string[]> {
  await using world = new World({ stdin: line });
  await Deno.writeTextFile(`${world.home}/other.toml`, text.replace("home", "cabin"));
  await world.write(text);
  const { code, stdout, stderr } = await world.run("complete", "fish");
  assertEquals([code, stderr, world.programs.calls.length], [0, "", 0]);
  return stdout.split("\n").slice(0, -1).map((each) => each.replace(/\t.*/, ""));
}

table<[line: string, expected: string[]]>("completions: what can follow", {
  "a target": ["spknock knock ", ["none", "home", "office"]],
  "another target": ["spknock knock home ", ["none", "office"]],
  "a word that is not a target": ["spknock knock 192.0.2.1 ", ["none"]],
  "an action": ["spknock rolling ", ["none", "new", "rotate", "revoke"]],
  "what an action is done to": ["spknock rolling new ", ["none", "home", "office"]],
  "after an action that is not one": ["spknock rolling old ", ["none"]],
  "behind an option without a value": ["spknock knock -v ", ["none", "home", "office"]],
  "behind an option with a value": ["spknock knock --tries 2 ", ["none", "home", "office"]],
  "behind an option before the command": ["spknock -q show ", ["none", "home", "office"]],
  "a back end": [
    "spknock rules home --for ",
    ["none", "nftables", "nftables-openwrt", "iptables", "mikrotik", "knockd"],
  ],
  "a back end behind =": [
    "spknock rules home --for=mi",
    [
      "none",
      ...["nftables", "nftables-openwrt", "iptables", "mikrotik", "knockd"]
        .map((name) => `--for=${name}`),
    ],
  ],
  "words that are meant as they are": ["spknock rules --variant ", ["none", "ipset", "recent"]],
  "a tag": ["spknock knock --tag ", ["none", "family", "my rack"]],
  "another tag": ["spknock knock --tag family --tag ", ["none", "my rack"]],
  "another tag of a list": ["spknock knock --tag family,", ["none", "family,my rack"]],
  "another tag of a list behind =": [
    "spknock knock --tag='my rack',",
    ["none", "--tag=my rack,family"],
  ],
  "a probe": [
    "spknock probe --probe ",
    ["none", "tls:", "http://", "https://", "ssh", "ssh:", "ping"],
  ],
  "a secret": ["spknock add --secret ", ["none", "prompt", "none", "env:", "file:", "command:"]],
  "a file": ["spknock rules --output ", ["files"]],
  "a file of the letter": ["spknock rules -fo ", ["files"]],
  "a file as an argument": ["spknock import ", ["files"]],
  "a folder": ["spknock rules --output-dir ", ["folders"]],
  "a file, or -": ["spknock knock --secrets-from=", ["files"]],
  "a login": ["spknock apply home ", ["none", "office"]],
  "nothing": ["spknock knock --delay=", ["none", "--delay=auto"]],
  "a command": ["spknock knock home -- ls ", ["files"]],
  "no command": ["spknock list -- ", ["none"]],
  "an unknown command": ["spknock nonsense ", ["none"]],
  "the names of another file": ["spknock --config ~/other.toml show ", ["none", "cabin", "office"]],
  "the names of another file, later": [
    "spknock show -c~/nosuch.toml --config=~/other.toml ",
    ["none"],
  ],
  "no names": ["spknock -c /nosuch show ", ["none"]],
  "a shell": ["spknock completions ", ["none", "bash", "zsh", "fish", "powershell"]],
  "no more arguments, but options": ["spknock rename home house ", ["none"]],
  "options of a command without arguments": ["spknock list ", ["none", "--tag"]],
  "a quoted word": ["'spknock' \"knock\" ho\\me o", ["none", "office"]],
  "no word yet": ["spknock", []],
  "nothing at all": ["", []],
}, async ([line, expected]) => {
  assertEquals(await ask(line), expected);
});

Deno.test("completions: commands, and help", async () => {
  const names = COMMANDS.map(({ name }) => name);
  assertEquals(await ask("spknock "), ["none", ...names, "help"]);
  assertEquals(await ask("spknock help "), ["none", ...names, "exit-codes", "environment"]);
});

Deno.test("completions: an option that was given is not there again, unless it can be repeated", async () => {
  const options = await ask("spknock knock -n --all --tag a --tries=2 -");
  assertEquals(options.filter((name) => /^--(?:dry-run|all|tag|tries|jobs)$/.test(name)), [
    "--tag",
    "--jobs",
  ]);
  assert(options.includes("--config"));
});

table<[text: string, names: string[]]>("completions: names of a configuration", {
  "inline tables": ['targets = { home = { host = "h" } }', ["home"]],
  "dotted keys": ['targets.home.host = "h"\ntargets.home.tags = ["x"]', ["home"]],
  "a table of tables": ['[targets]\nhome = { host = "h" }', ["home"]],
  "a quoted name": ['["targets"."home"]\nhost = "h"', ["home"]],
  "a name in a text": ['[targets.home]\ndescription = """\n[targets.no]\n"""', ["home"]],
  "parts of a target": ["[targets.home.close]\n[targets.home]\n[[targets.home.probes]]", ["home"]],
  "keys of any kind": [
    '[targets.home]\na=1\nb=-2 # x\nc=[1,\n "#", # y\n ]\nd={a=[1],b="x"}\ne=2027-11-25\nf=\'x\'\r\n',
    ["home"],
  ],
  "a target that cannot be used": ["[targets.home]\nnonsense = 1", ["home"]],
  "broken": ["[targets.home]\nhost = \n", []],
  "broken later": ["[targets.home]\nhost = 'h'\n[", []],
  "twice": ["[targets.home]\n[targets.home]", []],
  "a key twice": ["[targets.home]\nhost = 'a'\nhost = 'b'", []],
  "a name that a terminal would act on": ['[targets."\\u001b[2J"]\nhost = "h"', []],
  "not targets": ["targets = 1", []],
  empty: ["", []],
}, async ([text, names]) => {
  assertEquals(await ask("spknock show ", text), ["none", ...names]);
});

Deno.test("completions: tags of all targets and of the defaults, but none that a terminal would act on", async () => {
  const text = '[defaults]\ntags = ["all"]\n[targets.home]\ntags = ["b\\u001b", "a"]\n';
  assertEquals(await ask("spknock list --tag ", text), ["none", "all", "a"]);
});

Deno.test("completions: the names of the old file, where there is no other", async () => {
  await using world = new World({ stdin: "spknock knock " });
  await Deno.mkdir(`${world.home}/.secrets`);
  await Deno.writeTextFile(`${world.home}/.secrets/spknock-targets.conf`, "example:1/udp,2\n");
  assertEquals((await world.run("complete", "fish")).stdout, "none\nexample\n");
});

Deno.test("completions: every name of a value in the help is known", async () => {
  const values = await Promise.all(COMMANDS.map(async ({ load }) => {
    const { command } = await load();
    const ofOptions = [...command.options, ...GLOBAL_OPTIONS].flatMap((spec) =>
      "value" in spec && spec.value !== undefined ? [spec.value] : []
    );
    return [...ofOptions, ...readUsage(command).flat().map(({ value }) => value)];
  }));
  const used = new Set(values.flat().flatMap((value) => readValueName(value).kinds));
  assertEquals([...used].toSorted(), Object.keys(VALUE_KINDS).toSorted());
});

Deno.test("completions: bash escapes whole characters", async () => {
  const text = TARGETS.replace("my rack", "\u{20bb7}\u91ce b");
  await using world = new World({ stdin: "spknock list --tag " });
  await world.write(text);
  assertEquals(
    (await world.run("complete", "bash")).stdout,
    "none\nfamily\n\\\u{20bb7}\\\u91ce\\ b\n",
  );
});
