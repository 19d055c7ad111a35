/** From the start of a process to the first byte of the ssh banner, through a shut door. */
import { commandOf } from "../../tests/e2e/program.ts";
import { labSkipReason } from "../../tests/kernel/lab.ts";
import { createBannerLab } from "./banner_lab.ts";
import { median, quantile } from "./measure.ts";
import { ms, type Outcome, type Section } from "./report.ts";

const ROUNDS = 30;

async function run(): Promise<Outcome> {
  const leftOut = await labSkipReason(["knock", "nc", "python3"]);
  if (leftOut !== undefined) return { leftOut };
  await using lab = await createBannerLab();
  const knock = `knock -d 0 ${lab.host} ${lab.knocks}`;
  const connect = ["connect", "bench", "22", "--delay", "0"];
  const contestants: [string, string[]][] = [
    ["`spknock connect --delay 0`", commandOf(connect)],
    ["`spknock connect --delay 0 --grace 0`", commandOf([...connect, "--grace", "0"])],
    ["`knock -d 0 ... && nc ... 22`", ["sh", "-c", `${knock} && nc -d -w 5 ${lab.host} 22`]],
    [
      "`knock -d 0 ... && sleep 2 && nc ... 22`",
      ["sh", "-c", `${knock} && sleep 2 && nc -d -w 5 ${lab.host} 22`],
    ],
  ];
  const took = contestants.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, [, command]] of contestants.entries()) {
      await lab.shut();
      const time = await lab.timeToBanner(command);
      if (round > 0 && time !== undefined) took[index]?.push(time);
    }
  }
  const rows = contestants.map(([name], index) => {
    const times = took[index] ?? [];
    return [name, `${times.length} of ${ROUNDS}`, ms(median(times)), ms(quantile(times, 0.95))];
  });
  return { head: ["door shut, nothing lost", "opened", "median", "p95"], rows };
}

/** See the header. */
export const banner: Section = {
  title: "From the start to the ssh banner",
  aim: "no slower than a guess at the time, and never wrong",
  run,
};
