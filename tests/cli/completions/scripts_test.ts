/** The scripts of `completions`, read by what knows their languages. */
import { assertEquals } from "@std/assert";
import { checkShell, HAS_SHELLCHECK, isPowershell } from "../../scripts.ts";
import { World } from "../harness.ts";

async function readScript(shell: string): Promise<string> {
  await using world = new World();
  return (await world.run("completions", shell)).stdout;
}

Deno.test({
  name: "completions: shellcheck has nothing to say about the script for bash",
  ignore: !HAS_SHELLCHECK,
  async fn() {
    const script = await readScript("bash");
    assertEquals(await checkShell(`#!/bin/bash\n${script}`), "");
    const broken = script.replace('"$COMP_WORDBREAKS"', "$COMP_WORDBREAKS");
    assertEquals((await checkShell(`#!/bin/bash\n${broken}`)).includes("SC2086"), true);
  },
});

Deno.test("completions: the script for PowerShell is PowerShell", async () => {
  const script = await readScript("powershell");
  assertEquals(isPowershell(script), true);
  assertEquals(isPowershell(script.replace("{", "")), false);
});
