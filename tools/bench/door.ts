/** The time from the last knock to "open", against real nftables rules in a network namespace. */
import { findBackend, renderRules } from "../../src/rules/mod.ts";
import { commandOf } from "../../tests/e2e/program.ts";
import { secretPlan } from "../../tests/model/fixtures.ts";
import { createLab, type Lab, labSkipReason } from "../../tests/kernel/lab.ts";
import { median, quantile } from "./measure.ts";
import { QUIET_ENV, SECRETS } from "./peers.ts";
import { ms, type Outcome, type Section } from "./report.ts";
import { getDoor } from "../../tests/plans.ts";

const ROUNDS = 20;
const PLAN = secretPlan();

interface Answer {
  targets: [{ status: string; tries: number; probes: [{ ms: number }] }];
}

async function ask(lab: Lab, args: readonly string[]): Promise<number> {
  const stdout = await lab.client.run(commandOf([...args, "--json"]), { env: QUIET_ENV });
  const { targets: [target] } = JSON.parse(stdout) as Answer;
  if (target.status !== "open" || target.tries > 1) throw new Error(`not open at once: ${stdout}`);
  return target.probes[0].ms;
}

function renderTarget(host: string): string {
  const hashes = Object.values(SECRETS);
  const knocks = getDoor(PLAN).stages.map(({ port, protocol }, index) =>
    `{ port = ${port}, protocol = "${protocol}", secret = { hash = "${hashes[index]}" } }`
  );
  return `[targets.door]\nhost = "${host}"\ndelay = "0ms"\nprobes = ["tcp:22"]\n` +
    `knocks = [${knocks.join(", ")}]\n`;
}

async function run(): Promise<Outcome> {
  const leftOut = await labSkipReason();
  if (leftOut !== undefined) return { leftOut };
  await using lab = await createLab();
  const file = await Deno.makeTempFile({ prefix: "spknock-bench-", suffix: ".toml" });
  try {
    await (await lab.server.agent()).listen(22);
    const rules = renderRules(await findBackend("nftables"), PLAN, { host: lab.server.ipv4 });
    const rows = [];
    for (const family of ["ipv4", "ipv6"] as const) {
      await Deno.writeTextFile(file, renderTarget(lab.server[family]));
      const [knock, handshake]: [number[], number[]] = [[], []];
      for (let round = 0; round < ROUNDS; round++) {
        await lab.server.nft(`flush ruleset\n${rules}`);
        knock.push(await ask(lab, ["knock", "door", "-c", file]));
        handshake.push(await ask(lab, ["probe", "door", "-c", file]));
      }
      rows.push(makeRow(`${family}, last knock to open`, knock));
      rows.push(makeRow(`${family}, a handshake with the open port`, handshake));
    }
    return { head: ["nftables in a namespace", "median", "p95", "worst"], rows };
  } finally {
    await Deno.remove(file);
  }
}

function makeRow(name: string, took: readonly number[]): string[] {
  return [name, ms(median(took)), ms(quantile(took, 0.95)), ms(Math.max(...took))];
}

/** See the header. */
export const door: Section = {
  title: "From the last knock to the open door",
  aim: "the network's time, a handshake, not ours",
  run,
};
