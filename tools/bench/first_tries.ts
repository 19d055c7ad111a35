/**
 * How many first tries open a door of three secret knocks, by what is sent twice: thousands of tries
 * from the addresses of a namespace against real nftables rules, while packets are lost. The order of
 * the packets is real, the pauses are not waited for: the losses know them.
 */
import { findBackend, renderRules } from "../../src/rules/mod.ts";
import { createLab, type Lab, labSkipReason } from "../../tests/kernel/lab.ts";
import { HASHES, secretPlan } from "../../tests/model/fixtures.ts";
import { getDoor } from "../../tests/plans.ts";
import type { Outcome, Section } from "./report.ts";

/** A packet for the sender. */
export interface SentPacket {
  source: string;
  host: string;
  port: number;
  payload: string;
}

/** The gap between two knocks of a first try that is short. */
const GAP_MS = 5;
const SOURCES = 240;
const TRIES = 8 * SOURCES;
const LOSSES = [0, 10, 20, 30, 40, 50];
/** Mean milliseconds of a burst of loss; 0 is each packet on its own, lost by `numgen`. */
const BURSTS_MS = [0, 3, 10, 30];
const PLAN = secretPlan();
const STAGES = getDoor(PLAN).stages;

/** Milliseconds at which each knock, by its place, is sent. */
type Shape = readonly { knock: number; at: number }[];

const ONCE: Shape = STAGES.map((_, knock) => ({ knock, at: knock * GAP_MS }));

/** Each knock twice, the copy so much later; a copy leaves before the next knock of the same time. */
function spread(laterMs: number): Shape {
  return ONCE.flatMap(({ knock, at }) => [{ knock, at }, { knock, at: at + laterMs }]);
}

/** Each shape with its name. */
const SHAPES: readonly [string, Shape][] = [
  ["each once", ONCE],
  ["each twice, back to back", spread(0)],
  ["each twice, half a gap apart", spread(GAP_MS / 2)],
  ["each twice, a gap apart", spread(GAP_MS)],
  [
    "the sequence twice",
    [...ONCE, ...ONCE.map(({ knock, at }) => ({ knock, at: at + ONCE.length * GAP_MS }))],
  ],
];

/**
 * Leaves out what bursts lose: good and bad times alternate at random (Gilbert, 1960), so that each packet is
 * lost as often as without bursts, and neighbours are lost together.
 */
function loseInBursts(shape: Shape, { loss, burstMs }: { loss: number; burstMs: number }): Shape {
  const settle = burstMs * (1 - loss);
  let bad: boolean | undefined;
  let before = 0;
  return shape.filter(({ at }) => {
    const memory = bad === undefined ? 0 : Math.exp((before - at) / settle);
    bad = Math.random() < loss * (1 - memory) + (bad ? memory : 0);
    before = at;
    return !bad;
  });
}

/** One try from each source; returns how many of them are let in. */
async function playBatch(lab: Lab, shapes: readonly Shape[]): Promise<number> {
  const { client, server, sources } = lab;
  const packets = shapes.flatMap((shape, index): SentPacket[] =>
    shape.map(({ knock }) => ({
      source: sources.ipv4[index] as string,
      host: server.ipv4,
      port: STAGES[knock]?.port as number,
      payload: HASHES[knock] as string,
    }))
  );
  const script = new URL("first_tries_sender.ts", import.meta.url).pathname;
  const run = [Deno.execPath(), "run", "-q", "--no-prompt", "--allow-ffi", script];
  await client.run(run, { stdin: JSON.stringify(packets) });
  const sets = ["home.stage1.4", "home.stage2.4", "home.open.4"];
  const list = ["nft", "-j", "list", "set", "inet", "spknock_home", "home.open.4"];
  const { nftables } = JSON.parse(await server.run(list)) as {
    nftables: { set?: { elem?: unknown[] } }[];
  };
  await server.nft(sets.map((set) => `flush set inet spknock_home ${set}\n`).join(""));
  return nftables.reduce((sum, { set }) => sum + (set?.elem?.length ?? 0), 0);
}

/** The part of the tries that open, from 0 to 1. */
async function playCell(
  lab: Lab,
  shape: Shape,
  { loss, burstMs, tries }: { loss: number; burstMs: number; tries: number },
): Promise<number> {
  await lab.server.lose(burstMs === 0 ? loss * 100 : 0);
  const batches = Math.ceil(tries / SOURCES);
  let open = 0;
  for (let batch = 0; batch < batches; batch++) {
    const shapes = lab.sources.ipv4.map(() =>
      burstMs === 0 ? shape : loseInBursts(shape, { loss, burstMs })
    );
    open += await playBatch(lab, shapes);
  }
  return open / (batches * SOURCES);
}

async function run(): Promise<Outcome> {
  const leftOut = await labSkipReason();
  if (leftOut !== undefined) return { leftOut };
  await using lab = await createLab({ sources: SOURCES });
  const rules = renderRules(await findBackend("nftables"), PLAN, { host: lab.server.ipv4 });
  await lab.server.nft(rules);
  const rows: string[][] = [];
  for (const burstMs of BURSTS_MS) {
    for (const [name, shape] of SHAPES) {
      const parts: string[] = [];
      for (const percent of LOSSES) {
        const open = await playCell(lab, shape, { loss: percent / 100, burstMs, tries: TRIES });
        parts.push(`${(open * 100).toFixed(1)} %`);
      }
      rows.push([burstMs === 0 ? "none" : `${burstMs} ms`, name, `${shape.length}`, ...parts]);
    }
  }
  return {
    head: ["bursts", "packets", "sent", ...LOSSES.map((loss) => `${loss} %`)],
    rows,
    notes: [`${TRIES} tries a figure, against the nftables rules of three secret knocks.`],
  };
}

/** See the header. */
export const firstTries: Section = {
  title: "First tries that open, by what is sent twice",
  aim: "the most for each packet that is sent",
  run,
};
