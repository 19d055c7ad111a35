/** The script of src/apply/runner over one login: uploaded once, and asked to do one thing at a time. */
import { type Look, parseLook } from "../../apply/look.ts";
import {
  parseReport,
  parseStatus,
  renderLook,
  renderRemove,
  renderStart,
  renderStatus,
  renderUpload,
  renderVerdict,
  RUNNER,
  type RunnerFile,
  type RunnerReport,
  type RunnerStatus,
  type RunnerTarget,
} from "../../apply/runner.ts";
import { NetworkError } from "../../core/errors.ts";
import { SSH_FAILED } from "../../ssh/failures.ts";
import type { Server, ServerResult } from "../../ssh/server.ts";

/** Rules, and how they are loaded. */
export interface RulesToLoad extends RunnerTarget {
  /** The rules in pieces: one-time codes of years do not fit in memory. Each call begins anew. */
  rules(): Iterable<string>;
  /** Commands that shut the doors for the client after the load. */
  shut: readonly string[];
  digest: string;
  /** Milliseconds until the way back fires. */
  rollbackMs: number;
  persists: boolean;
}

/** See the header. */
export interface ServerRunner {
  /** Where it runs: `[USER@]HOST`. */
  place: string;
  /** Looks at the server, as root where that is possible; `name` is of the rule set. */
  look(name: string): Promise<Look>;
  /** Undefined where the server did not say it. */
  status(target: RunnerTarget): Promise<RunnerStatus | undefined>;
  /** Loads rules; the report comes when they are in force. */
  start(load: RulesToLoad): Promise<RunnerReport>;
  /** Over a new connection. */
  keep(): Promise<RunnerReport>;
  /** Over the login or, where that does not answer any more, over a new connection. */
  undo(): Promise<RunnerReport>;
  state(): Promise<RunnerReport>;
  remove(target: RunnerTarget): Promise<RunnerReport>;
}

/**
 * Milliseconds for a verdict, which waits until the rules are written for the next boot or the former ones are
 * restored; and for what sends or reads all rules, of which one-time codes can be many.
 */
const VERDICT_MS = 180_000;
const LOAD_MS = 600_000;

/**
 * Uploads the script.
 *
 * @throws {NetworkError} code `ssh` where that fails.
 */
export async function openRunner(server: Server): Promise<ServerRunner> {
  const { place, folder } = server;
  const asRoot = server.rootWay !== "none";
  const upload = async (file: RunnerFile, pieces: Iterable<string>) => {
    const line = renderUpload(folder, file);
    const result = await server.run(line, { stdin: pieces, timeoutMs: LOAD_MS });
    if (result.code !== 0) throw explainUpload(place, result);
  };
  const report = async (call: Promise<ServerResult>) => readReport(await call);
  const verdict = async (verb: "undo" | "state") => {
    const line = renderVerdict(folder, verb);
    const options = { timeoutMs: VERDICT_MS, survivesCancel: verb === "undo" };
    const said = await report(server.run(line, options));
    return said.state === undefined ? await report(server.runFresh(line, options)) : said;
  };
  await upload("run.sh", [RUNNER]);
  return {
    place,
    async look(name) {
      const line = renderLook(folder, name);
      const result = await server.run(line, { asRoot, timeoutMs: LOAD_MS });
      const look = parseLook(result);
      if (look.kind === "other" && isBroken(result)) throw explainBroken(place, result);
      return look;
    },
    async status(target) {
      const line = renderStatus(folder, target);
      return parseStatus((await server.run(line, { asRoot, timeoutMs: LOAD_MS })).stdout);
    },
    async start({ rules, shut, digest, rollbackMs, ...load }) {
      const size = measure(rules());
      await upload("rules", rules());
      await upload("digest", [`${digest}\n`]);
      await upload("shut", shut.map((line) => `${line}\n`));
      const line = renderStart(folder, {
        ...load,
        digest: undefined,
        size,
        seconds: Math.ceil(rollbackMs / 1_000),
      });
      return await report(server.run(line, { asRoot, timeoutMs: LOAD_MS }));
    },
    keep: () => report(server.runFresh(renderVerdict(folder, "keep"), { timeoutMs: VERDICT_MS })),
    undo: () => verdict("undo"),
    state: () => verdict("state"),
    remove: (target) =>
      report(server.run(renderRemove(folder, target), { asRoot, timeoutMs: LOAD_MS })),
  };
}

/** Bytes of the text as it is sent. */
function measure(pieces: Iterable<string>): number {
  const encoder = new TextEncoder();
  let size = 0;
  for (const piece of pieces) size += encoder.encode(piece).length;
  return size;
}

/** What ssh or the script said, where there is no report, is its detail. */
function readReport({ stdout, stderr }: ServerResult): RunnerReport {
  const report = parseReport(stdout);
  const last = findLast(stderr);
  const isSilent = report.state === undefined && report.detail === undefined;
  return isSilent && last !== "" ? { ...report, detail: last } : report;
}

/** The last line, "" where there is none. */
function findLast(text: string): string {
  return text.trim().split(/\r?\n/).at(-1) ?? "";
}

/** Whether the connection ended before the command did. */
function isBroken({ code }: ServerResult): boolean {
  return code === undefined || code === SSH_FAILED;
}

function explainBroken(place: string, { stderr }: ServerResult): NetworkError {
  const reason = findLast(stderr) || "no answer";
  return new NetworkError(`the connection to "${place}" broke: ${reason}`, {
    code: "ssh",
    hint: "nothing was changed there; try again",
  });
}

function explainUpload(place: string, result: ServerResult): NetworkError {
  if (isBroken(result)) return explainBroken(place, result);
  const { stderr, code } = result;
  const reason = findLast(stderr) || `exit code ${code}`;
  return new NetworkError(`a file could not be sent to "${place}": ${reason}`, {
    code: "ssh",
    hint: "nothing was changed there; is its disk full?",
  });
}
