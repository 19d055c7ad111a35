/** The shells that can complete, one row each; the usage, the help and the errors are made from it. */
import { UsageError } from "../../core/errors.ts";
import { suggestOr } from "../../core/suggest.ts";
import { joinOr } from "../../core/text.ts";
import type { ShellCompletion } from "./shell.ts";

/** By the name that `completions` takes. */
const SHELLS: Readonly<Record<string, () => Promise<ShellCompletion>>> = {
  bash: async () => (await import("./shells/bash.ts")).shell,
  zsh: async () => (await import("./shells/zsh.ts")).shell,
  fish: async () => (await import("./shells/fish.ts")).shell,
  powershell: async () => (await import("./shells/powershell.ts")).shell,
};

/**
 * Returns the shell of this name.
 *
 * @throws {UsageError} that names all of them, and suggests one where one is near.
 */
export async function loadShell(name: string): Promise<ShellCompletion> {
  const load = Object.hasOwn(SHELLS, name) ? SHELLS[name] : undefined;
  if (load !== undefined) return await load();
  const otherwise = `: use ${joinOr(SHELL_NAMES)}`;
  throw new UsageError(
    `unknown shell ${JSON.stringify(name)}${suggestOr(otherwise, name, SHELL_NAMES)}`,
  );
}

/** The names of the shells. */
export const SHELL_NAMES: readonly string[] = Object.keys(SHELLS);
