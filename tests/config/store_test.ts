import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../src/core/errors.ts";
import { addTargets } from "../../src/config/edit.ts";
import { type FileSystem, realFiles } from "../../src/config/files.ts";
import { configPath, legacyPath } from "../../src/config/paths.ts";
import { readText } from "../../src/config/disk/read_text.ts";
import * as store from "../../src/config/store.ts";
import * as update from "../../src/config/update.ts";
import { makeRandom } from "../../tools/torture/random.ts";
import { startWriter } from "../../tools/torture/start_writer.ts";
import { parseNumber } from "../../tools/torture/writer.ts";
import { lacks, makeFolder } from "../systems.ts";
import { table } from "../table.ts";

const GOOD = '# mine\nversion = 1\n\n[targets.a]\nhost = "h"\nknocks = [1]\n';
const HASH = "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad";
const DRAFT = {
  name: "new",
  host: "h",
  knocks: [{ port: 1, protocol: "tcp" as const, payload: { kind: "none" as const } }],
};
/** As in `store.ts`, with the real files where a test brings none. */
const loadConfig = (source: Parameters<typeof store.loadConfig>[0], files = realFiles) =>
  store.loadConfig(source, files);
const updateConfig = (path: string, edit: (text: string) => string, files = realFiles) =>
  update.updateConfig(path, edit, files);

const addDraft = (text: string) => addTargets(text, [DRAFT], { file: "t.toml" });
const MAX_BYTES = 8 * 1024 * 1024;
const isWindows = lacks("modes");

/** Runs `body` with a folder of its own. */
async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = makeFolder("spknock-store-");
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A surrounding whose home is the folder. */
function at(home: string, more: Record<string, string> = {}): {
  env: (name: string) => string | undefined;
  os: string;
} {
  const variables: Record<string, string> = { HOME: home, ...more };
  return { env: (name) => variables[name], os: "linux" };
}

async function errorOf(promise: Promise<unknown>): Promise<ConfigError> {
  return await assertRejects(() => promise, ConfigError);
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code} (os error)`), { code });
}

const PATHS: [variables: Record<string, string>, os: string, path: string][] = [
  [{ SPKNOCK_CONFIG: "x.toml", HOME: "/h" }, "linux", "x.toml"],
  [{ SPKNOCK_CONFIG: "", HOME: "/h" }, "linux", "/h/.config/spknock/targets.toml"],
  [{ XDG_CONFIG_HOME: "/x", HOME: "/h" }, "linux", "/x/spknock/targets.toml"],
  [{ XDG_CONFIG_HOME: "x", HOME: "/h" }, "darwin", "/h/.config/spknock/targets.toml"],
  [{ APPDATA: "C:\\A", HOME: "/h" }, "windows", "C:\\A\\spknock\\targets.toml"],
];

for (const [variables, os, path] of PATHS) {
  Deno.test(`paths: ${JSON.stringify(variables)} on ${os}`, () => {
    assertEquals(configPath({ env: (name) => variables[name], os }), path);
  });
}

Deno.test("paths: without any variable it is an error that says what to set", async () => {
  const nowhere = { env: () => undefined, os: "linux" };
  const error = await errorOf(loadConfig(nowhere));
  assertEquals(
    error.message,
    "targets.toml: cannot find the configuration folder: HOME is not set",
  );
  assertEquals(error.hint, "set SPKNOCK_CONFIG, or use --config FILE");
  assertEquals(legacyPath(nowhere), undefined);
});

Deno.test("load: no file at all is an empty configuration", () =>
  withFolder(async (folder) => {
    const config = await loadConfig(at(folder));
    assertEquals([config.targets.size, config.kind], [0, "toml"]);
    assertEquals(config.file, `${folder}/.config/spknock/targets.toml`);
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("load: the original's file stands in where there is no TOML", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/.secrets`);
    await Deno.writeTextFile(`${folder}/.secrets/spknock-targets.conf`, "h:1/udp\nbad\n");
    const config = await loadConfig(at(folder));
    assertEquals([config.kind, [...config.targets.keys()]], ["legacy", ["h"]]);
    assertEquals(config.warnings.length, 1);
    await Deno.writeTextFile(`${folder}/x.toml`, GOOD);
    const toml = await loadConfig(at(folder, { SPKNOCK_CONFIG: `${folder}/x.toml` }));
    assertEquals([toml.kind, [...toml.targets.keys()]], ["toml", ["a"]]);
  }));

