/**
 * A passphrase in the wrong place (any key, any option, any line) is in no output. Not tried is what is a name
 * that the user has to see again: hosts, targets, tags, descriptions, files, environment variables, programs.
 */
import { assert } from "@std/assert";
import { COMMANDS } from "../../src/cli/command_table.ts";
import { GLOBAL_OPTIONS } from "../../src/cli/options.ts";
import {
  CLOSE_KEYS,
  CONNECT_KEYS,
  DEFAULTS_KEYS,
  TARGET_KEYS,
} from "../../src/config/target/keys.ts";
import { RC_KEYS } from "../../src/config/import/fwknoprc/keys.ts";
import { KNOCK_KEYS } from "../../src/config/target/knocks.ts";
import { PAYLOAD_KINDS } from "../../src/config/value_specs.ts";
import { PROBE_KINDS } from "../../src/probe/kinds.ts";
import { SECRET_KEYS } from "../../src/secret/kinds.ts";
import { table } from "../table.ts";
import { World } from "./harness.ts";

const MARKER = "hunter2";
const NUMBER = "4242424242";

/** Ways in which a passphrase can be written; the last ones cannot be a name either. */
const VALUES = [
  `"${MARKER}"`,
  MARKER,
  `"${MARKER} ${MARKER}"`,
  `"1234/udp:${MARKER}"`,
  `"${MARKER}:1234"`,
  `"1234/${MARKER}"`,
  `"http://u:${MARKER}@h/"`,
  `"tcp:${MARKER}"`,
  NUMBER,
  `["${MARKER}"]`,
  `[{ port = "${MARKER}" }]`,
  `[[${NUMBER}]]`,
  `{ ${MARKER} = 1 }`,
  `{ "${MARKER} x" = 1 }`,
  `{ env = "${MARKER} x" }`,
  `{ hash = "${MARKER}" }`,
  `{ text = "${MARKER}", hex = "${MARKER}" }`,
  `{ hex = "${MARKER}" }`,
  `"${MARKER}`,
  `'''${MARKER}`,
  `["${MARKER}"`,
  `"x" ${MARKER}`,
  `"${MARKER}\\q"`,
];

const TARGET = '[targets.home]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\nsecret = "none"\n';

/** Where a key can be: the text before it, and the keys. */
type Place = readonly [before: string, keys: readonly string[]];

const PLACES: Readonly<Record<string, Place>> = {
  "at the top": ["", ["version", "defaults", "targets", "plugins", MARKER]],
  "in [defaults]": ["[defaults]\n", [...DEFAULTS_KEYS, "host", MARKER]],
  "in a target": ["[targets.home]\n", [...TARGET_KEYS, MARKER, "probe", "secrets"]],
  "in a close table": [`${TARGET}[targets.home.close]\n`, [...CLOSE_KEYS, MARKER]],
  "in a connect table": [`${TARGET}[targets.home.connect]\n`, [...CONNECT_KEYS, MARKER]],
  "in a knock": ['[[targets.home.knocks]]\nport = 1\nprotocol = "udp"\n', [...KNOCK_KEYS, MARKER]],
  "in a secret": [
    TARGET.replace('secret = "none"\n', "") + "[targets.home.secret]\n",
    [...SECRET_KEYS, MARKER],
  ],
  "in a payload": [
    "[[targets.home.knocks]]\nport = 1\n[targets.home.knocks.payload]\n",
    [...Object.keys(PAYLOAD_KINDS), MARKER],
  ],
  "in an after": [`${TARGET}[[targets.home.after]]\n`, ["type", "run", "command", MARKER]],
  "in a plug-in": [`${TARGET}[plugins.x]\n`, ["command", MARKER]],
  ...Object.fromEntries(
    Object.entries(PROBE_KINDS).map(([type, { keys }]) => [`in a ${type} probe`, [
      `${TARGET}[[targets.home.probes]]\ntype = "${type}"\n`,
      [...keys.flatMap(({ field, names }) => names ?? [field]), MARKER],
    ]]),
  ),
};

/** Keys whose value is a name, and is shown where it can be one. */
const NAMES = new Set(["host", "description", "tags", "env", "file", "run", "command"]);

async function requireHidden(world: World, argv: readonly string[], about: string): Promise<void> {
  const { stdout, stderr } = await world.run(...argv);
  const output = stdout + stderr;
  for (const marker of [MARKER, NUMBER]) {
    assert(!output.includes(marker), `${argv.join(" ")}\n${about}\n${output}`);
  }
}

