/** The script that runs on a server, with iptables: chains, jump, sets and the files of one-time codes. */
import { assertEquals, assertMatch } from "@std/assert";
import { parseReport, parseStatus, renderRemove, renderStatus } from "../../src/apply/runner.ts";
import { kernelTest } from "./lab.ts";
import { type Box, createBox } from "./runner_lab.ts";

const TARGET = { kind: "iptables", name: "home", table: "spk.home." } as const;
const GOLDEN = new URL("../golden/rules/", import.meta.url);

async function load(box: Box, file: string, seconds = 60): Promise<string | undefined> {
  const rules = await Deno.readTextFile(new URL(file, GOLDEN));
  const report = await box.load(TARGET, rules, { seconds });
  return report.detail ?? report.state;
}

/** All rules, sets and files of codes, without what goes on with time. */
async function readAll(box: Box): Promise<string> {
  const saves = ["iptables", "ip6tables"].flatMap((program) =>
    ["filter", "mangle"].map((table) => `${program}-save -t ${table}`)
  );
  const text = await box.must(
    `${saves.join("; ")}; ipset save | sort; cat /etc/spknock/home/* 2>/dev/null; ls /etc/cron.d`,
  );
  return text.replace(/^#.*\n/gm, "").replace(/ \[\d+:\d+\]/g, "").replace(/ initval \S+/g, "")
    .replace(/^(add .* timeout) \d+/gm, "$1");
}

const FORMER = "banned.iptables.sh";
/** What each one changes of the former rules: doors, a family, what keeps the lists, one-time codes. */
const OTHERS = [
  "doors.iptables.sh",
  "ipv4.iptables.sh",
  "banned.iptables.recent.sh",
  "codes-iptables.iptables.sh",
];

for (const [shell, legacy] of [["dash", false], ["bash", true], ["busybox", false]] as const) {
  await kernelTest(`runner, iptables${legacy ? " legacy" : ""}, ${shell}`, async (lab, context) => {
    await using box = await createBox(lab, { shell, legacy });
    await box.must(
      "iptables -I INPUT -p tcp --dport 99 -j DROP; ip6tables -A INPUT -i lo -j ACCEPT",
    );
    const empty = await readAll(box);
    await context.step("undone where there was nothing", async () => {
      assertEquals(await load(box, FORMER), "loaded");
      assertEquals((await box.say("undo")).state, "undone");
      assertEquals(await readAll(box), empty);
    });
    await context.step("kept", async () => {
      assertEquals(await load(box, FORMER), "loaded");
      const kept = await box.say("keep");
      assertEquals([kept.state, kept.persist?.status], ["kept", "done"]);
      assertEquals(kept.files, ["/etc/spknock/home.sh", "/etc/cron.d/spknock-home"]);
      assertEquals(await box.must("stat -c %a /etc/spknock/home.sh"), "700\n");
      assertEquals(await box.must("iptables -S INPUT | grep -c spk"), "1\n");
      await box.must("ipset add spk.home.o.4 10.0.0.9 timeout 200");
    });
    const former = await readAll(box);
    // What differs by the shell or by the program shows with the one that changes most.
    for (const other of shell === "dash" ? OTHERS : OTHERS.slice(-1)) {
      await context.step(`undone: ${other}`, async () => {
        assertEquals(await load(box, other), "loaded");
        assertEquals(await readAll(box) === former, false);
        assertEquals((await box.say("undo")).state, "undone");
        assertEquals(await readAll(box), former);
      });
    }
    await context.step("refused by the script there, and by a shell", async () => {
      await box.must(`printf '%s\\n' 'echo "error: no ipset" >&2' 'exit 1' >${box.folder}/rules`);
      const size = Number(await box.must(`wc -c <${box.folder}/rules`));
      const start = () => box.start(TARGET, "", { seconds: 9, size });
      assertEquals((await start()).detail, "error: no ipset");
      await box.must(`printf '%s\\n' 'if true' 'exit 11' >${box.folder}/rules`);
      assertEquals((await start()).state, "bad");
      assertEquals(await readAll(box), former);
    });
    await context.step("codes are kept, and undone to", async () => {
      assertEquals(await load(box, "codes-iptables.iptables.sh"), "loaded");
      assertMatch((await box.say("keep")).files.join(" "), /codes\.sh .*spknock-codes-home/);
      const coded = (await readAll(box)).replace(/--date\S+ \S+|"[0-9a-f]{32}"/g, "");
      assertEquals(await load(box, FORMER, 4), "loaded");
      while ((await box.say("state")).state === "loaded") {
        await new Promise((go) => setTimeout(go, 200));
      }
      assertEquals((await box.say("state")).state, "late");
      assertEquals((await readAll(box)).replace(/--date\S+ \S+|"[0-9a-f]{32}"/g, ""), coded);
    });
    await context.step("removed without a trace", async () => {
      assertEquals(parseStatus(await box.must(renderStatus(box.folder, TARGET)))?.isChanged, false);
      assertEquals(parseReport(await box.must(renderRemove(box.folder, TARGET))).state, "removed");
      assertEquals(await readAll(box), empty);
      assertEquals(
        (await box.must("ls -d /etc/spknock /run/spknock* 2>/dev/null || :")).trim(),
        "",
      );
    });
  }, { tools: ["iptables", "iptables-legacy", "ipset", "unshare", "nsenter", shell] });
}