Deno.test("load: a file that was asked for has to exist", () =>
  withFolder(async (folder) => {
    const error = await errorOf(loadConfig({ ...at(folder), file: `${folder}/x` }));
    assertEquals(error.message, `${folder}/x: cannot be read: there is no such file`);
  }));

const BYTES: [name: string, bytes: Uint8Array<ArrayBuffer>, message: string, hint?: string][] = [
  ["binary", new Uint8Array([65, 0]), "is a binary file: it has a NUL byte", "name a text file"],
  ["UTF-16", new Uint8Array([0xff, 0xfe, 65, 0]), "is UTF-16", "save it as UTF-8"],
  ["not UTF-8", new Uint8Array([35, 10, 35, 0xe4, 10]), "is not UTF-8", "save it as UTF-8"],
  [
    "too large",
    new Uint8Array(MAX_BYTES + 1).fill(35),
    "is larger than 8 MiB: is it the right file?",
  ],
];

for (const [name, bytes, message, hint] of BYTES) {
  Deno.test(`load: refuses a file that is ${name}`, () =>
    withFolder(async (folder) => {
      const file = `${folder}/t.toml`;
      await Deno.writeFile(file, bytes);
      const error = await errorOf(loadConfig({ ...at(folder), file }));
      assertEquals(error.message, `${file}${name === "not UTF-8" ? ":2" : ""}: ${message}`);
      assertEquals(error.hint, hint);
      const update = await errorOf(updateConfig(file, (text) => addDraft(text)));
      assertEquals(update.message, error.message);
      assertEquals(await Deno.readFile(file), bytes);
    }));
}

Deno.test("load: a file of just the largest size is read", () =>
  withFolder(async (folder) => {
    const file = `${folder}/t.toml`;
    await Deno.writeFile(file, new Uint8Array(MAX_BYTES).fill(35));
    assertEquals((await loadConfig({ ...at(folder), file })).targets.size, 0);
  }));

Deno.test("load: a folder, and what must not be read, are errors", () =>
  withFolder(async (folder) => {
    const error = await errorOf(loadConfig({ ...at(folder), file: folder }));
    assertEquals(error.message, `${folder}: is a folder: name a file`);
    const file = `${folder}/it's.toml`;
    const files: FileSystem = {
      ...realFiles,
      stat: () =>
        Promise.reject(Object.assign(new Deno.errors.PermissionDenied(), { code: "EACCES" })),
    };
    const denied = await errorOf(loadConfig({ ...at(folder), file }, files));
    assertEquals(denied.message, `${file}: cannot be read: permission denied`);
    assertEquals(denied.hint, `look who may read it: ls -ld '${folder}/it'\\''s.toml'`);
  }));

Deno.test({
  name: "load: a file that holds a secret must be its owner's alone",
  ignore: isWindows,
  fn: () =>
    withFolder(async (folder) => {
      const file = `${folder}/t.toml`;
      const secret = `[targets.a]\nhost = "h"\nknocks = ["1/udp"]\nsecret = { hash = "${HASH}" }\n`;
      await Deno.writeTextFile(file, secret);
      const source = { ...at(folder), file };
      for (const mode of [0o644, 0o640, 0o604, 0o620]) {
        await Deno.chmod(file, mode);
        const error = await errorOf(loadConfig(source));
        const shown = mode.toString(8).padStart(4, "0");
        assertEquals(
          error.message,
          `${file}: contains a secret, but other users can read it (mode ${shown}): set mode 0600`,
        );
        assertEquals(error.hint, `chmod 600 ${file}`);
        assert(!error.message.includes(HASH));
      }
      assertEquals((await loadConfig({ ...source, os: "windows" })).targets.size, 1);
      for (const mode of [0o600, 0o400]) {
        await Deno.chmod(file, mode);
        assertEquals((await loadConfig(source)).targets.size, 1);
      }
      // Only root can write to a file of mode 0400.
      await Deno.chmod(file, 0o600);
      await Deno.writeTextFile(file, GOOD);
      await Deno.chmod(file, 0o644);
      assertEquals((await loadConfig(source)).targets.size, 1);
    }),
});

