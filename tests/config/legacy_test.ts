import { joinOr } from "../../src/core/text.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError, renderProblem, UsageError } from "../../src/core/errors.ts";
import { renderPortSpec } from "../../src/core/knock.ts";
import { importTargets } from "../../src/config/import/import_targets.ts";
import { IMPORT_FORMATS } from "../../src/config/import/formats.ts";
import { createNames, makeTargetName, parseLegacy } from "../../src/config/import/legacy_file.ts";
import { parseDocumentConfig } from "../../src/config/read_document.ts";
import { addTargets } from "../../src/config/edit.ts";
import { table } from "../table.ts";

/** `host:port/protocol,...` of every target that the original would knock on. */
function read(text: string): string[] {
  return [...parseLegacy(text, { file: "f" }).targets.values()]
    .map(({ host, knocks }) => `${host}:${knocks.map(renderPortSpec).join(",")}`);
}

/** What is wrong, as `LINE: message`. */
function warningsOf(text: string): string[] {
  return parseLegacy(text, { file: "f" }).warnings.map((problem) =>
    renderProblem(problem).slice(2)
  );
}

const NOT_A_HOST = "1: the host is wrong: use a name, an IPv4 or an IPv6 address";
const NOT_A_PORT = "is not a port: use a whole number from 1 to 65535";

const LINES: [line: string, targets: string[], warnings: string[]][] = [
  ["h:1/udp,2/tcp,3", ["h:1/udp,2/tcp,3/tcp"], []],
  ["", [], []],
  ["  # h:1", [], []],
  [" h . example : 1 0 / u d p ,\t2 ", ["h.example:10/udp,2/tcp"], []],
  ["h\u00a0:\u30001\u2028,\x1c2\x85", ["h:1/tcp,2/tcp"], []],
  ["h:1/UDP,2/icmp,3/,4/udp/x", ["h:1/tcp,2/tcp,3/tcp,4/tcp"], []],
  ["h:+80,8_0,0080,\uff18\uff10,\u0668\u0660", [`h:${Array(5).fill("80/tcp").join(",")}`], []],
  ["h:0,1,65536,80x,-1,,_1,1__0,1_", ["h:1/tcp"], [
    "1: the first, the third, the fourth, the fifth, the sixth, the seventh, the eighth and the ninth " +
    `ports are not ports: use whole numbers from 1 to 65535`,
  ]],
  ["h", [], ['1: the line has no ":": write host:port/protocol,port/protocol,...']],
  ["::1:22", [], ['1: the line has 3 times ":": write host:port/protocol,port/protocol,...']],
  ["h:", [], ["1: the line has no port: write host:port/protocol,port/protocol,..."]],
  ["nas:99999/udp", [], [`1: the first port ${NOT_A_PORT}`]],
  ["h:1,2,3,4,5,6,7,8,9,10,x", ["h:1/tcp,2/tcp,3/tcp,4/tcp,5/tcp,6/tcp,7/tcp,8/tcp,9/tcp,10/tcp"], [
    `1: the 11th port ${NOT_A_PORT}`,
  ]],
  [":80", [], [NOT_A_HOST]],
  ["h h!:0", [], [`${NOT_A_HOST}; the first port ${NOT_A_PORT}`]],
  ["h#1:80", [], [NOT_A_HOST]],
];

for (const [line, targets, warnings] of LINES) {
  Deno.test(`legacy: reads ${JSON.stringify(line)}`, () => {
    assertEquals(read(line), targets);
    assertEquals(warningsOf(line), warnings);
  });
}

Deno.test("legacy: lines end as Python's universal newlines do", () => {
  assertEquals(read("a:1\nb:2\r\nc:3\rd:4"), ["a:1/tcp", "b:2/tcp", "c:3/tcp", "d:4/tcp"]);
  assertEquals(warningsOf("a:1\r\n\rx\n")[0]?.split(":")[0], "3");
});

Deno.test("legacy: a byte order mark is no part of the host", () => {
  assertEquals(read("\uFEFFa:1\n"), ["a:1/tcp"]);
});

