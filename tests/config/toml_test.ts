/** Reading TOML: the quick way, the syntax tree, and what they say of mistakes. */
import { assert, assertEquals } from "@std/assert";
import { renderPath } from "../../src/config/toml/place.ts";
import { parsePlainToml } from "../../src/config/toml/plain.ts";
import { readToml } from "../../src/config/toml/read.ts";
import { table } from "../table.ts";
import { makeRandom } from "../../tools/torture/random.ts";

/** `LINE KEY: message` of every mistake. */
function readProblems(text: string): string[] {
  const reading = readToml(text);
  return "problems" in reading
    ? reading.problems.map(({ line, path, message }) =>
      `${line ?? "-"} ${renderPath(path)}: ${message}`
    )
    : [];
}

/** What the text says; undefined where it is wrong. */
function readValue(text: string): unknown {
  const reading = readToml(text);
  return "value" in reading ? JSON.parse(JSON.stringify(reading.value)) : undefined;
}

const VALID: Record<string, [text: string, value: unknown]> = {
  "nothing": ["", {}],
  "comments and blank lines": ["# one\n\n  # two = 2\n", {}],
  "no line break at the end": ["a = 1", { a: 1 }],
  "CRLF": ['a = 1\r\n[b]\r\nc = "x"\r\n', { a: 1, b: { c: "x" } }],
  "all kinds of strings": [
    `a = "x # y"\nb = 'C:\\x'\nc = """\nx = 1\n[t]\n"""\nd = '''\n# no\n'''\n`,
    { a: "x # y", b: "C:\\x", c: "x = 1\n[t]\n", d: "# no\n" },
  ],
  "quotes in strings": [
    `a = "x\\"]"\nb = """one "two" \\""" three"""\nc = ''''four''''\n`,
    { a: 'x"]', b: 'one "two" """ three', c: "'four'" },
  ],
  "escapes": [String.raw`a = "\t\U0001F600\u00e9"`, { a: "\t😀é" }],
  "arrays over lines": [
    'a = [\n  1, # one\n  2,\n\n]\nb = [[1], ["]"]]\nc = []\n',
    { a: [1, 2], b: [[1], ["]"]], c: [] },
  ],
  "inline tables": [
    'a = { b = 1, "c d" = [1, 2], e = { f = "}" } }\ng = {}\nh = { }\n',
    { a: { b: 1, "c d": [1, 2], e: { f: "}" } }, g: {}, h: {} },
  ],
  "dotted and quoted keys": [
    "a.b.c = 1\na.b.d = 2\n\"e.f\" = 3\n'g' . h = 4\n",
    { a: { b: { c: 1, d: 2 } }, "e.f": 3, g: { h: 4 } },
  ],
  "numbers": [
    "a = -1_000\nb = 1.5e3\nc = 0xff\nd = +0\ne = 0b11\nf = 0o17\n",
    { a: -1000, b: 1500, c: 255, d: 0, e: 3, f: 15 },
  ],
  "tables and arrays of tables": [
    "[a]\nx = 1\n[a.b]\ny = 2\n[[c.d]]\nz = 1\n[[c.d]]\nz = 2\n[c.d.e]\nw = 1\n",
    { a: { x: 1, b: { y: 2 } }, c: { d: [{ z: 1 }, { z: 2, e: { w: 1 } }] } },
  ],
  "spaces in headers": ["[ a . b ]\nx = 1\n[[ c ]] # comment\n", { a: { b: { x: 1 } }, c: [{}] }],
  "a byte order mark": ["\uFEFFa = 1\n", { a: 1 }],
  "a table below its sub-tables": [
    "[a.b]\nx = 1\n[a]\ny = 2\n[[c.d]]\nz = 1\n[[c.d]]\nz = 2\n[c]\nw = 3\n",
    { a: { y: 2, b: { x: 1 } }, c: { w: 3, d: [{ z: 1 }, { z: 2 }] } },
  ],
};

table("readToml reads", VALID, ([text, value]: [string, unknown]) => {
  assertEquals(readProblems(text), []);
  assertEquals(readValue(text), value);
});

