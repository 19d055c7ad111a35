/**
 * What a test cannot ask of an executable with an old runtime. `.ci/run` builds one with Deno 2.4.2, where no
 * newer runtime can be had; the checkout, on the Deno that the project names, runs all of these tests.
 */
import { EXECUTABLE } from "./program.ts";

/** What Deno 2.4 cannot do, tried with its own `deno run`. */
const LACKS = {
  terminal: "opens /dev/tty only with --allow-all",
  source: "does not bind a connection of node:net to its localAddress",
  tls: "takes a connection of node:tls for safe before the handshake",
} as const;

/** For a test that needs one of them: whether it is ignored, and what its name says then. */
export function needs(lack: keyof typeof LACKS): { ignore: boolean; reason: string } {
  const ignore = DENO?.startsWith("2.4.") === true;
  return { ignore, reason: ignore ? ` (ignored: Deno ${DENO} ${LACKS[lack]})` : "" };
}

/** The runtime's version, as the executable reports it; undefined where the checkout is tested. */
const DENO = EXECUTABLE === undefined ? undefined : readVersion(EXECUTABLE);

function readVersion(executable: string): string {
  const { stdout } = new Deno.Command(executable, {
    args: ["--version", "--verbose", "--json"],
    stdin: "null",
    stderr: "null",
  }).outputSync();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { deno: string }).deno;
}
