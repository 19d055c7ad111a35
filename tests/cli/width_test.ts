/**
 * What is printed on a terminal of 40 to 200 columns: no line is wider, but one that cannot be broken (a word,
 * a path) or must not be (a command that is copied).
 */
import { assertEquals } from "@std/assert";
import { COMMANDS } from "../../src/cli/command_table.ts";
import { measureWidth } from "../../src/output/width.ts";
import { table } from "../table.ts";
import { World } from "./harness.ts";

const WIDTHS = [40, 60, 80, 120, 200];

const TARGETS = `version = 1
[defaults]
secret = "none"
delay = 0
tries = 1
[targets.home]
host = "192.0.2.1"
description = "das Haus am See, 湖畔の家, with a long description that needs several lines"
tags = ["family", "東京", "work 🏠"]
knocks = ["7000/tcp", "9000/tcp", "8000/tcp", "7500/tcp", "9500/tcp"]
opens = ["22/tcp", "443/tcp"]
probes = ["tcp:22", "tcp:443"]
[targets.a-rather-long-name-of-a-target]
host = "a-rather-long-name-of-a-host.example.com"
knocks = ["7000/tcp", "9000/tcp", "8000/tcp"]
opens = ["22/tcp"]
`;

/** Lines that are copied: in examples, and behind a colon. */
const COPIED = /(?:^ *|: )(?:spknock|sudo|chmod|ssh) /;

/** The lines that are too wide, though they could be broken. */
function findWide(text: string, width: number): string[] {
  return text.split("\n").filter((line) => {
    if (measureWidth(line) <= width || COPIED.test(line)) return false;
    // A word alone, or behind the head of its line.
    return !/^ *(?:\S+:? +)?\S+$/.test(line);
  });
}

const COMMAND_LINES = [
  ["--help"],
  ["help", "exit-codes"],
  ["help", "environment"],
  ...COMMANDS.map(({ name }) => [name, "--help"]),
  ["list"],
  ["show", "home"],
  ["doctor"],
  ["doctor", "home", "--no-knock"],
  ["knock", "home"],
  ["knock", "home", "--dry-run"],
  ["knock", "hom"],
  ["knock", "--all"],
  ["rules", "home", "--for", "nftables", "--ban", "--output", "HOME/rules"],
  ["nonsense"],
];

table(
  "widths",
  COMMAND_LINES.map((argv) => [argv.join(" "), argv] as const),
  async (argv) => {
    const wide: Record<number, string[]> = {};
    for (const columns of WIDTHS) {
      await using world = new World({
        columns,
        isLive: true,
        open: [22],
        names: { "a-rather-long-name-of-a-host.example.com": ["192.0.2.7"] },
      });
      await world.write(TARGETS);
      const words = argv.map((word) => word.replace("HOME", world.home));
      const { stdout, stderr } = await world.run(...words);
      const found = findWide(`${stdout}${stderr}`.replaceAll(world.home, "/home/me"), columns);
      if (found.length > 0) wide[columns] = found;
    }
    assertEquals(wide, {});
  },
);
