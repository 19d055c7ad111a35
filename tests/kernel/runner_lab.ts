/**
 * A server for the script that runs on one: a network namespace with private /run, /etc and /tmp, so that
 * nothing of this machine is touched, and no process of it goes unseen.
 */
import {
  parseReport,
  renderStart,
  renderUpload,
  renderVerdict,
  RUNNER,
  type RunnerReport,
  type RunnerTarget,
} from "../../src/apply/runner.ts";
import type { Lab } from "./lab.ts";
import { type ExecResult, execute, PATH } from "./exec.ts";

/** Where the sandbox has its private files; also mounted at /etc, /run and /tmp in it. */
const SETUP = `
set -e
keep="alternatives nftables.conf passwd group ld.so.cache protocols services nsswitch.conf"
mount -t tmpfs tmpfs /mnt
mkdir /mnt/etc /mnt/etc/cron.d
for each in $keep; do cp -a /etc/$each /mnt/etc/; done
mount -t tmpfs tmpfs /run
mount --bind /mnt/etc /etc
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir /mnt/tools
echo ready
exec sleep infinity
`;

/** See the header. */
export interface Box extends AsyncDisposable {
  /** The private folder of a login, with the script in it. */
  folder: string;
  /** Runs a line of shell in it; its own \`sh\` is the box's. */
  run(line: string, options?: { stdin?: string; timeoutMs?: number }): Promise<ExecResult>;
  /** As `run`, and throws unless it ends with 0. */
  must(line: string, stdin?: string): Promise<string>;
  /** The command lines of processes that the script has left. */
  processes(): Promise<string[]>;
  /** A new login's folder. */
  login(): Promise<string>;
  /** Uploads rules and starts them, with a way back. */
  load(target: RunnerTarget, rules: string, options?: LoadOptions): Promise<RunnerReport>;
  /** Starts rules that are there already. */
  start(target: RunnerTarget, rules: string, options?: LoadOptions): Promise<RunnerReport>;
  /** Gives a verdict, or asks for the state; in the box's own folder where none is named. */
  say(verb: "keep" | "undo" | "state", folder?: string): Promise<RunnerReport>;
}

/** How rules are loaded. */
interface LoadOptions {
  /** The box's own where undefined. */
  folder?: string;
  /** Until the way back fires; 60 where undefined. */
  seconds?: number;
  /** Default true. */
  persists?: boolean;
  /** Bytes; those of the rules where undefined. */
  size?: number;
  /** `abcd` where undefined. */
  digest?: string;
}

/** What a box is made with. */
export interface BoxOptions {
  /** The shell that is \`sh\` there: \`dash\`, \`bash\` or \`busybox\`. */
  shell?: string;
  /** Whether iptables is the legacy one. */
  legacy?: boolean;
}

/** Makes the server of a lab a box. */
export async function createBox(
  lab: Lab,
  { shell = "dash", legacy = false }: BoxOptions = {},
): Promise<Box> {
  const { server } = lab;
  const enter = ["ip", "netns", "exec", server.name, "unshare", "-m", "--propagation", "private"];
  const holder = new Deno.Command("ip", {
    args: [...enter.slice(1), "sh", "-c", SETUP],
    env: { PATH },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = holder.stdout.getReader();
  await output.read();
  const inside = ["nsenter", "-t", String(holder.pid), "-m", "-n", "--", "/bin/sh", "-c"];
  const env = { PATH: `/mnt/tools:${PATH}` };
  const run: Box["run"] = (line, options = {}) => execute([...inside, line], { ...options, env });
  const must = async (line: string, stdin?: string) => {
    const { code, stdout, stderr } = await run(line, stdin === undefined ? {} : { stdin });
    if (code !== 0) throw new Error(`${line}: exit code ${code}: ${stderr.trim()}${stdout.trim()}`);
    return stdout;
  };
  await must(`ln -s "$(command -v ${shell})" /mnt/tools/sh`);
  for (const name of legacy ? ["iptables", "ip6tables"] : []) {
    for (const end of ["", "-restore", "-save"]) {
      await must(`ln -s /usr/sbin/${name}-legacy${end} /mnt/tools/${name}${end}`);
    }
  }
  const login = async () => {
    const folder = (await must("umask 077; mktemp -d /tmp/spknock.XXXXXX")).trim();
    await must(`cat >${folder}/run.sh`, RUNNER);
    return folder;
  };
  const own = await login();
  const start: Box["start"] = async (target, rules, options = {}) => {
    const { folder = own, seconds = 60, persists = true, digest = "abcd" } = options;
    const { size = new TextEncoder().encode(rules).length } = options;
    const line = renderStart(folder, { ...target, seconds, size, digest, persists });
    return parseReport((await run(line)).stdout);
  };
  return {
    folder: own,
    start,
    async load(target, rules, options = {}) {
      await must(renderUpload(options.folder ?? own, "rules"), rules);
      return await start(target, rules, options);
    },
    async say(verb, folder = own) {
      return parseReport((await run(renderVerdict(folder, verb))).stdout);
    },
    run,
    must,
    login,
    async processes() {
      const listed = await must(
        "me=$(readlink /proc/self/ns/mnt); for each in /proc/[0-9]*; do " +
          '[ "$(readlink $each/ns/mnt)" = "$me" ] || continue; tr "\\0" " " <$each/cmdline; echo; done 2>/dev/null',
      );
      return listed.split("\n").filter((line) =>
        /run\.sh|nft |iptables/.test(line) && !line.includes("for each in")
      );
    },
    async [Symbol.asyncDispose]() {
      await run(
        "for each in /run/spknock.*/owner.*; do each=${each##*owner.}; kill -9 ${each%.*}; done 2>/dev/null",
      );
      holder.kill("SIGKILL");
      await output.cancel();
      await holder.status;
    },
  };
}
