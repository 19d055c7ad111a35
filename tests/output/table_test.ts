import { assertEquals } from "@std/assert";
import { renderTable } from "../../src/output/table.ts";

Deno.test("columns are aligned, and the last is not padded", () => {
  assertEquals(
    renderTable([["home", "open", "tcp 22"], ["office-1", "closed", ""], ["x"]]),
    "home      open    tcp 22\noffice-1  closed\nx\n",
  );
});

Deno.test("colours take no room", () => {
  assertEquals(
    renderTable([["\x1b[32mopen\x1b[39m", "a"], ["closed", "b"]]),
    "\x1b[32mopen\x1b[39m    a\nclosed  b\n",
  );
});

Deno.test("characters count as they are seen", () => {
  assertEquals(
    renderTable([["bücher", "a"], ["bu\u0308cher", "b"], ["例え", "c"], ["🔑", "d"], ["👩‍💻", "e"]]),
    "bücher  a\nbu\u0308cher  b\n例え    c\n🔑      d\n👩‍💻      e\n",
  );
});

Deno.test("empty columns are left out, and no rows are no text", () => {
  assertEquals(renderTable([["a", "", "b"], ["cc", "", "d"]]), "a   b\ncc  d\n");
  assertEquals(renderTable([]), "");
  assertEquals(renderTable([[]]), "\n");
});

Deno.test("a cell that is too wide shifts its own line only", () => {
  const wide = "x".repeat(60);
  assertEquals(renderTable([["a", wide, "c"], ["b", "d", "e"]]), `a  ${wide}  c\nb  d  e\n`);
  assertEquals(renderTable([[wide, "c"], [wide, "e"]]), `${wide}  c\n${wide}  e\n`);
});
