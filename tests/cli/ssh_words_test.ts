/** The blocks for OpenSSH for Windows, which starts a ProxyCommand without a shell, and `Match exec` by cmd.exe. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { renderDirectBlock, renderProxyBlock } from "../../src/cli/commands/doors/ssh_blocks.ts";
import { makeSshStart } from "../../src/cli/commands/doors/ssh_words.ts";
import { parseConfig } from "../../src/config/mod.ts";
import { UsageError } from "../../src/core/errors.ts";
import type { Target } from "../../src/core/target.ts";
import { table } from "../table.ts";

async function makeTarget(lines = ""): Promise<Target> {
  const text = `[targets.home]\nhost = "fw.example"\nknocks = ["7000/udp"]\n${lines}\n`;
  const target = (await parseConfig(text, { file: "t.toml" })).targets.get("home");
  if (target === undefined) throw new TypeError("no target");
  return target;
}

const startOn = (os: string, program: string, ...options: readonly string[]) =>
  makeSshStart((command) => [program, command, ...options], { os });

table<[os: string, words: readonly [string, ...string[]], command: string]>(
  "ssh-config: the ProxyCommand",
  {
    "Linux": ["linux", ["/opt/a b/spknock"], "'/opt/a b/spknock' connect home %h %p"],
    "macOS": [
      "darwin",
      ["/Applications/it's", "--config", "/tmp/50%"],
      "'/Applications/it'\\''s' connect --config /tmp/50%% home %h %p",
    ],
    "Windows, in the PATH": ["windows", ["spknock"], '"spknock" connect home %h %p'],
    "Windows, a path with spaces": [
      "windows",
      ["C:\\Program Files\\spknock\\spknock.exe"],
      '"C:\\Program Files\\spknock\\spknock.exe" connect home %h %p',
    ],
    "Windows, a file with spaces, and one that ends in backslashes": [
      "windows",
      ["C:\\spknock.exe", "--config", "D:\\my files\\t.toml", "E:\\a b\\\\"],
      '"C:\\spknock.exe" connect --config "D:\\my files\\t.toml" "E:\\a b\\\\\\\\" home %h %p',
    ],
    "Windows, a percent sign": [
      "windows",
      ["C:\\50% off\\spknock.exe"],
      '"C:\\50%% off\\spknock.exe" connect home %h %p',
    ],
  },
  async ([os, [program, ...options], command]) => {
    const start = startOn(os, program, ...options);
    assertEquals(renderProxyBlock(await makeTarget(), start).proxyCommand, command);
  },
);

Deno.test("ssh-config --direct on Windows: cmd.exe's words, and its device for nothing", async () => {
  const target = await makeTarget('secret = "prompt"\n[[targets.home.probes]]\ntype = "ssh"');
  const secret = { kind: "secret", source: { kind: "prompt" } } as const;
  const asked = {
    ...target,
    knocks: target.knocks.map((knock) => ({ ...knock, payload: secret })),
  };
  const { text } = renderDirectBlock(asked, startOn("windows", "C:\\bin\\spknock.exe"));
  assertStringIncludes(
    text,
    'exec "C:\\bin\\spknock.exe probe home -q --probe %p/tcp --timeout 500ms 2>NUL || ' +
      'C:\\bin\\spknock.exe knock home -q --probe %p/tcp"\n',
  );
  assertStringIncludes(text, "    ProxyCommand cmd.exe /c exit 1\n");
  const posix = renderDirectBlock(asked, startOn("darwin", "spknock")).text;
  assertStringIncludes(posix, "2>/dev/null ||");
  assertStringIncludes(posix, "    ProxyCommand false\n");
});

table<[program: string, lines: string, message: string]>("ssh-config --direct on Windows refuses", {
  "a space": ["C:\\Program Files\\spknock.exe", "", "cannot have a space"],
  "a character of cmd.exe": ["C:\\a&b\\spknock.exe", "", "cannot have a space"],
  "a share, which ssh reads in two ways": ["\\\\nas\\spknock.exe", "", "cannot have a space"],
  "an interface": ["spknock", 'source = "Wi-Fi 2"', "has an interface as its source"],
}, async ([program, lines, message]) => {
  const target = await makeTarget(lines);
  assertThrows(() => renderDirectBlock(target, startOn("windows", program)), UsageError, message);
});
