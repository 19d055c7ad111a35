import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/core/errors.ts";
import type { Knock } from "../../src/core/knock.ts";
import type { Target } from "../../src/core/target.ts";
import * as edit from "../../src/config/edit.ts";
import type { TargetDraft } from "../../src/config/target/keys.ts";
import { parseDocumentConfig } from "../../src/config/read_document.ts";
import { table } from "../table.ts";
import { makeRandom } from "../../tools/torture/random.ts";

/** The edits, of a file of the usual name where a test names none. */
const FILE_NAME = { file: "targets.toml" };
const addTargets = (text: string, drafts: TargetDraft[]) =>
  edit.addTargets(text, drafts, FILE_NAME);
const addTarget = (text: string, draft: TargetDraft) => addTargets(text, [draft]);
const removeTarget = (text: string, name: string) => edit.removeTarget(text, name, FILE_NAME);
const renameTarget = (text: string, names: { from: string; to: string }, options = FILE_NAME) =>
  edit.renameTarget(text, names, options);
const replaceTarget = (
  text: string,
  draft: TargetDraft,
  { file = FILE_NAME.file, name = draft.name }: { file?: string; name?: string } = {},
) => {
  const edited = edit.changeTargets(text, () => [{ ...draft, name }], { file });
  return edit.renameTarget(edited, { from: name, to: draft.name }, { file });
};

const PROMPT: Knock["payload"] = { kind: "secret", source: { kind: "prompt" } };
const ENV: Knock["payload"] = { kind: "secret", source: { kind: "env", name: "FW" } };
const NONE: Knock["payload"] = { kind: "none" };

function udp(port: number, payload: Knock["payload"] = PROMPT): Knock {
  return { port, protocol: "udp", payload };
}

function tcp(port: number): Knock {
  return { port, protocol: "tcp", payload: NONE };
}

function readTarget(text: string, name = "home"): Target {
  const target = parseDocumentConfig(text, { file: "targets.toml" }).config.targets.get(name);
  if (target === undefined) throw new Error(`no target ${name}`);
  return target;
}

/** The text after the target's settings are changed. */
function change(text: string, changes: Partial<TargetDraft>, name = "home"): string {
  const edited = replaceTarget(text, { ...readTarget(text, name), ...changes });
  const wanted = { ...readTarget(text, name), ...changes };
  assertEquals(readTarget(edited, name), wanted);
  return edited;
}

const FILE = `#:schema ./targets.schema.json
# my doors
version = 1

[defaults]
delay = "50ms"   # quick

# The house.
# Two lines.
[targets.home]   # sweet
  host   =   "fw.example.com"     # name
knocks = [
  "1234/udp", # first
  "9876/udp", # second
]
tries = 5 # patient

# between

[[targets.home.probes]]
type = "tcp"     # tcping
port = 22

# The office.
[targets.office]
host = "192.0.2.1"
knocks = ["7000"]
# end
`;

Deno.test("edit: a new file begins with its version", () => {
  const text = addTarget("", { name: "home", host: "h", knocks: [udp(1), tcp(2)] });
  assertEquals(
    text,
    `version = 1\n\n[targets.home]\nhost = "h"\nknocks = ["1/udp", "2/tcp"]\n`,
  );
});

Deno.test("edit: a target is added at the end, in the way that the contract shows", () => {
  const draft: TargetDraft = {
    name: "new",
    host: "2001:db8::1",
    knocks: [udp(1, ENV), { ...udp(2, ENV), delayMs: 250 }, tcp(3)],
    description: 'a "new" one\u202e',
    tags: ["a", "b"],
    delayMs: 200,
    copies: 1,
    openForMs: 60_000,
    tries: 3,
    probes: [{ type: "ssh", port: 22 }, { type: "exec", command: ["a b", "c"] }],
    after: [{ type: "exec", command: ["x"] }],
  };
  const text = addTarget(FILE, draft);
  assertEquals(
    text,
    `${FILE}
[targets.new]
host = "2001:db8::1"
description = "a \\"new\\" one\\u202e"
tags = ["a", "b"]
knocks = ["1/udp", { port = 2, protocol = "udp", delay = "250ms" }, "3/tcp"]
secret = { env = "FW" }
delay = "200ms"
copies = 1
open_for = "1m"

[[targets.new.probes]]
type = "ssh"
port = 22

[[targets.new.probes]]
type = "exec"
run = ["a b", "c"]

[[targets.new.after]]
run = ["x"]
`,
  );
  const { name: _name, ...wanted } = { ...readTarget(FILE), ...draft };
  const { name: _own, ...added } = readTarget(text, "new");
  assertEquals(added, { ...wanted, tries: 3 });
});

