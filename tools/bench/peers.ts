/** Who is compared: this program, and others that do the same. */
import { commandOf } from "../../tests/e2e/program.ts";
import { writeBundle } from "../bundle.ts";
import type { Contestant } from "./measure.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The passphrases of the original's README, and what they hash to. */
export const SECRETS = {
  MikroTik: "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad",
  is: "fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6",
  awesome: "705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c",
} as const;

/** What every process gets: the knocks are plain, and no configuration of a user is read. */
export const QUIET_ENV: Record<string, string> = { NO_COLOR: "1", SPKNOCK_CONFIG: "/dev/null" };

/** spknock from this checkout. */
export function spknock(
  name: string,
  args: readonly string[],
  options: { stdin?: string } = {},
): Contestant {
  return { name, command: commandOf(args), env: QUIET_ENV, ...options };
}

/** spknock as a bundle, made for the occasion: what the number of modules costs. */
export async function bundledSpknock(
  name: string,
  args: readonly string[],
  { folder, stdin }: { folder: string; stdin?: string },
): Promise<Contestant> {
  const flags = JSON.parse(Deno.env.get("SPKNOCK_DENO_FLAGS") ?? "[]") as string[];
  const out = await Deno.makeTempDir({ dir: folder, prefix: "bundle-" });
  await writeBundle(out, flags);
  const run = ["run", "-q", "--no-prompt", "--no-lock", "--config", `${ROOT}deno.json`];
  const command = [Deno.execPath(), ...run, "-P=spknock", `${out}/main.js`, ...args];
  return { name, command, env: QUIET_ENV, ...(stdin === undefined ? {} : { stdin }) };
}

/** The bare start of the run-time: an empty module. */
export function emptyRun(folder: string): Contestant {
  const file = `${folder}/empty.ts`;
  Deno.writeTextFileSync(file, "");
  return { name: "deno run, an empty module", command: [Deno.execPath(), "run", "-q", file] };
}

/** Debian's knock (of knockd): regular knocks, since it knows no others. */
export async function debianKnock(
  name: string,
  ports: readonly number[],
): Promise<Contestant | undefined> {
  const path = await findProgram("knock");
  if (path === undefined) return undefined;
  return { name, command: [path, "-u", "-d", "0", "127.0.0.1", ...ports.map(String)] };
}

const PYTHON_KNOCKS = `
import hashlib, socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port, secret in zip(map(int, sys.argv[1].split(",")), sys.argv[2].split(",")):
    sock.sendto(hashlib.sha256(secret.encode()).hexdigest().encode(), ("127.0.0.1", port))
`;

const PYTHON_CONFIG = `
import argparse, socket, tomllib
parser = argparse.ArgumentParser()
parser.add_argument("target")
parser.add_argument("--config")
options = parser.parse_args()
with open(options.config, "rb") as file:
    target = tomllib.load(file)["targets"][options.target]
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for knock in target["knocks"]:
    sock.sendto(knock["secret"]["hash"].encode(), (target["host"], knock["port"]))
`;

/** A Python script that hashes the passphrases and sends the knocks. */
export async function pythonKnocks(
  name: string,
  ports: readonly number[],
): Promise<Contestant | undefined> {
  const python = await findPython();
  const secrets = ports.map((_, index) => Object.keys(SECRETS)[index % 3]);
  if (python === undefined) return undefined;
  return { name, command: [python, "-c", PYTHON_KNOCKS, `${ports}`, `${secrets}`] };
}

/** A Python script that reads the same file (tomllib, Python 3.11) and sends the knocks. */
export async function pythonConfig(
  name: string,
  file: string,
): Promise<Contestant | undefined> {
  const python = await findPython();
  if (python === undefined) return undefined;
  const { success } = await new Deno.Command(python, {
    args: ["-c", "import tomllib"],
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) return undefined;
  return { name, command: [python, "-c", PYTHON_CONFIG, "home", "--config", file] };
}

/** The system's own Python where there is one: version managers put a slow shell script before it. */
function findPython(): Promise<string | undefined> {
  return findProgram("python3", "/usr/bin");
}

/** The path of a program, looked for in the folder `first` first. */
export async function findProgram(name: string, first = ""): Promise<string | undefined> {
  for (const folder of [first, ...(Deno.env.get("PATH") ?? "").split(":")]) {
    const path = `${folder}/${name}`;
    try {
      if (folder !== "" && (await Deno.stat(path)).isFile) return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
