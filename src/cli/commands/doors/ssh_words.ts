/**
 * The words of a command in ssh's configuration, which ssh does not start alike everywhere.
 *
 * | | ProxyCommand | Match exec |
 * |---|---|---|
 * | Linux, macOS | the user's shell | the user's shell |
 * | Windows | no shell: a command line as CreateProcess takes it | cmd.exe /c |
 *
 * OpenSSH for Windows (contrib/win32/win32compat/misc.c, build_commandline_string) takes all of a ProxyCommand for the
 * program unless it begins with a double quote, or has ".exe" and a space. `Match exec "..."` cannot have a double
 * quote inside, as ssh's versions read it in two ways, and cmd.exe knows no other quotes: there only plain words go.
 */
import { UsageError } from "../../../core/errors.ts";
import { quoteShell } from "../../../core/text.ts";

/** How ssh starts this program. */
export interface SshStart {
  os: string;
  /** Returns the start of a ProxyCommand. */
  proxy(command: string): string;
  /**
   * Returns the start of a command of `Match exec`.
   *
   * @throws {UsageError} where ssh cannot read it.
   */
  exec(command: string): string;
}

/** Returns how ssh starts a program of these words on a system. */
export function makeSshStart(
  listWords: (command: string) => readonly string[],
  { os }: { os: string },
): SshStart {
  if (os !== "windows") {
    const render = (command: string) => listWords(command).map(quoteToken).join(" ");
    return { os, proxy: render, exec: render };
  }
  return {
    os,
    proxy(command) {
      const [program = "", ...words] = listWords(command);
      return [quoteWindows(program, { always: true }), ...words.map((word) => quoteWindows(word))]
        .map(escapeTokens).join(" ");
    },
    exec: (command) => listWords(command).map(requirePlain).join(" "),
  };
}

/** Escapes percent signs (ssh_config(5), TOKENS): IPv6 zones and some paths have one. */
export function escapeTokens(text: string): string {
  return text.replaceAll("%", "%%");
}

function quoteToken(word: string): string {
  return escapeTokens(quoteShell(word));
}

/** A name of a file cannot have a double quote on Windows; backslashes before the closing one would escape it. */
function quoteWindows(word: string, { always = false }: { always?: boolean } = {}): string {
  if (word.includes('"')) {
    throw new UsageError("the command has a double quote, which ssh on Windows cannot pass on", {
      hint: "give the file another name",
    });
  }
  const isPlain = /^[^\s]+$/.test(word);
  return isPlain && !always ? word : `"${word.replace(/\\+$/, "$&$&")}"`;
}

function requirePlain(word: string): string {
  if (/^[\w.:@/\\+=-]+$/.test(word) && !word.includes("\\\\")) return word;
  throw new UsageError(
    "--direct: ssh on Windows cannot have a space or a special character in the path of a file",
    { hint: "put spknock.exe into a folder of the PATH, or leave --direct out" },
  );
}
