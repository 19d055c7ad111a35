/**
 * Writes the table of RouterOS' syntax trees that the tests of the mikrotik back end read:
 *
 *   git clone --bare https://github.com/tikoci/restraml /tmp/restraml.git
 *   deno run -P=tools tools/routeros_tree.ts /tmp/restraml.git > tests/rules/routeros_tree.ts
 *   deno fmt tests/rules/routeros_tree.ts
 *
 * The collection has what devices of each version answered to `/console/inspect` (docs/VERSION/inspect.json),
 * and for some versions the words that they complete a value with (deep-inspect.json).
 */

/** A menu, a command or an argument; the rest of its keys are what is in it. */
interface Node {
  [name: string]: Node | string | undefined;
}

interface Tree {
  version: string;
  root: Node;
}

/** What a rule set uses now, and what one with forwarded doors or marks would. */
const COMMANDS: readonly string[] = [
  ..."do if for local set error foreach len pick put import convert timestamp tonsec".split(" ")
    .map((name) => `/${name}`),
  ..."find set".split(" ").map((verb) => `/interface/${verb}`),
  ..."add find".split(" ").flatMap((verb) =>
    ["/interface/list", "/interface/list/member"].map((menu) => `${menu}/${verb}`)
  ),
  ...["/ip", "/ipv6"].flatMap((ip) => [
    ..."filter nat mangle raw".split(" ").flatMap((menu) =>
      "add remove find print move".split(" ").map((verb) => `${ip}/firewall/${menu}/${verb}`)
    ),
    ..."get set".split(" ").map((verb) => `${ip}/firewall/filter/${verb}`),
    ..."add remove find print".split(" ").map((verb) => `${ip}/firewall/address-list/${verb}`),
  ]),
  ..."add remove find run print".split(" ").map((verb) => `/system/script/${verb}`),
  ..."add remove find print".split(" ").map((verb) => `/system/scheduler/${verb}`),
  ...["/system/clock/print", "/system/ntp/client/set", "/system/ntp/client/print"],
];

/** The arguments of `add` that take one of a few words, or several of them. */
const WORDS_IN = [
  "action",
  "connection-nat-state",
  "connection-state",
  "connection-type",
  "dst-address-type",
  "src-address-type",
  "protocol",
  "tcp-flags",
];

async function readGit(folder: string, ...args: string[]): Promise<string | undefined> {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["-C", folder, ...args],
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout) : undefined;
}

/** The trees of all released versions, the oldest first. */
async function readTrees(folder: string, name: string): Promise<Tree[]> {
  const listed = await readGit(folder, "ls-tree", "--name-only", "HEAD", "docs/") ?? "";
  const versions = listed.split("\n").map((path) => path.slice("docs/".length))
    .filter((version) => /^\d+(\.\d+)+$/.test(version)).sort(compareVersions);
  const trees: Tree[] = [];
  for (const version of versions) {
    const text = await readGit(folder, "show", `HEAD:docs/${version}/${name}`);
    if (text !== undefined) trees.push({ version, root: JSON.parse(text) });
  }
  return trees;
}

function compareVersions(a: string, b: string): number {
  const [left = [], right = []] = [a, b].map((version) => version.split(".").map(Number));
  const index = [0, 1, 2].find((place) => (left[place] ?? 0) !== (right[place] ?? 0)) ?? 0;
  return (left[index] ?? 0) - (right[index] ?? 0);
}

function findNode(root: Node, path: string): Node | undefined {
  let node: Node | undefined = root;
  for (const name of path.split("/").slice(1)) {
    const next: Node | string | undefined = node?.[name];
    node = typeof next === "object" ? next : undefined;
  }
  return node;
}

function listArguments(node: Node | undefined): string[] {
  return Object.entries(node ?? {}).filter(([, value]) =>
    typeof value === "object" && value["_type"] === "arg"
  ).map(([name]) => name).sort();
}