/** Whether the quick way is taken. */
const PLAIN: Record<string, [text: string, isPlain: boolean]> = {
  "nothing": ["", true],
  "a target": ['[targets.a]\nhost = "h"\nknocks = ["1/udp", 2]\n', true],
  "comments, blank lines, CRLF": ["# one\r\n\r\n \t# two\r\na = 1 # three\r\n", true],
  "an array over lines": ["a = [\n  1, # one\n  2,\n]\n", true],
  "nested inline tables": ['a = [{ b = 1, c = { d = "x" } }, { b = 2 }]\n', true],
  "arrays of tables": ["[[a.b]]\nc = 1\n[[a.b]]\nc = 2\n", true],
  "an escape": ['a = "\\t"\n', false],
  "an [a] after [a.b]": ["[a.b]\n[a]\n", false],
  "a dotted key": ["a.b = 1\n", false],
  "a double key": ["a = 1\na = 2\n", false],
  "a double key in an inline table": ["a = { b = 1, c = { d = 1 }, b = 2 }\n", false],
  "a table in an inline table": ["a = { b = { c = 1 } }\n[a.b.d]\n", false],
  "an element of an inline array": ["a = [{ b = 1 }]\n[[a]]\n", false],
  "two pairs on a line": ["a = 1 b = 2\n", false],
  "a pair on a header's line": ["[a] b = 2\n", false],
  "a control character": ['a = "\u0001"\n', false],
  "a control character in a comment": ["# \u007f\n", false],
  "a time": ["a = 25:00:00\n", false],
  "the prototype": ["[__proto__]\na = 1\n", false],
  "the prototype inline": ["a = { constructor = 1 }\n", false],
};

table("parsePlainToml", PLAIN, ([text, isPlain]: [string, boolean]) => {
  const value = parsePlainToml(text);
  assertEquals(value !== undefined, isPlain);
  if (isPlain) assertEquals(JSON.parse(JSON.stringify(value)), readValue(text));
});

const NO_VALUE = 'has no value after "="';
const NOT_A_VALUE = "is not a value that TOML knows: put text in quotes, or use a number, true, " +
  "false, [an array] or { a = table }";
const NOT_A_KEY = "a key or [table] can have only letters, digits, - and _ unless it is in quotes";
const NOT_CLOSED = "the string is not closed: end it with the quotes that it begins with";
const MORE_TEXT =
  "the line has more text after its end: begin a new line for another key, and put text in quotes";
const NO_COMMA = 'a "," or the closing bracket is missing';
const ONE_LINE = "an inline { table } has to be on one line";

const DOUBLE = "this key or table is defined already: keep one of the two";

