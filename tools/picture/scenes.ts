/** What the pictures show: sessions that are really run. */
import type { Terminal } from "@xterm/headless";
import { quoteShell } from "../../src/core/text.ts";
import { commandOf, Home } from "../../tests/e2e/program.ts";
import { createLab, type Lab } from "../../tests/kernel/lab.ts";
import { createSshLab } from "../../tests/kernel/ssh_lab.ts";
import { record } from "./record.ts";

/** A picture. */
interface Scene {
  title: string;
  play(): Promise<Terminal>;
}

/** By the name of the file in docs/pictures. */
export const SCENES: Readonly<Record<string, Scene>> = {
  demo: { title: "spknock demo: a door is closed, then knocks open it", play: playDemo },
  ssh: {
    title: "ssh home: ssh knocks by itself, and logs in through a closed door",
    async play() {
      await using lab = await createLab();
      return await playSsh(lab);
    },
  },
};

/** Writes commands that a shell finds by their names; returns the environment for it. */
async function installCommands(
  home: Home,
  commands: Readonly<Record<string, readonly string[]>>,
): Promise<Record<string, string>> {
  const folder = `${home.path}/bin`;
  await Deno.mkdir(folder);
  for (const [name, words] of Object.entries(commands)) {
    const script = `#!/bin/sh\nexec ${words.map(quoteShell).join(" ")} "$@"\n`;
    await Deno.writeTextFile(`${folder}/${name}`, script, { mode: 0o755 });
  }
  const { NO_COLOR: _, PATH, ...env } = home.env;
  return { ...env, PATH: `${folder}:${PATH}` };
}

/** Plays the demo. */
export async function playDemo(): Promise<Terminal> {
  await using home = new Home();
  const env = await installCommands(home, { spknock: commandOf([]) });
  const dialogue = [["$ ", "spknock demo\n"]] as const;
  return await record(dialogue, { last: "ssh HOST\r\n$ ", env, cwd: home.path });
}

/** Plays a login: a real OpenSSH behind the rules of a real nftables. */
export async function playSsh(lab: Lab): Promise<Terminal> {
  await using ssh = await createSshLab(lab, { isPrivate: true, hostName: "home" });
  const { home } = ssh;
  const config = `${home.path}/picture_config`;
  const env = await installCommands(home, {
    spknock: commandOf([]),
    ssh: ["/usr/bin/ssh", "-F", config],
  });
  // The block of `ssh-config` is above the lab's own settings, which log in with its key.
  const block = await home.run(["ssh-config", "home", "--program", `${home.path}/bin/spknock`]);
  const settings = await Deno.readTextFile(`${home.path}/ssh_config`);
  await Deno.writeTextFile(config, block.stdout + settings);
  await ssh.shut();
  const dialogue = [
    ["$ ", "spknock probe home\n"],
    ["not open", ""],
    ["$ ", "ssh home\n"],
    ["root@home:~# ", "nft list set inet spknock_home home.open.4 | grep expires\n"],
    ["root@home:~# ", "exit\n"],
  ] as const;
  return await record(dialogue, { last: "$ ", env, cwd: home.path, prefix: ssh.prefix });
}
