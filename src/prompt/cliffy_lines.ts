/**
 * cliffy's prompts with our keys and our drawing: each class edits with {@linkcode editLine} and draws
 * on a {@linkcode Canvas}, since cliffy counts rows and columns in UTF-16 units, and takes a line that
 * fills the terminal for one row too few.
 */
import { Confirm, type ConfirmOptions } from "@cliffy/prompt/confirm";
import { Input, type InputOptions } from "@cliffy/prompt/input";
import { Secret, type SecretOptions } from "@cliffy/prompt/secret";
import { Select, type SelectOptions } from "@cliffy/prompt/select";
import { CancelledError } from "../core/errors.ts";
import { cutToWidth, measureWidth, stripStyles } from "../output/width.ts";
import { Canvas } from "./canvas.ts";
import { CTRL_Z, isText, TAB } from "./keys.ts";
import { editLine, isEnd } from "./line.ts";
import { MAX_LISTED, type Terminal } from "./prompter.ts";
import { DROPPED, findKeyboard, suspend } from "./terminal.ts";

/** Bracketed paste mode: the terminal marks what is pasted. */
const [MARK_PASTES, END_MARKS] = ["\x1b[?2004h", "\x1b[?2004l"];

/** The part of cliffy's key event that is used here. */
interface KeyEvent {
  sequence?: string;
}

/** The line of a prompt: fields that cliffy keeps protected, and our classes declare as public. */
interface LineFields {
  inputValue: string;
  /** In UTF-16 code units. */
  inputIndex: number;
  /** Where `message()` puts the cursor. */
  readonly cursor: { x: number };
}

/** What a prompt shows. */
interface View {
  message: string;
  below: readonly (string | undefined)[];
  /** How what is typed is shown; as it is by default. */
  format?: (typed: string) => string;
}

/** Where one question is drawn, and what all kinds of prompts have in common. */
export class Sheet {
  readonly #terminal: Terminal;
  readonly #canvas: Canvas;
  #hasDropped = false;

  constructor(terminal: Terminal, { color }: { color: boolean }) {
    this.#terminal = terminal;
    this.#canvas = new Canvas(terminal, { color });
  }

  get columns(): number {
    return this.#terminal.columns();
  }

  get rows(): number {
    return this.#terminal.rows();
  }

  /** Asks, with the marks of pastes; leaves the question on the screen when it is not answered. */
  async ask<T>(prompt: () => Promise<T>): Promise<T> {
    this.#terminal.write(MARK_PASTES);
    try {
      const answer = await prompt();
      if (this.#noteDropped()) this.#terminal.write(`  ${DROPPED}\n`);
      return answer;
    } catch (error) {
      this.#canvas.leave();
      throw error;
    } finally {
      this.#terminal.write(END_MARKS);
    }
  }

  /** Whether a part of what was pasted into this question was dropped. */
  #noteDropped(): boolean {
    return this.#hasDropped ||= findKeyboard(this.#terminal).takeDropped();
  }

  /** Draws a prompt, with the cursor in its line. */
  draw(
    { inputValue, inputIndex, cursor }: LineFields,
    { message, below, format = (typed) => typed }: View,
  ): void {
    const lines = below.filter((line) => line !== undefined && line !== "") as string[];
    const prefix = stripStyles(message).slice(0, cursor.x - 1 - inputIndex);
    this.#canvas.draw({
      lines: [message, ...lines, ...this.#noteDropped() ? [`  ${DROPPED}`] : []],
      cursor: measureWidth(prefix + format(inputValue.slice(0, inputIndex))),
    });
  }

  clear(): void {
    this.#canvas.clear();
  }

  /** Edits the line; false where cliffy should handle the event. Ctrl-D on an empty line cancels. */
  async edit(prompt: LineFields, { sequence = "" }: KeyEvent): Promise<boolean> {
    const line = { text: prompt.inputValue, cursor: prompt.inputIndex };
    if (isEnd(line.text, sequence)) throw new CancelledError();
    if (sequence === CTRL_Z) {
      await this.#suspend();
      return true;
    }
    const edited = editLine(line, sequence);
    if (edited === undefined) return false;
    prompt.inputValue = edited.text;
    prompt.inputIndex = edited.cursor;
    return true;
  }

  async #suspend(): Promise<void> {
    if (this.#terminal.suspend === undefined) return;
    this.#canvas.leave();
    this.#terminal.write(END_MARKS);
    await suspend(this.#terminal);
    this.#terminal.write(MARK_PASTES);
  }
}

/** A line of text. */
export class LineInput extends Input {
  declare inputValue: string;
  declare inputIndex: number;
  declare readonly cursor: { x: number; y: number };
  readonly #sheet: Sheet;

  constructor(options: InputOptions, sheet: Sheet) {
    super(options);
    this.#sheet = sheet;
  }

  protected override async handleEvent(event: KeyEvent): Promise<void> {
    if (!await this.#sheet.edit(this, event)) await super.handleEvent(event);
  }

  protected override async render(): Promise<void> {
    await this.match();
    this.#sheet.draw(this, { message: this.message(), below: [this.footer()] });
  }

  protected override clear(): void {
    this.#sheet.clear();
  }
}

/** Yes or no. */
export class LineConfirm extends Confirm {
  declare inputValue: string;
  declare inputIndex: number;
  declare readonly cursor: { x: number; y: number };
  readonly #sheet: Sheet;