Deno.test("edit: every payload is written so that it reads the same", () => {
  const bytes = new Uint8Array([0, 255]);
  const text = new TextEncoder().encode("open sesame");
  const knocks: Knock[] = [
    udp(1),
    udp(2, NONE),
    udp(3, ENV),
    udp(4, { kind: "bytes", bytes }),
    udp(5, { kind: "bytes", bytes: text }),
    udp(6, { kind: "secret", source: { kind: "hash", hash: "ab".repeat(32) } }),
    udp(7, { kind: "secret", source: { kind: "command", command: ["p", 'q "r"'] } }),
    udp(8, { kind: "secret", source: { kind: "file", path: "/x" } }),
  ];
  assertEquals(readTarget(addTarget("", { name: "home", host: "h", knocks })).knocks, knocks);
  for (const knock of knocks) {
    const one = addTarget("", { name: "home", host: "h", knocks: [knock] });
    assertEquals(readTarget(one).knocks, [knock]);
  }
});

Deno.test("edit: the secret of [defaults] is not written again", () => {
  const defaults = `[defaults]\nsecret = { env = "FW" }\n`;
  const text = addTarget(defaults, { name: "home", host: "h", knocks: [udp(1, ENV)] });
  assertEquals(text, `${defaults}\n[targets.home]\nhost = "h"\nknocks = ["1/udp"]\n`);
  const other = addTarget(defaults, { name: "home", host: "h", knocks: [udp(1)] });
  assertEquals(readTarget(other).knocks, [udp(1)]);
});

Deno.test("edit: a file without a last line break gets one", () => {
  assertEquals(
    addTarget("version = 1", { name: "a", host: "h", knocks: [tcp(1)] }),
    `version = 1\n\n[targets.a]\nhost = "h"\nknocks = ["1/tcp"]\n`,
  );
});

Deno.test("edit: CRLF and a byte order mark stay", () => {
  const before = `\uFEFF${FILE.replaceAll("\n", "\r\n")}`;
  const added = addTarget(before, { name: "new", host: "h", knocks: [tcp(1)] });
  assertEquals(
    added,
    `${before}\r\n[targets.new]\r\nhost = "h"\r\nknocks = ["1/tcp"]\r\n`,
  );
  const changed = change(before, {
    description: "x",
    probes: [{ type: "ping" }, { type: "ping" }],
  });
  assert(!/[^\r]\n/.test(changed), JSON.stringify(changed));
  assertEquals(removeTarget(added, "new"), before);
});

