/**
 * A program with a login, to be killed: `ssh_driver.ts PLACE SSH...`. It logs in, prints the folder, and runs
 * commands over the login and over new connections until its standard input ends.
 */
import { readDestination } from "../../src/ssh/destination.ts";
import { openServer } from "../../src/ssh/session.ts";
import { makeRealPorts } from "../ssh/ports.ts";

const [place = "", ...ssh] = Deno.args;
const ports = makeRealPorts({ env: { TMPDIR: Deno.env.get("TMPDIR") ?? "" } });
const destination = await readDestination(place, { ssh, ports });
const askPassword = () => Promise.reject(new Error("no question was expected"));
await using server = await openServer(destination, { ports, askPassword });
await Deno.stdout.write(new TextEncoder().encode(`${server.folder}\n`));
let isOver = false;
Deno.stdin.readable.pipeTo(new WritableStream()).then(() => isOver = true);
const long = Array.from({ length: 200 }, () => "x".repeat(10_000));
while (!isOver) {
  const options = { timeoutMs: 20_000 };
  await server.run(
    `cat >${server.folder}/part && mv ${server.folder}/part ${server.folder}/whole`,
    {
      ...options,
      stdin: long,
    },
  );
  await server.run("sleep 0.1", { ...options, asRoot: true });
  await server.runFresh(`ls ${server.folder}`, options);
}