Deno.test("load: the mode and the mistakes are told together", () =>
  withFolder(async (folder) => {
    if (isWindows) return;
    const file = `${folder}/t.toml`;
    await Deno.writeTextFile(file, `[defaults]\nsecret = { hash = "${HASH}" }\ntries = 0\n`);
    await Deno.chmod(file, 0o644);
    const { problems, hint } = await errorOf(loadConfig({ ...at(folder), file }));
    assertEquals(problems.map(({ line }) => line), [undefined, 3]);
    assertEquals(hint, `chmod 600 ${file}`);
  }));

Deno.test("update: makes the file 0600 in a folder 0700", () =>
  withFolder(async (folder) => {
    const file = `${folder}/a/b/t.toml`;
    const config = await updateConfig(file, (text) => addDraft(text));
    assertEquals([...config.targets.keys()], ["new"]);
    assertEquals((await loadConfig({ ...at(folder), file })).targets, config.targets);
    if (isWindows) return;
    const modes = await Promise.all([file, `${file}.lock`, `${folder}/a/b`].map(modeOf));
    assertEquals(modes, [0o600, 0o600, 0o700]);
    assertEquals([...Deno.readDirSync(`${folder}/a/b`)].length, 2);
  }));

Deno.test({
  name: "update: a stricter mode stays, a wider one does not",
  ignore: isWindows,
  fn: () =>
    withFolder(async (folder) => {
      const file = `${folder}/t.toml`;
      for (const [mode, wanted] of [[0o400, 0o400], [0o600, 0o600], [0o644, 0o600]] as const) {
        await Deno.writeTextFile(`${file}.new`, GOOD);
        await Deno.chmod(`${file}.new`, mode);
        await Deno.rename(`${file}.new`, file);
        await updateConfig(file, (text) => addDraft(text));
        assertEquals(await modeOf(file), wanted);
      }
    }),
});

