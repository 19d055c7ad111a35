/** Where a new secret is saved, on file systems that tell upper from lower case, and on those of macOS and Windows. */
import { assertEquals } from "@std/assert";
import { createFiles, type FileSystem } from "../../src/config/files.ts";
import { chooseSecretFile } from "../../src/use_cases/secret_files.ts";
import { makeFolder } from "../systems.ts";
import { table } from "../table.ts";

/** A folder in which a name finds a file of another case, as on macOS and Windows. */
function ignoringCase(files: FileSystem): FileSystem {
  const fold = (path: string) => path.replace(/[^/]*$/, (name) => name.toLowerCase());
  return {
    ...files,
    read: (path, ...rest) => files.read(fold(path), ...rest),
    stat: (path) => files.stat(fold(path)),
  };
}

table<[name: string, present: string, named: string, path: string, isLeft: boolean]>(
  "chooseSecretFile, where case does not count",
  {
    "the key of a target of another case is not taken": [
      "Home",
      "home.key",
      "home.key",
      "keys/Home-2.key",
      false,
    ],
    "a key that no target names is used": ["Home", "home.key", "cabin.key", "keys/Home.key", true],
    "a device of Windows": ["nul", "home.key", "home.key", "keys/nul_.key", false],
  },
  async ([name, present, named, path, isLeft]) => {
    const folder = makeFolder("spknock-case-");
    try {
      const file = `${folder}/targets.toml`;
      await Deno.mkdir(`${folder}/keys`, { mode: 0o700 });
      await Deno.writeTextFile(`${folder}/keys/${present}`, "secret\n", { mode: 0o600 });
      await Deno.writeTextFile(
        file,
        `[targets.home]\nhost = "fw"\nknocks = [{ port = 7000, protocol = "udp", ` +
          `secret = { file = "keys/${named}" } }]\n`,
        { mode: 0o600 },
      );
      const chosen = await chooseSecretFile(name, {
        ending: "key",
        isUsable: () => true,
        taken: [],
        file,
        fs: ignoringCase(createFiles({ os: "darwin" })),
      });
      assertEquals(chosen, { path, isLeft });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
