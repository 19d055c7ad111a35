/** What the tests of `apply` in the lab share: one door in front of ssh, applies, logins, and the end of it all. */
import { assertEquals } from "@std/assert";
import type { Ended } from "../e2e/program.ts";
import { HASHES } from "../e2e/vectors.ts";
import type { ApplyLab } from "./apply_lab.ts";
import type { ExecResult } from "./exec.ts";
import type { Lab } from "./lab.ts";

/** Milliseconds for what takes a second on an idle machine. */
export const PATIENCE_MS = 120_000;

/** A target "home" in front of ssh, with secret knocks. */
export function renderHome(host: string, more = ""): string {
  const [first, second] = HASHES;
  const knock = (port: number, hash: string | undefined) =>
    `{ port = ${port}, protocol = "udp", secret = { hash = "${hash}" } }`;
  return `version = 1\n[targets.home]\nhost = "${host}"\nopens = ["22/tcp"]\n` +
    `knocks = [${knock(1234, first)}, ${knock(9876, second)}]\n${more}`;
}

/** What an apply said. */
export interface Applied extends Ended {
  status: string;
  problem: string;
  hint: string;
  /** The steps that ended, as `name status`. */
  steps: string[];
  /** The codes of what was noticed about the server. */
  concerns: string[];
  files: string[];
}

/** The parts of `--json` that are read here. */
interface ApplyValue {
  status?: string;
  problem?: { text: string; hint?: string } | null;
  steps?: { name: string; status: string }[];
  concerns?: { code: string }[];
  files?: string[];
}

/** Returns what a run of `apply --json` said. */
export function readApplied(ended: Ended): Applied {
  const value: ApplyValue = ended.stdout.startsWith("{") ? JSON.parse(ended.stdout) : {};
  return {
    ...ended,
    status: value.status ?? "error",
    problem: value.problem?.text ?? "",
    hint: value.problem?.hint ?? "",
    steps: (value.steps ?? []).map(({ name, status }) => `${name} ${status}`),
    concerns: (value.concerns ?? []).map(({ code }) => code),
    files: value.files ?? [],
  };
}

/** Runs `apply home` without a question. */
export async function applyHome(
  apply: ApplyLab,
  args: readonly string[] = [],
  { place = apply.place(), ssh = apply.sshText }: { place?: string; ssh?: string } = {},
): Promise<Applied> {
  const words = ["apply", "home", place, "--ssh", ssh, "--yes", "--json", ...args];
  return readApplied(await apply.spknock(words));
}

/** Waits until something holds. */
export async function waitUntil(
  isSo: () => Promise<boolean>,
  { what, limitMs = PATIENCE_MS }: { what: () => Promise<string>; limitMs?: number },
): Promise<number> {
  const start = Date.now();
  while (!await isSo()) {
    if (Date.now() - start > limitMs) throw new Error(`after ${limitMs} ms: ${await what()}`);
    await pause(200);
  }
  return Date.now() - start;
}

/** Milliseconds go by. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What rules that were kept leave on purpose. */
const KEPT_FILES = ["/run/spknock", "/etc/spknock"];

/** Waits until no process, lock or folder of a login or an apply is left, there or here; in milliseconds. */
export async function waitForEnd(apply: ApplyLab): Promise<number> {
  const list = async () => {
    const there = (await apply.leftovers()).filter((each) => !KEPT_FILES.includes(each));
    return [...there, ...await apply.clients()];
  };
  return await waitUntil(async () => (await list()).length === 0, {
    what: async () => `left over: ${(await list()).join("; ")}`,
  });
}

/** A plain ssh at the client, with a connection of its own. */
export async function login(
  { client }: Lab,
  apply: ApplyLab,
  { place = apply.place(), seconds = 30 }: { place?: string; seconds?: number } = {},
): Promise<ExecResult> {
  const options = ["-S", "none", "-o", `ConnectTimeout=${seconds}`, "-o", "BatchMode=yes"];
  return await client.exec([...apply.ssh, ...options, place, "echo in"]);
}

/** Throws unless ssh logs in. */
export async function assertLogin(lab: Lab, apply: ApplyLab, place?: string): Promise<void> {
  const { code, stdout, stderr } = await login(lab, apply, place === undefined ? {} : { place });
  assertEquals([code, stdout], [0, "in\n"], stderr);
}

/** Closes the door for all: its sources are forgotten. */
export async function shutDoor(apply: ApplyLab): Promise<void> {
  await apply.read("nft flush set inet spknock_home home.open.4");
}

/** The door is shut without a knock, and the knock opens it for a login. */
export async function assertDoorWorks(lab: Lab, apply: ApplyLab, place?: string): Promise<void> {
  await shutDoor(apply);
  const shut = await login(lab, apply, { ...(place === undefined ? {} : { place }), seconds: 3 });
  assertEquals(shut.code, 255, `a login without a knock: ${shut.stdout}${shut.stderr}`);
  const knocked = await apply.spknock(["knock", "home", "--tries", "5"]);
  assertEquals(knocked.code, 0, knocked.stderr);
  await assertLogin(lab, apply, place);
}

/** The rules without elements, counters and clocks. */
export async function readRules(apply: ApplyLab): Promise<string> {
  return await apply.read("/usr/sbin/nft -s -t list ruleset");
}

/** Sources that the door is open for, without their clocks. */
export async function listOpened(apply: ApplyLab): Promise<string[]> {
  const { stdout } = await apply.sh("nft list set inet spknock_home home.open.4 2>/dev/null");
  return [...stdout.matchAll(/(\d+\.\d+\.\d+\.\d+) timeout/g)].map(([, address = ""]) => address);
}

/** Puts a program of the same name before the server's. */
export async function wrapProgram(
  apply: ApplyLab,
  { name, script }: { name: string; script: string },
): Promise<AsyncDisposable> {
  await apply.read("mount -t tmpfs spknock /usr/local/bin");
  await apply.sh(`cat >/usr/local/bin/${name}; chmod 755 /usr/local/bin/${name}`, {
    stdin: script,
  });
  return { [Symbol.asyncDispose]: async () => void await apply.read("umount /usr/local/bin") };
}

/** The new rules are changed with sed before they are loaded; the former ones never. */
export function spoilRules(apply: ApplyLab, expression: string): Promise<AsyncDisposable> {
  const script = "#!/bin/sh\nfor last; do :; done\ncase $last in */spknock.home/rules)\n" +
    `[ -e "$last.done" ] || { sed -i '${expression}' "$last"; : >"$last.done"; } ;;\nesac\n` +
    'exec /usr/sbin/nft "$@"\n';
  return wrapProgram(apply, { name: "nft", script });
}
