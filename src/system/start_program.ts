/** Programs that run beside us, with pipes. */
import type { RunningProgram, StartProgram } from "../ssh/ports.ts";
import { kill, Tail } from "./program.ts";

/** What is kept of a line. */
const LINE_LENGTH = 65_536;
/** Milliseconds that the pipes of an ended program are still read. */
const LINGER_MS = 500;
/** Milliseconds between the request to end and the kill. */
const KILL_MS = 1_000;

/** See `StartProgram`. */
export const startProgram: StartProgram = (
  [program = "", ...args],
  { onLine },
): Promise<RunningProgram> => {
  const child = new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const errors = new Tail();
  const stopping = new AbortController();
  const { signal } = stopping;
  const pipes = [
    child.stdout.pipeThrough(new TextDecoderStream()).pipeTo(splitLines(onLine), { signal }),
    child.stderr.pipeTo(new WritableStream({ write: (chunk) => errors.push(chunk) }), { signal }),
  ].map((pipe) => pipe.catch(() => {}));
  const ended = child.status.then(async ({ code }) => {
    // A child of its own may hold them.
    if (!await isOver(Promise.all(pipes), LINGER_MS)) stopping.abort();
    return code;
  });
  return Promise.resolve({
    ended,
    readErrors: () => new TextDecoder().decode(errors.join()),
    write: (text) => writer.write(new TextEncoder().encode(text)).catch(() => {}),
    async stop(graceMs) {
      writer.close().catch(() => {});
      if (await isOver(child.status, graceMs)) return void await ended;
      kill(child, "SIGTERM");
      if (!await isOver(child.status, KILL_MS)) kill(child);
      await ended;
    },
  });
};

function splitLines(onLine: (line: string) => void): WritableStream<string> {
  let line = "";
  return new WritableStream({
    write(text) {
      const pieces = text.split("\n");
      for (const [index, piece] of pieces.entries()) {
        line = (line + piece).slice(0, LINE_LENGTH);
        if (index === pieces.length - 1) break;
        onLine(line);
        line = "";
      }
    },
    close() {
      if (line !== "") onLine(line);
    },
  });
}

/** Whether something ends within a time. */
async function isOver(work: Promise<unknown>, ms: number): Promise<boolean> {
  if (ms === 0) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, false);
  try {
    return await Promise.race([work.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
  }
}