Deno.test({
  name: "update: a symbolic link stays, what it leads to changes",
  ignore: isWindows,
  fn: () =>
    withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/dotfiles`);
      await Deno.writeTextFile(`${folder}/dotfiles/t.toml`, GOOD);
      await Deno.symlink("dotfiles/t.toml", `${folder}/one`);
      await Deno.symlink(`${folder}/one`, `${folder}/two`);
      await updateConfig(`${folder}/two`, (text) => addDraft(text));
      assertEquals(await Deno.readLink(`${folder}/one`), "dotfiles/t.toml");
      const text = await Deno.readTextFile(`${folder}/dotfiles/t.toml`);
      assertEquals(text, addDraft(GOOD));
      await Deno.symlink("dotfiles/none.toml", `${folder}/dangling`);
      await updateConfig(`${folder}/dangling`, (text) => addDraft(text));
      assertEquals((await Deno.lstat(`${folder}/dangling`)).isSymlink, true);
      assertEquals((await Deno.lstat(`${folder}/dotfiles/none.toml`)).isFile, true);
      await Deno.symlink("loop", `${folder}/loop`);
      const error = await errorOf(updateConfig(`${folder}/loop`, (text) => text));
      assertEquals(error.message, `${folder}/loop: is a symbolic link that leads to itself`);
    }),
});

Deno.test("update: a text that did not change is not written", () =>
  withFolder(async (folder) => {
    const file = `${folder}/t.toml`;
    await Deno.writeTextFile(file, GOOD);
    const files: FileSystem = {
      ...realFiles,
      create: () => Promise.reject(new Error("written")),
    };
    assertEquals((await updateConfig(file, (text) => text, files)).targets.size, 1);
  }));

Deno.test("update: a result that is wrong is not written", () =>
  withFolder(async (folder) => {
    const file = `${folder}/t.toml`;
    await Deno.writeTextFile(file, GOOD);
    const error = await errorOf(updateConfig(file, (text) => `${text}x = 1\n`));
    assertEquals(
      error.message,
      `${file}:7: targets.a: unknown key`,
    );
    assertEquals(await Deno.readTextFile(file), GOOD);
    await assertRejects(() =>
      updateConfig(file, () => {
        throw new RangeError("no");
      }), RangeError);
    assertEquals(await Deno.readTextFile(file), GOOD);
    assertEquals([...Deno.readDirSync(folder)].length, 2);
    // The lock is free again.
    await updateConfig(file, (text) => addDraft(text));
  }));

/** Where the disk fails, with what, and what the user reads. */
const FAULTS: [
  name: string,
  fault: (files: FileSystem) => Partial<FileSystem>,
  message: string,
  hint: string | undefined,
][] = [
  [
    "a full disk while writing",
    (files) => ({
      create: async (path, mode) => ({
        ...await files.create(path, mode),
        write: () => Promise.reject(systemError("ENOSPC")),
      }),
    }),
    "the disk is full",
    "make room on the disk, then try again",
  ],
  [
    "a full disk at fsync",
    (files) => ({
      create: async (path, mode) => ({
        ...await files.create(path, mode),
        sync: () => Promise.reject(systemError("EDQUOT")),
      }),
    }),
    "the disk quota is used up",
    "make room, then try again",
  ],
  [
    "a read-only folder",
    () => ({ create: () => Promise.reject(systemError("EACCES")) }),
    "permission denied",
    "look who may change the file and its folder: ls -ld FOLDER FOLDER/t.toml",
  ],
  [
    "a read-only file system, at the lock",
    () => ({ lock: () => Promise.reject(systemError("EROFS")) }),
    "the file system is read-only",
    "use --config FILE to write elsewhere",
  ],
  [
    "a rename that fails",
    () => ({ rename: () => Promise.reject(systemError("EIO")) }),
    "the device reports an input/output error",
    undefined,
  ],
];

for (const [name, fault, message, hint] of FAULTS) {
  Deno.test(`update: ${name} loses nothing and leaves nothing`, () =>
    withFolder(async (folder) => {
      const file = `${folder}/t.toml`;
      await Deno.writeTextFile(file, GOOD);
      const files = { ...realFiles, ...fault(realFiles) };
      const error = await errorOf(updateConfig(file, (text) => addDraft(text), files));
      assertEquals(error.message, `${file}: cannot be written: ${message}; nothing was changed`);
      assertEquals(error.hint, hint?.replaceAll("FOLDER", folder));
      assertEquals(await Deno.readTextFile(file), GOOD);
      const names = [...Deno.readDirSync(folder)].map((entry) => entry.name);
      assertEquals(names.filter((entry) => !entry.endsWith(".lock")), ["t.toml"]);
    }));
}

table<readonly [fault: Partial<FileSystem>, warning?: string]>(
  "update: goes on, and says what could not be done",
  {
    "a folder that cannot be synced (EINVAL) needs it not": [{
      syncFolder: () => Promise.reject(systemError("EINVAL")),
    }],
    "nor one with ENOTSUP": [{ syncFolder: () => Promise.reject(systemError("ENOTSUP")) }],
    "nor a file": [{
      create: async (path, mode) => ({
        ...await realFiles.create(path, mode),
        sync: () => Promise.reject(systemError("EINVAL")),
      }),
    }],
    "after the rename the new text is there": [
      { syncFolder: () => Promise.reject(systemError("EIO")) },
      "was changed, but the disk did not confirm it: the device reports an input/output error",
    ],
    "no locks (NFS without lockd)": [
      { lock: () => Promise.reject(systemError("ENOLCK")) },
      "was changed without a lock, as the file system has no locks: " +
      "two changes at the same time can lose one",
    ],
    "leftovers that cannot be listed": [
      { list: () => Promise.reject(systemError("EACCES")) },
    ],
  },
  ([fault, warning]) =>
    withFolder(async (folder) => {
      const file = `${folder}/t.toml`;
      await Deno.writeTextFile(file, GOOD);
      const { warnings } = await updateConfig(file, addDraft, { ...realFiles, ...fault });
      const expected = warning === undefined ? [] : [{ file, message: warning }];
      assertEquals(warnings, expected);
      assertEquals(await Deno.readTextFile(file), addDraft(GOOD));
    }),
);

/** Real files, and an editor that saves `texts`, one before each rename. */
function withEditor(file: string, texts: string[]): FileSystem {
  return {
    ...realFiles,
    async create(path, mode) {
      const made = await realFiles.create(path, mode);
      const sync = async () => {
        await made.sync();
        const text = texts.shift();
        if (text === undefined) return;
        await Deno.writeTextFile(`${file}.new`, text);
        await Deno.rename(`${file}.new`, file);
      };
      return { ...made, sync };
    },
  };
}

Deno.test("update: what an editor saves meanwhile is edited as well, not lost", () =>
  withFolder(async (folder) => {
    const file = `${folder}/t.toml`;
    await Deno.writeTextFile(file, GOOD);
    const saved = [`${GOOD}# one\n`, `${GOOD}# two\n`];
    await updateConfig(file, addDraft, withEditor(file, [...saved]));
    assertEquals(await Deno.readTextFile(file), addDraft(`${GOOD}# two\n`));
    assertEquals([...Deno.readDirSync(folder)].length, 2);
  }));

