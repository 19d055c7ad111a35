import { assertEquals } from "@std/assert";
import { GENERATED } from "../../tools/docs/blocks.ts";
import { table } from "../table.ts";
import { ROOT } from "./source.ts";

table("docs: up to date, else run deno task docs", GENERATED, async (render, name) => {
  const text = await Deno.readTextFile(new URL(name, ROOT));
  assertEquals(render(text), text);
});