/** `NAME`, or `NAME(FIRST..)`, `NAME(..LAST)` where it is not in all trees. */
function renderSpan(name: string, trees: readonly Tree[], isIn: (root: Node) => boolean): string {
  const places = trees.flatMap(({ root }, index) => isIn(root) ? [index] : []);
  const [first = 0, last = 0] = [places[0], places.at(-1)];
  if (last - first + 1 !== places.length) throw new Error(`${name} comes and goes`);
  const from = first === 0 ? "" : trees[first]?.version;
  const to = last === trees.length - 1 ? "" : trees[last]?.version;
  return `${name}${from === "" && to === "" ? "" : `(${from}..${to})`}`;
}

function renderCommand(trees: readonly Tree[], path: string): string {
  const names = new Set(trees.flatMap(({ root }) => listArguments(findNode(root, path))));
  const own = renderSpan("", trees, (root) => findNode(root, path) !== undefined);
  const spans = [...names].sort().map((name) =>
    renderSpan(name, trees, (root) => findNode(root, `${path}/${name}`) !== undefined)
  );
  return renderEntry(path, [own, ...spans]);
}

/** The words that all trees with completions have; a menu without the argument has none. */
function renderWords(trees: readonly Tree[], path: string): string {
  const lists = trees.map(({ root }) =>
    Object.keys(findNode(root, `${path}/_completion`) ?? {}).filter((word) => !word.startsWith("!"))
  ).filter((words) => words.length > 0);
  const [first = [], ...rest] = lists;
  const words = first.filter((word) => rest.every((list) => list.includes(word)));
  return words.length === 0 ? "" : renderEntry(path, words.sort());
}

function renderEntry(path: string, words: readonly string[]): string {
  return `  "${path}": \`\n${wrapWords(words.filter((word) => word !== ""))}\`,\n`;
}

function wrapWords(words: readonly string[]): string {
  const lines = [""];
  for (const word of words) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length > 92) lines.push(` ${word}`);
    else lines[lines.length - 1] = line;
  }
  return lines.map((line) => `   ${line}`).join("\n");
}

function renderConstant(comment: string, name: string, type: string, value: string): string {
  return `\n/** ${comment} */\nexport const ${name}: Readonly<${type}> = ${value};\n`;
}

function renderFile(trees: readonly Tree[], deep: readonly Tree[]): string {
  const versions = wrapWords(trees.map(({ version }) => version));
  const adds = COMMANDS.filter((path) => /firewall\/(filter|nat|mangle|raw)\/add$/.test(path));
  const valued = adds.flatMap((path) => WORDS_IN.map((name) => `${path}/${name}`));
  const commands = COMMANDS.map((path) => renderCommand(trees, path));
  const words = [...valued, "/import/verbose"].map((path) => renderWords(deep, path));
  return `/**
 * RouterOS' syntax, as devices of ${trees.length} versions reported it (\`/console/inspect\`; collected by
 * https://github.com/tikoci/restraml). Made by tools/routeros_tree.ts, which says how; not changed by hand.
 */
${
    renderConstant(
      "The versions, the oldest first.",
      "VERSIONS",
      "string[]",
      `\`\n${versions}\`.trim().split(/\\s+/)`,
    )
  }${
    renderConstant(
      "Arguments by command: `NAME` in all versions, `NAME(FIRST..)` or `NAME(..LAST)` in some.",
      "COMMANDS",
      "Record<string, string>",
      `{\n${commands.join("")}}`,
    )
  }${
    renderConstant(
      `The words of a value, by argument, as in all of ${
        deep.map((tree) => tree.version).join(", ")
      }.`,
      "WORDS",
      "Record<string, string>",
      `{\n${words.join("")}}`,
    )
  }`;
}

const [folder = ""] = Deno.args;
const released = await readTrees(folder, "inspect.json");
if (released.length === 0) throw new Error(`no trees in "${folder}"`);
const completed = (await readTrees(folder, "deep-inspect.json"))
  .filter(({ root }) => findNode(root, "/import/verbose/_completion") !== undefined);
await Deno.stdout.write(new TextEncoder().encode(renderFile(released, completed)));
