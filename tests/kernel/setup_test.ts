/** `setup` from end to end: spknock at a client, and real ssh, sudo and nftables at a server. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { valueOf } from "../e2e/program.ts";
import { APPLY_TOOLS, type ApplyLab, createApplyLab } from "./apply_lab.ts";
import { kernelTest } from "./lab.ts";

/** Runs `setup` in the lab. */
function runSetup(lab: ApplyLab, args: readonly string[]) {
  return lab.spknock(["setup", ...args, "--ssh", lab.sshText, "--yes"]);
}

/** Whether ssh's port answers the client. */
async function answers(lab: ApplyLab): Promise<boolean> {
  const { code } = await lab.spknock(["probe", "home", "--timeout", "2s"]);
  return code === 0;
}

await kernelTest("setup: from nothing to a closed, checked door, and again", async (lab, t) => {
  await using server = await createApplyLab(lab);
  const before = await server.read("nft list tables");

  await t.step("one command, as root", async () => {
    const ended = await runSetup(server, ["home", server.place()]);
    console.log(ended.stdout, ended.stderr);
    assertEquals(ended.code, 0, ended.stderr);
    assertStringIncludes(ended.stdout, "nft delete table inet spknock_home\n");
    assertEquals(await answers(server), false);
  });
  await t.step("a second time nothing changes", async () => {
    const [rules, targets] = [
      await server.read("nft list tables"),
      await Deno.readTextFile(server.home.config),
    ];
    const ended = await runSetup(server, ["home", server.place(), "--json"]);
    console.log(ended.stdout, ended.stderr);
    assertEquals(ended.code, 0, ended.stderr);
    const value = valueOf(ended);
    assertEquals([value["apply"], value["is_new"]], ["unchanged", false]);
    assertEquals(await Deno.readTextFile(server.home.config), targets);
    assertMatch(rules, /spknock_home/);
  });
  await t.step("the way back of the paper leaves nothing", async () => {
    const { stdout } = await runSetup(server, ["home", "--json"]);
    const { way_back } = JSON.parse(stdout) as { way_back: string[] };
    for (const line of way_back) await server.read(line);
    assertEquals(await server.read("nft list tables"), before);
    assertEquals(await answers(server), true);
  });
}, { tools: APPLY_TOOLS });
