import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/toml/parse";
import { lineCounter, renderPath } from "../../src/config/place.ts";
import { readToml } from "../../src/config/toml_read.ts";
import { scanToml, type TomlPair, type TomlTable } from "../../src/config/toml_scan.ts";
import { makeRandom } from "./random.ts";

/** `LINE KEY: message` of every mistake. */
function problemsOf(text: string): string[] {
  const lineOf = lineCounter(text);
  return readToml(text).problems.map(({ offset, path, message }) =>
    `${lineOf(offset)} ${renderPath(path)}: ${message}`
  );
}

const GOOD: Record<string, string> = {
  "nothing": "",
  "comments and blank lines": "# one\n\n  # two = 2\n",
  "no line break at the end": "a = 1",
  "CRLF": 'a = 1\r\n[b]\r\nc = "x"\r\n',
  "all kinds of strings":
    `a = "x # y"\nb = 'C:\\x'\nc = """\nx = 1\n[t]\n"""\nd = '''\n# no\n'''\n`,
  "quotes in strings": `a = "x\\"]"\nb = """one "two" \\""" three"""\nc = ''''four''''\n`,
  "arrays over lines": 'a = [\n  1, # one\n  2,\n\n]\nb = [[1], ["]"]]\nc = []\n',
  "inline tables": 'a = { b = 1, "c d" = [1, 2], e = { f = "}" } }\ng = {}\nh = { }\n',
  "dotted and quoted keys": "a.b.c = 1\na.b.d = 2\n\"e.f\" = 3\n'g' . h = 4\n",
  "numbers and dates":
    "a = -1_000\nb = 1.5e3\nc = 0xff\nd = inf\ne = 1979-05-27 07:32:00\nf = 07:32:00\n",
  "tables and arrays of tables":
    "[a]\nx = 1\n[a.b]\ny = 2\n[[c.d]]\nz = 1\n[[c.d]]\nz = 2\n[c.d.e]\nw = 1\n",
  "spaces in headers": "[ a . b ]\nx = 1\n[[ c ]] # comment\n",
};

for (const [name, text] of Object.entries(GOOD)) {
  Deno.test(`toml: reads ${name} as @std/toml does`, () => {
    const { value, problems } = readToml(text);
    assertEquals(problems, []);
    assertEquals(JSON.stringify(value), JSON.stringify(parse(text)));
  });
}

Deno.test("toml: a byte order mark is skipped", () => {
  assertEquals(readToml("\uFEFFa = 1\n").value["a"], 1);
});

Deno.test("toml: a table may stand below its sub-tables", () => {
  const text = "[a.b]\nx = 1\n[a]\ny = 2\n[[c.d]]\nz = 1\n[[c.d]]\nz = 2\n[c]\nw = 3\n";
  const { value, problems } = readToml(text);
  assertEquals(problems, []);
  const wanted = { a: { y: 2, b: { x: 1 } }, c: { w: 3, d: [{ z: 1 }, { z: 2 }] } };
  assertEquals(JSON.parse(JSON.stringify(value)), wanted);
});

const BAD: [text: string, problems: string[]][] = [
  ["a = 1\na = 2\n", ['2 a: "a" has a value already, on line 1: keep one of the two']],
  ["[t.h]\nx = 1\n\n[t.h]\ny = 2\n", [
    "4 t.h: this table is defined already on line 1: keep one of the two",
  ]],
  ["a = 1\n[a]\nb = 1\n", ["2 a: this table is defined already on line 1: keep one of the two"]],
  ["[a.b]\n[a]\nb.c = 1\n", ['3 a.b.c: "b" is a table already, on line 1: keep one of the two']],
  ["[[a]]\n[a]\n", ["2 a: this table is defined already on line 1: keep one of the two"]],
  ["a = { x = 1, x = 2 }\n", ['1 a: "x" has a value already, on line 1: keep one of the two']],
  ["a = 1 b = 2\n", ["1 a: another key stands on the same line: begin a new line for it"]],
  ["[a] b = 2\n", ["1 : another key stands on the same line: begin a new line for it"]],
  ["\na =\n\nb = 1\n", ['2 a: has no value after "="']],
  ["a = # none\n", ['1 a: has no value after "="']],
  ["a\nb = 1\n", ['1 a: has no "=" and value after the key']],
  ["a = [1,\n  2\nb = 3\n", ['2 a: a "," or the closing ] is missing']],
  ['a = [\n  "x"\n  "y"\n]\nb = 3\n', ['2 a: a "," or the closing ] is missing']],
  ["a = {\n  x = 1\n}\nb = 2\n", ["1 a: an inline { table } must stand on one line"]],
  ["a = { x = 1, }\n", ['1 a: a "," stands before the closing }']],
  ['a = "x\nb = 2\n', ['1 a: the string is not closed by " on its line']],
  ["b = 1\na = '''x\ny\n", ["2 a: the string is not closed by '''"]],
  ['\na = "\\q"\n', [
    "2 a: the string cannot be read: write \"\\\\\" for a backslash, or use 'single quotes'",
  ]],
  ["a = 1.2.3\n", ["1 a: is not a number, a date, true or false: text stands in quotes"]],
  ["[a\nx = 1\n[b]\ny = 1\n", ["1 : the table's header is not closed by ]"]],
  ["x = 1\n[__proto__]\na = 1\n", ['2 : "__proto__" cannot be used as a key or name']],
  ["a.constructor.b = 1\n", ['1 : "constructor" cannot be used as a key or name']],
  ["a = { '__proto__' = 1 }\n", ['1 a: "__proto__" cannot be used as a key or name']],
  ["\u00a0a = 1\n", [
    "1 : the character U+00A0 stands where a key should be: write KEY = VALUE or [TABLE]",
  ]],
  ["a = foo\nb = 1\nb = 2\nc =\n", [
    "1 a: has no value that TOML knows: text stands in quotes; else use a number, true, false, [an array] or { a = table }",
    '3 b: "b" has a value already, on line 2: keep one of the two',
    '4 c: has no value after "="',
  ]],
];

