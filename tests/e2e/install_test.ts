/**
 * A new user: the folder of a release, the lines of README.md, an empty home. It ends at an open door.
 *
 * The executable is that of `SPKNOCK_BIN`, else one that ../shared/tools/compile-real.sh makes.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { nameExecutable, type Target } from "../../tools/release/targets.ts";
import { createLab, labSkipReason } from "../kernel/lab.ts";
import { denoCommand, EXECUTABLE } from "./program.ts";
import { PHRASES } from "./vectors.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const COMPILER = new URL("../../../shared/tools/compile-real.sh", import.meta.url).pathname;
const DOWNLOADS = "https://github.com/spknock/spknock/releases/latest/download/";
const TARGET: Target = Deno.build.arch === "aarch64"
  ? "aarch64-unknown-linux-gnu"
  : "x86_64-unknown-linux-gnu";
/** An ordinary user, where the tests are root. */
const AS_USER = Deno.uid() === 0
  ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
  : [];

/** How a new shell of the user finds the completions, as README.md says; the shells that are here are asked. */
const SHELLS = {
  bash: {
    script: "-c '. ~/.local/share/bash-completion/completions/spknock; complete -p spknock'",
    expected: " spknock",
  },
  fish: { script: `-c 'complete -C "spknock kno"'`, expected: "knock" },
  zsh: {
    script:
      "-f -c 'fpath+=(~/.local/share/zsh/site-functions); autoload -Uz compinit; compinit -D; " +
      "print $_comps[spknock]'",
    expected: "_spknock",
  },
} as const;

const skipReason = Deno.build.os !== "linux"
  ? "the lines are those for Linux"
  : EXECUTABLE === undefined && !await exists(COMPILER)
  ? "SPKNOCK_BIN names no executable"
  : undefined;

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Runs a program to its end; an error with all that it printed unless it succeeds. */
async function run(
  [program = "", ...args]: readonly string[],
  options: Deno.CommandOptions & { input?: string } = {},
): Promise<string> {
  const { input, ...rest } = options;
  const child = new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...rest,
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input ?? ""));
  await writer.close();
  const { success, code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  const printed = decoder.decode(stdout);
  const why = `${program} ${args.join(" ")}: exit code ${code}\n${printed}${
    decoder.decode(stderr)
  }`;
  assertEquals(success, true, why);
  return printed;
}

/** The folder of a release that has one archive. */
async function makeRelease(folder: string): Promise<string> {
  await Deno.mkdir(`${folder}/bin`);
  const executable = `${folder}/bin/${nameExecutable(TARGET)}`;
  if (EXECUTABLE === undefined) await run(["bash", COMPILER, ROOT, executable]);
  else await Deno.copyFile(EXECUTABLE, executable);
  const words = [
    "-P=tools",
    `${ROOT}tools/release.ts`,
    "pack",
    `${folder}/bin`,
    `${folder}/release`,
  ];
  await run(denoCommand(words), { env: { SOURCE_DATE_EPOCH: "1800000000" } });
  return `${folder}/release`;
}

/** The lines of README.md: what is typed, and what the page shows of the output. */
async function readLines(): Promise<{ typed: string[]; shown: string[] }> {
  const readme = await Deno.readTextFile(`${ROOT}README.md`);
  const [, block = ""] =
    /<!-- console install -->\n```.*\n([^]*?)```\n<!-- end console install -->/.exec(readme) ?? [];
  const lines = block.replaceAll("x86_64-unknown-linux-gnu", TARGET).trimEnd().split("\n");
  return {
    typed: lines.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2)),
    shown: lines.filter((line) => !line.startsWith("$ ") && line !== "..."),
  };
}