const INVALID: readonly (readonly [text: string, problem: string])[] = [
  ["a = 1\na = 2\n", `2 : ${DOUBLE}`],
  [
    "[[t]]\nx = 1\n[[t]]\nx = 1\n\nx = 2\n",
    `6 : ${DOUBLE}`,
  ],
  [
    "[t.h]\nx = 1\n\n[t.h]\ny = 2\n",
    `4 : ${DOUBLE}`,
  ],
  [
    "[a.b]\n[a.b.c]\n[a.b]\n",
    `3 : ${DOUBLE}`,
  ],
  ["a = 1\n[a]\nb = 1\n", `2 : ${DOUBLE}`],
  ["[a.b]\n[a]\nb.c = 1\n", `3 : ${DOUBLE}`],
  ["[[a]]\n[a]\n", `2 : ${DOUBLE}`],
  ["a = { x = 1, x = 2 }\n", `1 : ${DOUBLE}`],
  ["a = { x = 1 }\na.y = 2\n", `2 : ${DOUBLE}`],
  ["a = []\n[[a]]\n", `2 : ${DOUBLE}`],
  ["[a]\nx = 1\nx = 2\n[b]\ny =\n", `5 : ${NO_VALUE}`],
  ["a = 1 b = 2\n", `1 : ${MORE_TEXT}`],
  ["[a] b = 2\n", `1 : ${MORE_TEXT}`],
  ["\na =\n\nb = 1\n", `2 : ${NO_VALUE}`],
  ["a = # none\n", `1 : ${NO_VALUE}`],
  ["[t]\na =", `2 : ${NO_VALUE}`],
  ["a\nb = 1\n", '1 : has no "=" and value after the key'],
  ["= 1\n", `1 : ${NOT_A_KEY}`],
  ["a = [1,\n  2\nb = 3\n", `3 : ${NO_COMMA}`],
  ['a = [\n  "x"\n  "y"\n]\nb = 3\n', `3 : ${NO_COMMA}`],
  ["b = 1\na = [1,\n2", `2 : ${NO_COMMA}`],
  ["a = [\n  1,\n  x,\n]\n", `3 : ${NOT_A_VALUE}`],
  ["a = {\n  x = 1\n}\nb = 2\n", `2 : ${ONE_LINE}`],
  ["a = { x = 1, }\n", '1 : the "," before the closing } has to go'],
  ["a = { x = 1\n", `1 : ${NO_COMMA}`],
  ['a = "x\nb = 2\n', `1 : ${NOT_CLOSED}`],
  ["b = 1\na = '''x\ny\n", `2 : ${NOT_CLOSED}`],
  [`b = """x"""\na = "x`, `2 : ${NOT_CLOSED}`],
  [
    '\na = "\\q"\n',
    "2 : the string has an unknown escape: write \"\\\\\" for a backslash, or use 'single quotes'",
  ],
  ['a = "\\ud800"\n', "1 : the string has an escape that is not a character"],
  ['a = "\u0001"\n', '1 : has a control character: write it in "quotes" as \\u and 4 hex digits'],
  ["a = 1.2.3\n", `1 : ${MORE_TEXT}`],
  ["a = 1__0\n", `1 : ${NOT_A_VALUE}`],
  ["a = 01\n", `1 : ${NOT_A_VALUE}`],
  ["a = 2024-13-01\n", `1 : ${NOT_A_VALUE}`],
  ["a = 25:00:00\n", `1 : ${NOT_A_VALUE}`],
  ["[a\nx = 1\n[b]\ny = 1\n", "1 : the table's header is not closed by ]"],
  ["[[a]\nx = 1\n", "1 : the table's header is not closed by ]"],
  ["[]\n", `1 : ${NOT_A_KEY}`],
  ["[ [a]]\n", `1 : ${NOT_A_KEY}`],
  ["a..b = 1\n", `1 : ${NOT_A_KEY}`],
  ["x = 1\n[__proto__]\na = 1\n", '2 __proto__: "__proto__" cannot be used as a key or name'],
  ["a.constructor.b = 1\n", '1 a.constructor: "constructor" cannot be used as a key or name'],
  ["a = { '__proto__' = 1 }\n", '1 a.__proto__: "__proto__" cannot be used as a key or name'],
  ['"\\u005f_proto__" = 1\n', '1 __proto__: "__proto__" cannot be used as a key or name'],
  [
    '"x\\u0000__proto__" = 1\n[x]\n__proto__ = 1\n',
    '3 x.__proto__: "__proto__" cannot be used as a key or name',
  ],
  ['"" = 1\n', '1 "": a key cannot be empty'],
  ["\u00a0a = 1\n", `1 : ${NOT_A_KEY}`],
  ["a = foo\nb = 1\nb = 2\nc =\n", `1 : ${NOT_A_VALUE}`],
];

table(
  "readToml refuses",
  INVALID.map((row) => [JSON.stringify(row[0]), row] as const),
  ([text, problem]) => {
    assertEquals(readProblems(text), [problem]);
    assertEquals(parsePlainToml(text), undefined);
  },
);

Deno.test("readToml names every key that is refused", () => {
  assertEquals(readProblems("toString = 1\n[a.valueOf.b]\nc = 1\n[a.valueOf.d]\n").length, 2);
});

Deno.test("no prototype is written to", () => {
  const texts = [
    "[x.__proto__.polluted]\na = 1\n[__proto__]\npolluted = 1\n",
    "[targets.home]\na = 1\n[targets.__proto__.polluted]\nb = 1\n",
    "a.__proto__.polluted = 1\n",
    "a = { __proto__ = { polluted = 1 } }\n",
  ];
  for (const text of texts) {
    readToml(text);
    parsePlainToml(text);
  }
  assertEquals(Object.hasOwn(Object.prototype, "polluted"), false);
});

