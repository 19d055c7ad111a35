import { assertEquals, assertStringIncludes } from "@std/assert";
import { errorOf, World } from "./harness.ts";

const LINE = "knock -u -d 100 fw.example.com 7000 8000";

Deno.test("import --from shell takes the command line itself, and reads it", async () => {
  await using world = new World();
  const { code, stdout } = await world.run("import", "--from", "shell", LINE);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "fw-example-com  fw.example.com  7000/udp 8000/udp\n");
  assertStringIncludes(await world.read(), 'delay = "100ms"\ncopies = 1\n');
  const again = await world.run("import", "--from", "shell", LINE);
  assertStringIncludes(again.stdout, "nothing to save");
});

Deno.test("import: a history is found by itself, with its lines named", async () => {
  await using world = new World();
  const file = `${world.home}/history`;
  await Deno.writeTextFile(file, `cd\n${LINE}\nknock $HOST 7\n`);
  const refused = await world.run("import", file);
  assertEquals([refused.code, await world.read()], [2, ""]);
  assertStringIncludes(refused.stderr, `error: ${file}:3: a variable or an expansion`);
  const kept = await world.run("import", file, "--keep-going");
  assertEquals(kept.code, 0);
  assertStringIncludes(kept.stderr, "1 line is not a knock and was left out");
  assertStringIncludes(await world.read(), "[targets.fw-example-com]");
});

Deno.test("import --from shell names the command line, not what is in it", async () => {
  await using world = new World();
  const ended = await world.run("import", "--from", "shell", "knock hidden", "--json");
  assertEquals([ended.code, errorOf(ended).message], [
    2,
    "the command line:1: not a knock: the command has no port",
  ]);
  const missing = await world.run("import", "--from", "shell", "no-such-file");
  assertStringIncludes(missing.stderr, "there is no such file");
});
