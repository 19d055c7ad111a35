/** What `apply` refuses before ssh is started: no program is expected in these worlds. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { table } from "../table.ts";
import { World } from "./harness.ts";

const TARGETS = `[targets.home]
host = "192.0.2.1"
knocks = ["7000/udp"]
opens = ["22/tcp"]

[targets.one]
host = "192.0.2.2"
admin = "root@192.0.2.2"
tags = ["all"]
knocks = ["7000/udp"]
opens = ["22/tcp"]

[targets.two]
host = "192.0.2.3"
admin = "root@192.0.2.3"
tags = ["all"]
knocks = ["7000/udp"]
opens = ["22/tcp"]
`;

const HOME = "home root@192.0.2.1";

table(
  "apply: refused before ssh is started",
  [
    [HOME, "there is no terminal to ask on\nhint: without a question: --yes"],
    [`${HOME} --remove`, "there is no terminal to ask on\nhint: without a question: --yes"],
    ["one", "there is no terminal to ask on\nhint: without a question: --yes"],
    [`${HOME} --status --dry-run`, "--dry-run has no effect with --status"],
    [`${HOME} --status --rollback 2m`, "--rollback has no effect with --status"],
    [`${HOME} --remove --rollback 2m --yes`, "--rollback has no effect with --remove"],
    [`${HOME} --remove --no-persist --yes`, "--no-persist has no effect with --remove"],
    [`${HOME} --jobs 2 --yes`, "--jobs has no effect with USER@HOST"],
    ["--tag all --status --secrets-from -", "--secrets-from is for one machine"],
    ["--tag all --remove --yes --secrets-from -", "--secrets-from is for one machine"],
  ].map(([argv = "", says = ""]) => [argv, says] as const),
  async (says, argv) => {
    await using world = new World();
    await world.write(TARGETS);
    const { code, stdout, stderr } = await world.run("apply", ...argv.split(" "));
    assertEquals([code, stdout], [2, ""], stderr);
    assertStringIncludes(stderr, `error: ${says}`);
  },
);
