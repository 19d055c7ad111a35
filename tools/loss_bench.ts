/**
 * How often, and how fast, a connection comes through a knocked door when the client's packets are
 * lost: `spknock connect` beside the loop of Debian's `knock` and `nc` that it stands in for. Prints a
 * Markdown table on stdout, and each row on stderr as soon as it is known; the time is from the start
 * of the process to the first byte of the ssh banner. Needs root on Linux. A quarter of an hour for
 * each percentage; several can run side by side.
 *
 *   deno run -P=tools tools/loss_bench.ts [secret] [RUNS [PERCENT...]]
 *   deno run -P=tools tools/loss_bench.ts first-tries [TRIES]
 *
 * With `secret` the knocks are secret ones, which leaves only spknock to be measured. `first-tries` is
 * how many first tries open by what is sent twice (bench/first_tries.ts), in a few minutes. Without
 * JSR: `--import-map npm.importmap.json`, and the same in `SPKNOCK_DENO_FLAGS='["--import-map=..."]'`.
 */
import { commandOf } from "../tests/e2e/program.ts";
import { createBannerLab } from "./bench/banner_lab.ts";
import { measureFirstTries } from "./bench/first_tries.ts";
import { quantile } from "./bench/measure.ts";

const TRIES = 8;
const encoder = new TextEncoder();

/** Measures a connection at each percentage; yields the lines of a table. */
async function* measureConnections(args: readonly string[]): AsyncGenerator<string> {
  const isSecret = args[0] === "secret";
  const [runs = 100, ...some] = args.slice(isSecret ? 1 : 0).map(Number);
  await using lab = await createBannerLab({ secret: isSecret });
  const connect = ["connect", "bench", "22", "--tries", `${TRIES}`];
  const knock = `knock -d 50 ${lab.host} ${lab.knocks}`;
  const netcat = `nc -d -w 2 ${lab.host} 22`;
  const loop = `for i in $(seq ${TRIES}); do ${knock}; ${netcat} && exit; done; exit 1`;
  const peers: [string, string[]][] = [
    [
      `\`spknock connect --tries ${TRIES} --delay 0 --grace 0\``,
      commandOf([...connect, "--delay", "0", "--grace", "0"]),
    ],
    [`loop of ${TRIES}: \`knock -d 50 ...; nc -w 2 ... 22\``, ["sh", "-c", loop]],
    [
      "`knock -d 50 ... && sleep 2 && nc -w 2 ... 22`",
      ["sh", "-c", `${knock} && sleep 2 && ${netcat}`],
    ],
  ];
  const contestants: [string, string[]][] = [
    [`\`spknock connect --tries ${TRIES}\``, commandOf(connect)],
    ...(isSecret ? [] : peers),
  ];
  yield "| loss | what | opened | median | 95th percentile |";
  yield "|---|---|---|---|---|";
  for (const percent of some.length > 0 ? some : [0, 10, 20, 30]) {
    await lab.lose(percent);
    for (const [name, command] of contestants) {
      const times: number[] = [];
      for (let run = 0; run < runs; run++) {
        await lab.shut();
        const ms = await lab.timeToBanner(command);
        if (ms !== undefined) times.push(ms);
      }
      const [middle, high] = [0.5, 0.95].map((part) => `${Math.round(quantile(times, part))} ms`);
      yield `| ${percent} % | ${name} | ${times.length} of ${runs} | ${middle} | ${high} |`;
    }
  }
}

const rows: string[] = [];
const measured = Deno.args[0] === "first-tries"
  ? measureFirstTries(Number(Deno.args[1] ?? 2_000))
  : measureConnections(Deno.args);
for await (const row of measured) {
  rows.push(row);
  await Deno.stderr.write(encoder.encode(`${row}\n`));
}
await Deno.stdout.write(encoder.encode(`${rows.join("\n")}\n`));
