/** Many machines: what is asked before, what goes on when one fails, the table, JSON and the exit code. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  FLEET_OPTIONS,
  readFleet,
  runApplyFleet,
  runOnFleet,
} from "../../src/cli/commands/server/run_fleet.ts";
import { loadTargets } from "../../src/cli/context.ts";
import { CancelledError, NetworkError, SecretError } from "../../src/core/errors.ts";
import { findBackend } from "../../src/rules/mod.ts";
import type { ApplyHooks, ApplyJob, ApplyOutcome } from "../../src/use_cases/apply/job.ts";
import { buildPlan } from "../../src/use_cases/build_plan.ts";
import type { Ports } from "../../src/use_cases/ports.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World, type WorldOptions } from "./harness.ts";

const TARGETS = ["one", "two", "three"].map((name, index) =>
  `[targets.${name}]
host = "192.0.2.${index + 1}"
admin = "root@192.0.2.${index + 1}"
knocks = ["1234/udp", "9876/udp"]
opens = ["22/tcp"]
`
).join("") +
  `[targets.door]\nhost = "192.0.2.1"\nknocks = ["7000", "8000", "9000"]\nopens = ["443"]\n`;

type Status = ApplyOutcome["status"];

/** How an apply ends at a place; `sudo` first asks for a password of sudo. */
type End = Status | "sudo" | "throws" | "bug" | "program";

interface FleetOptions {
  ends?: Record<string, End>;
  isSure?: boolean;
  world?: WorldOptions;
  config?: string;
  /** Called at the begin of each apply. */
  onApply?: (job: ApplyJob, world: World) => void | Promise<void>;
}

/** What the fake was asked to do, in order: `look PLACE` and `apply PLACE`. */
async function runFleet(
  argv: readonly string[],
  { ends = {}, isSure = false, world: options = {}, config = TARGETS, onApply }: FleetOptions = {},
) {
  await using world = new World(options);
  await world.write(config);
  const calls: string[] = [];
  const secrets: string[] = [];
  const apply = async (job: ApplyJob, ports: Ports, hooks: ApplyHooks): Promise<ApplyOutcome> => {
    const { place, isDry } = job;
    calls.push(`${isDry ? "look" : "apply"} ${place}`);
    await onApply?.(job, world);
    const end = ends[place.replace(/^.*\./, "")] ?? "applied";
    if (end === "throws") throw new NetworkError(`ssh ${place}: no route to host`, { hint: "up?" });
    if (end === "bug") throw new TypeError("a bug");
    if (end === "sudo") secrets.push(`${await hooks.ask(`Password of sudo at ${place}`)}`);
    const { plan } = await buildPlan(job.doors, job.planOptions, { ports, ...hooks });
    const [door] = plan.doors;
    secrets.push(...door?.stages.map(({ payload }) => payload?.toHex() ?? "") ?? []);
    const status = end === "sudo" || end === "program" ? "applied" : end;
    const isEnd = !isDry || status === "unchanged" || status === "refused";
    const backend = await findBackend("nftables");
    const concerns = [{ severity: "warning" as const, code: "x", text: "ufw drops 22" }];
    return {
      status: isEnd ? status : "dry-run",
      summary: { place, plan, weak: [], backend, concerns, isReplacing: place.endsWith("2") } as
        & ApplyOutcome["summary"]
        & object,
      steps: [],
      files: isEnd && status === "applied" ? ["/etc/spknock/x.nft"] : [],
      problem: ["undone", "refused", "unknown"].includes(status)
        ? { text: `it was ${status}`, hint: "look there" }
        : undefined,
    };
  };
  const specs = [...FLEET_OPTIONS, { name: "dry-run", help: "" }] as const;
  const ended = await world.call(argv, specs, async (context) => {
    const { targets } = await loadTargets(context);
    const names = context.args.positionals;
    const chosen = [...targets.values()].filter(({ name }) =>
      names.length === 0 || names.includes(name)
    );
    return await runApplyFleet(await readFleet(chosen, context), context, {
      apply,
      isSure,
      secrets: {},
      makeJob: ({ place, targets }) => ({
        place,
        ssh: ["ssh"],
        doors: targets.map((target) => ({ target, opens: target.opens })),
        planOptions: {},
        backend: undefined,
        variant: undefined,
        rollbackMs: 60_000,
        persists: true,
        isDry: context.args.has("dry-run"),
      }),
    });
  });
  return {
    ...ended,
    calls,
    secrets,
    screen: world.terminal?.output ?? "",
    programs: world.programs,
  };
}

/** Keys for the passphrases of the three targets. */
const SIX = ["a1\n", "a2\n", "b1\n", "b2\n", "c1\n", "c2\n"];

