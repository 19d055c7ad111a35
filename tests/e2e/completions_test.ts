/** Completions in real shells: keys on a terminal for bash and zsh, `complete -C` for fish, the parser for PowerShell. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { commandOf, Home } from "./program.ts";
import { HAS_TMUX, Tmux } from "./tmux.ts";

const TARGETS = `
[targets.home]
host = "127.0.0.1"
knocks = ["7/udp"]
tags = ["family", "my rack"]
[targets.office]
host = "127.0.0.1"
knocks = ["8/udp"]
`;

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** A home with targets, and with `spknock` in its PATH. */
async function makeHome(): Promise<Home> {
  const home = new Home();
  await home.write(TARGETS);
  await Deno.mkdir(`${home.path}/bin`);
  const line = `#!/bin/sh\nexec ${commandOf([]).map(quote).join(" ")} "$@"\n`;
  await Deno.writeTextFile(`${home.path}/bin/spknock`, line, { mode: 0o755 });
  await Deno.writeTextFile(`${home.path}/a file.conf`, "");
  return home;
}

const environment = (home: Home) => ({
  ...home.env,
  PATH: `${home.path}/bin:${home.env.PATH}`,
  PS1: "$ ",
  PROMPT: "$ ",
  // A shell that is ended must leave nothing in the home that is removed.
  HISTFILE: "",
});

const hasProgram = (name: string) =>
  (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${name}`).isFile;
    } catch {
      return false;
    }
  });

/** What is typed, then Tab; and what the line is then. */
const TYPED: readonly (readonly [typed: string, line: string | Record<string, string>])[] = [
  ["spknock kno", "$ spknock knock "],
  ["spknock knock of", "$ spknock knock office "],
  ["spknock knock --tag my", "$ spknock knock --tag my\\ rack "],
  ["spknock knock --tag='my", {
    bash: "$ spknock knock --tag='my rack' ",
    zsh: "$ spknock knock --tag=my\\ rack ",
  }],
  ["spknock --no-su", "$ spknock --no-su"],
  ["spknock rules home --for=mi", "$ spknock rules home --for=mikrotik "],
  ["spknock import --host h a", "$ spknock import --host h a\\ file.conf "],
  ["spknock probe home --probe tls", "$ spknock probe home --probe tls:"],
];

const SHELLS: Readonly<Record<string, { start: string; load: string }>> = {
  bash: { start: "exec bash --norc -i", load: "source <(spknock completions bash)" },
  zsh: {
    start: "exec zsh -f -i",
    load: "autoload -U compinit; compinit -u -D; source <(spknock completions zsh)",
  },
};

for (const [name, { start, load }] of Object.entries(SHELLS)) {
  const ignore = !HAS_TMUX || !hasProgram(name);
  const reason = ignore ? ` (ignored: ${HAS_TMUX ? name : "tmux"} is not here)` : "";
  Deno.test({
    name: `completions: Tab in ${name}${reason}`,
    ignore,
    async fn() {
      await using home = await makeHome();
      await using tmux = await Tmux.start(start, {
        columns: 80,
        rows: 40,
        env: environment(home),
        cwd: home.path,
      });
      await tmux.until("$");
      await tmux.type(`${load}; echo lo''aded`);
      await tmux.press("Enter");
      await tmux.until("loaded");
      for (const [typed, line] of TYPED) {
        await tmux.press("C-u", "C-l");
        await tmux.until((screen) => screen === "$");
        await tmux.type(typed);
        await tmux.press("Tab");
        // The mark shows that the shell is through with the Tab, and what it left before the cursor.
        await tmux.type("@");
        const screen = await tmux.until((each) => each.includes("@"));
        const expected = typeof line === "string" ? line : line[name];
        assertEquals(screen.split("\n")[0], `${expected}@`, typed);
      }
    },
  });
}

Deno.test({
  name: `completions: fish${hasProgram("fish") ? "" : " (ignored: fish is not here)"}`,
  ignore: !hasProgram("fish"),
  async fn() {
    await using home = await makeHome();
    const script = [
      "spknock completions fish | source",
      ...["kno", "knock of", "knock --tag my", "rules home --for=mi", "import --host h a"]
        .map((line) => `complete -C ${quote(`spknock ${line}`)}; echo @`),
    ].join("\n");
    const { stdout, stderr } = await new Deno.Command("fish", {
      args: ["--no-config", "-c", script],
      env: environment(home),
      clearEnv: true,
      cwd: home.path,
    }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(
      text.split("@\n").slice(0, -1).map((answer) =>
        answer.trimEnd().split("\n").map((line) => line.replace(/\t.*/, ""))
      ),
      [["knock"], ["office"], ["my rack"], ["--for=mikrotik"], ["a file.conf"]],
    );
  },
});

Deno.test("completions: a script is the same from any folder, and reads no file", async () => {
  await using home = await makeHome();
  for (const shell of ["bash", "zsh", "fish", "powershell"]) {
    const { code, stdout, stderr } = await home.run(["completions", shell], { cwd: "/" });
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, `spknock complete ${shell}`);
    assert(!stdout.includes(home.path));
  }
});
