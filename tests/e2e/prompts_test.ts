/** The prompts on a real terminal, in tmux: what its screen shows, at several widths. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { KIND } from "../../src/prompt/cliffy.ts";
import { measureWidth, splitCharacters } from "../../src/output/width.ts";
import { table } from "../table.ts";
import { commandOf, denoCommand, Home } from "./program.ts";
import { HAS_TMUX, Tmux } from "./tmux.ts";

const ignore = !HAS_TMUX;
const noTmux = ignore ? " (ignored: tmux is not here)" : "";
const isCliffy = KIND === "cliffy";
const noCliffy = isCliffy ? noTmux : " (ignored: only JSR has cliffy, and it cannot be reached)";

const PIECES = ["fw.example.com/", "東京東京東京東", "😀👩\u200d💻é", "e\u0301 x".repeat(20)];

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Rows as a terminal of so many columns wraps a text. */
function wrap(text: string, columns: number): string[] {
  const rows = [""];
  for (const character of splitCharacters(text)) {
    const row = rows.at(-1) ?? "";
    const isFull = measureWidth(row) + measureWidth(character) > columns;
    if (isFull) rows.push(character);
    else rows[rows.length - 1] = row + character;
  }
  return rows.map((row) => row.trimEnd());
}

const startCanvas = (home: Home, size: { columns: number; rows: number }) => {
  const file = new URL("canvas_program.ts", import.meta.url).pathname;
  const line = denoCommand(["-A", file]).map(quote).join(" ");
  return Tmux.start(`echo above; ${line}; sleep 60`, { ...size, env: home.env, cwd: home.path });
};

/** Starts the program under a shell that has jobs. */
async function startShell(
  home: Home,
  argv: readonly string[],
  { env = {}, ...size }: { columns: number; rows: number; env?: Record<string, string> },
): Promise<Tmux> {
  const tmux = await Tmux.start("exec sh -i", {
    ...size,
    env: { ...home.env, PS1: "$ ", ENV: "", ...env },
    cwd: home.path,
  });
  await Deno.writeTextFile(`${home.path}/run`, `exec ${commandOf(argv).map(quote).join(" ")}\n`);
  await tmux.until("$");
  await tmux.type("clear; sh run");
  await tmux.press("Enter");
  return tmux;
}

table(
  `canvas: long lines and wide characters${noTmux}`,
  [40, 60, 80].map((columns) => [`${columns} columns`, columns] as const),
  async (columns) => {
    await using home = new Home();
    await using tmux = await startCanvas(home, { columns, rows: 24 });
    await tmux.until("? Text ›");
    let text = "";
    for (const piece of PIECES) {
      await tmux.type(piece);
      text += piece;
      await expectLine(tmux, text, columns);
    }
    await tmux.press("BSpace", "BSpace");
    await expectLine(tmux, text.slice(0, -2), columns);
    await tmux.press("Home");
    await tmux.type("Z");
    await tmux.until("? Text › Zfw.");
    assertEquals(await tmux.findCursor(), [10, 1]);
    await tmux.press("Enter");
    assertStringIncludes(await tmux.until("done: "), "above\ndone: Zfw.example");
  },
  { ignore },
);

/** Waits for the text of the line, with the cursor at its end, and what is above and below it. */
async function expectLine(
  tmux: Tmux,
  text: string,
  columns: number,
  { mayScroll = false } = {},
): Promise<void> {
  const rows = wrap(`? Text › ${text}`, columns);
  const width = measureWidth(rows.at(-1) ?? "");
  // Behind a row that is full the cursor has one of its own.
  const drawn = [...rows, ...width === columns ? [""] : [], "  below"];
  const expected = ["above", ...drawn].join("\n").normalize();
  // tmux moves rows into its history when a narrower window makes more of them.
  const allowed = [expected, ...mayScroll ? [drawn.join("\n").normalize()] : []];
  const isShown = (shown: string) => allowed.includes(shown.normalize());
  const screen = await tmux.until(isShown).catch(() => tmux.look());
  if (!isShown(screen)) assertEquals(screen, expected);
  const top = screen.startsWith("above") ? 1 : 0;
  assertEquals(await tmux.findCursor(), [width % columns, top + drawn.length - 2]);
}

Deno.test({
  name: `canvas: a line that fills its row, and a wide character that does not fit${noTmux}`,
  ignore,
  fn: async () => {
    await using home = new Home();
    await using tmux = await startCanvas(home, { columns: 40, rows: 24 });
    await tmux.until("? Text ›");
    await tmux.type("x".repeat(31));
    await tmux.until("x".repeat(31));
    assertEquals(await tmux.findCursor(), [0, 2]);
    await tmux.press("BSpace");
    await tmux.type("東");
    assertEquals(
      await tmux.until("東"),
      `above\n? Text › ${"x".repeat(30)}\n東\n  below`,
    );
    assertEquals(await tmux.findCursor(), [2, 2]);
    await tmux.press("Left");
    await tmux.type("y");
    await tmux.until("xy");
    assertEquals(await tmux.findCursor(), [0, 2]);
  },
});

Deno.test({
  name: `canvas: drawn anew after a resize, with nothing left and nothing eaten${noTmux}`,
  ignore,
  fn: async () => {
    await using home = new Home();
    await using tmux = await startCanvas(home, { columns: 80, rows: 24 });
    await tmux.until("? Text ›");
    let text = PIECES.join("");
    await tmux.type(text);
    await expectLine(tmux, text, 80);
    for (const columns of [40, 60, 80, 40]) {
      await tmux.resize(columns, 24);
      await tmux.type("y");
      text += "y";
      await expectLine(tmux, text, columns, { mayScroll: true });
    }
  },
});

