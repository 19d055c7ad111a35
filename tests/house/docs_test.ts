import { assertEquals } from "@std/assert";
import { DOCUMENTS, fillBlocks } from "../../tools/docs.ts";
import { table } from "../table.ts";
import { ROOT } from "./source.ts";

table(
  "docs: the generated parts are up to date (deno task docs)",
  DOCUMENTS.map((name) => [name, name] as const),
  async (name) => {
    const text = await Deno.readTextFile(new URL(name, ROOT));
    assertEquals(fillBlocks(text), text);
  },
);
