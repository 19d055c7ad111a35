/** What `--until` and its like mean, by what a back end does with codes. */
import { assertEquals, assertThrows } from "@std/assert";
import { CODE_OPTIONS, readHorizon } from "../../src/cli/arguments/code_args.ts";
import { parseOptions } from "../../src/cli/options.ts";
import { UsageError } from "../../src/core/errors.ts";
import { parseConfig } from "../../src/config/mod.ts";
import { type Backend, findBackend } from "../../src/rules/mod.ts";
import { table } from "../table.ts";

const NOW = Date.UTC(2026, 10, 27);
const DAY = 86_400_000;
const nftables = await findBackend("nftables");
/** A firewall that has the key, and makes each code itself. */
const endless: Backend = { ...nftables, name: "endless", rolling: { renderRevoke: () => [] } };
const without: Backend = {
  ...nftables,
  supports: { ...nftables.supports, codes: false },
};
const { targets } = await parseConfig(
  `version = 1
[targets.home]
host = "fw.example.com"
knocks = ["62201/udp"]
secret = { file = "home.key" }
rolling = { until = 2027-01-01T00:00:00Z }
[targets.static]
host = "fw.example.com"
knocks = ["62201/udp"]
`,
  { file: "targets.toml" },
);

function read(argv: readonly string[], backend: Backend | undefined, name = "home") {
  const target = targets.get(name);
  if (target === undefined) throw new TypeError(name);
  return readHorizon(parseOptions(argv, CODE_OPTIONS), [target], { backend, now: NOW });
}

table<[argv: string[], backend: Backend | undefined, from: number, until: number | undefined]>(
  "readHorizon",
  {
    "the target's own end": [[], nftables, NOW, undefined],
    "--until": [["--until", "30d"], nftables, NOW, NOW + 30 * DAY],
    "--from is a span from now, too": [
      ["--from", "1d", "--until", "2d"],
      nftables,
      NOW + DAY,
      NOW + 2 * DAY,
    ],
    "from before now": [["--from", "2026-11-20"], nftables, NOW - 7 * DAY, undefined],
    "no end where the firewall makes codes": [[], endless, NOW, Infinity],
    "a day for a proof": [[], undefined, NOW, NOW + DAY],
    "a proof until": [["--until", "2d"], undefined, NOW, NOW + 2 * DAY],
  },
  ([argv, backend, from, until]) =>
    assertEquals(read(argv, backend), until === undefined ? { from } : { from, until }),
);

Deno.test("readHorizon: none without codes, and none where the back end refuses them", () => {
  assertEquals(read([], nftables, "static"), undefined);
  assertEquals(read(["--until", "1y"], without), undefined);
});

table(
  "readHorizon: without effect where the firewall makes codes itself",
  [["--until", "1y"], ["--from", "1d"], ["--save"], ["--codes-only"]].map((argv) =>
    [argv.join(" "), argv] as const
  ),
  (argv) => {
    assertThrows(
      () => read(argv, endless),
      UsageError,
      `${argv[0]} has no effect with endless: it makes the one-time codes itself, without an end`,
    );
  },
);
