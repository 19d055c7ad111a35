/** One of the two streams that text is written to. */
export interface Sink {
  write(text: string): void;
  isTerminal(): boolean;
  /** Columns of the terminal; undefined where there is none, or it does not say. */
  columns?(): number | undefined;
  /** Its lines, the same. */
  rows?(): number | undefined;
  /** Whether the reader has gone away, so that nothing that is written arrives. */
  isGone?(): boolean;
}
