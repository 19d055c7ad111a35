/**
 * What the questions need and what they offer: the terminal that `main.ts` gives, and the one
 * interface that the rich prompts (`cliffy.ts`) and the plain lines (`plain.ts`) share.
 *
 * Rules: every question may reject with a `CancelledError` (Ctrl-C, Escape, Ctrl-D on an empty line,
 * the end of the input), and leaves the terminal as it found it, whatever happens. Labels, messages and
 * hints are written as given: text from outside must have been escaped by the caller. One question
 * at a time.
 */

/** Options that are listed at a time; more of them without a letter are searched. */
export const MAX_LISTED = 20;

/** The terminal: input from its keyboard, output to people. */
export interface Terminal {
  /** Fills `buffer` from the keyboard; how many bytes, or null at the end of the input. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes `text` after all that was written before. */
  write(text: string): void;
  /** Raw mode: no echo, no line editing, Ctrl-C arrives as a byte; line feeds still return. */
  setRaw(mode: boolean, options?: { cbreak?: boolean }): void;
  /** The width in columns. */
  columns(): number;
  /** Gives the terminal back when everything is written. */
  close(): Promise<void>;
  /** The height in rows. */
  rows(): number;
  /**
   * Stops the program as Ctrl-Z does, and resolves when it goes on; undefined where the system knows
   * no such thing. Not in raw mode.
   */
  suspend?: (() => Promise<void>) | undefined;
}

/** One answer that a {@linkcode Prompter.select} offers. */
export interface SelectOption<T> {
  /** What people read. */
  label: string;
  /** What the program gets. */
  value: T;
  /** The letter that plain lines list it by; a number where undefined. */
  key?: string | undefined;
  /** A few more words, after the label. */
  hint?: string | undefined;
}

/** A choice of one among several. */
export interface SelectQuestion<T> {
  message: string;
  /** What is chosen, such as `target`, for messages; `choice` where undefined. */
  what?: string | undefined;
  /** At least one. */
  options: readonly SelectOption<T>[];
  /** The value of the option that Enter alone takes. */
  default?: T | undefined;
}

/** A line of text. */
export interface InputQuestion {
  message: string;
  /** What Enter alone gives; it is not validated. */
  default?: string | undefined;
  /** What is wrong with the trimmed answer; undefined where nothing is. */
  validate?: ((text: string) => string | undefined) | undefined;
}

/** A line that is masked. */
export interface SecretQuestion {
  message: string;
  /** What is wrong with the answer; undefined where nothing is. */
  validate?: ((text: string) => string | undefined) | undefined;
}

/** The questions. */
export interface Prompter {
  /** One of several; the value of the chosen option. */
  select<T>(question: SelectQuestion<T>): Promise<T>;
  /** A line of text, trimmed. */
  input(question: InputQuestion): Promise<string>;
  /** A line that is masked, exactly as typed; it may be empty unless `validate` refuses that. */
  secret(question: SecretQuestion): Promise<string>;
  /** Yes or no. */
  confirm(question: { message: string; default?: boolean | undefined }): Promise<boolean>;
  /** Waits for Enter. */
  pause(message?: string): Promise<void>;
}

/** How questions look. */
export interface PrompterOptions {
  /** Whether colours, bold and underline may be used. Default true. */
  color?: boolean | undefined;
}
