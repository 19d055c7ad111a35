import { parseDuration } from "./src/core/duration.ts";
import { parse } from "@std/toml/parse";
import { closestString } from "@std/text/closest-string";
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import * as c from "@std/fmt/colors";
import { assert } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { unicodeWidth } from "@std/cli/unicode-width";
import { stringify } from "@std/toml/stringify";
assert(1);
parseArgs([]);
unicodeWidth("");
stringify({});
console.log(
  parseDuration("5m"),
  parse("a=1"),
  closestString("a", ["b"]),
  Deno.cwd(),
  timingSafeEqual(new Uint8Array(1), new Uint8Array(1)),
  c.red("x"),
);
