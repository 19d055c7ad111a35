/** A new door that cannot be saved leaves nothing half done. */
import { assertEquals, assertRejects } from "@std/assert";
import { realFiles } from "../../../src/config/files.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import { findBackend } from "../../../src/rules/mod.ts";
import { saveNewDoor } from "../../../src/use_cases/setup/new_door.ts";
import { makeLook } from "../../cli/fake_apply.ts";
import { makeFolder } from "../../systems.ts";

const REQUEST = {
  name: "home",
  place: "root@fw.example.com",
  ssh: ["ssh"],
  host: "fw.example.com",
  opens: [{ port: 22, protocol: "tcp" }],
  tags: undefined,
  trusted: [],
  kind: undefined,
  secret: undefined,
  backend: undefined,
  variant: undefined,
  rollbackMs: 60_000,
  persists: true,
  sshPort: 22,
} as const;

Deno.test("setup: keys without a target are removed, those of an earlier run stay", async () => {
  const folder = makeFolder();
  const file = `${folder}/targets.toml`;
  await Deno.mkdir(`${folder}/keys`, { mode: 0o700 });
  const left = `${"ab".repeat(16)}\n`;
  await Deno.writeTextFile(`${folder}/keys/home.secret`, left, { mode: 0o600 });
  const full = {
    ...realFiles,
    create: (path: string, mode: number) =>
      path.includes("targets.toml")
        ? Promise.reject(Object.assign(new Error("no space left"), { code: "ENOSPC" }))
        : realFiles.create(path, mode),
  };
  const facts = { look: makeLook(), backend: await findBackend("nftables") };
  const save = (fs: typeof realFiles) => saveNewDoor(REQUEST, { facts, now: Date.now(), file, fs });
  const list = async () =>
    (await Array.fromAsync(Deno.readDir(`${folder}/keys`))).map(({ name }) => name).toSorted();
  await assertRejects(() => save(full), ConfigError, "the disk is full");
  assertEquals(await list(), ["home.secret"]);
  await save(realFiles);
  assertEquals(await list(), ["home.key", "home.secret"]);
  assertEquals(await Deno.readTextFile(`${folder}/keys/home.secret`), left);
  await Deno.remove(folder, { recursive: true });
});
