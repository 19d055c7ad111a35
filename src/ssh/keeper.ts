/**
 * The one login: it makes the folder on the server and lives as long as we do. Its standard input is ours: it ends
 * when we end, however that happens, and the server removes the folder.
 *
 * Where ssh can share connections, it is a master of our own. Its socket is in a folder that a small shell
 * around it removes, so that nothing is left when we are killed. That shell keeps Ctrl-C from ssh as well: what
 * is under way can be taken back over the same login.
 */
import { NetworkError } from "../core/errors.ts";
import { listFreshWords, listMasterWords } from "./commands.ts";
import type { Destination } from "./destination.ts";
import { explainLogin, explainStart } from "./failures.ts";
import type { RunningProgram, SshPorts } from "./ports.ts";
import { BEAT_MS, KEEPER } from "./remote.ts";
import type { RootWay } from "./server.ts";

/** Milliseconds for a login; a person types in that time. */
const LOGIN_TIMEOUT_MS = 300_000;
/** Milliseconds in which the server may remove its folder when we end. */
const END_MS = 3_000;
/** Characters of a folder that leave room for a socket's name: its path has at most 103 bytes on macOS. */
const FOLDER_LENGTH = 60;
/** Exit code of the shell around ssh where its folder cannot be made. */
const NO_FOLDER = 97;

/** $0 is the folder of the socket, the rest the command line of ssh. */
const AROUND_MASTER = `mkdir -m 700 -- "$0" || exit ${NO_FOLDER}
trap '' INT
exec 3<&0
"$@" <&3 3<&- &
ssh=$!
exec 3<&- </dev/null
trap 'kill "$ssh" 2>/dev/null' HUP TERM
wait "$ssh"
code=$?
while kill -0 "$ssh" 2>/dev/null; do
  wait "$ssh"
  code=$?
done
rm -rf -- "$0"
exit "$code"`;

/** See the header. */
export interface Keeper {
  folder: string;
  rootWay: RootWay;
  /** The socket over which connections are shared; undefined where they are not. */
  control: string | undefined;
  /** Whether its ssh runs. */
  isOpen(): boolean;
  /** Whether the server answers within as many milliseconds. */
  isAlive(timeoutMs: number): Promise<boolean>;
  /** Logs out; waits until the server had time to remove the folder. */
  end(): Promise<void>;
}

/**
 * Logs in.
 *
 * @throws {NetworkError} code `ssh` where that fails; the signal's reason when it aborts.
 */
export async function logIn(destination: Destination, ports: SshPorts): Promise<Keeper> {
  const control = chooseControl(ports);
  if (control !== undefined) {
    const words = listMasterWords(destination, { control, command: KEEPER.words });
    const command = ["sh", "-c", AROUND_MASTER, control.replace(/\/[^/]*$/, ""), ...words];
    const keeper = await startKeeper(command, { destination, ports, control });
    if (keeper !== undefined) return keeper;
  }
  const command = listFreshWords(destination, KEEPER.words);
  const keeper = await startKeeper(command, { destination, ports, control: undefined });
  if (keeper !== undefined) return keeper;
  throw explainLogin(destination.place, { stderr: "", code: NO_FOLDER });
}

/** Windows has no sockets in folders for ssh. */
function chooseControl({ os, env }: SshPorts): string | undefined {
  if (os === "windows") return undefined;
  const own = env("TMPDIR")?.replace(/\/+$/, "") ?? "";
  // ssh reads "%" in the path as a token.
  const isFit = /^\/[\w./+-]*$/.test(own) && own.length <= FOLDER_LENGTH;
  const base = isFit ? own : "/tmp";
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return `${base}/spknock-ssh.${[...bytes].map((byte) => (byte % 36).toString(36)).join("")}/ssh`;
}

interface KeeperRequest {
  destination: Destination;
  ports: SshPorts;
  control: string | undefined;
}

/** What the server has said so far. */
class Reports {
  rootWay: RootWay = "none";
  /** The last line that is not ours: why there is no login, perhaps. */
  other = "";
  readonly failure = Promise.withResolvers<string>();
  readonly folder = Promise.withResolvers<string>();
  readonly #waiting = new Map<string, () => void>();
  #count = 0;