Deno.test("update: a file that never rests is left alone", () =>
  withFolder(async (folder) => {
    const file = `${folder}/t.toml`;
    await Deno.writeTextFile(file, GOOD);
    const saved = Array.from({ length: 20 }, (_, index) => `${GOOD}# ${index}\n`);
    const error = await errorOf(updateConfig(file, addDraft, withEditor(file, [...saved])));
    assertEquals(
      error.message,
      `${file}: is being changed by another program; nothing was changed`,
    );
    assertEquals(saved.includes(await Deno.readTextFile(file)), true);
    assertEquals([...Deno.readDirSync(folder)].length, 2);
  }));

Deno.test("update: the old text is there until the new one is safe on the disk", () =>
  withFolder(async (folder) => {
    const file = `${folder}/t.toml`;
    await Deno.writeTextFile(file, GOOD);
    const steps: string[] = [];
    const note = async (step: string) => {
      const isOld = await Deno.readTextFile(file) === GOOD;
      steps.push(`${step} ${isOld ? "old" : "new"}`);
    };
    const files: FileSystem = {
      ...realFiles,
      async create(path, mode) {
        const made = await realFiles.create(path, mode);
        return {
          close: () => made.close(),
          write: (bytes) => note("write").then(() => made.write(bytes)),
          sync: () => note("sync").then(() => made.sync()),
        };
      },
      rename: (from, to) => note("rename").then(() => realFiles.rename(from, to)),
      syncFolder: (path) => note("sync folder").then(() => realFiles.syncFolder(path)),
    };
    await updateConfig(file, (text) => addDraft(text), files);
    assertEquals(steps, ["write old", "sync old", "rename old", "sync folder new"]);
  }));

Deno.test("update: gives up when another process keeps the lock", () =>
  withFolder(async (folder) => {
    const file = `${folder}/t.toml`;
    const held = await realFiles.lock(`${file}.lock`, 0);
    let asked = 0;
    const files: FileSystem = {
      ...realFiles,
      lock: (path, waitMs) => {
        asked = waitMs;
        return realFiles.lock(path, 1);
      },
    };
    const error = await errorOf(updateConfig(file, (text) => addDraft(text), files));
    assertEquals(
      error.message,
      `${file}: is being changed by another spknock; nothing was changed`,
    );
    assertEquals(asked, 10_000);
    held?.release();
    await updateConfig(file, (text) => addDraft(text), files);
  }));

