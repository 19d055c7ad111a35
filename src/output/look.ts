/**
 * How text may look on a stream: whether it has colours, and whether lines can be written anew.
 *
 * Colours, the first that decides: `--no-color`; `NO_COLOR` (https://no-color.org); `FORCE_COLOR`
 * (https://force-color.org) and `CLICOLOR_FORCE`; `CLICOLOR=0` (https://bixense.com/clicolors); `TERM=dumb`;
 * whether the stream is a terminal. An empty variable is as if it was not set. `0` forces nothing: that is
 * what `CLICOLOR_FORCE=0` means, and what `FORCE_COLOR=0` means where it was first used.
 */

/** What is asked about a stream. */
interface Stream {
  isTerminal(): boolean;
}

/** See the header. */
export interface Look {
  /** Whether text for this stream has colours. */
  hasColor(stream: Stream): boolean;
  /** Whether the cursor may move on this stream: a terminal, but no dumb one, and without `--plain`. */
  canRedraw(stream: Stream): boolean;
}

/** Returns how text may look, by the environment and the options. */
export function chooseLook(
  env: (name: string) => string | undefined,
  { noColor, plain }: { noColor: boolean; plain: boolean },
): Look {
  const isOn = (name: string) => !["", "0", undefined].includes(env(name));
  const isDumb = env("TERM") === "dumb";
  const color = noColor || env("NO_COLOR")
    ? "never"
    : isOn("FORCE_COLOR") || isOn("CLICOLOR_FORCE")
    ? "always"
    : env("CLICOLOR") === "0" || isDumb
    ? "never"
    : "terminal";
  return {
    hasColor: (stream) => color === "always" || (color === "terminal" && stream.isTerminal()),
    canRedraw: (stream) => !isDumb && !plain && stream.isTerminal(),
  };
}

/** As a file: no colours, nothing is written anew. */
export const PLAIN_LOOK: Look = { hasColor: () => false, canRedraw: () => false };
