/** Writes the codes of so many windows to a file: `WINDOW_MS SLOTS WINDOWS FILE`; prints how many bytes. */
import { codePlan } from "../../tests/rules/fixtures.ts";
import { streamRules } from "../../src/rules/render.ts";
import { nftables } from "../../src/rules/backends/nftables/nftables.ts";

const [windowMs = 0, slots = 0, windows = 0] = Deno.args.slice(0, 3).map(Number);
const from = Math.floor(Date.now() / windowMs) * windowMs;
const plan = codePlan({ horizon: { from, until: from + windows * windowMs } });
const doors = plan.doors.map((door) => ({
  ...door,
  stages: door.stages.map((stage) =>
    stage.codes === undefined ? stage : { ...stage, codes: { ...stage.codes, windowMs, slots } }
  ),
}));
const encoder = new TextEncoder();
let bytes = 0;
{
  using file = Deno.openSync(Deno.args[3] ?? "", { write: true, create: true, truncate: true });
  for (const piece of streamRules(nftables, { ...plan, doors }, { host: "192.0.2.1" })) {
    const text = encoder.encode(piece);
    for (let done = 0; done < text.length;) done += file.writeSync(text.subarray(done));
    bytes += text.length;
  }
}
Deno.stdout.writeSync(encoder.encode(`${JSON.stringify({ bytes })}\n`));
