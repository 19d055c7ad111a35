/** The script that runs on the server, over one login: uploaded once, and asked to do one thing at a time. */

/** What the script said of an apply. `unknown`: there was no answer. */
export interface RunnerEnd {
  state: "busy" | "bad" | "failed" | "loaded" | "kept" | "undone" | "late" | "unknown";
  /** Why, from outside; the last words of ssh where there was no answer. */
  detail: string | undefined;
  /** Milliseconds until the way back fires. */
  leftMs: number | undefined;
  /** The files that make the rules stay after a reboot. */
  files: readonly string[];
  persist: "done" | "none" | "failed" | undefined;
}

/** What runs there under the name of a rule set. */
export interface RunningRules {
  isLoaded: boolean;
  /** Of the rules that were applied; undefined where none were, or not by an apply. */
  digest: string | undefined;
  /** When, in Unix milliseconds. */
  appliedAt: number | undefined;
  /** Whether somebody has changed them since; undefined where that cannot be told. */
  isChanged: boolean | undefined;
  files: readonly string[];
  /** Of the rules that a reboot loads. */
  persistedDigest: string | undefined;
  isBusy: boolean;
}

/** See the header. */
export interface ServerRunner {
  /** Where it runs: `[USER@]HOST`. */
  place: string;
  start(): Promise<RunnerEnd>;
  /** Over a new connection. */
  keep(): Promise<RunnerEnd>;
  undo(): Promise<RunnerEnd>;
  state(): Promise<RunnerEnd>;
}
