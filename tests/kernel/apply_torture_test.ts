/**
 * `apply` that is disturbed at any moment: its client killed, the network cut, sshd killed. At the end the server has
 * either its former rules or the new ones, whose door works; ssh logs in; and nothing is left over.
 *
 * More rounds by hand: `SPKNOCK_APPLY_TORTURE=50,20,10 deno task test tests/kernel/apply_torture_test.ts`; a line a
 * round is written to the file that `SPKNOCK_APPLY_LOG` names.
 */
import { assertEquals } from "@std/assert";
import { APPLY_TOOLS, type ApplyLab, createApplyLab } from "./apply_lab.ts";
import {
  applyHome,
  assertDoorWorks,
  assertLogin,
  listOpened,
  pause,
  readApplied,
  readRules,
  renderHome,
  spoilRules,
  waitForEnd,
} from "./apply_play.ts";
import { createLab, kernelTest, type Lab } from "./lab.ts";

/** Rounds of each kind. */
const [KILLS = 6, CUTS = 3, DAEMON_KILLS = 3] = (Deno.env.get("SPKNOCK_APPLY_TORTURE") ?? "6,3,3")
  .split(",").map(Number);
const LOG = Deno.env.get("SPKNOCK_APPLY_LOG");
/** Seconds until the way back fires. */
const ROLLBACK_S = 25;
/** Milliseconds for a client to end by itself, after a network that is mended. */
const CLIENT_MS = 300_000;

/** A different share of 1 each time: `seed` 0 and 1 are two sequences. */
const spread = (round: number, seed = 0) => (round * 0.618_034 + seed * 0.381 + 0.05) % 1;

/** What is disturbed, and where. */
interface Torture {
  lab: Lab;
  apply: ApplyLab;
  /** Rules of an apply that was not disturbed. */
  good: string;
  /** How long that took, in milliseconds. */
  tookMs: number;
}

/** One apply that is disturbed. */
interface Round extends Torture {
  round: number;
  child: Deno.ChildProcess;
}

type Disturb = (round: Round) => Promise<string>;

/** One lab, its number of rounds, and what happens in them. */
interface Lane {
  rounds: number;
  disturb: Disturb;
  /** The number of its first round: moments and rules follow from it. */
  first?: number;
}

/** Makes a lab, applies once without harm, and plays its rounds. */
async function play({ rounds, disturb, first = 0 }: Lane): Promise<void> {
  await using lab = await createLab();
  await using apply = await createApplyLab(lab);
  await apply.home.write(renderHome(lab.server.ipv4));
  await Deno.mkdir(`${apply.home.path}/tmp`);
  const start = Date.now();
  const undisturbed = await applyHome(apply, ["--rollback", "60s"]);
  assertEquals(undisturbed.status, "applied", undisturbed.stdout + undisturbed.stderr);
  const torture = { lab, apply, tookMs: Date.now() - start, good: await readRules(apply) };
  await waitForEnd(apply);
  for (let round = first; round < first + rounds; round++) {
    await playRound(torture, round, disturb);
  }
}

/**
 * Each second apply has rules that lock everything out, and two of four find former rules with an open door. The
 * server is empty again at its end.
 */
async function playRound(torture: Torture, round: number, disturb: Disturb): Promise<void> {
  const { lab, apply, good } = torture;
  const isBad = round % 2 === 1;
  await reset(apply);
  const isOver = round % 4 > 1;
  if (isOver) await loadFormer(lab, apply);
  const former = await readRules(apply);
  await using _ = isBad ? await spoilRules(apply, LOCK_OUT) : undefined;
  const args = ["apply", "home", apply.place(), "--ssh", apply.sshText, "--yes", "--json"];
  const env = { TMPDIR: `${apply.home.path}/tmp` };
  const child = apply.start([...args, "--rollback", `${ROLLBACK_S}s`], { env });
  await child.stdin.close();
  const where = await disturb({ ...torture, round, child });
  const endMs = await waitForEnd(apply);
  const rules = await readRules(apply);
  const isOld = rules === former;
  const title = `${isBad ? "lock-out" : "good rules"}${isOver ? " over others" : ""}; ${where}`;
  await log(`${lab.client.name} ${round}: ${title}: ${isOld ? "old" : "new"} after ${endMs} ms`);
  assertEquals(isOld || (!isBad && rules === good), true, `${title}\n${rules}`);
  assertEquals(await namesOf(`${apply.home.path}/tmp`), []);
  if (/says applied/.test(where)) assertEquals(isOld, false, title);
  if (/says (?:undone|refused)/.test(where)) assertEquals(isOld, true, title);
  if (!isOld) return await assertDoorWorks(lab, apply);
  assertEquals(await apply.leftovers(), []);
  if (isOver) assertEquals(await listOpened(apply), [lab.client.ipv4]);
  await assertLogin(lab, apply);
}