  read(line: string): void {
    const [, key, value = ""] = /^spknock: (\w+) ?(.*?)\r?$/.exec(line) ?? [];
    if (key === undefined && line.trim() !== "") this.other = line.trim();
    if (key === "root") this.rootWay = readRootWay(value);
    if (key === "dir" && value.startsWith("/")) this.folder.resolve(value);
    if (key === "failed") this.failure.resolve(value);
    if (key === "alive") this.#waiting.get(value)?.();
  }

  /** Returns a word, and a promise of its coming back. */
  expect(): { word: string; answer: Promise<true> } {
    const word = String(++this.#count);
    const { promise, resolve } = Promise.withResolvers<true>();
    this.#waiting.set(word, () => {
      this.#waiting.delete(word);
      resolve(true);
    });
    return { word, answer: promise };
  }
}

function readRootWay(text: string): RootWay {
  return text === "root" || text === "sudo" || text === "sudo-password" ? text : "none";
}

/** Resolves to undefined where the folder of the socket cannot be made, or there is no shell here. */
async function startKeeper(
  command: readonly string[],
  request: KeeperRequest,
): Promise<Keeper | undefined> {
  const { destination: { place, ssh }, ports, control } = request;
  const reports = new Reports();
  ports.signal.throwIfAborted();
  let program: RunningProgram;
  try {
    program = await ports.startProgram(command, { onLine: (line) => reports.read(line) });
  } catch (cause) {
    if (control !== undefined) return undefined;
    throw explainStart(ssh, cause);
  }
  try {
    void program.write(KEEPER.script);
    const folder = await waitForFolder(reports, { program, place, ports });
    return folder === undefined ? undefined : makeKeeper(folder, { program, reports, request });
  } catch (error) {
    await program.stop(0);
    throw error;
  }
}

interface Wait {
  program: RunningProgram;
  place: string;
  ports: SshPorts;
}

async function waitForFolder(
  reports: Reports,
  { program, place, ports: { clock, signal } }: Wait,
): Promise<string | undefined> {
  const settled = new AbortController();
  const late = clock.sleepUntil(
    clock.now() + LOGIN_TIMEOUT_MS,
    AbortSignal.any([signal, settled.signal]),
  );
  try {
    const first = await Promise.race([
      reports.folder.promise.then((folder) => ({ folder })),
      reports.failure.promise.then((failure) => ({ failure })),
      program.ended.then((code) => ({ code })),
      late.then(() => ({ isLate: true })),
    ]);
    if ("folder" in first) return first.folder;
    if ("code" in first) {
      if (first.code === NO_FOLDER) return undefined;
      const stderr = program.readErrors().trim() || reports.other;
      throw explainLogin(place, { stderr, code: first.code });
    }
    const why = "failure" in first ? first.failure : "the server does not answer";
    throw new NetworkError(`"${place}" cannot make a private folder: ${why}`, { code: "ssh" });
  } finally {
    settled.abort();
    late.catch(() => {});
  }
}

interface KeeperParts {
  program: RunningProgram;
  reports: Reports;
  request: KeeperRequest;
}

function makeKeeper(folder: string, { program, reports, request }: KeeperParts): Keeper {
  const { ports: { clock }, control } = request;
  const closed = new AbortController();
  void program.ended.then(() => closed.abort());
  void beat(program, { clock, signal: closed.signal });
  return {
    folder,
    rootWay: reports.rootWay,
    control,
    isOpen: () => !closed.signal.aborted,
    async isAlive(timeoutMs) {
      if (closed.signal.aborted) return false;
      const { word, answer } = reports.expect();
      void program.write(`${word}\n`);
      const settled = new AbortController();
      const end = AbortSignal.any([closed.signal, settled.signal]);
      const late = clock.sleepUntil(clock.now() + timeoutMs, end).then(() => false, () => false);
      const isAlive = await Promise.race([answer, late]);
      settled.abort();
      return isAlive;
    },
    async end() {
      closed.abort();
      await program.stop(END_MS);
    },
  };
}

/** The server ends a login that it hears nothing of. */
async function beat(
  program: RunningProgram,
  { clock, signal }: { clock: SshPorts["clock"]; signal: AbortSignal },
): Promise<void> {
  try {
    for (;;) {
      await clock.sleepUntil(clock.now() + BEAT_MS, signal);
      await program.write("0\n");
    }
  } catch {
    // The login has ended.
  }
}
