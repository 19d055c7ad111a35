import { assertEquals, assertRejects } from "@std/assert";
import { realFiles } from "../../src/config/files.ts";
import { readHosts } from "../../src/config/hosts_file.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { DEFAULT_SETTINGS, type Target } from "../../src/core/target.ts";
import { makeFolder } from "../systems.ts";
import { table } from "../table.ts";

function makeTarget(name: string, host: string): [string, Target] {
  return [name, { ...DEFAULT_SETTINGS, name, host, knocks: [] }];
}

const targets = new Map([
  makeTarget("home", "fw.example.com"),
  makeTarget("web", "FW.example.com."),
  makeTarget("office", "192.0.2.7"),
]);

/** What a file of this text says; errors call it `hosts`. */
async function parse(text: string): Promise<Record<string, string>> {
  const file = `${makeFolder("spknock-hosts-")}/hosts`;
  try {
    await Deno.writeTextFile(file, text);
    return Object.fromEntries(await readHosts(realFiles, { file, targets }));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map((problem) => ({ ...problem, file: "hosts" }));
    throw new ConfigError(problems, { hint: error.hint });
  } finally {
    await Deno.remove(file.replace(/\/hosts$/, ""), { recursive: true });
  }
}

table<[text: string, places: Record<string, string>]>("a hosts file", {
  "a name": ["home root@10.0.0.1\n", { home: "root@10.0.0.1" }],
  "a host is all of its targets": [
    "fw.Example.com\troot@fw",
    { home: "root@fw", web: "root@fw" },
  ],
  "comments, blank lines, spaces, CRLF, a byte order mark": [
    "\ufeff# all\r\n\r\n  home   root@a  # why\r\n#office x\r\noffice anna@b#c\r\n",
    { home: "root@a", office: "anna@b#c" },
  ],
  "nothing": ["", {}],
}, async ([text, places]) => assertEquals(await parse(text), places));

table<[text: string, problems: string[]]>("a hosts file with mistakes", {
  "each by its line": [
    "home\nhom root@a\n\nweb root@a b\noffice -oProxyCommand=x\nMikroTik x\n",
    [
      "hosts:1: is not a line of a hosts file",
      'hosts:2: the first word is not a target, did you mean "home"?',
      "hosts:4: is not a line of a hosts file",
      "hosts:5: is not a place to log in to: use [USER@]HOST",
      "hosts:6: the first word is not a target, nor the host of one",
    ],
  ],
  "a target twice": [
    "home root@a\nfw.example.com root@b\n",
    ['hosts:2: line 1 has a place for "home"'],
  ],
}, async ([text, problems]) => {
  const error = await assertRejects(() => parse(text), ConfigError);
  assertEquals(error.message.split("\n"), problems);
});

Deno.test("a hosts file that does not exist", async () => {
  const file = "/nonexistent/hosts";
  const error = await assertRejects(() => readHosts(realFiles, { file, targets }), ConfigError);
  assertEquals(error.message, `${file}: there is no such file`);
});
