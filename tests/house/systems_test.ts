/** Which system it is comes into the program at one place, `main.ts`; everything else takes it as an argument. */
import { assertEquals } from "@std/assert";
import { readSources } from "./source.ts";

/** What asks Deno all the same, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "main.ts": "the place",
  "src/config/files.ts": "the file system of the tools and tests",
  "src/system/build.ts": "what --version --verbose prints",
};

Deno.test("systems: only main.ts asks which system it is", async () => {
  const asking = (await readSources(["src"])).filter(({ text }) =>
    text.split("\n").some((line) =>
      /Deno\.build\b|\bbuild\b.*= Deno;/.test(line.replace(/^\s*(?:\*|\/\*|\/\/).*/, ""))
    )
  );
  assertEquals(asking.map(({ path }) => path), Object.keys(EXCEPTIONS));
});

/** Where the words of a shell may be: the table of systems, what runs on a server, and hints that need mode bits. */
const POSIX_ONLY = /umask|\bls -l|read -rs|getent ahosts|ip -br/;

Deno.test("systems: what a person types on this machine is in one table", async () => {
  const places = (await readSources(["src"])).filter(({ path, text }) =>
    !/^src\/(?:apply|rules|ssh|export)\//.test(path) && POSIX_ONLY.test(text)
  );
  assertEquals(places.map(({ path }) => path), [
    "src/core/system/commands.ts",
    "src/doctor/files.ts",
    "src/secret/kinds.ts",
  ]);
});