  constructor(options: ConfirmOptions, sheet: Sheet) {
    super(options);
    this.#sheet = sheet;
  }

  protected override async handleEvent(event: KeyEvent): Promise<void> {
    if (!await this.#sheet.edit(this, event)) await super.handleEvent(event);
  }

  /** Tab completes what begins so; cliffy would find the `o` of "No" as well. */
  protected override async getSuggestions(): Promise<(string | number)[]> {
    const typed = this.inputValue.toLowerCase();
    const found = await super.getSuggestions();
    return found.filter((each) => `${each}`.toLowerCase().startsWith(typed));
  }

  protected override async render(): Promise<void> {
    await this.match();
    this.#sheet.draw(this, { message: this.message(), below: [this.footer()] });
  }

  protected override clear(): void {
    this.#sheet.clear();
  }
}

/** A line that is masked. */
export class LineSecret extends Secret {
  declare inputValue: string;
  declare inputIndex: number;
  declare readonly cursor: { x: number; y: number };
  readonly #sheet: Sheet;

  constructor(options: SecretOptions, sheet: Sheet) {
    super(options);
    this.#sheet = sheet;
  }

  protected override async handleEvent(event: KeyEvent): Promise<void> {
    // A tabulator in a pasted passphrase is part of it.
    if (event.sequence === TAB) return this.addChar(TAB);
    if (!await this.#sheet.edit(this, event)) await super.handleEvent(event);
  }

  protected override input(): string {
    return this.format(this.inputValue);
  }

  protected override format(value: string): string {
    return "*".repeat([...value].length);
  }

  protected override render(): Promise<void> {
    const format = (typed: string) => this.format(typed);
    this.#sheet.draw(this, { message: this.message(), below: [this.footer()], format });
    return Promise.resolve();
  }

  protected override clear(): void {
    this.#sheet.clear();
  }
}

/** An option as cliffy gets it: compared by identity, searched by what it reads. */
export interface Choice {
  index: number;
  /** Whether it is listed only when it is found. */
  isHidden: boolean;
  toString(): string;
}

/** One of several. */
export class LineSelect extends Select<Choice> {
  declare inputValue: string;
  declare inputIndex: number;
  declare readonly cursor: { x: number; y: number };
  readonly #sheet: Sheet;
  readonly #what: string;

  constructor(options: SelectOptions<Choice>, sheet: Sheet, { what }: { what: string }) {
    super(options);
    this.#sheet = sheet;
    this.#what = what;
    this.#hideUnsearched();
  }

  protected override async handleEvent(event: KeyEvent): Promise<void> {
    const before = this.inputValue;
    if (!await this.#sheet.edit(this, event)) return await this.#choose(event);
    if (this.inputValue !== before) this.match();
  }

  async #choose(event: KeyEvent): Promise<void> {
    if (this.options.length > 0) return await super.handleEvent(event);
    // Where nothing is found cliffy says that all options are disabled.
    if (isText(event.sequence ?? "")) this.addChar(event.sequence ?? "");
  }

  /** What was typed so far chooses the best match, wherever the pointer was before. */
  protected override match(): void {
    super.match();
    this.#hideUnsearched();
    this.listIndex = this.listOffset = 0;
  }

  #hideUnsearched(): void {
    if (this.inputValue !== "") return;
    this.options = this.options.filter((option) => !("value" in option && option.value.isHidden));
  }

  /** cliffy would go from the last to the line that is typed, and show no pointer then. */
  protected override selectNext(): void {
    this.#move(1);
  }

  protected override selectPrevious(): void {
    this.#move(-1);
  }

  #move(step: number): void {
    const count = this.options.length;
    this.listIndex = (this.listIndex + step + count) % count;
    this.#scroll();
  }

  /** Keeps the pointer in the part of the list that is shown. */
  #scroll(): void {
    const height = this.getListHeight();
    const offset = Math.min(this.listOffset, this.options.length - height, this.listIndex);
    this.listOffset = Math.max(0, offset, this.listIndex - height + 1);
  }

  /** As many as fit between the message and the hint. */
  protected override getListHeight(): number {
    const count = Math.min(this.options.length, MAX_LISTED);
    // cliffy's constructor asks as well.
    if (!(#sheet in this)) return count;
    const { columns, rows } = this.#sheet;
    const used = Math.ceil((measureWidth(this.message()) + 1) / columns) + 1;
    return Math.min(count, Math.max(1, rows - used));
  }

  protected override getList(): string {
    if (this.options.length > 0) return super.getList();
    return this.#cut(`  No ${this.#what} matches "${this.inputValue}"`);
  }

  protected override getListItem(...item: Parameters<Select<Choice>["getListItem"]>): string {
    return this.#cut(super.getListItem(...item));
  }

  /** Without cliffy's pointer, which is the same as that of the chosen option. */
  protected override hint(): string {
    return this.#cut(`  ${this.settings.hint ?? ""}`);
  }

  /** A row a line: some terminals show some characters wider than others do. */
  #cut(line: string): string {
    return cutToWidth(line, this.#sheet.columns - 1);
  }

  protected override render(): Promise<void> {
    this.#scroll();
    const message = this.message();
    const below = [...this.getList().split("\n"), this.footer()];
    this.#sheet.draw(this, { message, below });
    return Promise.resolve();
  }

  protected override clear(): void {
    this.#sheet.clear();
  }
}