const SECRET = "hunter2";
const SECRET_TEXTS = [
  `secret = ${SECRET}\n`,
  `secret = "${SECRET}\n`,
  `secret = "x" ${SECRET}\n`,
  `secret = "${SECRET}\\q"\n`,
  `secret = "\\ud800${SECRET}"\n`,
  `secret = "${SECRET}\u0001"\n`,
  `secret = """${SECRET}\n`,
  `secret = """\n${SECRET} = 1\n`,
  `secret = """\n[${SECRET}\n`,
  `secret = [${SECRET}]\n`,
  `secret = ["x"\n${SECRET}]\n`,
  `secret = { hash = ${SECRET} }\n`,
  `secret = { hash = "x", ${SECRET} }\n`,
  `secret = 12${SECRET}\n`,
  `secret =\n${SECRET}\n`,
  `${SECRET}\n`,
  `${SECRET} hunter2\n`,
  `[${SECRET}\n`,
  `${SECRET.repeat(10)}\n`,
];

table(
  "no message repeats what may be a secret",
  SECRET_TEXTS.map((text) => [JSON.stringify(text), text] as const),
  (text) => {
    const problems = readProblems(text);
    assertEquals(problems.length, 1);
    assert(!problems.join().includes(SECRET), problems.join());
    assert(!problems.join().includes("not valid TOML"), problems.join());
  },
);

Deno.test("the ranges of headers, keys and values are exact", () => {
  const text = '\uFEFF# c\r\n[a."b c"] # d\r\n x . y = [1, { z = "q" }] # e\r\n[[ f ]]';
  const reading = readToml(text);
  if (!("document" in reading)) throw new Error("the text is wrong");
  const { document } = reading;
  const cut = ({ range: [start, end] }: { range: readonly [number, number] }) =>
    text.slice(start, end);
  const tables = document.tree.body[0].body.filter((node) => node.type === "TOMLTable");
  const pair = 'x . y = [1, { z = "q" }]';
  assertEquals(tables.map(cut), [`[a."b c"] # d\r\n ${pair}`, "[[ f ]]"]);
  assertEquals(tables[0]?.key.keys.map(cut), ["a", '"b c"']);
  const [entry] = document.find(["a", "b c", "x", "y"]);
  assertEquals(entry && [entry.path, entry.owner && cut(entry.owner), cut(entry.node)], [
    ["a", "b c", "x", "y"],
    pair,
    "y",
  ]);
});

