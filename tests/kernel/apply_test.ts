/** `apply` from end to end: spknock at a client, and real ssh, sudo and nftables at a server. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Ended } from "../e2e/program.ts";
import { HASHES } from "../e2e/vectors.ts";
import { APPLY_TOOLS, type ApplyLab, createApplyLab } from "./apply_lab.ts";
import { kernelTest, type Lab } from "./lab.ts";

/** The doors of the lab's server. */
function renderTargets({ server }: Lab): string {
  const [first, second, third] = HASHES;
  const knock = (port: number, hash: string | undefined) =>
    `{ port = ${port}, protocol = "udp", secret = { hash = "${hash}" } }`;
  const knocks = `knocks = [${knock(1234, first)}, ${knock(9876, second)}]\n`;
  const target = (name: string, rest: string) =>
    `\n[targets.${name}]\nhost = "${server.ipv4}"\nopens = ["22/tcp"]\n${rest}`;
  return "version = 1\n" + target("home", knocks) +
    target("closing", `${knocks}[targets.closing.close]\nknocks = [${knock(9500, third)}]\n`);
}

/** Runs `apply` in the lab. */
async function runApply(apply: ApplyLab, args: readonly string[]): Promise<Ended> {
  return await apply.spknock(["apply", ...args, "--ssh", apply.sshText, "--yes"]);
}

await kernelTest("apply loads rules, proves them, and keeps them", async (lab, t) => {
  await using apply = await createApplyLab(lab);
  await apply.home.write(renderTargets(lab));
  const before = await apply.ruleset();

  await t.step("root", async () => {
    const { code, stdout, stderr } = await runApply(apply, ["home", apply.place()]);
    console.log(stdout, stderr);
    assertEquals(code, 0, stderr);
    console.log(await apply.ruleset());
    console.log(await apply.leftovers());
    console.log(
      await apply.read(
        "find /etc/spknock /etc/systemd/system -name '*spknock*' -newer /etc/ssh/sshd_config | xargs ls -la; cat /etc/nftables.conf | tail -5",
      ),
    );
  });
  await t.step("status, again, remove", async () => {
    for (const more of [["--status"], [], ["--remove"], ["--status"]]) {
      const { code, stdout, stderr } = await runApply(apply, ["home", apply.place(), ...more]);
      console.log(more, code, stdout, stderr);
    }
    assertEquals(await apply.ruleset(), before);
    console.log(await apply.leftovers());
  });
}, { tools: APPLY_TOOLS });