table(
  "a passphrase in the wrong place of a file is not repeated",
  PLACES,
  async ([before, keys]: Place) => {
    await using world = new World();
    for (const key of keys) {
      for (const value of VALUES) {
        if (NAMES.has(key) && /^(?:\["hunter2"\]|"[^"]*"$)/.test(value)) continue;
        const text = `${before}${key} = ${value}\n`;
        await world.write(text);
        await requireHidden(world, ["probe", "home", "--json"], text);
        await requireHidden(world, ["probe", "home", "-v"], text);
      }
    }
  },
);

table("a passphrase alone on a line of a file is not repeated", {
  "nothing else": MARKER,
  "two words": `${MARKER} ${MARKER}`,
  "before a target": `${MARKER}\n${TARGET}`,
  "after a target": `${TARGET}${MARKER}\n`,
  "in a header that is not closed": `[${MARKER}\n`,
  "with an equals sign": `= ${MARKER}\n`,
  "in quotes": `"${MARKER}"\n`,
  "twice as a key": `${MARKER} = 1\n${MARKER} = 2\n`,
}, async (text) => {
  await using world = new World();
  await world.write(text);
  await requireHidden(world, ["probe", "home"], text);
  await requireHidden(world, ["edit", "home", "--tries", "2"], text);
});

const LEGACY = [
  MARKER,
  `host:${MARKER}`,
  `host:1/udp,${MARKER}`,
  `host:1/udp:${MARKER}`,
  `${MARKER}#:1`,
  `${MARKER} é!:1`,
  `${MARKER}:`,
  `host:${NUMBER}`,
];

table(
  "a passphrase in an old file is not repeated",
  LEGACY.map((line) => [line, line] as const),
  async (line) => {
    await using world = new World();
    const file = `${world.home}/old.conf`;
    await Deno.writeTextFile(file, `${line}\n`);
    await requireHidden(world, ["import", file], line);
    await Deno.mkdir(`${world.home}/.secrets`);
    await Deno.rename(file, `${world.home}/.secrets/spknock-targets.conf`);
    await requireHidden(world, ["probe", "--all", "-v"], line);
  },
);

const RC_HEAD = "[work]\nSPA_SERVER 192.0.2.1\nALLOW_IP source\n";

table(
  "a passphrase in a .fwknoprc is not repeated",
  [
    ...[
      MARKER,
      `${MARKER} ${MARKER}`,
      `= ${MARKER}`,
      `[${MARKER}`,
      `${MARKER}: x`,
      `#${MARKER}\nX`,
    ],
    ...Object.keys(RC_KEYS).flatMap((key) => [
      `${key} ${MARKER}`,
      `${key} ${NUMBER}`,
      `${key}: ${MARKER};${MARKER}`,
      `${key}${MARKER} x`,
      `${key} ${MARKER} ${NUMBER}`,
    ]),
  ].map((line) => [line, line] as const),
  async (line) => {
    // What is a host or a file is shown where it can be one.
    if (/^SPA_SERVER:? hunter2/.test(line)) return;
    await using world = new World();
    const file = `${world.home}/rc`;
    await Deno.writeTextFile(file, `${RC_HEAD}${line}\n`);
    await requireHidden(world, ["import", file, "--from", "fwknop"], line);
    await requireHidden(world, ["import", file, "--from", "fwknop", "-k", "--json"], line);
    await Deno.writeTextFile(file, `[default]\n${line}\n${RC_HEAD}ACCESS tcp/1\nHMAC_KEY h\n`);
    await requireHidden(world, ["import", file, "--from", "fwknop"], line);
  },
);

table("a passphrase in a file of TOML that is imported is not repeated", {
  "in a secret": `${TARGET.replace('"none"', `{ key = "${MARKER}" }`)}rolling = {}\n`,
  "as a secret": TARGET.replace('"none"', `"${MARKER}"`),
  "in a payload": TARGET.replace('"7/udp"', `{ port = 1, payload = "${MARKER}" }`),
  "as a key": `${TARGET}${MARKER} = 1\n`,
  "in a command": TARGET.replace('"none"', `{ command = ["${MARKER}"] }`),
  "alone": `${TARGET}${MARKER}\n`,
}, async (text) => {
  await using world = new World();
  const file = `${world.home}/x.toml`;
  await Deno.writeTextFile(file, text);
  await requireHidden(world, ["import", file], text);
  await requireHidden(world, ["import", file, "--from", "toml", "--trust", "-n"], text);
});

/** Options whose value is a name or a file. */
const NAME_OPTIONS = new Set([
  "host",
  "tag",
  "description",
  "config",
  "output",
  "hosts",
  "name",
  "rule-set",
  "program",
]);
const TYPED = [
  MARKER,
  NUMBER,
  `1/udp:${MARKER}`,
  `http://u:${MARKER}@h/`,
  `http://u:${MARKER}@`,
  `tcp:${MARKER}`,
  `env:${MARKER} x`,
  `${MARKER},${MARKER}`,
  `${MARKER}/24`,
];
const ARGUMENTS: Record<string, readonly string[]> = {
  connect: ["home", "9"],
  add: ["new", "127.0.0.1", "1/udp"],
  rename: ["home", "house"],
  import: ["old.conf"],
  list: [],
  hash: [],
  demo: [],
  rolling: ["new", "home"],
};

const OPTIONS = await Promise.all(COMMANDS.map(async ({ name, load }) => {
  const { command } = await load();
  const specs = [...command.options, ...GLOBAL_OPTIONS];
  return [name, specs.filter((spec) => "value" in spec && !NAME_OPTIONS.has(spec.name))] as const;
}));

table(
  "a passphrase as the value of an option is not repeated",
  OPTIONS.map(([name, options]) => [name, { name, options }] as const),
  async ({ name, options }) => {
    await using world = new World();
    await world.write(TARGET);
    for (const option of options) {
      for (const typed of TYPED) {
        const argv = [name, ...ARGUMENTS[name] ?? ["home"], `--${option.name}`, typed];
        await requireHidden(world, argv, option.name);
      }
    }
  },
);

table(
  "a passphrase after -p or -P, as other programs take it, is not repeated",
  ["-p", "-P"].map((option) => [option, option] as const),
  async (option) => {
    await using world = new World();
    await requireHidden(world, ["knock", "home", `${option}${MARKER}`], option);
  },
);
