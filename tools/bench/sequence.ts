/** A sequence of a thousand knocks: what one more knock costs. */
import { Ground, renderTarget } from "./ground.ts";
import { listTimes, median, race } from "./measure.ts";
import { debianKnock, pythonKnocks, spknock } from "./peers.ts";
import type { Outcome, Section } from "./report.ts";

const KNOCKS = 1_000;
const ROUNDS = 15;

function micros(ms: number): string {
  return `${(ms * 1_000).toFixed(1)} us`;
}

async function run(): Promise<Outcome> {
  using ground = new Ground({ ports: 1 });
  const [port = 0] = ground.ports;
  const one = [port];
  const many = Array<number>(KNOCKS).fill(port);
  const file = ground.write(
    "targets.toml",
    `${renderTarget("one", one)}\n${renderTarget("many", many)}`,
  );
  const knockOn = (name: string) => ["knock", name, "-c", file, "--json"];
  const pairs = [
    [spknock("spknock, 1", knockOn("one")), spknock("spknock", knockOn("many"))],
    [await pythonKnocks("python3, 1", one), await pythonKnocks("python3", many)],
    [await debianKnock("knock -u, 1", one), await debianKnock("knock -u -d 0", many)],
  ];
  const all = pairs.flat().filter((each) => each !== undefined);
  const runs = await race(all, { rounds: ROUNDS });
  const sent = (runs.get("spknock") ?? []).map(({ stdout }) =>
    (JSON.parse(stdout) as { targets: [{ sent_ms: number }] }).targets[0].sent_ms
  );
  const rows = pairs.flatMap(([single, sequence]) => {
    if (single === undefined || sequence === undefined) return [];
    const more = median(listTimes(runs, sequence.name)) - median(listTimes(runs, single.name));
    return [[`${sequence.name}, whole process`, micros(more / (KNOCKS - 1))]];
  });
  return {
    head: [`${KNOCKS} knocks`, "a knock"],
    rows: [["spknock, first packet to last", micros(median(sent) / KNOCKS)], ...rows],
    notes: [
      `"Whole process" is what ${KNOCKS} knocks take longer than one, the reading of the file ` +
      `included. ${ROUNDS} interleaved rounds.`,
    ],
  };
}

/** See the header. */
export const sequence: Section = {
  title: "A sequence of 1,000 knocks",
  aim: "the kernel's time, not ours",
  run,
};