Deno.test("update: what a killed writer left is removed, and nothing else", () =>
  withFolder(async (folder) => {
    const file = `${folder}/t.toml`;
    const left = `.t.toml.${crypto.randomUUID()}.tmp`;
    const others = [".t.toml.swp", ".t.toml.tmp", `.u.toml.${crypto.randomUUID()}.tmp`];
    for (const name of [left, ...others]) await Deno.writeTextFile(`${folder}/${name}`, "x");
    await updateConfig(file, (text) => addDraft(text));
    const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
    assertEquals(names, [...others, "t.toml", "t.toml.lock"].sort());
  }));

Deno.test({
  name: "update: SIGKILL leaves the old or the new file, never another",
  ignore: isWindows,
  fn: () =>
    withFolder(async (folder) => {
      const file = `${folder}/t.toml`;
      const random = makeRandom(42);
      let written = 0;
      for (let round = 0; written < 200; round++) {
        const before = round === 0 ? 0 : parseNumber(await Deno.readTextFile(file));
        const writer = startWriter(["count", file]);
        const wanted = 1 + random(40);
        let seen = 0;
        let bytes = 0;
        for await (const chunk of writer.stdout) {
          bytes += chunk.length;
          seen = bytes / 2;
          if (seen >= wanted) break;
          // Whoever reads meanwhile sees whole files only.
          assert(parseNumber(await Deno.readTextFile(file)) > 0, `round ${round}`);
        }
        writer.kill("SIGKILL");
        await writer.status;
        const after = parseNumber(await Deno.readTextFile(file));
        assert(after >= before + seen, `round ${round}: ${before} + ${seen} became ${after}`);
        written = after;
      }
      await updateConfig(file, () => GOOD);
      const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
      assertEquals(names, ["t.toml", "t.toml.lock"]);
    }),
});

Deno.test("update: two writers at once lose nothing", () =>
  withFolder(async (folder) => {
    const file = `${folder}/t.toml`;
    await Deno.writeTextFile(file, GOOD);
    const writers = ["one", "two"].map((name) => startWriter(["add", file, name, "25"]));
    const results = await Promise.all(writers.map((writer) => writer.output()));
    assertEquals(results.map(({ code }) => code), [0, 0]);
    const { targets } = await loadConfig({ ...at(folder), file });
    assertEquals(targets.size, 51);
    assert((await Deno.readTextFile(file)).startsWith(GOOD));
  }));

Deno.test({
  name: "load, update: a device or a pipe is neither read nor replaced",
  ignore: isWindows,
  fn: () =>
    withFolder(async (folder) => {
      const pipe = `${folder}/pipe`;
      assert((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
      const error = await errorOf(updateConfig(pipe, () => GOOD));
      const message = `${pipe}: is a device or a pipe, not a regular file`;
      assertEquals([error.message, error.hint], [message, "name a file"]);
      // Not even read: without a writer that would wait for ever.
      assertEquals((await errorOf(loadConfig({ ...at(folder), file: pipe }))).message, message);
      assertEquals((await errorOf(readText(pipe, realFiles))).message, message);
      assert((await Deno.stat(pipe)).isFifo);
      assertEquals((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), ["pipe"]);
    }),
});

Deno.test("update: a text that could not be read again is not written", () =>
  withFolder(async (folder) => {
    const file = `${folder}/t.toml`;
    await updateConfig(file, () => GOOD);
    const large = `${GOOD}#${"x".repeat(MAX_BYTES)}`;
    const error = await errorOf(updateConfig(file, () => large));
    assertEquals(error.message, `${file}: would be larger than 8 MiB; nothing was changed`);
    assertEquals(await Deno.readTextFile(file), GOOD);
  }));
