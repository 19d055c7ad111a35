/** The script that runs on a server: the verdict in the second in which the way back fires, and kills of the start. */
import { assertEquals } from "@std/assert";
import { parseReport, renderStart, renderUpload, renderVerdict } from "../../src/apply/runner.ts";
import { kernelTest } from "./lab.ts";
import { type Box, createBox } from "./runner_lab.ts";

const RULES =
  "table inet spknock_NAME {\n\tchain input {\n\t\ttype filter hook input priority -5\n\t}\n}\n";
/** Of each kind; more by hand. */
const ROUNDS = Number(Deno.env.get("SPKNOCK_APPLY_ROUNDS") ?? 2);
/** Rule sets at the same time. */
const WIDTH = 8;

/** A number that is not random, but different each time. */
const spread = (index: number, from: number, to: number) =>
  from + (index * 0.618_034 % 1) * (to - from);

/** A login that has uploaded its rules, and the line that starts them. */
async function prepare(box: Box, name: string): Promise<{ folder: string; start: string }> {
  const folder = await box.login();
  const rules = RULES.replace("NAME", name);
  await box.must(renderUpload(folder, "rules"), rules);
  const start = renderStart(folder, {
    kind: "nftables",
    name,
    table: `spknock_${name}`,
    seconds: 1,
    size: rules.length,
    digest: "ab",
    persists: false,
  });
  return { folder, start };
}

await kernelTest(
  "runner, races: keep in the second of the firing never contradicts",
  async (lab) => {
    await using box = await createBox(lab);
    const seen: Record<string, number> = {};
    const play = async (round: number, lane: number) => {
      const name = `race${lane}`;
      const { folder, start } = await prepare(box, name);
      const delay = spread(round * WIDTH + lane, 0, 1.6).toFixed(2);
      const { stdout } = await box.run(
        `${start} >/dev/null; sleep ${delay}; ${renderVerdict(folder, "keep")}`,
      );
      const { state = "none" } = parseReport(stdout);
      const tables = await box.must("nft list tables");
      assertEquals(
        tables.includes(`spknock_${name}\n`),
        state === "kept",
        `${state} after ${delay} s`,
      );
      seen[state] = (seen[state] ?? 0) + 1;
      await box.must(`nft delete table inet spknock_${name} 2>/dev/null; rm -rf ${folder}`);
    };
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all(Array.from({ length: WIDTH }, (_, lane) => play(round, lane)));
    }
    assertEquals(Object.keys(seen).filter((state) => state !== "kept" && state !== "late"), []);
    if (ROUNDS > 10) await Deno.stderr.write(new TextEncoder().encode(`${JSON.stringify(seen)}\n`));
  },
  { tools: ["unshare", "nsenter"] },
);

await kernelTest("runner, races: the start is killed at any moment: nothing stays", async (lab) => {
  await using box = await createBox(lab);
  const play = async (round: number, lane: number) => {
    const name = `kill${lane}`;
    const { folder, start } = await prepare(box, name);
    const delay = spread(round * WIDTH + lane, 0, 0.8).toFixed(3);
    await box.run(`${start} >/dev/null 2>&1 & sleep ${delay}; kill -9 $!; wait; :`);
    // A lock that the kill left is taken over by the next one.
    await new Promise((go) => setTimeout(go, 2_000));
    let next = parseReport((await box.run(start)).stdout);
    // The killed one is still under way on a busy machine.
    for (let tries = 0; next.state === "busy" && tries < 20; tries++) {
      next = parseReport((await box.run(`sleep 1; ${start}`)).stdout);
    }
    assertEquals(
      ["loaded", "late"].includes(next.state ?? ""),
      true,
      `${next.state} ${next.detail} after ${delay} s`,
    );
    assertEquals(
      parseReport(
        (await box.run(`rm ${folder}/state.none; ${renderVerdict(folder, "undo")}`)).stdout,
      ).state === "loaded",
      false,
    );
    const left = await box.must(
      `nft list tables | grep spknock_${name}; ls -d /run/spknock.${name} 2>/dev/null; :`,
    );
    assertEquals(left, "");
    await box.must(`rm -rf ${folder}`);
  };
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(Array.from({ length: WIDTH }, (_, lane) => play(round, lane)));
  }
  while ((await box.processes()).length > 0) await new Promise((go) => setTimeout(go, 100));
}, { tools: ["unshare", "nsenter"] });
