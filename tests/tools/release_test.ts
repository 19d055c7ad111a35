/** `tools/release`: what it makes is complete, the same each time, and refused where it is not. */
import { fileURLToPath } from "node:url";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
// The validator of CycloneDX takes these three where it finds them.
import "ajv";
import "ajv-formats";
import "ajv-formats-draft2019";
import { unzipSync } from "fflate";
import { unpackTar } from "modern-tar";
import config from "../../deno.json" with { type: "json" };
import { makeTarGz, makeZip } from "../../tools/release/archive.ts";
import { layOut, readMaterial } from "../../tools/release/material.ts";
import { cutNotes } from "../../tools/release/notes.ts";
import { packRelease } from "../../tools/release/pack.ts";
import { renderLicences } from "../../tools/release/licences.ts";
import type { ModuleGraph } from "../../tools/release/packages.ts";
import { type Lock, renderSbom } from "../../tools/release/sbom.ts";
import { nameArchive, nameExecutable, TARGETS } from "../../tools/release/targets.ts";
import { table } from "../table.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TIME = new Date("2026-11-28T10:20:30Z");
const bytesOf = (text: string) => new TextEncoder().encode(text);
const MATERIAL = [
  "share/bash-completion/completions/spknock",
  "share/doc/spknock/LICENSE",
  "share/doc/spknock/docs/README.md",
  "share/man/man1/spknock.1",
  "share/spknock/spknock.ps1",
].map((path) => ({ path, bytes: bytesOf(path) }));

