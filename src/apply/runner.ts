/**
 * The script that runs on a server: its text, the command lines that call it, and what its reports mean. Each
 * report is a line `spknock: KEY VALUE`; other lines, such as those of a login shell, are left out.
 */
import common from "./runner/common.sh" with { type: "text" };
import iptables from "./runner/iptables.sh" with { type: "text" };
import lock from "./runner/lock.sh" with { type: "text" };
import look from "./runner/look.sh" with { type: "text" };
import main from "./runner/main.sh" with { type: "text" };
import nftables from "./runner/nftables.sh" with { type: "text" };
import openwrt from "./runner/openwrt.sh" with { type: "text" };
import persist from "./runner/persist.sh" with { type: "text" };
import { quoteShell } from "../core/text.ts";

/** The whole script; its first lines say how it works. */
export const RUNNER = [common, lock, nftables, iptables, openwrt, persist, look, main].join("\n");

/** What is loaded, and how: `kind` and `table` as the back end's `server` has them. */
export interface RunnerTarget {
  kind: "nftables" | "iptables" | "openwrt";
  /** The name of the rule set. */
  name: string;
  table: string;
}

/** A load of the file `rules` of the folder. */
interface LoadRequest extends RunnerTarget {
  /** Until the way back fires. */
  seconds: number;
  /** Bytes of the rules: a part of them is not loaded. */
  size: number;
  /** Undefined where the file `digest` of the folder has it. */
  digest: string | undefined;
  /** Whether they stay after a reboot. */
  persists: boolean;
}

/** Files of the folder that are sent to it. */
export type RunnerFile = "run.sh" | "rules" | "shut" | "digest";

/** Returns the line that puts its standard input into a file of the folder, all of it or nothing. */
export function renderUpload(folder: string, file: RunnerFile): string {
  const path = quoteShell(`${folder}/${file}`);
  const part = quoteShell(`${folder}/${file}.part`);
  return `umask 077; cat >${part} && mv -f ${part} ${path}`;
}

/** Returns the line that reports what runs on the server; `name` is of the rule set whose lock is looked at. */
export function renderLook(folder: string, name: string): string {
  // The shell there fills in the connection: sudo leaves it out.
  return `${renderCall(folder, ["look", name])} "\${SSH_CONNECTION-}"`;
}

/** Returns the line that loads rules with a way back; to be run as root. */
export function renderStart(folder: string, request: LoadRequest): string {
  const { kind, name, table, seconds, size, digest, persists } = request;
  const time = [String(seconds), folder, String(size), digest ?? "-", persists ? "yes" : "no"];
  return renderCall(folder, ["start", kind, name, table, ...time]);
}

/** Returns the line that gives a load its verdict, or only asks for its state; no root is needed. */
export function renderVerdict(folder: string, verb: "keep" | "undo" | "state"): string {
  return renderCall(folder, [verb, folder]);
}

/** Returns the line that takes rules and their persistence out; to be run as root. */
export function renderRemove(folder: string, { kind, name, table }: RunnerTarget): string {
  return renderCall(folder, ["remove", kind, name, table, folder]);
}

/** Returns the line that reports which rules are in force; to be run as root. */
export function renderStatus(folder: string, { kind, name, table }: RunnerTarget): string {
  return renderCall(folder, ["status", kind, name, table]);
}

function renderCall(folder: string, args: readonly string[]): string {
  return ["sh", `${folder}/run.sh`, ...args].map(quoteShell).join(" ");
}

const STATES = [
  "busy",
  "bad",
  "failed",
  "loaded",
  "kept",
  "undone",
  "late",
  "removed",
] as const;

/**
 * How a load or removal is. `busy`: another one is under way; `bad`: the firewall there refuses the rules;
 * `failed`: something else prevented it; in all three nothing was changed. `loaded`: in force, the way back is
 * armed. `undone` and `late`: the former rules are in force again, as told, or because the time was over.
 */
type RunnerState = typeof STATES[number];

/** What `start`, `keep`, `undo`, `state` and `remove` report. */
export interface RunnerReport {
  /** Undefined where the script could not say it: ssh was cut off, or the folder is gone. */
  state: RunnerState | undefined;
  /** Why, for people; from outside: to be escaped before it is shown. */
  detail: string | undefined;
  /** Until the way back fires. */
  leftMs: number | undefined;
  /** Those that make the rules stay. */
  files: readonly string[];
  /** Undefined where nothing was to persist. */
  persist: { status: "done" | "none" | "failed"; reason: string } | undefined;
}

/** Returns what the script has printed. */
export function parseReport(stdout: string): RunnerReport {
  const reports = readReports(stdout);
  const left = Number(reports.get("left")?.at(-1) ?? NaN);
  const persist = reports.get("persist")?.at(-1);
  return {
    state: STATES.find((state) => state === reports.get("state")?.at(-1)),
    detail: reports.get("detail")?.join("; "),
    leftMs: Number.isFinite(left) ? left * 1_000 : undefined,
    files: [...new Set(reports.get("file") ?? [])],
    persist: persist === undefined ? undefined : parsePersist(persist),
  };
}

function parsePersist(value: string): NonNullable<RunnerReport["persist"]> {
  if (value === "done" || value === "none") return { status: value, reason: "" };
  return { status: "failed", reason: value.replace(/^failed\s*/, "") };
}

/** What is in force on a server. */
export interface RunnerStatus {
  isLoaded: boolean;
  /** Of what is in force, as far as it is known. */
  digest: string | undefined;
  /** Milliseconds since 1970, by the server's clock. */
  appliedAt: number | undefined;
  /** Whether the rules were changed by hand since; undefined where that is not known. */
  isChanged: boolean | undefined;
  /** Of the file for the next boot. */
  persistedDigest: string | undefined;
  /** Whether something loads that file at boot; `unable`: nothing is known that could. */
  persist: "done" | "none" | "unable";
  files: readonly string[];
  isBusy: boolean;
}

const PERSISTS = ["done", "none", "unable"] as const;

/** Returns what `status` has printed; undefined where it could not say it. */
export function parseStatus(stdout: string): RunnerStatus | undefined {
  const reports = readReports(stdout);
  const find = (key: string) => reports.get(key)?.at(-1);
  const isYes = { yes: true, no: false }[find("loaded") ?? ""];
  if (isYes === undefined) return undefined;
  const applied = Number(find("applied") ?? NaN);
  return {
    isLoaded: isYes,
    digest: find("digest"),
    appliedAt: Number.isFinite(applied) ? applied * 1_000 : undefined,
    isChanged: { yes: true, no: false }[find("changed") ?? ""],
    persistedDigest: find("persisted-digest"),
    persist: PERSISTS.find((word) => word === find("persist")) ?? "none",
    files: [...new Set(reports.get("file") ?? [])],
    isBusy: find("busy") === "yes",
  };
}

/** The values of each key, in their order. */
function readReports(stdout: string): Map<string, string[]> {
  const reports = new Map<string, string[]>();
  for (const [, key = "", value = ""] of stdout.matchAll(/^spknock: (\S+) ?(.*?)\r?$/gm)) {
    reports.set(key, [...reports.get(key) ?? [], value]);
  }
  return reports;
}
