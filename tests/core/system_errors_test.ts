import { assertEquals } from "@std/assert";
import {
  describeSystemError,
  findErrno,
  findFileHint,
  isSystemError,
} from "../../src/core/system_errors.ts";
import { table } from "../table.ts";

const failed = (code: string, message = "os error") => Object.assign(new Error(message), { code });
/** As Deno has it, which gives these no code. */
const nameless = (text: string, number: number) =>
  new Error(`${text} (os error ${number}): rename '/a: b' -> '/c'`);

table<readonly [cause: unknown, code: string | undefined, words: string]>(
  "a failed call in words",
  {
    "a full disk": [failed("ENOSPC"), "ENOSPC", "the disk is full"],
    "a quota, without a code": [
      nameless("Disk quota exceeded", 122),
      "EDQUOT",
      "the disk quota is used up",
    ],
    "the same on macOS": [
      nameless("Disc quota exceeded", 69),
      "EDQUOT",
      "the disk quota is used up",
    ],
    "no locks, without a code": [
      nameless("No locks available", 37),
      "ENOLCK",
      "the file system has no locks",
    ],
    "a program that is being written": [
      new Error("Failed to spawn '/x: y': Text file busy (os error 26)"),
      "ETXTBSY",
      "it is being written at this moment",
    ],
    "Windows, in the user's language: a name that is too long": [
      nameless("Der Dateiname oder die Erweiterung ist zu lang.", 206),
      "ENAMETOOLONG",
      "its name is too long",
    ],
    "Windows: no program": [
      nameless("%1 n'est pas une application Win32 valide.", 193),
      "ENOEXEC",
      "it is not a program for this system",
    ],
    "one that no table has": [
      nameless("Structure needs cleaning", 117),
      undefined,
      "Structure needs cleaning",
    ],
  },
  ([cause, code, words]) => {
    assertEquals([findErrno(cause), describeSystemError(cause)], [code, words]);
    assertEquals(isSystemError(cause), true);
  },
);

table("what is a bug, and not the system's", {
  "a TypeError": new TypeError("x is not a function"),
  "a file that we closed": failed("EBADF"),
  "a code of a module": failed("ERR_INVALID_ARG_TYPE"),
  "text": "No locks available (os error 37)",
}, (cause) => assertEquals(isSystemError(cause), false));

Deno.test("a hint is one that can be followed", () => {
  const denied = "ls -l x";
  const hints = ["ENOSPC", "EDQUOT", "EACCES", "EPERM", "ENFILE", "EIO"]
    .map((code) => findFileHint(failed(code), { denied }));
  assertEquals(hints, [
    "make room on the disk, then try again",
    "make room, then try again",
    denied,
    denied,
    "use fewer --jobs, or raise ulimit -n",
    undefined,
  ]);
});