/** A change of `home` in FILE, and the lines that it replaces. */
const CHANGES: Record<string, [changes: Partial<TargetDraft>, from: string, to: string]> = {
  "nothing": [{}, "", ""],
  "the host": [{ host: "other" }, '"fw.example.com"     # name', '"other"     # name'],
  "a number": [{ tries: 7 }, "tries = 5 # patient", "tries = 7 # patient"],
  "a new key": [
    { description: "x" },
    "tries = 5 # patient\n",
    'tries = 5 # patient\ndescription = "x"\n',
  ],
  "a key back to its default": [{ tries: 3 }, "tries = 5 # patient\n", ""],
  "one knock": [{ knocks: [udp(1), udp(9876)] }, '"1234/udp"', '"1/udp"'],
  "a knock more": [
    { knocks: [udp(1234), udp(9876), tcp(1)] },
    '"9876/udp", # second\n',
    '"9876/udp", # second\n  "1/tcp",\n',
  ],
  "a knock less": [{ knocks: [udp(1234)] }, '  "9876/udp", # second\n', ""],
  "the secret of all": [
    { knocks: [udp(1234, ENV), udp(9876, ENV)] },
    "tries = 5 # patient\n",
    'tries = 5 # patient\nsecret = { env = "FW" }\n',
  ],
  "the secret of one": [
    { knocks: [udp(1234), udp(9876, ENV)] },
    '"9876/udp"',
    '{ port = 9876, protocol = "udp", secret = { env = "FW" } }',
  ],
  "a probe's port": [{ probes: [{ type: "tcp", port: 2222 }] }, "port = 22\n", "port = 2222\n"],
  "a probe's type": [
    { probes: [{ type: "http", url: "http://x/" }] },
    'type = "tcp"     # tcping\nport = 22\n',
    'type = "http"     # tcping\nurl = "http://x/"\n',
  ],
  "a probe more": [
    { probes: [{ type: "tcp", port: 22 }, { type: "ping" }] },
    "port = 22\n",
    'port = 22\n\n[[targets.home.probes]]\ntype = "ping"\n',
  ],
  "no probe": [
    { probes: [] },
    '[[targets.home.probes]]\ntype = "tcp"     # tcping\nport = 22\n\n',
    "",
  ],
  "what opens": [
    { opens: [{ port: 22, protocol: "tcp" }] },
    "tries = 5 # patient\n",
    'tries = 5 # patient\nopens = ["22/tcp"]\n',
  ],
  "a first after": [
    { after: [{ type: "exec", command: ["x"] }] },
    "port = 22\n",
    'port = 22\n\n[[targets.home.after]]\nrun = ["x"]\n',
  ],
};

table("edit changes its key and no other byte", CHANGES, ([changes, from, to]) => {
  assert(FILE.includes(from));
  assertEquals(change(FILE, changes), FILE.replace(from, () => to));
});

Deno.test("edit: a setting that the draft does not name stays", () => {
  const edited = replaceTarget(FILE, { name: "home", host: "x", knocks: readTarget(FILE).knocks });
  assertEquals(edited, FILE.replace("fw.example.com", "x"));
});

Deno.test("edit: a target may change its name as well", () => {
  const edited = replaceTarget(FILE, { ...readTarget(FILE), name: "house" }, { name: "home" });
  assertEquals(edited, FILE.replaceAll("targets.home", "targets.house"));
});

Deno.test("edit: secret files named from the file's folder stay as they are", () => {
  const text = '[targets.home]\nhost = "h"\nknocks = ["1/udp"]\nsecret = { file = "s" }\n';
  const file = "/etc/spknock/targets.toml";
  const target = parseDocumentConfig(text, { file }).config.targets.get("home") as Target;
  const edited = replaceTarget(text, { ...target, tries: 9 }, { file });
  assertEquals(edited, `${text}tries = 9\n`);
  const more = { ...target, knocks: [...target.knocks, ...target.knocks] };
  assertEquals(
    replaceTarget(text, more, { file }),
    text.replace('"1/udp"', '"1/udp", "1/udp"'),
  );
});

/** Ways to write the same targets. */
const FORMS: Record<string, string> = {
  "dotted keys in [targets]":
    '[targets]\nhome.host = "h" # c\nhome.knocks = ["1/udp"]\nother.host = "o"\nother.knocks = [1]\n',
  "dotted keys at the top":
    'targets.home.host = "h" # c\ntargets.home.knocks = ["1/udp"]\ntargets.other.host = "o"\ntargets.other.knocks = [1]\n',
  "inline tables in [targets]":
    '[targets]\nhome = { host = "h", knocks = ["1/udp"] } # c\nother = { host = "o", knocks = [1] }\n',
  "one inline table":
    'targets = { home = { host = "h", knocks = ["1/udp"] }, other = { host = "o", knocks = [1] } } # c\n',
  "quoted names":
    '["targets" . "home"]\nhost = "h" # c\nknocks = ["1/udp"]\n[targets.\'other\']\nhost = "o"\nknocks = [1]\n',
  "a sub-table for the secret":
    '[targets.home]\nhost = "h"\nknocks = ["1/udp"]\n[targets.home.secret]\nenv = "FW"\n[targets.other]\nhost = "o"\nknocks = [1]\n',
  "sub-tables first":
    '[[targets.home.probes]]\ntype = "ping"\n\n[targets.home]\nhost = "h"\nknocks = ["1/udp"]\n\n[targets.other]\nhost = "o"\nknocks = [1]\n',
  "inline probes":
    '[targets.home]\nhost = "h"\nknocks = ["1/udp"]\nprobes = ["ssh:22", { type = "ping" }]\n[targets.other]\nhost = "o"\nknocks = [1]\n',
};

