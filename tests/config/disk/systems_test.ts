/** The file system of Windows, played on the system of the tests. */
import { assertEquals, assertRejects } from "@std/assert";
import { untilFree } from "../../../src/config/disk/until_free.ts";
import { createFiles } from "../../../src/config/files.ts";
import { updateConfig } from "../../../src/config/update.ts";
import { makeFolder } from "../../systems.ts";
import { table } from "../../table.ts";

/** A call that fails with these errors, one after the other, and then is done. */
function failing(codes: readonly string[]): { call: () => Promise<string>; count: () => number } {
  let count = 0;
  return {
    count: () => count,
    call() {
      const code = codes[count++];
      return code === undefined
        ? Promise.resolve("done")
        : Promise.reject(Object.assign(new Error(code), { code }));
    },
  };
}

type Use = Parameters<typeof untilFree>[0]["use"];

table<[os: string, use: Use, codes: readonly string[], end: string]>(
  "untilFree: a file that another program has in use",
  {
    "Windows, read": ["windows", "read", ["EBUSY", "EBUSY"], "done"],
    "Windows, replaced": ["windows", "replace", ["EACCES", "EPERM", "EBUSY"], "done"],
    "Windows, read without the permission": ["windows", "read", ["EACCES"], "EACCES"],
    "Windows, another error": ["windows", "replace", ["ENOSPC"], "ENOSPC"],
    "Linux, where nothing waits": ["linux", "replace", ["EBUSY"], "EBUSY"],
    "macOS": ["darwin", "read", ["EBUSY"], "EBUSY"],
  },
  async ([os, use, codes, end]) => {
    const { call, count } = failing(codes);
    const result = await untilFree({ os, use }, call).catch(({ code }) => code);
    assertEquals([result, count()], [end, end === "done" ? codes.length + 1 : 1]);
  },
);

Deno.test("createFiles: Windows has no owners, no modes, and no folder to be synced", async () => {
  const folder = makeFolder("spknock-windows-");
  try {
    const files = createFiles({ os: "windows" });
    const file = `${folder}/t.toml`;
    await updateConfig(file, () => '[targets.home]\nhost = "fw"\nknocks = [7000]\n', files);
    const facts = { isDirectory: false, isFile: true, mode: null, uid: null, gid: null };
    assertEquals(await files.stat(file), facts);
    await files.read(file, 10, { check: (opened) => assertEquals(opened, facts) });
    await files.patch(file, {
      limit: 100,
      waitMs: 0,
      choose: (_bytes, opened) => void assertEquals(opened, facts),
    });
    await files.syncFolder(`${folder}/nothing`);
    await assertRejects(() => createFiles({ os: "linux" }).syncFolder(`${folder}/nothing`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
