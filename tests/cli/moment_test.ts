import { assertEquals, assertThrows } from "@std/assert";
import { parseMoment } from "../../src/cli/arguments/moment.ts";
import { table } from "../table.ts";

const NOW = Date.UTC(2026, 10, 27, 12, 0, 0);

table("parseMoment: reads", {
  "2027-11-25": "2027-11-25T00:00:00.000Z",
  "2027-11-25T08:00Z": "2027-11-25T08:00:00.000Z",
  "2027-11-25t08:00:30z": "2027-11-25T08:00:30.000Z",
  "2027-11-25 08:00": "2027-11-25T08:00:00.000Z",
  "2027-11-25T08:00+02:00": "2027-11-25T06:00:00.000Z",
  "2028-02-29": "2028-02-29T00:00:00.000Z",
  now: "2026-11-27T12:00:00.000Z",
  "90s": "2026-11-27T12:01:30.000Z",
  "10m": "2026-11-27T12:10:00.000Z",
  "12h": "2026-11-28T00:00:00.000Z",
  "30d": "2026-12-27T12:00:00.000Z",
  "2w": "2026-12-11T12:00:00.000Z",
  "1y": "2027-11-27T12:00:00.000Z",
}, (expected, text) => {
  assertEquals(new Date(parseMoment(text, NOW)).toISOString(), expected);
});

table(
  "parseMoment: refuses",
  [
    "",
    "1",
    "1M",
    "-1d",
    "1.5d",
    "tomorrow",
    "2027-02-29",
    "2027-13-01",
    "2027-11-25T25:00Z",
    "25.11.2027",
  ]
    .map((text) => [text, text] as const),
  (text) => {
    const error = assertThrows(() => parseMoment(text, NOW), RangeError);
    assertEquals(
      error.message,
      `"${text}" is not a time: use a date such as 2027-11-25 or 2027-11-25T08:00Z (UTC), or a span ` +
        "from now such as 12h, 30d, 1y",
    );
  },
);

table("parseMoment: too late", [["8000y", "8000y"], ["999999999999y", "999999999999y"]], (text) => {
  assertThrows(() => parseMoment(text, NOW), RangeError, "is too late");
});