/** The first accept of established connections becomes a drop of all: of the login, too. */
const LOCK_OUT = "s/ct state established,related accept/drop/";

async function reset(apply: ApplyLab): Promise<void> {
  await apply.read("nft flush ruleset; rm -rf /run/spknock /etc/spknock");
}

/** Rules of an apply before, with a door that is open for the client. */
async function loadFormer({ client }: Lab, apply: ApplyLab): Promise<void> {
  const rules = await apply.spknock(["rules", "home", "--for", "nftables", "--open-for", "33m"]);
  assertEquals(rules.code, 0, rules.stderr);
  const open = `add element inet spknock_home home.open.4 { ${client.ipv4} timeout 33m }\n`;
  const loaded = await apply.sh("nft -f -", { stdin: rules.stdout + open });
  assertEquals(loaded.code, 0, loaded.stderr);
}

async function namesOf(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

async function log(line: string): Promise<void> {
  if (LOG !== undefined) await Deno.writeTextFile(LOG, `${line}\n`, { append: true });
}

/** Waits for a client that is not killed; returns what it says. */
async function readEnd(child: Deno.ChildProcess): Promise<string> {
  const timer = setTimeout(() => child.kill("SIGKILL"), CLIENT_MS);
  const { code, signal, stdout, stderr } = await child.output();
  clearTimeout(timer);
  assertEquals(signal, null, "the client did not end");
  const decoder = new TextDecoder();
  const text = { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  const { status, problem } = readApplied(text);
  const why = status === "error" ? text.stderr.split("\n", 1)[0] : problem;
  return `says ${status} (exit code ${code}${why ? `, ${why}` : ""})`;
}

/** The client is killed; its last words tell where. */
const killClient: Disturb = async ({ round, child, tookMs }) => {
  const delay = Math.round(spread(round) * tookMs * 1.1);
  await pause(delay);
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
  await child.output();
  return `killed after ${delay} of ${tookMs} ms`;
};

/** The network is cut, for moments or until the client has given up. */
const cutNetwork: Disturb = async ({ round, child, tookMs, apply }) => {
  const delay = Math.round(spread(round) * tookMs * 0.9);
  await pause(delay);
  await apply.cut();
  const end = readEnd(child);
  if (round % 3 === 2) {
    const said = await end;
    await apply.mend();
    return `cut after ${delay} of ${tookMs} ms until its end; it ${said}`;
  }
  const length = Math.round(spread(round, 1) * 12_000);
  await pause(length);
  await apply.mend();
  return `cut after ${delay} of ${tookMs} ms for ${length} ms; it ${await end}`;
};

/** sshd and all of its sessions are killed, and it starts again. */
const killDaemon: Disturb = async ({ round, child, tookMs, apply }) => {
  const delay = Math.round(spread(round) * tookMs * 0.9);
  await pause(delay);
  await apply.killSshd();
  const end = readEnd(child);
  const length = Math.round(spread(round, 1) * 8_000);
  await pause(length);
  await apply.startSshd();
  return `sshd killed after ${delay} of ${tookMs} ms for ${length} ms; it ${await end}`;
};

const half = Math.ceil(KILLS / 2);

await kernelTest("apply: client, network and sshd fail at any moment", async () => {
  // The labs have little to do but to wait: they go on at the same time.
  const ends = await Promise.allSettled([
    play({ rounds: half, disturb: killClient }),
    play({ rounds: KILLS - half, disturb: killClient, first: half }),
    play({ rounds: CUTS, disturb: cutNetwork }),
    play({ rounds: DAEMON_KILLS, disturb: killDaemon }),
  ]);
  for (const end of ends) {
    if (end.status === "rejected") throw end.reason;
  }
}, { tools: APPLY_TOOLS });