Deno.test("fleet: every secret once, a look at all, one question, then all", async () => {
  const ended = await runFleet([], { world: { keys: [...SIX, "y\n"] } });
  assertEquals(ended.code, 0, ended.stderr + ended.screen);
  const places = ["1", "2", "3"].map((last) => `root@192.0.2.${last}`);
  assertEquals(ended.calls, [
    ...places.map((place) => `look ${place}`),
    ...places.map((place) => `apply ${place}`),
  ]);
  // The same payloads in both rounds, two each; the machines are worked on at the same time.
  assertEquals(ended.secrets.slice(0, 6).toSorted(), ended.secrets.slice(6).toSorted());
  assertEquals(new Set(ended.secrets).size, 6);
  assertEquals(ended.screen.match(/Passphrase for/g)?.length, 6);
  assertEquals(ended.screen.match(/Apply the rules to 3 machines\?/g)?.length, 1);
  assertStringIncludes(
    ended.stderr,
    "root@192.0.2.1  one, door  nftables  closes 22/tcp, 443/tcp until a knock\n" +
      "root@192.0.2.2  two        nftables  closes 22/tcp until a knock, replaces its former rules\n",
  );
  assertStringIncludes(ended.stderr, "warning: root@192.0.2.2: ufw drops 22");
  assertEquals(
    ended.stdout,
    "root@192.0.2.1  one, door  applied  kept in /etc/spknock/x.nft\n" +
      "root@192.0.2.2  two        applied  kept in /etc/spknock/x.nft\n" +
      "root@192.0.2.3  three      applied  kept in /etc/spknock/x.nft\n",
  );
});

Deno.test("fleet: no is no", async () => {
  const ended = await runFleet([], { ends: { 3: "throws" }, world: { keys: [...SIX, "n\n"] } });
  assertEquals(ended.calls.filter((call) => call.startsWith("apply")), []);
  assertEquals(ended.code, 130);
  assertEquals(ended.stdout.match(/declined/g)?.length, 2);
  assertStringIncludes(ended.stdout, "three      error     ssh root@192.0.2.3: no route to host");
});

/** The ends at the three places. */
const ENDS: Record<string, [ends: [End, End, End], code: number, statuses: string[]]> = {
  "all is well": [["applied", "unchanged", "applied"], 0, ["applied", "unchanged", "applied"]],
  "one is undone": [["applied", "undone", "unchanged"], 1, ["applied", "undone", "unchanged"]],
  "one is refused": [["refused", "applied", "applied"], 1, ["refused", "applied", "applied"]],
  "the network is worse": [["undone", "throws", "applied"], 3, ["undone", "error", "applied"]],
  "not known is worse": [["unknown", "undone", "applied"], 3, ["unknown", "undone", "applied"]],
};

table("fleet: one failure is one failure", ENDS, async ([[one, two, three], code, statuses]) => {
  const ends = { 1: one, 2: two, 3: three };
  const ended = await runFleet(["--json"], { ends, isSure: true, world: { keys: SIX } });
  const reports = valueOf<{ place: string; targets: string[]; status: string; hint: string }[]>(
    ended,
  );
  assertEquals([ended.code, reports.map(({ status }) => status)], [code, statuses]);
  assertEquals(reports[0]?.targets, ["one", "door"]);
  assertEquals(ended.calls.length, 3);
  if (code === 0) return assertEquals(ended.stderr, "");
  assert(errorOf(ended).message.startsWith("root@192.0.2."), ended.stderr);
});

Deno.test("fleet: with --quiet a line for each failure", async () => {
  const ends = { 1: "undone", 3: "throws" } as const;
  const ended = await runFleet(["-q"], { ends, isSure: true, world: { keys: SIX } });
  assertEquals(
    ended.stderr,
    "error: root@192.0.2.1: undone: it was undone\n" +
      "error: root@192.0.2.3: error: ssh root@192.0.2.3: no route to host\n",
  );
  assertEquals([ended.code, ended.stdout], [3, ""]);
});

Deno.test("fleet: sudo's password is asked before the question, once a place", async () => {
  const ended = await runFleet(["one", "two"], {
    ends: { 1: "sudo", 2: "sudo" },
    world: { keys: ["a1\n", "a2\n", "b1\n", "b2\n", "pw1\n", "pw2\n", "y\n"] },
  });
  assertEquals(ended.code, 0, ended.stderr + ended.screen);
  assertEquals(ended.screen.match(/Password of sudo/g)?.length, 2);
  assert(ended.screen.lastIndexOf("Password of sudo") < ended.screen.indexOf("Apply the rules"));
  assertEquals(ended.secrets.filter((secret) => secret === "pw1").length, 2);
  assertEquals(ended.secrets.filter((secret) => secret === "pw2").length, 2);
});

Deno.test("fleet: with --yes nothing is looked at before, and sudo's password is refused", async () => {
  const ended = await runFleet(["one", "two"], {
    ends: { 1: "sudo" },
    isSure: true,
    world: { keys: SIX.slice(0, 4) },
  });
  assertEquals([ended.code, ended.calls], [4, ["apply root@192.0.2.1", "apply root@192.0.2.2"]]);
  assertStringIncludes(ended.stdout, "error    nothing can be asked while rules are loaded");
  assertStringIncludes(ended.stderr, "hint: leave out --yes to be asked before");
});

