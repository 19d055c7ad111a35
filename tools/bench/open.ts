/**
 * From the start of a process to the first byte of the ssh banner through a shut door, while packets
 * get lost and round trips take time: `spknock connect` beside the loop of Debian's `knock` and `nc`.
 *
 *   SPKNOCK_BENCH_ROUNDS=20 deno task bench open
 *
 * Other work of the machine makes a start longer, and the loop's pauses not. As root on Linux, this puts
 * all contestants before it: `setsid sh -c 'echo -20 >/proc/$$/autogroup; exec deno task bench open'`.
 */
import { commandOf } from "../../tests/e2e/program.ts";
import { labSkipReason } from "../../tests/kernel/lab.ts";
import { type BannerLab, createBannerLab, LAST_KNOCK_PORT } from "./banner_lab.ts";
import type { WirePacket } from "./delayed_wire.ts";
import { Ground } from "./ground.ts";
import { mean, median, quantile } from "./measure.ts";
import { bundledSpknock, emptyRun } from "./peers.ts";
import { ms, type Outcome, type Section, times } from "./report.ts";

const ROUNDS = Number(Deno.env.get("SPKNOCK_BENCH_ROUNDS") ?? 12);
const ROUND_TRIPS_MS = [0, 20, 150];
const LOSSES = [0, 10, 30];
const TRIES = 8;
/** As often as the loop. */
const MORE_TRIES = ["--tries", `${TRIES}`];
const CONNECT = ["connect", "bench", "22", ...MORE_TRIES];
const SYN_AND_ACK = 18;
/** What the wire reported of a run has been read after as many milliseconds. */
const READ_MS = 30;

interface Contestant {
  name: string;
  lab: BannerLab;
  /** Milliseconds of a run; undefined where it failed. */
  time(): Promise<number | undefined>;
}

/** The loop that everything is compared with. */
const LOOP = "loop of `knock -d 50` and `nc -w 2`";

/** What is compared: `bundle` is the command that connects as a bundle, `empty` an empty program. */
function listContestants(
  { regular, secret, bundle, empty }: {
    regular: BannerLab;
    secret: BannerLab;
    bundle: readonly string[];
    empty: readonly string[];
  },
): Contestant[] {
  const connect = (lab: BannerLab) => lab.timeToBanner(commandOf(CONNECT));
  const knock = (lab: BannerLab) => lab.timeToEnd(commandOf(["knock", "bench", ...MORE_TRIES]));
  const loop = ({ host, knocks, timeToBanner }: BannerLab) => {
    const tries = `knock -d 50 ${host} ${knocks}; nc -d -w 2 ${host} 22 && exit`;
    return timeToBanner(["sh", "-c", `for i in $(seq ${TRIES}); do ${tries}; done; exit 1`]);
  };
  return [
    { name: LOOP, lab: regular, time: () => loop(regular) },
    { name: "`spknock connect`", lab: regular, time: () => connect(regular) },
    {
      name: "`spknock connect`, as a bundle",
      lab: regular,
      time: () => regular.timeToBanner(bundle),
    },
    { name: "`spknock knock`, probed", lab: regular, time: () => knock(regular) },
    { name: "`spknock connect`, secret knocks", lab: secret, time: () => connect(secret) },
    { name: "(the start of Deno alone)", lab: regular, time: () => regular.timeToEnd(empty) },
  ];
}

/** Milliseconds from the first packet of the last knock to the answer that makes a connection. */
function findAnswer(packets: readonly WirePacket[]): number | undefined {
  const knock = packets.find(({ direction, side, port }) =>
    direction === "up" && side === "in" && port === LAST_KNOCK_PORT
  );
  const answer = packets.find(({ direction, side, flags }) =>
    direction === "down" && side === "out" && flags === SYN_AND_ACK
  );
  return knock && answer && answer.at - knock.at;
}

/** What the runs of one contestant took. */
interface Cell {
  times: number[];
  /** From the last knock to the connection. */
  answers: number[];
}

async function measure({ lab, time }: Contestant, { times, answers }: Cell): Promise<void> {
  await lab.shut();
  lab.wire?.takePackets();
  const took = await time();
  if (took === undefined) return;
  times.push(took);
  if (lab.wire === undefined) return;
  await new Promise((resolve) => setTimeout(resolve, READ_MS));
  const answer = findAnswer(lab.wire.takePackets());
  if (answer !== undefined) answers.push(answer);
}

/** One row a contestant; interleaved rounds, the first of them does not count. */
async function playCell(
  contestants: readonly Contestant[],
  { roundTripMs, loss }: { roundTripMs: number; loss: number },
): Promise<string[][]> {
  for (const { lab } of contestants) await lab.lose(loss);
  const cells = contestants.map((): Cell => ({ times: [], answers: [] }));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, contestant] of contestants.entries()) {
      const cell = round > 0 ? cells[index] : undefined;
      await measure(contestant, cell ?? { times: [], answers: [] });
    }
  }
  const base = cells[contestants.findIndex(({ name }) => name === LOOP)]?.times ?? [];
  return cells.map(({ times: took, answers }, index) => [
    `${roundTripMs} ms, ${loss} %: ${contestants[index]?.name}`,
    `${took.length} of ${ROUNDS}`,
    ms(median(took)),
    ms(mean(took)),
    ms(quantile(took, 0.95)),
    times(median(took), median(base)),
    times(mean(took), mean(base)),
    loss > 0 || answers.length === 0 ? "" : (median(answers) / roundTripMs).toFixed(2),
  ]);
}

async function run(): Promise<Outcome> {
  const leftOut = await labSkipReason(["knock", "nc", "python3"]);
  if (leftOut !== undefined) return { leftOut };
  using ground = new Ground({ ports: 0 });
  const { folder } = ground;
  const bundle = await bundledSpknock("", CONNECT, { folder });
  const programs = { bundle: bundle.command, empty: emptyRun(folder).command };
  const rows: string[][] = [];
  for (const roundTripMs of ROUND_TRIPS_MS) {
    await using regular = await createBannerLab({ roundTripMs });
    await using secret = await createBannerLab({ roundTripMs, secret: true });
    const contestants = listContestants({ regular, secret, ...programs });
    for (const loss of LOSSES) {
      const more = await playCell(contestants, { roundTripMs, loss });
      rows.push(...more);
      const text = more.map((row) => `| ${row.join(" | ")} |\n`).join("");
      await Deno.stderr.write(new TextEncoder().encode(text));
    }
  }
  const part = ["of the loop's median", "of its mean", "round trips after the last knock"];
  return {
    head: ["round trip, loss", "opened", "median", "mean", "p95", ...part],
    rows,
    notes: [
      "Median, mean and p95 are those of the runs that opened; a loop ends after " +
      `${TRIES} tries, and so does spknock (\`--tries ${TRIES}\`). The last column counts from the first packet of the last knock to the ` +
      "SYN-ACK at the client, and has a median.",
    ],
  };
}

/** See the header. */
export const open: Section = {
  title: "From the start to the ssh banner, with loss and round trips",
  aim: "nothing lost: at most 1.00x of the loop; 10 and 30 % lost: below 0.50x, and all open",
  run,
};