for (const [text, problems] of BAD) {
  Deno.test(`toml: refuses ${JSON.stringify(text)}`, () =>
    assertEquals(problemsOf(text), problems));
}

Deno.test("toml: a mistake costs its own statement only", () => {
  const { value } = readToml(
    'a = 1\nb = [1, 2\nc = 3\nd = "x\n[t]\ne = 4\ne = 5\n[t]\nf = 6\n[u]\ng = 7\n',
  );
  const wanted = { a: 1, c: 3, t: { e: 4 }, u: { g: 7 } };
  assertEquals(JSON.parse(JSON.stringify(value)), wanted);
});

Deno.test("toml: no prototype is written to", () => {
  readToml("[x.__proto__.polluted]\na = 1\n[__proto__]\npolluted = 1\n");
  readToml("[targets.home]\na = 1\n[targets.__proto__.polluted]\nb = 1\n");
  assertEquals(Object.hasOwn(Object.prototype, "polluted"), false);
});

Deno.test("toml: no message repeats what may be a secret", () => {
  const secret = "hunter2";
  const texts = [
    `secret = ${secret}\n`,
    `secret = "${secret}\n`,
    `secret = "x" ${secret}\n`,
    `secret = "${secret}\\q"\n`,
    `secret = """${secret}\n`,
    `secret = [${secret}]\n`,
    `secret = { hash = ${secret} }\n`,
    `secret = 12${secret}\n`,
    `${secret.repeat(10)}\n`,
  ];
  for (const text of texts) {
    const problems = problemsOf(text);
    assert(problems.length > 0, text);
    assert(!problems.join().includes(secret), problems.join());
  }
});

Deno.test("toml: spans are exact", () => {
  const text = '# c\r\n[a."b c"] # d\r\n x . y = [1, { z = "q" }] # e\r\n';
  const table = scanToml(text).tables[1] as TomlTable;
  const cut = ({ start, end }: { start: number; end: number }) => text.slice(start, end);
  assertEquals(cut(table), '[a."b c"]');
  assertEquals(table.keys.map(cut), ["a", '"b c"']);
  const pair = table.pairs[0] as TomlPair;
  assertEquals(cut(pair), 'x . y = [1, { z = "q" }]');
  assertEquals(pair.value.items.map(cut), ["1", '{ z = "q" }']);
  assertEquals(pair.value.items[1]?.pairs.map(cut), ['z = "q"']);
});

Deno.test("toml: whatever the text, it is read or named as wrong (seeded)", () => {
  const pieces = Object.values(GOOD).join("").split(/(?<=[\n=\[\]{}"',.])/);
  for (let seed = 1; seed <= 400; seed++) {
    const random = makeRandom(seed);
    const text = Array.from({ length: 12 }, () => pieces[random(pieces.length)]).join("");
    const { problems } = readToml(text);
    const named = problems.every(({ message }) => message !== "cannot be read as TOML");
    assert(named, `seed ${seed}: ${JSON.stringify(text)}`);
    if (problems.length === 0) continue;
    for (const { offset } of problems) assert(offset >= 0 && offset <= text.length, `seed ${seed}`);
  }
});
