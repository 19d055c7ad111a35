/** What the system does to the program: failing calls, signals, files of others, endless input. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freeTcpPort } from "../ports.ts";
import { lacks, testWith } from "../systems.ts";
import { table } from "../table.ts";
import { CHECKOUT_ONLY, checkoutCommand, commandOf, type Ended, Home } from "./program.ts";
import { Receivers } from "./receivers.ts";

const ROOT_ONLY = lacks("sh") || Deno.uid() !== 0;
/** A user that no test runs as. */
const OTHER = 65_534;
const GOOD = '[targets.good]\nhost = "127.0.0.1"\nknocks = ["7/tcp"]\n';

async function works(program: string, ...args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, { args, stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

const HAS_STRACE = await works("strace", "-o", "/dev/null", "true");
const HAS_PERL = await works("perl", "-MSocket", "-e", "1");

/** Runs the program with faults injected, in strace's words. */
function inject(...faults: string[]): string[] {
  return ["strace", "-f", "-o", "/dev/null", ...faults.flatMap((fault) => ["-e", fault])];
}

async function shell(home: Home, line: string, argv: readonly string[]): Promise<Ended> {
  const command = commandOf(argv).map((word) => `'${word}'`).join(" ");
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", line.replaceAll("SPKNOCK", () => command)],
    env: home.env,
    clearEnv: true,
    cwd: home.path,
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function listNames(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}

const FOLDER_PATH = ".config/spknock";

table<readonly [fault: string, code: number, isSpent: boolean]>(
  "a failing call at the mark of a one-time sequence",
  {
    "flock: no locks": ["inject=flock:error=ENOLCK", 0, true],
    "fsync: not supported": ["inject=fsync,fdatasync:error=EINVAL", 0, true],
    "fsync: the disk is broken": ["inject=fsync,fdatasync:error=EIO", 4, false],
  },
  async ([fault, code, isSpent]) => {
    await using home = new Home();
    await home.write(
      '[targets.once]\nhost = "127.0.0.1"\none_time = "seq"\nprobes = []\n',
    );
    const file = home.config.replace("targets.toml", "seq");
    await Deno.writeTextFile(file, " 7\n 8\n", { mode: 0o600 });
    const ended = await home.run(["knock", "once"], { prefix: inject(fault) });
    assertEquals(ended.code, code, ended.stderr);
    assertEquals(await Deno.readTextFile(file), isSpent ? "#7\n 8\n" : " 7\n 8\n");
  },
  { ignore: !HAS_STRACE },
);

table<readonly [faults: string[], code: number, stderr: string, isChanged: boolean]>(
  "a failing call at an edit",
  {
    "flock: no locks": [
      ["inject=flock:error=ENOLCK"],
      0,
      "warning: FILE: was changed without a lock, as the file system has no locks: " +
      "two changes at the same time can lose one\n",
      true,
    ],
    "fsync: not supported": [["inject=fsync,fdatasync:error=EINVAL"], 0, "", true],
    "fsync: the disk is broken": [
      ["inject=fsync,fdatasync:error=EIO"],
      2,
      "error: FILE: cannot be written: the device reports an input/output error; " +
      "nothing was changed\n",
      false,
    ],
    "rename: the quota": [
      ["inject=rename,renameat,renameat2:error=EDQUOT"],
      2,
      "error: FILE: cannot be written: the disk quota is used up; nothing was changed\n" +
      "hint: make room, then try again\n",
      false,
    ],
  },
  async ([faults, code, stderr, isChanged]) => {
    await using home = new Home();
    await home.write(GOOD);
    const ended = await home.run(["add", "b", "::1", "7"], { prefix: inject(...faults) });
    assertEquals(ended.stderr, stderr.replaceAll("FILE", home.config));
    assertEquals([ended.code, await Deno.readTextFile(home.config) !== GOOD], [code, isChanged]);
    const names = listNames(`${home.path}/${FOLDER_PATH}`);
    assertEquals(names, ["targets.toml", "targets.toml.lock"]);
  },
  { ignore: !HAS_STRACE },
);

Deno.test({
  name: "a folder that cannot be synced after the rename: changed, and said so",
  ignore: !HAS_STRACE,
  async fn() {
    await using home = new Home();
    await home.write(GOOD);
    const folder = `${home.path}/${FOLDER_PATH}`;
    const prefix = [...inject("inject=fsync:error=EIO"), "-P", folder];
    const { code, stderr } = await home.run(["add", "b", "::1", "7"], { prefix });
    const why = "the disk did not confirm it: the device reports an input/output error";
    assertEquals([code, stderr], [0, `warning: ${home.config}: was changed, but ${why}\n`]);
    assertStringIncludes(await Deno.readTextFile(home.config), "[targets.b]");
  },
});

Deno.test({
  name: "an editor's save between our read and our rename is not lost",
  ignore: !HAS_STRACE,
  async fn() {
    await using home = new Home();
    await home.write(GOOD);
    const folder = `${home.path}/${FOLDER_PATH}`;
    const prefix = inject("inject=fsync,fdatasync:delay_enter=1s");
    let hasEnded = false;
    const adding = home.run(["add", "b", "::1", "7"], { prefix })
      .finally(() => hasEnded = true);
    while (!hasEnded && !listNames(folder).some((name) => name.endsWith(".tmp"))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await Deno.writeTextFile(home.config, `${GOOD}# saved meanwhile\n`);
    assertEquals((await adding).stderr, "");
    const text = await Deno.readTextFile(home.config);
    assertStringIncludes(text, "# saved meanwhile");
    assertStringIncludes(text, "[targets.b]");
  },
});

table<{ force: boolean }>(
  "rules --output, killed in mid-write, leaves the old file, and the next run cleans up",
  { "a new file": { force: false }, "over another": { force: true } },
  async ({ force }) => {
    await using home = new Home();
    await home.write(GOOD);
    const folder = `${home.path}/rules`;
    await Deno.mkdir(folder);
    if (force) await Deno.writeTextFile(`${folder}/good.nft`, "old\n");
    const argv = [
      "rules",
      "good",
      "--for",
      "nftables",
      "--open",
      "tcp/22",
      "-o",
      `${folder}/good.nft`,
    ];
    if (force) argv.push("--force");
    await home.run(argv, { prefix: inject("inject=fsync,fdatasync:signal=SIGKILL") });
    const left = listNames(folder);
    assertEquals(left.length, force ? 2 : 1);
    assert(/^\.good\.nft\.[0-9a-f-]{36}\.tmp$/.test(left[0] ?? ""), left.join(" "));
    if (force) assertEquals(await Deno.readTextFile(`${folder}/good.nft`), "old\n");
    assertEquals((await home.run(argv)).code, 0);
    assertEquals(listNames(folder), ["good.nft"]);
    assertStringIncludes(await Deno.readTextFile(`${folder}/good.nft`), "table inet");
    assertEquals((await Deno.stat(`${folder}/good.nft`)).mode, 0o100600);
  },
  { ignore: !HAS_STRACE },
);

testWith(
  "sh",
  "a pipe is not waited for: the configuration, what is imported, a secret's file",
  async () => {
    await using home = new Home();
    const pipe = `${home.path}/pipe`;
    assert(await works("mkfifo", "-m", "600", pipe));
    const config = "is a device or a pipe, not a regular file";
    const secret = "cannot be read: it is a device or a pipe";
    const rows: [string[], number, string][] = [
      [["add", "a", "h", "7", "-c", pipe], 2, config],
      [["list", "-c", pipe], 2, config],
      [["import", pipe], 2, config],
      [
        ["rules", "good", "--for", "nftables", "--open", "tcp/22", "--secrets-from", pipe],
        4,
        secret,
      ],
      [
        ["rules", "good", "--for", "nftables", "--open", "tcp/22", "--secrets-from", home.path],
        4,
        "is a folder",
      ],
    ];
    await home.write(GOOD.replace("7/tcp", "7/udp"));
    for (const [argv, code, words] of rows) {
      const ended = await home.run(argv, { prefix: ["timeout", "20"] });
      assertEquals(ended.code, code, argv.join(" ") + ended.stderr);
      assertStringIncludes(ended.stderr, words);
      assertEquals(ended.stderr.includes("chmod"), false);
    }
  },
);

table<readonly [line: string, argv: string[], code: number, stderr: string]>(
  "input and output without an end, or that fail",
  {
    "hash of a device": [
      "SPKNOCK < /dev/zero",
      ["hash"],
      4,
      "error: standard input has more than 1 MiB\nhint: pipe passphrases in, one a line\n",
    ],
    "hash of a line that is too long": [
      "head -c 70000 /dev/zero | SPKNOCK",
      ["hash"],
      4,
      "error: the passphrase is longer than 64 KiB\n" +
      "hint: is it the right file or program? a passphrase is one line\n",
    ],
    "hash of a folder": [
      "SPKNOCK < /",
      ["hash"],
      4,
      "error: standard input cannot be read: it is a folder\n",
    ],
    "a secret's command that never ends": [
      "SPKNOCK",
      ["knock", "yes"],
      4,
      'error: the secret\'s command "yes" printed more than 1 MiB, and was ended\n' +
      "hint: a passphrase is one line\n",
    ],
    "a variable that is not text": [
      "HOME=$'/\\xff' SPKNOCK",
      ["list"],
      2,
      'error: the environment variable "HOME" is not UTF-8\n',
    ],
  },
  async ([line, argv, code, stderr]) => {
    await using home = new Home();
    await home.write(
      '[targets.yes]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\nsecret = { command = ["yes"] }\n',
    );
    const ended = await shell(home, `ulimit -v unlimited; ${line}`, argv);
    assertEquals([ended.code, ended.stdout, ended.stderr], [code, "", stderr]);
  },
  { ignore: lacks("sh") },
);

testWith(
  "sh",
  "a probe that prints without an end: the rest is dropped, and it is timed out",
  async () => {
    await using home = new Home();
    const run = (name: string, script: string) =>
      `[targets.${name}]\nhost = "127.0.0.1"\nknocks = ["7/tcp"]\ntimeout = "1s"\n` +
      `probes = [{ type = "exec", run = ["sh", "-c", "${script}"] }]\n`;
    await home.write(
      run("endless", "cat /dev/zero") + run("long", "head -c 3000000 /dev/zero; echo; echo end") +
        run("wide", "head -c 3000000 /dev/zero | tr '\\\\0' x"),
    );
    const endless = await home.run(["probe", "endless", "--timeout", "1s"]);
    assertEquals(endless.code, 1);
    assertStringIncludes(endless.stdout, "still running at the timeout");
    const long = await home.run(["probe", "long", "--timeout", "20s"]);
    assertEquals(long.code, 0);
    assertStringIncludes(long.stdout, "end");
    const wide = await home.run(["probe", "wide", "--timeout", "20s"]);
    assertEquals([wide.code, wide.stdout.length < 2_000], [0, true]);
  },
);

/** Run before the program: its folder goes away under it. (Deno itself does not start in such a one.) */
const LOSE_FOLDER = `const folder = Deno.makeTempDirSync();
Deno.chdir(folder);
Deno.removeSync(folder);
`;

table<readonly [argv: string[], code: number, words: string]>(
  `started in a folder that was removed${CHECKOUT_ONLY.reason}`,
  {
    "a knock": [["knock", "plain"], 0, ""],
    "a relative path": [["list", "-c", "t.toml"], 2, "there is no such file"],
    "a new file": [["add", "x", "h", "7", "-c", "t.toml"], 2, "nothing was changed"],
    "a program": [["knock", "plain", "--", "true"], 126, "the current folder does not exist"],
    "a secret's command": [["knock", "secret"], 4, "the current folder does not exist any more"],
    "a probe": [
      ["knock", "probe"],
      1,
      "could not be started: the current folder does not exist any more",
    ],
    "a path to be kept": [["ssh-config", "plain", "-c", "t.toml"], 2, "there is no such file"],
  },
  async ([argv, code, words]) => {
    await using home = new Home();
    const target = (name: string, more: string) =>
      `[targets.${name}]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\ntries = 1\n${more}\n`;
    await home.write(
      target("plain", 'secret = "none"') + target("secret", 'secret = { command = ["echo"] }') +
        target("probe", 'secret = "none"\nprobes = [{ type = "exec", run = ["true"] }]'),
    );
    const preload = `${home.path}/preload.js`;
    await Deno.writeTextFile(preload, LOSE_FOLDER);
    const [program = "", ...args] = checkoutCommand(argv, [`--preload=${preload}`]);
    const { code: ended, stdout, stderr } = await new Deno.Command(program, {
      args,
      env: home.env,
      clearEnv: true,
      cwd: home.path,
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals(ended, code, text);
    assertStringIncludes(text, words);
    assertEquals(text.includes("bug in spknock"), false);
  },
  { ignore: CHECKOUT_ONLY.ignore || lacks("sh") },
);

/** The config of a door whose service says a word and stays. */
function makeDoor(more = ""): string {
  return `[targets.home]\nhost = "127.0.0.1"\nknocks = ["${freeTcpPort()}/tcp"]\n${more}`;
}

testWith("linux", "connect to a full disk is an error of the output, and not a bug", async () => {
  await using home = new Home();
  await home.write(makeDoor());
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept().then((connection) => connection.write(new Uint8Array(10)));
  const ended = await shell(home, "sleep 5 | SPKNOCK > /dev/full", [
    "connect",
    "home",
    `${listener.addr.port}`,
  ]);
  await accepted;
  assertEquals(
    [ended.code, ended.stderr],
    [5, "error: the output cannot be written: the disk is full\n"],
  );
});

Deno.test({
  name: "connect at a socketpair whose other end is closed unread ends quietly (ECONNRESET)",
  ignore: !HAS_PERL,
  async fn() {
    await using home = new Home();
    await home.write(makeDoor());
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      using connection = await listener.accept();
      await connection.write(new TextEncoder().encode("SSH-2.0-x\r\n"));
      await connection.read(new Uint8Array(100)).catch(() => {});
    })();
    const script = `use Socket;
      socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
      my $pid = fork();
      if ($pid == 0) {
        open(STDIN, "<&", $theirs); open(STDOUT, ">&", $theirs); close($ours); close($theirs);
        exec(@ARGV);
      }
      close($theirs);
      select(my $ready = fhbits($ours), undef, undef, 30);
      close($ours);
      waitpid($pid, 0);
      exit($? >> 8);
      sub fhbits { my $bits = ""; vec($bits, fileno($_[0]), 1) = 1; $bits }`;
    const { code, stderr } = await new Deno.Command("perl", {
      args: ["-e", script, ...commandOf(["connect", "home", `${listener.addr.port}`])],
      env: home.env,
      clearEnv: true,
      cwd: home.path,
    }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    await serving;
  },
});

table<readonly [signals: Deno.Signal[], prefix: string[]]>(
  "keep closes the door at the end",
  {
    "SIGTERM": [["SIGTERM"], []],
    "SIGHUP": [["SIGHUP"], []],
    "SIGINT twice": [["SIGINT", "SIGINT"], []],
    "SIGHUP does not count under nohup": [["SIGHUP", "SIGTERM"], ["nohup"]],
  },
  async ([signals, prefix]) => {
    await using home = new Home();
    await using there = new Receivers();
    using door = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepting = (async () => {
      for await (const connection of door) connection.close();
    })();
    await home.write(
      `[targets.home]\nhost = "127.0.0.1"\nknocks = ["${there.udp()}/udp"]\nsecret = "none"\n` +
        `probes = ["tcp:${door.addr.port}"]\ntries = 1\n` +
        `[targets.home.close]\nknocks = ["${there.udp()}/udp", "${there.udp()}/udp"]\n`,
    );
    const child = home.start(["keep", "home", "--json"], { prefix });
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assertStringIncludes((await reader.read()).value ?? "", '"opened"');
    for (const signal of signals) {
      child.kill(signal);
      if (prefix.length > 0) await new Promise((resolve) => setTimeout(resolve, 200));
    }
    // The receivers leave the door open, which is exit code 1.
    assertEquals((await child.status).code, 1);
    assertStringIncludes((await reader.read()).value ?? "", '"still_open"');
    assertEquals((await there.wait(3)).length, 3);
    await reader.cancel();
    await child.stderr.cancel();
    await child.stdin.close().catch(() => {});
    door.close();
    await accepting.catch(() => {});
  },
  { ignore: lacks("signals") },
);

table<readonly [owner: number | undefined, mode: number, stderr: string | undefined]>(
  "a configuration with a secret's command (as root, and as a user in CI)",
  {
    "of our own is used": [undefined, 0o644, undefined],
    "of our own that others can write is refused": [undefined, 0o666, "can be changed by other"],
    ...(ROOT_ONLY ? {} : { "of another user is refused": [OTHER, 0o600, "belongs to another"] }),
  },
  async ([owner, mode, words]) => {
    await using home = new Home();
    const config = `${home.path}/t.toml`;
    await Deno.writeTextFile(
      config,
      '[targets.a]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\n' +
        `secret = { command = ["touch", "${home.path}/ran"] }\n`,
    );
    if (owner !== undefined) await Deno.chown(config, owner, owner);
    await Deno.chmod(config, mode);
    const { code, stderr } = await home.run(["knock", "a", "-c", config]);
    assertEquals(code, words === undefined ? 4 : 2, stderr);
    assertEquals(listNames(home.path).includes("ran"), words === undefined);
    if (words === undefined) return;
    assertStringIncludes(stderr, words);
    assertStringIncludes(stderr, "and it makes spknock run programs");
    await home.run(["knock", "a", "-c", config, "--trust-config"]);
    assertEquals(listNames(home.path).includes("ran"), true);
  },
  { ignore: lacks("sh") },
);

Deno.test({
  name: "under sudo the file that was looked for is named, and the way to the user's own",
  ignore: ROOT_ONLY,
  async fn() {
    await using home = new Home();
    const { code, stderr } = await home.run(["knock", "home"], { env: { SUDO_USER: "me" } });
    assertEquals([code, stderr], [
      2,
      'error: unknown target "home"\n' +
      `hint: there are no targets in ${home.config}, which is root's; your own: ` +
      "-c ~me/.config/spknock/targets.toml\n",
    ]);
  },
});