table("all edits", FORMS, (text) => {
  change(text, { host: "x" });
  change(text, { tries: 9, description: "d" });
  change(text, { knocks: [udp(5, ENV), udp(6, ENV)] });
  change(text, { knocks: [udp(5, NONE), udp(6)] });
  change(text, { probes: [{ type: "tcp", port: 1 }] });
  change(text, { probes: [{ type: "ping" }, { type: "ssh", port: 22 }, { type: "ping" }] });
  change(text, { probes: [], after: [{ type: "exec", command: ["a"] }] });
  const renamed = renameTarget(text, { from: "home", to: "house" });
  assertEquals(readTarget(renamed, "house"), { ...readTarget(text), name: "house" });
  assertEquals(renamed.length, text.length + text.split(/home/).length - 1 - quotesLost(text));
  const removed = parseDocumentConfig(removeTarget(text, "home"), { file: "targets.toml" }).config;
  assertEquals([...removed.targets.values()], [readTarget(text, "other")]);
});

/** A renamed quoted key is written bare. */
function quotesLost(text: string): number {
  return text.includes('"home"') ? 2 : 0;
}

Deno.test("edit: a target goes with the comment above it, and no other byte", () => {
  assertEquals(
    removeTarget(FILE, "home"),
    FILE.slice(0, FILE.indexOf("# The house.")) + "# between\n\n" +
      FILE.slice(FILE.indexOf("# The office.")),
  );
  assertEquals(removeTarget(FILE, "office"), FILE.slice(0, FILE.indexOf("\n# The office.")));
});

Deno.test("edit: the directive at the start of the file stays", () => {
  const text = '#:schema ./x.json\n[targets.a]\nhost = "h"\nknocks = [1]\n';
  assertEquals(removeTarget(text, "a"), "#:schema ./x.json\n");
});

Deno.test("edit: comments inside of strings are no comments", () => {
  const text = 'version = 1\n[targets.a]\nhost = "h"\nknocks = [1]\ndescription = """x\n# y"""\n' +
    '[targets.b]\nhost = "h"\nknocks = [1]\n';
  assertEquals(removeTarget(text, "b"), text.slice(0, text.indexOf("[targets.b]")));
});

function readMessage(change: () => unknown): string {
  const error: Error = assertThrows(change, ConfigError);
  return error.message;
}

const DRAFT = { name: "home", host: "h", knocks: [tcp(1)] };
const MISSING = 'targets.toml: there is no target "x"';

table("edit refuses", {
  "to add a name that is taken": [
    () => addTarget(FILE, DRAFT),
    'targets.toml:10: targets.home: a target of the name "home" is saved already',
  ],
  "to add a name twice": [
    () => addTargets("", [DRAFT, DRAFT]),
    'targets.toml: targets.home: a target of the name "home" is saved already',
  ],
  "to rename to a name that is taken": [
    () => renameTarget(FILE, { from: "home", to: "office" }, { file: "f" }),
    'f:25: targets.office: a target of the name "office" is saved already',
  ],
  "to rename to what is not a name": [
    () => renameTarget(FILE, { from: "home", to: "a b" }),
    'targets.toml: targets."a b": cannot name a target: use letters, digits, - and _, ' +
    "starting with a letter, at most 64",
  ],
  "to remove a target that is missing": [() => removeTarget(FILE, "x"), MISSING],
  "to rename a target that is missing": [
    () => renameTarget(FILE, { from: "x", to: "y" }),
    MISSING,
  ],
  "to change a target that is missing": [
    () => replaceTarget(FILE, { ...DRAFT, name: "x" }),
    MISSING,
  ],
  "a text that is wrong": [
    () => addTarget("a =", DRAFT),
    'targets.toml:1: has no value after "="',
  ],
  "an inline table of all targets": [
    () => addTarget("targets = {}\n", DRAFT),
    "targets.toml:1: targets: is an inline table, which has to be edited by hand",
  ],
  "a target that is wrong": [
    () => addTarget("", { ...DRAFT, host: "a b", knocks: [] }),
    "targets.toml: targets.home.host: is not a host: use a name, an IPv4 or an IPv6 address\n" +
    'targets.toml: targets.home.knocks: is empty: use at least one knock, such as "7000/udp"',
  ],
}, ([run, message]: [() => unknown, string]) => assertEquals(readMessage(run), message));