Deno.test({
  name: `install: the lines of README.md lead from a release to an open door${
    skipReason === undefined ? "" : ` (skipped: ${skipReason})`
  }`,
  ignore: skipReason !== undefined,
  async fn(t) {
    const folder = await Deno.makeTempDir({ prefix: "spknock-install-" });
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => Deno.remove(folder, { recursive: true }));
    const release = await makeRelease(folder);
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        const name = new URL(request.url).pathname.slice(1);
        const isThere = Array.from(Deno.readDirSync(release)).some((file) => file.name === name);
        return isThere
          ? new Response((await Deno.open(`${release}/${name}`)).readable)
          : new Response(null, { status: 404 });
      },
    );
    cleanup.defer(() => server.shutdown());
    const home = `${folder}/home`;
    await Deno.mkdir(`${home}/Downloads`, { recursive: true });
    if (AS_USER.length > 0) {
      await run(["chmod", "755", folder]);
      await run(["chown", "-R", "65534:65534", home]);
    }
    const env = {
      HOME: home,
      PATH: "/usr/local/bin:/usr/bin:/bin",
      LANG: "C.UTF-8",
      TERM: "dumb",
      MANPAGER: "cat",
    };
    const asUser = { env, clearEnv: true, cwd: `${home}/Downloads` };
    const { typed, shown } = await readLines();

    await t.step("every line works", async () => {
      assertEquals(typed.filter((line) => line.includes(DOWNLOADS)).length, 2);
      const lines = typed.map((line) =>
        line.replace(DOWNLOADS, `http://127.0.0.1:${server.addr.port}/`)
      );
      const script = ["set -euo pipefail", ...lines].join("\n");
      const printed = await run([...AS_USER, "bash", "-s"], { ...asUser, input: script });
      let rest = printed;
      for (const line of shown) {
        assertStringIncludes(rest, line, printed);
        rest = rest.slice(rest.indexOf(line) + line.length);
      }
    });

    const installed = { ...asUser, env: { ...env, PATH: `${home}/.local/bin:${env.PATH}` } };
    const spknock = async (args: readonly string[], prefix: readonly string[] = [], input = "") =>
      await run([...prefix, ...AS_USER, `${home}/.local/bin/spknock`, ...args], {
        ...installed,
        input,
      });

    await t.step("nothing else is installed, and nothing can be changed by others", async () => {
      const listed = await run(["find", ".local", "-type", "f", "-printf", "%m %P\n"], {
        cwd: home,
      });
      const files = listed.trim().split("\n").filter((line) => !line.includes(" share/")).sort();
      assertEquals(files, ["755 bin/spknock"]);
      assertEquals(/^(?!644 ).* share\//m.test(listed), false, listed);
    });

    const ask = (script: string) => run([...AS_USER, "bash", "-c", script], installed);
    await t.step({
      name: "the manual is found",
      async fn() {
        for (const page of ["man1/spknock.1", "man5/spknock-targets.5"]) {
          const [name = ""] = page.replace(/^.*\//, "").split(".");
          const expected = `${home}/.local/share/man/${page}`;
          assertEquals((await ask(`man -w ${name}`)).trim(), expected);
        }
      },
    });

    await t.step({
      name: "the completions are found",
      async fn() {
        for (const [shell, { script, expected }] of Object.entries(SHELLS)) {
          if ((await ask(`command -v ${shell} || true`)) === "") continue;
          assertStringIncludes(await ask(`${shell} ${script}`), expected, shell);
        }
      },
    });

    const labReason = await labSkipReason();
    await t.step({
      name: `a real firewall opens${labReason === undefined ? "" : ` (skipped: ${labReason})`}`,
      ignore: labReason !== undefined,
      async fn() {
        await using lab = await createLab();
        const saved = `[targets.home]
host = "${lab.server.ipv4}"
knocks = ["1234/udp", "9876/udp", "5555/udp"]
opens = ["22/tcp"]
`;
        // As an editor would write it: the runtime of compile-real.sh is older, and has no lock for "add".
        const script = "umask 077; mkdir -p ~/.config/spknock; cat >~/.config/spknock/targets.toml";
        await run([...AS_USER, "sh", "-c", script], { ...installed, input: saved });
        const input = PHRASES;
        const rules = await spknock(
          ["rules", "home", "--for", "nftables", "--secrets-from", "-"],
          [],
          input,
        );
        await lab.server.nft(rules);
        const agent = await lab.server.agent();
        await agent.listen(22);
        const visitor = await lab.client.agent();
        const place = { host: lab.server.ipv4, port: 22, timeoutMs: 300 };
        assertEquals(await visitor.connect(place), "silent");
        const inside = ["ip", "netns", "exec", lab.client.name];
        const report = await spknock(["knock", "home", "--secrets-from", "-"], inside, input);
        assertStringIncludes(report, "home: the door is open");
      },
    });
  },
});
