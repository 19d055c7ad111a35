/** Recovery from a try that lost a knock, on a model of knockd's attempts: whatever it left behind, the next one opens. */
import { assertEquals } from "@std/assert";
import type { Knock } from "../../src/core/knock.ts";
import { findRecovery, type RecoverableDoor } from "../../src/core/knockd/recovery.ts";
import { table } from "../table.ts";

const read = (ports: string): Knock[] =>
  (ports.match(/\d+/g) ?? []).map((port) => ({
    port: Number(port),
    protocol: "tcp",
    payload: { kind: "none" },
  }));

function makeDoor(knocks: string, close?: string, more?: Partial<RecoverableDoor>) {
  const closing = close === undefined ? {} : { close: read(close) };
  return { knocks: read(knocks), copies: 1, stageTimeoutMs: 5_000, ...closing, ...more };
}

/** Rows are a door and what a further try does first: the knock that it sends twice, or the milliseconds it waits. */
table<[RecoverableDoor, number | string | undefined]>(
  "what makes a knockd forget a former try",
  {
    "the stock pair": [makeDoor("7000 8000 9000", "9000 8000 7000"), "8000"],
    "the stock pair, to close": [makeDoor("9000 8000 7000", "7000 8000 9000"), "8000"],
    "three, and none to close": [makeDoor("1 2 3"), "2"],
    "a middle knock that begins the closing ones": [makeDoor("1 2 3 4", "2 9"), "3"],
    "a middle knock that ends the closing ones": [makeDoor("1 2 3 4", "9 2"), "3"],
    "a middle knock twice in a row": [makeDoor("1 2 2 3 4"), "3"],
    "a middle knock twice": [makeDoor("1 2 3 2 4"), "2"],
    "two knocks": [makeDoor("1 2", "2 1"), 5_250],
    "no knock that ends all": [makeDoor("1 2 1 1 2"), 20_250],
    "one knock": [makeDoor("1", "2"), undefined],
    "a one-time sequence": [makeDoor("1 2 3", undefined, { oneTime: "f", copies: "auto" }), "2"],
    "a firewall's rules": [makeDoor("1 2 3", undefined, { copies: "auto" }), undefined],
  },
  ([door, expected]) => {
    const recovery = findRecovery(door);
    const found = recovery?.kind === "knock" ? String(recovery.knock.port) : recovery?.ms;
    assertEquals(found, expected);
  },
);

/** The attempts of one source, as `sniff` of knockd 0.8 keeps them; returns the doors that a stream completes. */
function play(doors: readonly (readonly number[])[], stream: readonly number[]): number[] {
  let attempts: { door: number; stage: number }[] = [];
  const completed: number[] = [];
  for (const port of stream) {
    if (!doors.some((door) => door.includes(port))) continue;
    attempts = attempts.filter(({ door, stage }) =>
      stage >= 0 && stage < (doors[door]?.length ?? 0)
    );
    if (attempts.length === 0) {
      attempts = doors.flatMap((door, index) =>
        door[0] === port ? [{ door: index, stage: 1 }] : []
      );
    } else {
      attempts = attempts.map(({ door, stage }) =>
        doors[door]?.[stage] === port ? { door, stage: stage + 1 } : { door, stage: -1 }
      );
    }
    completed.push(
      ...attempts.flatMap(({ door, stage }) => stage === doors[door]?.length ? [door] : []),
    );
  }
  return completed;
}

/** Returns a stream without each subset of its knocks. */
function loseEach(stream: readonly number[]): number[][] {
  return Array.from(
    { length: 2 ** stream.length },
    (_, bits) => stream.filter((_, index) => (bits >> index & 1) === 0),
  );
}

table<[knocks: string, close?: string]>(
  "the next try opens, whatever the two before it have lost",
  {
    "the stock pair": ["7000 8000 9000", "9000 8000 7000"],
    "none to close": ["1 2 3"],
    "a closing sequence of the same beginning": ["1 2 3 4", "1 3 5"],
    "a closing sequence of its own": ["1 2 3", "4 5"],
    "a knock twice": ["1 2 3 2 4", "4 2 1"],
  },
  ([knocks, close]) => {
    const door = makeDoor(knocks, close);
    const recovery = findRecovery(door);
    if (recovery?.kind !== "knock") throw new Error("there is no such knock");
    const list = (each: readonly Knock[]) => each.map(({ port }) => port);
    const opening = list(door.knocks);
    const doors = [opening, ...(close === undefined ? [] : [list(read(close))])];
    const reset = [recovery.knock.port, recovery.knock.port];
    let failures = 0;
    for (const first of loseEach(opening)) {
      for (const second of loseEach([...reset, ...opening])) {
        const before = play(doors, [...first, ...second]);
        const all = play(doors, [...first, ...second, ...reset, ...opening]);
        assertEquals(all.slice(before.length), [0], `${first.join(" ")} | ${second.join(" ")}`);
        if (play(doors, [...first, ...second, ...opening]).length === before.length) failures++;
      }
    }
    // Without it there are states in which the knocks open nothing.
    assertEquals(failures > 0, true);
  },
);