/** A folder that is removed afterwards. */
async function makeFolder() {
  const path = await Deno.makeTempDir({ prefix: "spknock-release-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

async function unpack(archive: Uint8Array<ArrayBuffer>) {
  const stream = new Blob([archive]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await unpackTar(stream);
}

Deno.test("release: one archive a target, the same bytes each time, and their checksums", async () => {
  await using folder = await makeFolder();
  const from = `${folder.path}/from`;
  await Deno.mkdir(from);
  for (const target of TARGETS) {
    await Deno.writeTextFile(`${from}/${nameExecutable(target)}`, `program of ${target}`);
  }
  const release = {
    version: "1.2.3",
    time: TIME,
    material: MATERIAL,
    sbom: { name: "s.json", text: "{}" },
  };
  const read = async (to: string) => {
    const names = await packRelease(release, { from, to });
    assertEquals(names, ["SHA256SUMS", "s.json", ...TARGETS.map(nameArchive)].toSorted());
    return await Promise.all(names.map((name) => Deno.readFile(`${to}/${name}`)));
  };
  assertEquals(await read(`${folder.path}/one`), await read(`${folder.path}/two`));
  const sums = await Deno.readTextFile(`${folder.path}/one/SHA256SUMS`);
  assertEquals(sums.split("\n").length, TARGETS.length + 2);
  // Only what was just made is in a release.
  await assertRejects(
    () => packRelease(release, { from, to: `${folder.path}/one` }),
    Error,
    "not empty",
  );
  await Deno.writeTextFile(`${from}/notes.txt`, "");
  await assertRejects(
    () => packRelease(release, { from, to: `${folder.path}/three` }),
    Error,
    "not an executable of a release: notes.txt",
  );
});

Deno.test("release: the targets are all that Deno has a runtime for", async () => {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", "--target", "none", "main.ts"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const [, values = ""] = /possible values: (.*)/.exec(new TextDecoder().decode(stderr)) ?? [];
  assertEquals(values.split(", ").toSorted(), [...TARGETS].toSorted());
});

Deno.test("release: an archive for Linux and macOS has the folders of /usr/local", async () => {
  const files = layOut("aarch64-apple-darwin", {
    version: "1.2.3",
    executable: bytesOf("program"),
    material: MATERIAL,
  });
  const archive = await makeTarGz(files, TIME);
  const entries = await unpack(archive);
  const top = "spknock-1.2.3-aarch64-apple-darwin";
  assertEquals(
    entries.map(({ header: { name, mode, uid, gid, mtime } }) => [name, mode, uid, gid, mtime]),
    ["bin/spknock", ...MATERIAL.map(({ path }) => path)].map((
      path,
    ) => [`${top}/${path}`, path === "bin/spknock" ? 0o755 : 0o644, 0, 0, TIME]),
  );
  assertEquals(entries[0]?.data, bytesOf("program"));
});

Deno.test("release: an archive for Windows is one folder", () => {
  const files = layOut("x86_64-pc-windows-msvc", {
    version: "1.2.3",
    executable: bytesOf("program"),
    material: MATERIAL,
  });
  const entries = unzipSync(makeZip(files, TIME));
  const top = "spknock-1.2.3-x86_64-pc-windows-msvc";
  assertEquals(Object.keys(entries), [
    `${top}/spknock.exe`,
    `${top}/LICENSE`,
    `${top}/docs/README.md`,
    `${top}/spknock.ps1`,
  ]);
  assertEquals(entries[`${top}/spknock.exe`], bytesOf("program"));
});

Deno.test("release: what README.md leads to is in the archive", async () => {
  const material = new Map((await readMaterial()).map(({ path, bytes }) => [path, bytes]));
  const readme = new TextDecoder().decode(material.get("share/doc/spknock/README.md"));
  const paths = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = ""]) => path);
  assert(paths.length > 10);
  assertEquals(paths.filter((path) => !material.has(`share/doc/spknock/${path}`)), []);
});

const CHANGELOG = `# Changelog

## [Unreleased]

## [1.2.0] - 2026-12-01

### Added

- one
- two

## 1.1.0

- three

## [1.0.0] - 2026-10-01

[1.2.0]: https://example.com/1.2.0
`;

Deno.test("release: notes are the version's section of the changelog", () => {
  assertEquals(cutNotes(CHANGELOG, "1.2.0"), "### Added\n\n- one\n- two\n");
  assertEquals(cutNotes(CHANGELOG, "1.1.0"), "- three\n");
});

table("release: no notes, no release", {
  "a section that is missing": { version: "1.3.0", says: "has no section" },
  "a part of a version": { version: "1.2", says: "has no section" },
  "an empty section": { version: "Unreleased", says: "has no entry" },
  "a section with links only": { version: "1.0.0", says: "has no entry" },
}, ({ version, says }) => {
  assertThrows(() => cutNotes(CHANGELOG, version), Error, says);
});

/** As deno prints them, cut to what is read. */
const GRAPH: ModuleGraph = {
  modules: [
    { specifier: "file:///spknock/main.ts" },
    { specifier: "https://jsr.io/@std/toml/1.0.11/parse.ts" },
    { specifier: "https://jsr.io/@std/toml/1.0.11/_parser.ts" },
    { specifier: "npm:/a@1.0.0", npmPackage: "a@1.0.0" },
  ],
  npmPackages: {
    "a@1.0.0": { name: "a", version: "1.0.0", dependencies: ["@b/b@2.0.0"] },
    "@b/b@2.0.0": { name: "@b/b", version: "2.0.0", dependencies: ["a@1.0.0"] },
    "only-of-tests@3.0.0": { name: "only-of-tests", version: "3.0.0", dependencies: [] },
  },
};
const SHA512 = new Uint8Array(64).fill(7);
const LOCK: Lock = {
  jsr: { "@std/toml@1.0.11": { integrity: "ab".repeat(32) } },
  npm: {
    "a@1.0.0": { integrity: `sha512-${SHA512.toBase64()}` },
    "@b/b@2.0.0": { integrity: `sha512-${SHA512.toBase64()}` },
  },
};
const SBOM = {
  version: "1.2.3",
  time: TIME,
  runtime: { deno: "2.9.6", v8: "15.0" },
  graph: GRAPH,
  lock: LOCK,
};

interface Document {
  components: { purl: string; hashes?: { alg: string; content: string }[] }[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

async function validate(text: string): Promise<unknown> {
  return await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);
}

Deno.test("release: the SBOM names what is in the executable, as CycloneDX has it", async () => {
  const text = renderSbom(SBOM);
  assertEquals(text, renderSbom(SBOM));
  assertEquals(await validate(text), null);
  // The validator is no formality.
  assertEquals(await validate(text.replace('"library"', '"shelf"')) !== null, true);
  const { components, dependencies } = JSON.parse(text) as Document;
  const purls = [
    "pkg:generic/v8@15.0",
    "pkg:github/denoland/deno@v2.9.6",
    "pkg:jsr/%40std/toml@1.0.11",
    "pkg:npm/%40b/b@2.0.0",
    "pkg:npm/a@1.0.0",
  ];
  assertEquals(components.map(({ purl }) => purl).toSorted(), purls);
  assertEquals(dependencies.find(({ ref }) => ref === "spknock")?.dependsOn?.toSorted(), purls);
  const hashOf = (purl: string) => components.find((each) => each.purl === purl)?.hashes;
  assertEquals(hashOf("pkg:jsr/%40std/toml@1.0.11"), [{
    alg: "SHA-256",
    content: "ab".repeat(32),
  }]);
  assertEquals(hashOf("pkg:npm/a@1.0.0"), [{ alg: "SHA-512", content: SHA512.toHex() }]);
});

table("release: the SBOM is refused without", {
  "a JSR package in the lock file": { lock: { ...LOCK, jsr: {} }, says: "jsr:@std/toml@1.0.11" },
  "an npm package in the lock file": { lock: { ...LOCK, npm: {} }, says: "npm:@b/b@2.0.0" },
}, ({ lock, says }) => {
  assertThrows(() => renderSbom({ ...SBOM, lock }), Error, says);
});

Deno.test("release: every package that is in the executable has the text of its licence", async () => {
  await using folder = await makeFolder();
  const npmCache = folder.path;
  for (const [place, file] of [["a/1.0.0", "LICENSE.md"], ["@b/b/2.0.0", "licence"]] as const) {
    const at = `${npmCache}/registry.npmjs.org/${place}`;
    await Deno.mkdir(at, { recursive: true });
    await Deno.writeTextFile(`${at}/${file}`, `terms of ${place}\r\nmore\r\n`);
  }
  const text = await renderLicences(GRAPH, { npmCache });
  const titles = text.split("\n").filter((_, index, lines) => /^-+$/.test(lines[index + 1] ?? ""));
  assertEquals(titles, [
    ...["Deno, the runtime", "V8, its engine"],
    ...["@std/toml 1.0.11", "@b/b 2.0.0", "a 1.0.0"],
  ]);
  assertStringIncludes(text, "a 1.0.0\n-------\n\nterms of a/1.0.0\nmore\n");
  assertStringIncludes(text, "@b/b 2.0.0\n----------\n\nterms of @b/b/2.0.0\nmore\n");
  await Deno.remove(`${npmCache}/registry.npmjs.org/a/1.0.0/LICENSE.md`);
  await assertRejects(() => renderLicences(GRAPH, { npmCache }), Error, "a has no text");
});

table("release: the licence of every JSR package that deno.json names is known", {
  ...Object.fromEntries(
    Object.values(config.imports).flatMap((from) => {
      const name = /^jsr:(@[^/]+\/[^@]+)/.exec(from)?.[1];
      return name === undefined ? [] : [[name, `https://jsr.io/${name}/1.0.0/mod.ts`] as const];
    }),
  ),
}, async (specifier) => {
  const graph = { modules: [{ specifier }], npmPackages: {} };
  assertStringIncludes(await renderLicences(graph, { npmCache: "/nowhere" }), "MIT License");
});

async function runRelease(args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-P=tools", "tools/deno.ts", "release", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** As in a checkout with packages of JSR, before `deno task lock` has run there. */
const isUnlocked = !(Deno.env.get("SPKNOCK_DENO_FLAGS") ?? "").includes("--lock=");

Deno.test({
  name: `deno task release: packs this checkout, with an SBOM of its own lock file${
    isUnlocked ? " (ignored: there is no deno.lock)" : ""
  }`,
  ignore: isUnlocked,
  fn: packThis,
});

async function packThis(): Promise<void> {
  await using folder = await makeFolder();
  await Deno.mkdir(`${folder.path}/from`);
  await Deno.writeTextFile(`${folder.path}/from/${nameExecutable(TARGETS[0])}`, "program");
  const [from, to] = [`${folder.path}/from`, `${folder.path}/to`];
  const packed = await runRelease(["pack", from, to], { SOURCE_DATE_EPOCH: "1700000000" });
  assertEquals([packed.code, packed.stdout], [
    0,
    `SHA256SUMS\n${nameArchive(TARGETS[0])}\nspknock.cdx.json\n`,
  ], packed.stderr);
  const sbom = await Deno.readTextFile(`${to}/spknock.cdx.json`);
  assertEquals(await validate(sbom), null);
  const entries = await unpack(await Deno.readFile(`${to}/${nameArchive(TARGETS[0])}`));
  const licences = entries.find(({ header }) => header.name.endsWith("/THIRD-PARTY-LICENSES.txt"));
  const text = new TextDecoder().decode(licences?.data);
  const { components } = JSON.parse(sbom) as { components: { name: string; version: string }[] };
  // Deno and V8 are in the list by other names.
  const missing = components.filter(({ name, version }) =>
    !text.includes(`\n${name} ${version}\n`)
  );
  assertEquals(missing.map(({ name }) => name).toSorted(), ["deno", "v8"]);
}

Deno.test("deno task release notes: a tag that is not the version is refused", async () => {
  const { code, stderr } = await runRelease(["notes", "v999.0.0"]);
  assertEquals([code, stderr.includes(`deno.json says v${config.version}`)], [1, true], stderr);
});
