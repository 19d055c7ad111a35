/** The picture in the README says what the program says today. */
import { assertEquals } from "@std/assert";
import { drawScreen, readLines, readPicture } from "../../tools/picture/draw.ts";
import { playDemo } from "../../tools/picture/scenes.ts";
import { HAS_SCRIPT } from "../e2e/terminal.ts";
import { comparable, readSaved } from "./pictures.ts";

Deno.test({
  name: HAS_SCRIPT ? "the picture of the demo is up to date" : "the picture (skipped: no script)",
  ignore: !HAS_SCRIPT,
  async fn() {
    const terminal = await playDemo();
    const lines = readLines(terminal);
    assertEquals(comparable(await readSaved("demo")), comparable(lines));
    // Text is in the picture as it is on the screen, column by column.
    assertEquals(
      readPicture(drawScreen(terminal, { title: "<demo>" })),
      lines.map((line) => line.trimEnd()),
    );
  },
});
