/** Files that are written in pieces. */
import { assertEquals, assertRejects } from "@std/assert";
import { type FileSystem, realFiles } from "../../src/config/files.ts";
import { CancelledError } from "../../src/core/errors.ts";
import { saveNew } from "../../src/use_cases/save_file.ts";
import { assertMode, makeFolder } from "../systems.ts";

async function inFolder(work: (file: string) => Promise<void>): Promise<void> {
  const folder = makeFolder("spknock-save-");
  try {
    await work(`${folder}/rules.nft`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("saveNew: each piece is written before the next one is made", () =>
  inFolder(async (path) => {
    const steps: string[] = [];
    const fs: FileSystem = {
      ...realFiles,
      async create(name, mode) {
        const file = await realFiles.create(name, mode);
        return {
          ...file,
          async write(bytes) {
            await file.write(bytes);
            steps.push(`wrote ${bytes.length}`);
          },
        };
      },
    };
    function* makePieces() {
      for (const piece of ["ä", "bb"]) {
        steps.push(`made ${piece}`);
        yield piece;
      }
    }
    await saveNew(path, makePieces(), { fs, force: false });
    assertEquals(steps, ["made ä", "wrote 2", "made bb", "wrote 2"]);
    assertEquals(await Deno.readTextFile(path), "äbb");
    await assertMode(path, 0o600);
  }));

Deno.test("saveNew: a cancelled text leaves the file as it was, and no other", () =>
  inFolder(async (path) => {
    await Deno.writeTextFile(path, "old", { mode: 0o600 });
    function* makePieces() {
      yield "new";
      throw new CancelledError();
    }
    const saving = saveNew(path, makePieces(), { fs: realFiles, force: true });
    await assertRejects(() => saving, CancelledError);
    assertEquals(await Deno.readTextFile(path), "old");
    const names = await Array.fromAsync(Deno.readDir(path.replace("/rules.nft", "")));
    assertEquals(names.map(({ name }) => name), ["rules.nft"]);
  }));
