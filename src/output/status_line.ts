/**
 * The status line: what the program does while nothing else is written for a second, in the last line of
 * the terminal that stderr is.
 *
 * Rules: it is cleared before anything else is written to a stream that it watches, and at Ctrl-C. It is not
 * shown below a line that is not finished (a question, a line that fills in), nor while a question is asked or
 * a program has the terminal ({@linkcode StatusLine.silence}).
 */
import type { Clock } from "../core/clock.ts";
import { OutputError } from "../core/errors.ts";
import type { Sink } from "./sink.ts";
import { cutToWidth } from "./width.ts";

/** See the header. */
export interface StatusLine {
  /** Whether it is ever shown. */
  readonly isShown: boolean;
  /**
   * Says what is done while `work` runs; of several the one that began last is shown.
   *
   * @param what the text, to which the seconds are added; or what makes it of them, "" for nothing.
   */
  during<T>(what: string | ((seconds: number) => string), work: () => Promise<T>): Promise<T>;
  /** Shows nothing while `work` runs: it may use the terminal. */
  silence<T>(work: () => Promise<T>): Promise<T>;
  /** Returns the stream with the status line cleared before each write. */
  watch(stream: Sink): Sink;
}

/** Without `--json` and `--quiet`, on a terminal; nothing elsewhere. */
export const NO_STATUS: StatusLine = {
  isShown: false,
  during: (_what, work) => work(),
  silence: (work) => work(),
  watch: (stream) => stream,
};

/** Milliseconds without output until the line is shown, and between two looks at what it says. */
const SILENCE_MS = 1_000;
const TICK_MS = 250;
/** Columns where the terminal does not say. */
const USUAL_COLUMNS = 80;

const ERASE = "\r\x1b[2K";
/** Text after which the cursor is at the start of an empty line. */
const LINE_ENDS = ["\n", "\r", ERASE];

/** Makes the status line of a run on the terminal `stderr`. */
export function createStatusLine(
  { stderr, clock, signal }: { stderr: Sink; clock: Clock; signal: AbortSignal },
): StatusLine {
  const works: { what: (seconds: number) => string; start: number }[] = [];
  let ticking: AbortController | undefined;
  let shown = "";
  let silences = 0;
  let isLineOpen = false;
  let quietSince: number | undefined;

  const clear = () => {
    if (shown !== "") writeQuietly(stderr, ERASE);
    shown = "";
  };
  const draw = () => {
    const work = works.at(-1);
    const now = clock.now();
    if (work === undefined || silences > 0 || isLineOpen) return;
    if (now - (quietSince ??= now) < SILENCE_MS) return;
    const text = work.what(Math.floor((now - work.start) / 1_000));
    if (text === "") return clear();
    const line = cutToWidth(text, (stderr.columns?.() ?? USUAL_COLUMNS) - 1);
    if (line !== shown) writeQuietly(stderr, ERASE + line);
    shown = line;
  };
  const tick = async (stop: AbortSignal) => {
    try {
      for (;;) {
        await clock.sleepUntil(clock.now() + TICK_MS, stop);
        draw();
      }
    } catch (error) {
      if (!stop.aborted) throw error;
    }
  };
  const start = () => {
    if (ticking !== undefined || signal.aborted) return;
    ticking = new AbortController();
    void tick(AbortSignal.any([signal, ticking.signal]));
  };
  const end = () => {
    clear();
    ticking?.abort();
    ticking = undefined;
  };
  signal.addEventListener("abort", end, { once: true });

  return {
    isShown: true,
    async during(what, work) {
      const render = typeof what === "string" ? (s: number) => `${what}, ${s} s` : what;
      const entry = { what: render, start: clock.now() };
      quietSince ??= entry.start;
      works.push(entry);
      try {
        const result = work();
        // The work has begun: the first timer of a run takes a while.
        start();
        return await result;
      } finally {
        works.splice(works.indexOf(entry), 1);
        if (works.length === 0) end();
      }
    },
    async silence(work) {
      clear();
      silences++;
      try {
        return await work();
      } finally {
        silences--;
        quietSince = clock.now();
      }
    },
    watch: (stream) => ({
      isTerminal: () => stream.isTerminal(),
      columns: () => stream.columns?.(),
      rows: () => stream.rows?.(),
      isGone: () => stream.isGone?.() ?? false,
      write(text) {
        // A pipe may end on the same terminal, as that of `spknock knock home | tee log` does.
        if (text !== "") {
          clear();
          isLineOpen = !LINE_ENDS.some((end) => text.endsWith(end));
          quietSince = clock.now();
        }
        stream.write(text);
      },
    }),
  };
}

/** A status line that cannot be written does not end the work. */
function writeQuietly(stream: Sink, text: string): void {
  try {
    stream.write(text);
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
  }
}