/** Pieces of valid and invalid TOML, to be put together at random. */
const PIECES = [
  ...Object.values(VALID).map(([text]) => text),
  ...Object.values(PLAIN).map(([text]) => text),
  ...INVALID.map(([text]) => text),
].join("").split(/(?<=[\n=\[\]{}"',.])/);

Deno.test("any text is read or named as wrong, and the quick way agrees (seeded)", () => {
  let plain = 0;
  for (let seed = 1; seed <= 3_000; seed++) {
    const random = makeRandom(seed);
    const text = Array.from({ length: 1 + random(14) }, () => PIECES[random(PIECES.length)])
      .join("");
    const context = `seed ${seed}: ${JSON.stringify(text)}`;
    const problems = readProblems(text);
    assert(!problems.join().includes("not valid TOML"), `${context} ${problems}`);
    const quick = parsePlainToml(text);
    if (quick === undefined) continue;
    plain++;
    assertEquals(JSON.parse(JSON.stringify(quick)), readValue(text), context);
  }
  assert(plain > 50, `only ${plain} texts took the quick way`);
});

Deno.test("a mutated file is never read in two ways (seeded)", () => {
  const file = `version = 1\n[defaults]\ndelay = "50ms" # quick\n[targets.a]\nhost = 'h'\n` +
    `knocks = [\n  "1/udp", # one\n  { port = 2, protocol = "udp", secret = { env = "A" } },\n]\n` +
    `[[targets.a.probes]]\ntype = "tcp"\nport = 22\n[targets.b]\nhost = "h"\nknocks = [1]\n`;
  const marks = ["\n", '"', "'", "[", "]", "{", "}", "=", ",", ".", "#", "\\", " ", "a", "1", "\0"];
  let plain = 0;
  for (let seed = 1; seed <= 3_000; seed++) {
    const random = makeRandom(seed);
    let text = file;
    for (let count = 0; count <= random(3); count++) {
      const at = random(text.length);
      const [from, to] = [at, at + random(4)].toSorted((one, other) => one - other);
      text = text.slice(0, from) + (marks[random(marks.length)] ?? "") + text.slice(to);
    }
    const quick = parsePlainToml(text);
    const context = `seed ${seed}: ${JSON.stringify(text)}`;
    const problems = readProblems(text);
    assert(!problems.join().includes("not valid TOML"), `${context} ${problems}`);
    if (quick === undefined) continue;
    plain++;
    assertEquals(JSON.parse(JSON.stringify(quick)), readValue(text), context);
  }
  assert(plain > 200, `only ${plain} texts took the quick way`);
});

const MIB = 1024 * 1024;
const SIZE = 8 * MIB;

function fill(makeLine: (index: number) => string): string {
  const lines: string[] = [];
  for (let size = 0; size < SIZE - 64;) {
    const line = makeLine(lines.length);
    lines.push(line);
    size += line.length;
  }
  return lines.join("");
}

const TOO_MANY = "- : has too many values: about 100,000 can be read";
const TOO_LARGE = "- : has a string or an array that is too large";

/** Up to 8 MiB each, made when they are needed. */
const HUGE: Record<string, [make: () => string, problems: string[]]> = {
  "pairs in one table": [() => fill((index) => `k${index} = 1\n`), [TOO_MANY]],
  "tables": [() => fill((index) => `[t${index}]\n`), [TOO_MANY]],
  "arrays of tables": [() => fill(() => "[[a]]\n"), [TOO_MANY]],
  "double keys": [() => fill(() => "a = 1\n"), [TOO_MANY]],
  "one array": [() => `a = [${"1,".repeat(SIZE / 2 - 8)}]`, [TOO_MANY]],
  "one dotted key": [() => `a${".a".repeat(SIZE / 2 - 8)} = 1`, [TOO_MANY]],
  "opening brackets": [() => `a = ${"[".repeat(SIZE - 8)}`, [TOO_MANY]],
  "one string": [() => `a = "${"x".repeat(SIZE - 8)}"`, [TOO_LARGE]],
  "one comment": [() => "#".repeat(SIZE), [TOO_MANY]],
  "blank lines": [() => "\n".repeat(SIZE), []],
  "a string that is not closed": [
    () => `b = 1\na = """${fill(() => "some words\n")}`,
    [`2 : ${NOT_CLOSED}`],
  ],
};

table("readToml of 8 MiB", HUGE, ([make, problems]: [() => string, string[]]) => {
  const text = make();
  assertEquals(readProblems(text), problems);
  // Its time grows with the size: a part is enough to see that it ends.
  parsePlainToml(text.slice(0, MIB / 2));
});

table("readToml of nested values", {
  "64 arrays": [`a = ${"[".repeat(63)}${"]".repeat(63)}\n`, []],
  "65 arrays": [`a = ${"[".repeat(66)}${"]".repeat(66)}\n`, [
    `1 a${"[0]".repeat(64)}: is nested deeper than 64 levels`,
  ]],
  "100,000 arrays": [`a = ${"[".repeat(1e5)}${"]".repeat(1e5)}\n`, [TOO_LARGE]],
  "100,000 open arrays": [`a = ${"[".repeat(1e5)}`, [`1 : ${NO_COMMA}`]],
  "a key of 100 parts": [`a${".a".repeat(99)} = 1\n`, [
    `1 a${".a".repeat(64)}: is nested deeper than 64 levels`,
  ]],
  "a header of 100 parts": [`[a${".a".repeat(99)}]\n`, [
    `1 a${".a".repeat(64)}: is nested deeper than 64 levels`,
  ]],
}, ([text, problems]: [string, string[]]) => assertEquals(readProblems(text), problems));
