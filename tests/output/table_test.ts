import { assertEquals } from "@std/assert";
import { renderTable } from "../../src/output/table.ts";

Deno.test("renderTable aligns columns, and does not pad the last", () => {
  assertEquals(
    renderTable([["home", "open", "tcp 22"], ["office-1", "closed", ""], ["x"]]),
    "home      open    tcp 22\noffice-1  closed\nx\n",
  );
});

Deno.test("renderTable: colour codes have no width", () => {
  assertEquals(
    renderTable([["\x1b[32mopen\x1b[39m", "a"], ["closed", "b"]]),
    "\x1b[32mopen\x1b[39m    a\nclosed  b\n",
  );
});

Deno.test("renderTable: the width of a character is what a terminal shows", () => {
  assertEquals(
    renderTable([["bücher", "a"], ["bu\u0308cher", "b"], ["例え", "c"], ["🔑", "d"], ["👩‍💻", "e"]]),
    "bücher  a\nbu\u0308cher  b\n例え    c\n🔑      d\n👩‍💻      e\n",
  );
});

Deno.test("renderTable leaves out empty columns", () => {
  assertEquals(renderTable([["a", "", "b"], ["cc", "", "d"]]), "a   b\ncc  d\n");
  assertEquals(renderTable([]), "");
  assertEquals(renderTable([[]]), "\n");
});

Deno.test("renderTable: a cell that is too wide shifts its own line only", () => {
  const wide = "x".repeat(60);
  assertEquals(renderTable([["a", wide, "c"], ["b", "d", "e"]]), `a  ${wide}  c\nb  d  e\n`);
  assertEquals(renderTable([[wide, "c"], [wide, "e"]]), `${wide}  c\n${wide}  e\n`);
});
