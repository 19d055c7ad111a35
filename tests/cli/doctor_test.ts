/** `doctor` as a whole over the fake world: exit codes, remedies, permissions, secrets. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { table } from "../table.ts";
import { valueOf, World, type WorldOptions } from "./harness.ts";

const TARGETS = `version = 1
[targets.home]
host = "127.0.0.1"
knocks = ["7000/udp", "8000/udp"]
secret = "none"
probes = ["tcp:22"]
[targets.other]
host = "127.0.0.1"
knocks = ["7000/udp"]
secret = { env = "OTHER_FW" }
`;

const ECHO = { code: 0, stdout: "64 bytes: time=1 ms\n", stderr: "" };

interface Report {
  ok: boolean;
  cause: { code: string; fix: string | null; remote: string | null };
}

table<[WorldOptions, argv: string, code: number, cause: string, fix: string | null]>(
  "doctor: exit codes and remedies",
  {
    "closed, then open": [{ open: [22], opensAfter: 2 }, "home", 0, "fine", null],
    "closed, only looked at: as it should be": [
      {},
      "home --no-knock",
      0,
      "not_knocked",
      "spknock doctor home",
    ],
    "open before any knock": [
      { open: [22] },
      "home -4",
      1,
      "open_already",
      "spknock doctor home --ipv4 --wait",
    ],
    "open to everyone": [
      { open: [22] },
      "home --wait",
      1,
      "open_to_all",
      "spknock rules home --for nftables",
    ],
    "refused": [{}, "home", 1, "refused", "spknock show home"],
    "a variable that is not set": [{}, "other", 4, "file", "read -rs OTHER_FW && export OTHER_FW"],
    "no target": [{ env: { OTHER_FW: "x" } }, "", 0, "fine", null],
  },
  async ([options, argv, code, cause, fix]) => {
    await using world = new World({ programs: [ECHO], ...options });
    await world.write(TARGETS);
    const words = argv.split(" ").filter((word) => word !== "");
    const ended = await world.run("doctor", ...words, "--json");
    const report = valueOf<Report>(ended);
    assertEquals([ended.code, report.cause.code, report.cause.fix], [code, cause, fix]);
    assertEquals(report.ok, code === 0);
    assertEquals(world.dropped.includes("run") && world.dropped.includes("write"), true);
  },
);

Deno.test("doctor: remedies name the file of -c", async () => {
  await using world = new World({ programs: [ECHO] });
  await world.write(TARGETS);
  const { stdout } = await world.run("doctor", "home", "--no-knock", "-c", world.config);
  assertStringIncludes(stdout, `fix: spknock doctor home -c ${world.config}\n`);
});

Deno.test("doctor: an address is shown once", async () => {
  await using world = new World({
    programs: [
      { code: 1, stdout: "", stderr: "" },
      { code: 0, stdout: "127.0.0.1 dev lo src 127.0.0.1", stderr: "" },
      { code: 0, stdout: "127.0.0.1 dev lo FAILED", stderr: "" },
    ],
  });
  await world.write(TARGETS);
  const { stdout } = await world.run("doctor", "home", "--ports", "--no-knock");
  assertMatch(stdout, /^host +127\.0\.0\.1$/m);
  assertMatch(stdout, /^127\.0\.0\.1 +it does not answer on the local network$/m);
});

Deno.test("doctor: a knock port names its protocol, and that udp ones are asked over tcp", async () => {
  await using world = new World({ programs: [ECHO] });
  await world.write(
    TARGETS.replace('"7000/udp", "8000/udp"', '"7000/udp", "8000/tcp", "9000/udp"'),
  );
  const { stdout } = await world.run("doctor", "home", "--ports", "--no-knock");
  assertStringIncludes(stdout, "knock port 7000/udp, asked over tcp, before: refused in ");
  assertStringIncludes(stdout, "knock port 8000/tcp before: refused in ");
});

Deno.test("doctor: the passphrases to compare are those that were given", async () => {
  await using world = new World({ programs: [ECHO], isSilent: true });
  await world.write(TARGETS);
  const file = `${world.home}/secrets`;
  await Deno.writeTextFile(file, "hunter2\n", { mode: 0o600 });
  const given = ["--secrets-from", file, "-c", world.config];
  const ended = await world.run("doctor", "other", ...given, "--json");
  const { cause: { code, fix } } = valueOf<Report>(ended);
  const words = ["show", "other", "--fingerprint", ...given];
  assertEquals([code, fix], ["not_accepted", `spknock ${words.join(" ")}`]);
  const shown = await world.run(...words);
  assertMatch(shown.stdout, /fingerprint [0-9a-f]{8}/);
});

Deno.test("doctor: a command for the firewall is marked as such", async () => {
  await using world = new World({ programs: [ECHO], open: [22] });
  await world.write(TARGETS);
  const { stdout, stderr } = await world.run("doctor", "home", "--wait");
  assertStringIncludes(stdout, "on the firewall: nft list ruleset; ufw status verbose;");
  assertEquals(stderr, "waiting 301s until the door closes by itself\n");
});

Deno.test("doctor: programs start without a secret of any target", async () => {
  await using world = new World({ programs: [ECHO], env: { OTHER_FW: "hunter2" } });
  await world.write(TARGETS);
  await world.run("doctor", "home", "--no-knock");
  assertEquals([...world.hidden], ["OTHER_FW"]);
  assertEquals(world.programs.calls.length > 0, true);
});

Deno.test("doctor: with --secrets-from only that file is looked at", async () => {
  await using world = new World({ programs: [ECHO], open: [22], opensAfter: 1 });
  await world.write(TARGETS);
  const file = `${world.home}/secrets`;
  await Deno.writeTextFile(file, "hunter2\n", { mode: 0o600 });
  const other = await world.run("doctor", "other", "--secrets-from", file, "--json");
  assertEquals([other.code, valueOf<Report>(other).cause.code], [0, "fine"]);
  await Deno.writeTextFile(file, "");
  const empty = await world.run("doctor", "other", "--secrets-from", file, "--json");
  assertEquals([empty.code, valueOf<Report>(empty).cause.fix], [
    4,
    `(umask 077; cat > ${file})`,
  ]);
});

Deno.test("doctor: a configuration with mistakes", async () => {
  await using world = new World();
  await world.write("version = 1\n[targets.home]\nhost = 5\n");
  const ended = await world.run("doctor", "home", "--json");
  assertEquals([ended.code, valueOf<Report>(ended).cause.fix], [2, "spknock list"]);
  assertEquals(world.dropped, ["write", "run"]);
});
