/** Where a place leads to, as ssh's own configuration has it: `ssh -G`, which connects to nothing. */
import { isSshPlace } from "../core/address/syntax.ts";
import { NetworkError, UsageError } from "../core/errors.ts";
import { explainStart, findSshReason } from "./failures.ts";
import type { SshPorts } from "./ports.ts";

/** Milliseconds for `ssh -G`: a `Match exec` may run a program, such as a knock. */
const TIMEOUT_MS = 60_000;

/** See the header. */
export interface Destination {
  /** `[USER@]HOST`, as it was given. */
  place: string;
  /** The words that start ssh, options included. */
  ssh: readonly string[];
  user: string;
  /** A name or an address. */
  host: string;
  port: number;
  /** The only family that ssh uses; undefined where it may use both. */
  family: "ipv4" | "ipv6" | undefined;
  /**
   * What carries the connection: `none` is ssh itself, `jump` other hosts, `own` a `spknock connect`, and `proxy`
   * any other ProxyCommand. For the last three the text of the configuration, from outside.
   */
  proxy: { kind: "none" } | { kind: "jump" | "own" | "proxy"; text: string };
  /** Whether the user's own configuration shares connections (ControlMaster, ControlPath). */
  isShared: boolean;
  /** Every setting, by its name in small letters; the first value of one that is there more often. */
  settings: ReadonlyMap<string, string>;
}

/** The program of a `spknock connect`, as ssh-config writes it, and options of all commands before it. */
const OWN_PROXY =
  /(?:^|[\s/\\'"])(?:spknock(?:\.exe)?|main\.ts)["']?(?:\s+(?:-\S+|(?<=\s(?:-c|--config)\s+)\S+))*\s+connect\s/;

/**
 * Asks ssh where a place leads to.
 *
 * @param options.ssh the words that start ssh, options included.
 * @throws {UsageError} where the place could be an option, or more than a word of a shell; {NetworkError} code
 * `ssh` where ssh is missing or does not take its configuration.
 */
export async function readDestination(
  place: string,
  { ssh, ports }: { ssh: readonly string[]; ports: Pick<SshPorts, "runProgram" | "signal"> },
): Promise<Destination> {
  if (!isSshPlace(place)) {
    throw new UsageError(`${JSON.stringify(place)} is not a place to log in to: use [USER@]HOST`);
  }
  // With a command, as ssh will be run: some settings have no meaning without one, or with one of their own.
  const command = [...ssh, "-G", "-o", "RemoteCommand=none", "--", place, "true"];
  const settings = readSettings(await ask(command, place, ports));
  const port = Number(settings.get("port"));
  const [user, host] = [settings.get("user"), settings.get("hostname")];
  if (user === undefined || host === undefined || !Number.isInteger(port)) {
    throw new NetworkError(`"${ssh.join(" ")} -G" does not say where "${place}" leads to`, {
      code: "ssh",
      hint: "ssh has to be OpenSSH's: --ssh 'ssh -F FILE'",
    });
  }
  const families = { inet: "ipv4", inet6: "ipv6" } as const;
  const family = settings.get("addressfamily");
  return {
    place,
    ssh,
    user,
    host,
    port,
    family: family === "inet" || family === "inet6" ? families[family] : undefined,
    proxy: findProxy(settings),
    isShared: isSet(settings.get("controlpath")),
    settings,
  };
}

async function ask(
  command: readonly string[],
  place: string,
  { runProgram, signal }: Pick<SshPorts, "runProgram" | "signal">,
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(command, { timeoutMs: TIMEOUT_MS, signal })
    .catch((cause) => {
      signal.throwIfAborted();
      throw explainStart(command, cause);
    });
  if (code === 0) return stdout;
  const reason = code === undefined ? "it does not answer" : findSshReason(stderr, code);
  throw new NetworkError(`ssh cannot read its configuration for "${place}": ${reason}`, {
    code: "ssh",
  });
}

function readSettings(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^([a-z0-9]+) (.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined && !settings.has(key)) settings.set(key, value);
  }
  return settings;
}

function findProxy(settings: ReadonlyMap<string, string>): Destination["proxy"] {
  const [jump, command] = [settings.get("proxyjump"), settings.get("proxycommand")];
  if (jump !== undefined && isSet(jump)) return { kind: "jump", text: jump };
  if (command === undefined || !isSet(command)) return { kind: "none" };
  return { kind: OWN_PROXY.test(command) ? "own" : "proxy", text: command };
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "none";
}
