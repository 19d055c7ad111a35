/**
 * `deno task compile` where its runtime cannot be downloaded: any deno binary in its place lets the
 * graph, what is embedded and the permissions be compiled, though the result behaves as plain deno.
 */
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { IS_FROM_NPM } from "../e2e/program.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

Deno.test("the program compiles to one executable that embeds its modules and the example", async () => {
  const folder = await Deno.makeTempDir({ prefix: "spknock-compile-" });
  try {
    const output = `${folder}/spknock`;
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "-P=tools", "tools/deno.ts", "compile", "-o", output],
      cwd: ROOT,
      env: {
        DENORT_BIN: Deno.execPath(),
        ...(IS_FROM_NPM ? { SPKNOCK_DEPS: "npm" } : {}),
      },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const executable = await Deno.readFile(output);
    const added = new TextDecoder("latin1").decode(executable.subarray(-8_000_000));
    for (const embedded of ["The door that `spknock demo` opens", "spknock_simulated_door"]) {
      assertEquals(added.includes(embedded), true, `"${embedded}" is not embedded`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
