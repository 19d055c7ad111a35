/** Whole processes that send three secret knocks to loopback. */
import { Ground, renderTarget } from "./ground.ts";
import { type Contestant, listTimes, median, quantile, race, runOnce } from "./measure.ts";
import {
  bundledSpknock,
  debianKnock,
  emptyRun,
  pythonConfig,
  pythonKnocks,
  SECRETS,
  spknock,
} from "./peers.ts";
import { ms, type Outcome, type Section, times } from "./report.ts";

const ROUNDS = 40;
const PYTHON = "python3: hashlib, socket";

/** Checks that the knocks arrive as they should. */
async function check(contestant: Contestant, ground: Ground): Promise<void> {
  const [, found] = await Promise.all([runOnce(contestant), ground.take()]);
  const isRight = found.join() === Object.values(SECRETS).join();
  if (!isRight) throw new Error(`${contestant.name} sent ${JSON.stringify(found)}`);
}

async function run(): Promise<Outcome> {
  using ground = new Ground({ ports: 3 });
  const { ports } = ground;
  const file = ground.write("targets.toml", `version = 1\n\n${renderTarget("home", ports)}`);
  const stdin = `${Object.keys(SECRETS).join("\n")}\n`;
  const options = ["--delay", "0", "--no-probe"];
  const secretsFrom = ["--secrets-from", "-"];
  const specs = ports.map((port) => `${port}/udp`);
  const home = ["knock", "home", "-c", file, ...options];
  const adHoc = ["knock", "127.0.0.1", ...specs, ...options, ...secretsFrom];
  const { folder } = ground;
  const secret = [
    spknock("spknock knock home", home),
    spknock("spknock knock home --secrets-from -", [...home, ...secretsFrom], { stdin }),
    spknock("spknock knock HOST PORT... --secrets-from -", adHoc, { stdin }),
    await bundledSpknock("bundled: knock home", home, { folder }),
    await bundledSpknock("bundled: knock HOST PORT...", adHoc, { folder, stdin }),
    await pythonConfig("python3: argparse, tomllib, socket", file),
    await pythonKnocks(PYTHON, ports),
  ].filter((each) => each !== undefined);
  for (const contestant of secret) await check(contestant, ground);
  const empty = emptyRun(ground.folder);
  const regular = await debianKnock("knock -u -d 0 (no secrets, one byte)", ports);
  const all = [empty, ...secret, ...(regular ? [regular] : [])];
  const runs = await race(all, { rounds: ROUNDS });
  const base = median(listTimes(runs, empty.name));
  const python = median(listTimes(runs, PYTHON));
  return {
    head: ["whole process", "median", "p95", "of an empty deno", "of the python script"],
    rows: all.map(({ name }) => {
      const took = listTimes(runs, name);
      const middle = median(took);
      const ofPython = Number.isNaN(python) ? "" : times(middle, python);
      return [name, ms(middle), ms(quantile(took, 0.95)), times(middle, base), ofPython];
    }),
    notes: [
      `${ROUNDS} interleaved rounds.` + (regular ? "" : " Debian's knock is not installed."),
    ],
  };
}

/** See the header. */
export const startup: Section = {
  title: "Three UDP secret knocks, start-up included",
  aim: "at most 1.6x an empty deno as a bundle, 1.9x from the checkout; never slower than Python",
  run,
};