Deno.test({
  name: `canvas: a line that is taller than the screen shows the part around the cursor${noTmux}`,
  ignore,
  fn: async () => {
    await using home = new Home();
    await using tmux = await startCanvas(home, { columns: 40, rows: 4 });
    await tmux.until("? Text ›");
    await tmux.type(Array.from({ length: 60 }, (_, index) => `n${index + 100}`).join(""));
    await tmux.until("n159");
    await tmux.press("Home");
    assertStringIncludes(await tmux.until("n100"), "? Text › n100");
    assertEquals(await tmux.findCursor(), [9, 0]);
    await tmux.press("End");
    await tmux.until("n159");
  },
});

Deno.test({
  name: `plain: Ctrl-Z does nothing under deno task, which would not stop${noTmux}`,
  ignore,
  fn: async () => {
    await using home = new Home();
    const options = { columns: 80, rows: 24, env: { INIT_CWD: "/" } };
    await using tmux = await startShell(home, ["add", "--plain"], options);
    await tmux.until("Host name or address");
    await tmux.type("fw.exa");
    await tmux.press("C-z");
    await tmux.type("mple.com");
    await tmux.press("Enter");
    const screen = await tmux.until("Name of the target");
    assertStringIncludes(screen, "fw.example.com\n");
    assertEquals(screen.includes("Stopped"), false);
  },
});

for (const kind of ["plain", "cliffy"] as const) {
  const note = kind === "plain" ? noTmux : noCliffy;
  const options = kind === "plain" ? ["--plain"] : [];
  const isIgnored = ignore || (kind === "cliffy" && !isCliffy);

  Deno.test({
    name: `${kind}: Ctrl-Z gives the terminal back, and fg brings the question again${note}`,
    ignore: isIgnored,
    fn: async () => {
      await using home = new Home();
      await using tmux = await startShell(home, ["add", ...options], { columns: 80, rows: 24 });
      await tmux.until("Host name or address");
      await tmux.type("fw.exa");
      await tmux.until("fw.exa");
      await tmux.press("C-z");
      await tmux.until("Stopped");
      await tmux.type("stty -a | grep -o ' -\\?echo '; fg");
      await tmux.press("Enter");
      const screen = await tmux.until((text) => text.split("fw.exa").length === 3);
      assertEquals(/^ echo$/m.test(screen), true, screen);
      await tmux.type("mple.com");
      await tmux.press("Enter");
      await tmux.until("Name of the target");
      await tmux.press("C-c");
      await tmux.until((text) => text.endsWith("\n$"));
      await tmux.type("echo code=$?; stty -a | grep -o ' -\\?echo '");
      await tmux.press("Enter");
      await tmux.until((text) => text.endsWith("\ncode=130\n echo\n$"));
    },
  });

  Deno.test({
    name: `${kind}: a paste of several lines answers one question${note}`,
    ignore: isIgnored,
    fn: async () => {
      await using home = new Home();
      await home.write('[targets.fw]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\n');
      await using tmux = await startShell(home, options, { columns: 80, rows: 30 });
      await tmux.until("Exit");
      await tmux.paste(kind === "plain" ? "h\nfoo\n1\n" : "hash\nfoo\nfw\n");
      const screen = await tmux.until("Passphrase");
      assertStringIncludes(screen, "only the first line of the pasted text was used");
      await tmux.type("is");
      await tmux.press("Enter");
      await tmux.until("Once more");
      await tmux.paste("is\nis");
      await tmux.until("fa51fd49");
    },
  });
}

table(
  `cliffy: questions${noCliffy}`,
  [40, 60, 80].map((columns) => [`${columns} columns`, columns] as const),
  async (columns) => {
    await using home = new Home();
    await using tmux = await startShell(home, ["add"], { columns, rows: 24 });
    const question = "? Host name or address › ";
    await tmux.until((screen) => screen.startsWith(question.trimEnd()));
    const host = "東京 example com".repeat(4);
    await tmux.type(host);
    const shown = (text: string) => wrap(question + text, columns).join("\n");
    assertEquals(await tmux.until((screen) => screen === shown(host)), shown(host));
    await tmux.resize(columns + 10, 24);
    await tmux.press("BSpace");
    const rest = wrap(question + host.slice(0, -1), columns + 10).join("\n");
    // A wider window takes rows back from the history.
    await tmux.until((screen) => screen.endsWith(rest));
    // The answer is wrong: the question stays, with the reason below.
    await tmux.press("Enter");
    const wrong = await tmux.until("✘ ");
    assertStringIncludes(wrong, `${rest}\n✘ `);
    await tmux.press("C-u");
    await tmux.until((screen) => screen.endsWith(question.trimEnd()));
  },
  { ignore: ignore || !isCliffy },
);

Deno.test({
  name: `cliffy: a list on a small screen scrolls, and says where nothing matches${noCliffy}`,
  ignore: ignore || !isCliffy,
  fn: async () => {
    await using home = new Home();
    const targets = Array.from(
      { length: 15 },
      (_, index) => `[targets.host${index}]\nhost = "192.0.2.${index}"\nknocks = ["7"]\n`,
    );
    await home.write(targets.join(""));
    await using tmux = await startShell(home, [], { columns: 60, rows: 10 });
    const first = await tmux.until("arrow keys to move");
    assertEquals(first.split("\n").filter((row) => row.includes("Knock on")).length, 8);
    for (let count = 0; count < 10; count++) await tmux.press("Down");
    const scrolled = await tmux.until("❯ Knock on host10");
    assertStringIncludes(scrolled, "? spknock, 15 targets");
    assertEquals(scrolled.split("\n").length, 10);
    await tmux.type("nowhere");
    await tmux.until('No target matches "nowhere"');
    await tmux.press("Escape");
    await tmux.until("$");
  },
});