Deno.test("edit: edits keep all other lines (seeded)", () => {
  const noise = ["", "# note", "   ", "# [targets.x]", '# host = "x"'];
  for (let seed = 1; seed <= 120; seed++) {
    const random = makeRandom(seed);
    const eol = random(2) === 0 ? "\n" : "\r\n";
    const extra = () => Array.from({ length: random(3) }, () => noise[random(noise.length)] ?? "");
    const blocks = Array.from({ length: 5 }, (_, index) => [
      ...extra(),
      `[targets.t${index}]`,
      `host = "h${index}"${random(2) === 0 ? " # here" : ""}`,
      ...extra(),
      `knocks = ["${index + 1}/udp"]`,
      ...(random(2) === 0 ? ["", `[[targets.t${index}.probes]]`, 'type = "ping"'] : []),
      "",
    ]);
    const text = ["version = 1", ...blocks.flat()].join(eol) + eol;
    const name = `t${random(5)}`;
    const context = `seed ${seed}, ${name}\n${text}`;

    const added = addTarget(text, { name: "new", host: "n", knocks: [tcp(1)] });
    assert(added.startsWith(text), context);
    assertEquals(removeTarget(added, "new"), text, context);

    const renamed = renameTarget(text, { from: name, to: "new" });
    assertEquals(renamed, text.replaceAll(`targets.${name}`, "targets.new"), context);
    assertEquals(renameTarget(renamed, { from: "new", to: name }), text, context);

    const changed = replaceTarget(text, { ...readTarget(text, name), host: "zz", tries: 9 });
    const lines = changed.split(eol).filter((line) => line !== "tries = 9");
    const wanted = text.replace(`host = "h${name.slice(1)}"`, 'host = "zz"').split(eol);
    assertEquals(lines, wanted, context);

    const rest = removeTarget(text, name).split(eol);
    const present = text.split(eol);
    let at = 0;
    for (const line of rest) {
      at = present.indexOf(line, at) + 1;
      assert(at > 0, `${line} is new: ${context}`);
    }
    const lost = present.filter((line) => /^(\[|host|knocks)/.test(line)).length -
      rest.filter((line) => /^(\[|host|knocks)/.test(line)).length;
    assert(lost === 3 || lost === 4, context);
  }
});

const TCP = { type: "tcp", port: 1 } as const;
const PING = { type: "ping" } as const;

/** Files of the target `home`, changes of several keys at once, and the new text. */
const TOGETHER: Record<string, [text: string, changes: Partial<TargetDraft>, after: string]> = {
  "tables added at one place, each after one blank line": [
    '[targets.home]\nhost = "h"\nknocks = [1]\n\n# end\n',
    { tries: 9, probes: [TCP, PING], after: [{ type: "exec", command: ["x"] }] },
    '[targets.home]\nhost = "h"\nknocks = [1]\ntries = 9\n\n[[targets.home.probes]]\n' +
    'type = "tcp"\nport = 1\n\n[[targets.home.probes]]\ntype = "ping"\n\n' +
    '[[targets.home.after]]\nrun = ["x"]\n\n# end\n',
  ],
  "a key added to the table below which tables are added": [
    '[targets.home]\nhost = "h"\nknocks = [1]\n[[targets.home.probes]]\ntype = "ping"\n',
    { probes: [TCP, PING] },
    '[targets.home]\nhost = "h"\nknocks = [1]\n[[targets.home.probes]]\ntype = "tcp"\n' +
    'port = 1\n\n[[targets.home.probes]]\ntype = "ping"\n',
  ],
  "the last table replaced by one of another name": [
    '[targets.home]\nhost = "h"\nknocks = [1]\n\n[[targets.home.probes]]\ntype = "ping"\n',
    { probes: [], after: [{ type: "exec", command: ["x"] }] },
    '[targets.home]\nhost = "h"\nknocks = [1]\n\n[[targets.home.after]]\nrun = ["x"]\n',
  ],
  "a key added where the last one goes": [
    '[targets.home]\nhost = "h"\nknocks = [1]\n# patient\ntries = 9\n',
    { tries: 3, copies: 1 },
    '[targets.home]\nhost = "h"\nknocks = [1]\ncopies = 1\n# patient\n',
  ],
  "the first and the last pair of an inline table, and a new one": [
    "[targets]\nhome = {tries = 9,host = 'h',  knocks = [1], copies = 1}",
    { tries: 3, copies: "auto", host: "x", description: "d" },
    '[targets]\nhome = {host = "x",  knocks = [1], description = "d"}',
  ],
  "dotted keys in an inline table": [
    'targets = { home.tries = 9, home.host = "h", home.knocks = [1] } # c\n',
    { tries: 3, copies: 1, description: "d" },
    'targets = { home.host = "h", home.knocks = [1], home.description = "d", home.copies = 1 } # c\n',
  ],
};

table("edit: changes that meet", TOGETHER, ([text, changes, after]) => {
  assertEquals(change(text, changes), after);
});

const OPENS = (port: number): Pick<TargetDraft, "opens"> => ({
  opens: [{ port, protocol: "tcp" }],
});

/** Lines of the target `home`, changes of what it opens and probes, and the new lines. */
const OPENING: Record<string, [lines: string, changes: Partial<TargetDraft>, after: string]> = {
  "a probe that comes from opens goes with it": ["opens = [1]\n", OPENS(2), 'opens = ["2/tcp"]\n'],
  "no probe is said": ["opens = [1]\n", { probes: [] }, "opens = [1]\nprobes = []\n"],
  "no probe stays said": [
    "opens = [1]\nprobes = []\n",
    OPENS(2),
    'opens = ["2/tcp"]\nprobes = []\n',
  ],
  "no probe stays said where nothing opens yet": [
    "probes = []\n",
    { ...OPENS(1), probes: [] },
    'probes = []\nopens = ["1/tcp"]\n',
  ],
  "its own probe stays": [
    'opens = [1]\nprobes = ["1/tcp"]\n',
    OPENS(2),
    'opens = ["2/tcp"]\nprobes = ["1/tcp"]\n',
  ],
  "the old probe with new opens": [
    "opens = [1]\n",
    { ...OPENS(2), probes: [TCP] },
    'opens = ["2/tcp"]\n\n[[targets.home.probes]]\ntype = "tcp"\nport = 1\n',
  ],
  "the probe that opens implies is not written": [
    "opens = [1]\n",
    { ...OPENS(2), probes: [{ type: "tcp", port: 2 }] },
    'opens = ["2/tcp"]\n',
  ],
  "a probe more than the one that is the default": [
    'opens = [1]\n[[targets.home.probes]]\ntype = "tcp"\nport = 1\n',
    { probes: [TCP, PING] },
    'opens = [1]\n[[targets.home.probes]]\ntype = "tcp"\nport = 1\n\n' +
    '[[targets.home.probes]]\ntype = "ping"\n',
  ],
  "a string that lists several ports": [
    'opens = ["1, 2", 3]\n',
    OPENS(2),
    'opens = ["2/tcp"]\n',
  ],
  "nothing opens": ['opens = ["1/tcp"] # ssh\n', { opens: [] }, ""],
};

table("edit: opens and probes", OPENING, ([lines, changes, after]) => {
  const head = '[targets.home]\nhost = "h"\nknocks = [1]\n';
  const text = edit.changeTargets(head + lines, () => [{ name: "home", ...changes }], FILE_NAME);
  assertEquals(text, head + after);
});

table("add: opens and probes", [
  ["the probe of opens is not written", [{ ...OPENS(1), probes: [TCP] }, 'opens = ["1/tcp"]\n']],
  ["no probe is", [{ ...OPENS(1), probes: [] }, 'opens = ["1/tcp"]\nprobes = []\n']],
] as [string, [Partial<TargetDraft>, string]][], ([draft, lines]) => {
  const text = addTarget("", { name: "home", host: "h", knocks: [tcp(1)], ...draft });
  assertEquals(text, `version = 1\n\n[targets.home]\nhost = "h"\nknocks = ["1/tcp"]\n${lines}`);
});

/** Arrays of `knocks`, the ports that they become, and their new text. */
const ARRAYS: Record<string, [before: string, ports: number[], after: string]> = {
  "one more on a line": ["[1]", [1, 2], '[1, "2/tcp"]'],
  "one more in front": ["[1, 2]", [3, 1, 2], '["3/tcp", 1, 2]'],
  "the first of a line goes": ["[ 1, 2 ]", [2], "[ 2 ]"],
  "each line keeps its comment": [
    "[\n  1, # one\n  # above two\n  2, # two\n  3 # three\n]",
    [1, 3],
    "[\n  1, # one\n  3 # three\n]",
  ],
  "comments above go with the first one": [
    "[\n  # above one\n  1,\n  # above two\n  2,\n]",
    [2],
    "[\n  # above two\n  2,\n]",
  ],
  "the last one without a comma": [
    "[\n  1, # one\n  2 # two\n]",
    [1, 2, 3],
    [
      "[",
      "  1, # one",
      "  2, # two",
      '  "3/tcp"',
      "]",
    ].join("\n"),
  ],
  "a comment at the end of the first line": ["[1, # one\n 2]", [1], "[1 # one\n]"],
  "a comma on a line of its own": [
    "[\n  1 # one\n  , 2\n]",
    [2, 1],
    '[\n  "2/tcp", # one\n   "1/tcp"\n]',
  ],
  "another order": [
    "[\n  1, # one\n  2, # two\n]",
    [2, 1, 3],
    [
      "[",
      "  2, # two",
      "  1, # one",
      '  "3/tcp",',
      "]",
    ].join("\n"),
  ],
  "none is the same": ["[1, 2]", [3, 4, 5], '["3/tcp", "4/tcp", "5/tcp"]'],
};

table(
  "edit: an array keeps the text and comments of what stays",
  ARRAYS,
  ([before, ports, after]) => {
    const wrap = (array: string) => `[targets.home]\nhost = "h"\nknocks = ${array} # end\n`;
    assertEquals(change(wrap(before), { knocks: ports.map(tcp) }), wrap(after));
  },
);

table<[text: string, changes: Partial<TargetDraft>, changed: string]>(
  "a path below the configuration's folder stays relative",
  {
    "a knock's own secret": [
      'knocks = [{ port = 1, protocol = "udp", secret = { file = "k/1" } }]',
      { knocks: [{ ...udp(2), payload: fileIn("conf/k/1") }] },
      'knocks = [{ port = 2, protocol = "udp", secret = { file = "k/1" } }]',
    ],
    "another secret of the target": [
      'knocks = ["1/udp"]\nsecret = { file = "k/1" }',
      { knocks: [{ ...udp(1), payload: fileIn("conf/k/2") }] },
      'knocks = ["1/udp"]\nsecret = { file = "k/2" }',
    ],
    "a former key": [
      'knocks = ["1/udp"]\nsecret = { file = "k/1" }\n' +
      'rolling = { window = "10m", slots = 2, former_key = "k/0" }',
      { rolling: { windowMs: 600_000, slots: 3, formerKey: "conf/k/0" } },
      'knocks = ["1/udp"]\nsecret = { file = "k/1" }\n' +
      'rolling = { window = "10m", slots = 3, former_key = "k/0" }',
    ],
    "another key of its table": [
      'knocks = ["1/udp"]\nsecret = { file = "./k/1" }',
      { delayMs: 7 },
      'knocks = ["1/udp"]\nsecret = { file = "./k/1" }\ndelay = "7ms"',
    ],
  },
  ([text, changes, changed]) => {
    const header = '[targets.home]\nhost = "h"\n';
    const file = "conf/targets.toml";
    const edited = edit.changeTargets(
      `${header}${text}\n`,
      () => [{ name: "home", ...changes }],
      { file },
    );
    assertEquals(edited, `${header}${changed}\n`);
  },
);

function fileIn(path: string): Knock["payload"] {
  return { kind: "secret", source: { kind: "file", path } };
}
