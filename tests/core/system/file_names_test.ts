import { assertEquals } from "@std/assert";
import { foldPath, toFileName } from "../../../src/core/system/file_names.ts";
import { table } from "../../table.ts";

table("toFileName: a target that is a device of Windows", {
  "con": "con_",
  "NUL": "NUL_",
  "com1": "com1_",
  "LPT9": "LPT9_",
  "home": "home",
  "console": "console",
  "com10": "com10",
}, (name, target) => assertEquals(toFileName(target), name));

table<[string, string]>("foldPath: paths that may lead to one file", {
  "case": ["keys/Home.key", "keys/home.key"],
  "composed letters": ["keys/caf\u00e9.key", "keys/cafe\u0301.key"],
}, ([one, other]) => assertEquals(foldPath(one), foldPath(other)));
