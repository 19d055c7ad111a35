import { assertEquals } from "@std/assert";
import { expandHome, findHome, shortenHome } from "../../../src/core/system/home.ts";
import { table } from "../../table.ts";

const WINDOWS = { USERPROFILE: "C:\\Users\\me", HOME: "/c/Users/me" };

table<[os: string, env: Record<string, string>, home: string | undefined]>("findHome", {
  "Linux": ["linux", { HOME: "/home/me" }, "/home/me"],
  "macOS": ["darwin", { HOME: "/Users/me" }, "/Users/me"],
  "Windows": ["windows", WINDOWS, "C:\\Users\\me"],
  "Windows, without a profile": ["windows", { HOME: "D:\\me" }, "D:\\me"],
  "Linux, with a variable of Windows": ["linux", { USERPROFILE: "C:\\Users\\me" }, undefined],
  "an empty variable": ["linux", { HOME: "" }, undefined],
}, ([os, env, home]) => assertEquals(findHome({ os, env: (name) => env[name] }), home));

table<[path: string, home: string | undefined, expanded: string]>("expandHome", {
  "~/": ["~/keys/a", "/home/me", "/home/me/keys/a"],
  "~\\": ["~\\keys\\a", "C:\\Users\\me", "C:\\Users\\me\\keys\\a"],
  "~/ on Windows": ["~/keys/a", "C:\\Users\\me", "C:\\Users\\me/keys/a"],
  "~ alone": ["~", "/home/me", "/home/me"],
  "another user's": ["~you/a", "/home/me", "~you/a"],
  "without a home": ["~/a", undefined, "~/a"],
}, ([path, home, expanded]) => assertEquals(expandHome(path, home), expanded));

table<[path: string, home: string | undefined, short: string]>("shortenHome", {
  "Linux": ["/home/me/a", "/home/me", "~/a"],
  "Windows": ["C:\\Users\\me\\a", "C:\\Users\\me", "~\\a"],
  "a longer name": ["/home/me2/a", "/home/me", "/home/me2/a"],
  "without a home": ["/a", undefined, "/a"],
}, ([path, home, short]) => assertEquals(shortenHome(path, home), short));