Deno.test("legacy: udp knocks ask for their passphrase, the family is IPv4, all else is at the defaults", () => {
  const config = parseLegacy("fw.example.com:1/udp,2\n", { file: "f" });
  assertEquals([config.kind, config.file, config.holdsSecret], ["legacy", "f", false]);
  const toml =
    `[targets.fw-example-com]\nhost = "fw.example.com"\nknocks = ["1/udp", 2]\nfamily = "ipv4"\n`;
  assertEquals(config.targets, parseDocumentConfig(toml, { file: "f" }).config.targets);
});

table("legacy: a port is what int() of Python takes", [
  ["80", ["h:80/tcp"]],
  ["+80", ["h:80/tcp"]],
  ["8_0", ["h:80/tcp"]],
  ["\u{1d7d7}\u{1d7ce}", ["h:90/tcp"]],
  ...["-80", "", "+", "++1", "0x10", "1.0", "1e2", "²", "Ⅷ", "_", "1_", "_1"]
    .map((text) => [text, []] as [string, string[]]),
] as [string, string[]][], (knocks, text) => assertEquals(read(`h:${text}`), knocks));

table("makeTargetName", {
  "fw.example.com": "fw-example-com",
  "192.0.2.1": "host-192-0-2-1",
  "2001:db8::1": "host-2001-db8-1",
  "fe80::1": "host-fe80-1",
  "3com.example": "host-3com-example",
  "_x.example.": "host-_x-example",
  "bücher.example": "b-cher-example",
  ["a".repeat(80)]: "a".repeat(60),
}, (name, host) => assertEquals(makeTargetName(host), name));

Deno.test("legacy: a name that is taken gets a number", () => {
  assertEquals(createNames(new Set(["a", "a-2"]))("a"), "a-3");
  const { targets } = parseLegacy("h:1\nh:2\nh:3\n", { file: "f" });
  assertEquals([...targets.keys()], ["h", "h-2", "h-3"]);
});

Deno.test("legacy: every target is IPv4, read or imported, as the original knows nothing else", async () => {
  const { targets } = parseLegacy("a:1/udp\nb:2\n", { file: "f" });
  assertEquals([...targets.values()].map(({ family }) => family), ["ipv4", "ipv4"]);
  const imported = await importTargets("a:1/udp\n", { file: "f" });
  const text = addTargets("", imported.targets, { file: "f" });
  assertEquals(parseDocumentConfig(text, { file: "f" }).config.targets.get("a")?.family, "ipv4");
});

const MIXED = "a:1/udp\nb:0,2\nnonsense\na:3\n";

Deno.test("import: all or nothing, every bad line named", async () => {
  const error = await assertRejects(
    () => importTargets(MIXED, { file: "old.conf" }),
    ConfigError,
  );
  assertEquals(error.message.split("\n"), [
    `old.conf:2: the first port ${NOT_A_PORT}`,
    'old.conf:3: the line has no ":": write host:port/protocol,port/protocol,...',
  ]);
  assertEquals(error.hint, "nothing was imported; --keep-going takes the good lines");
});

Deno.test("import: keepGoing takes the lines without any mistake", async () => {
  const { targets, problems } = await importTargets(MIXED, {
    file: "old.conf",
    keepGoing: true,
    taken: ["a"],
  });
  assertEquals(targets.map(({ name }) => name), ["a-2", "a-3"]);
  assertEquals(problems.map(({ line }) => line), [2, 3]);
  const text = addTargets("", targets, { file: "f" });
  assertEquals(parseDocumentConfig(text, { file: "f" }).config.targets.size, 2);
});

Deno.test("import: formats are found by name or from the text", async () => {
  const named = await importTargets("", { file: "f", from: "legacy" });
  assertEquals(named, { targets: [], problems: [], remarks: [] });
  const { targets } = await importTargets("# c\nh:1\n", { file: "f" });
  assertEquals(targets.map(({ name }) => name), ["h"]);
});

table("import: refuses the format", {
  legcy: 'unknown format, did you mean "legacy"?',
  zzz: "unknown format",
  toString: "unknown format",
}, async (message, from) => {
  const error = await assertRejects(() => importTargets("", { file: "f", from }), UsageError);
  assertEquals([error.message, error.hint], [
    message,
    `use ${joinOr(Object.keys(IMPORT_FORMATS))}`,
  ]);
});