Deno.test("fleet: a machine without its secret fails alone, before the others are looked at", async () => {
  const config = TARGETS.replace('"192.0.2.2"\n', '"192.0.2.2"\nsecret = { env = "GONE" }\n');
  const world = { keys: ["a1\n", "a2\n", "c1\n", "c2\n", "y\n"] };
  const ended = await runFleet([], { world, config });
  assertEquals(ended.code, 4);
  assertEquals(ended.calls.filter((call) => call.endsWith(".2")), []);
  assertEquals(ended.calls.length, 4);
});

Deno.test("fleet: a program that gives a secret runs once", async () => {
  const config = TARGETS.replaceAll(
    'opens = ["22',
    'secret = { command = ["pass", "{target}"] }\nopens = ["22',
  );
  const stdout = "phrase-for-all\nnot this\n";
  const result = { code: 0, stdout, stderr: "", bytes: new TextEncoder().encode(stdout) };
  const ended = await runFleet(["two"], { config, world: { keys: ["y\n"], programs: [result] } });
  assertEquals(ended.code, 0, ended.stderr);
  assertEquals(ended.programs.calls.length, 1);
});

Deno.test("fleet: --dry-run looks at all and changes nothing", async () => {
  const ended = await runFleet(["--dry-run"], { ends: { 2: "refused" }, world: { keys: SIX } });
  assertEquals(ended.calls.filter((call) => call.startsWith("apply")), []);
  assertEquals([ended.code, ended.calls.length], [1, 3]);
});

Deno.test("fleet: --hosts, and --jobs at a time", async () => {
  let running = 0;
  let most = 0;
  const onApply = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
  };
  const run = async (...argv: string[]) => {
    [running, most] = [0, 0];
    const ended = await runFleet(argv, { isSure: true, world: { keys: SIX }, onApply });
    assertEquals(ended.code, 0, ended.stderr);
    return { most, calls: ended.calls };
  };
  assertEquals((await run()).most, 3);
  assertEquals((await run("--jobs", "1")).most, 1);
  await using world = new World();
  const file = `${world.home}/hosts`;
  await Deno.writeTextFile(file, "three root@10.0.0.3\n");
  assertEquals((await run("--hosts", file)).calls.sort(), [
    "apply root@10.0.0.3",
    "apply root@192.0.2.1",
    "apply root@192.0.2.2",
  ]);
});

Deno.test("fleet: without a terminal the confirmation is refused before a secret is asked", async () => {
  const ended = await runFleet([]);
  assertEquals([ended.code, ended.calls], [2, []]);
  assertStringIncludes(ended.stderr, "hint: apply without a question: --yes");
});

Deno.test("fleet: a plan that is refused stops all, before a secret is asked", async () => {
  const config = TARGETS.replace('"9876/udp"]\nopens', '"1234/udp"]\nopens = []\n#');
  const ended = await runFleet([], { isSure: true, config });
  assertEquals([ended.code, ended.calls], [2, []]);
});

Deno.test("fleet: Ctrl-C begins no further machine, and lets the others end", async () => {
  const ended: string[] = [];
  const run = await runFleet(["--jobs", "2"], {
    isSure: true,
    world: { keys: SIX },
    async onApply({ place }, world) {
      await Promise.resolve();
      world.interrupt();
      await new Promise((resolve) => setTimeout(resolve, 20));
      ended.push(place);
      throw new CancelledError();
    },
  });
  assertEquals(run.code, 130);
  assertEquals([run.calls.length, ended.length], [2, 2]);
});

Deno.test("fleet: a bug is a bug, after the others have ended", async () => {
  const run = await runFleet([], { ends: { 1: "bug" }, isSure: true, world: { keys: SIX } });
  assertEquals([run.code, run.calls.length], [70, 3]);
});

Deno.test("fleet: another action, with a question at a time", async () => {
  await using world = new World({ keys: ["pw1\n", "pw2\n"] });
  await world.write(TARGETS);
  const ended = await world.call([], FLEET_OPTIONS, async (context) => {
    const { targets } = await loadTargets(context);
    const groups = await readFleet([...targets.values()].slice(0, 3), context);
    return await runOnFleet(groups, context, {
      async work({ place }, { ask }) {
        if (place.endsWith("3")) throw new SecretError("no");
        return await ask(`Password at ${place}`);
      },
      describe: (answer) => ({ status: "removed", detail: `${answer}`, exitCode: 0 }),
    });
  });
  assertEquals(
    ended.stdout,
    "root@192.0.2.1  one    removed  pw1\n" +
      "root@192.0.2.2  two    removed  pw2\n" +
      "root@192.0.2.3  three  error    no\n",
  );
  assertEquals(ended.code, 4);
});
