/** `deno task bench --against`: what the times of two versions mean, and how the other one is started. */
import { assertEquals, assertRejects } from "@std/assert";
import { compareDuels, findOther } from "../../tools/bench/against.ts";
import { table } from "../table.ts";

table("bench --against: a ratio, and what it means", {
  "slower": {
    now: [20, 21, 22, 23],
    before: [10, 10, 11, 11],
    row: ["10.0 ms", "21.0 ms", "2.10x"],
  },
  "faster": { now: [4, 5, 5, 6], before: [10, 10, 11, 11], row: ["10.0 ms", "5.00 ms", "0.50x"] },
  // A tenth is noise, and so are medians whose quartiles overlap.
  "same": { now: [10.5, 10.5, 10.6], before: [10, 10, 10.1], row: ["10.0 ms", "10.5 ms", "1.05x"] },
}, ({ now, before, row }, verdict) => {
  assertEquals(compareDuels([{ what: "list", now, before }]), [["list", ...row, verdict]]);
});

Deno.test("bench --against: one slow round decides nothing", () => {
  const duel = { what: "list", now: [10, 12, 12, 90], before: [9, 10, 12, 12] };
  assertEquals(compareDuels([duel])[0]?.at(-1), "same");
});

Deno.test("bench --against: a checkout beside a checkout, an executable beside an executable", async () => {
  const folder = await Deno.makeTempDir({ prefix: "spknock-against-" });
  try {
    const here = { root: "/here/", flags: ["--config", "/here/deno.json"] };
    const executable = `${folder}/spknock`;
    await Deno.writeTextFile(executable, "");
    await assertRejects(
      () => findOther(folder, { ...here, executable: undefined }),
      Deno.errors.NotFound,
    );
    await Deno.writeTextFile(`${folder}/main.ts`, "");
    const real = await Deno.realPath(folder);
    assertEquals(await findOther(folder, { ...here, executable: undefined }), [
      ...[Deno.execPath(), "run", "-q", "--no-prompt", "--config", `${real}/deno.json`],
      ...["-P=spknock", `${real}/main.ts`],
    ]);
    assertEquals(await findOther(executable, { ...here, executable }), [`${real}/spknock`]);
    await assertRejects(
      () => findOther(executable, { ...here, executable: undefined }),
      Error,
      "SPKNOCK_BIN",
    );
    await assertRejects(() => findOther(folder, { ...here, executable }), Error, "SPKNOCK_BIN");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
