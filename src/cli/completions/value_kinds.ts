/**
 * What can follow where the help says FILE, TARGET or TAG: one row for each name of a value or an argument.
 * It is loaded whenever a shell asks, so that a row loads its table only when it is asked for.
 */

/** What the configuration knows by name. */
export interface SavedNames {
  targets: readonly string[];
  tags: readonly string[];
}

/** Which paths the shell itself completes. */
export type PathKind = "none" | "files" | "folders";

/** What a value can be. */
interface ValueKind {
  paths?: PathKind;
  /** Whether several are one value, with commas between them. */
  isList?: boolean;
  /** Whether anything else than what is listed is wrong. */
  isClosed?: boolean;
  /** Returns what it can be; the start of it where that ends in `:`, `=` or `/`. */
  list?: (readNames: () => Promise<SavedNames>) => Promise<readonly string[]>;
}

/** What nothing is known about before it is typed. */
const FREE: ValueKind = {};

/** By the name in the help, without brackets and dots. */
export const VALUE_KINDS: Readonly<Record<string, ValueKind>> = {
  TARGET: { isClosed: true, list: async (readNames) => (await readNames()).targets },
  TAG: { isList: true, list: async (readNames) => (await readNames()).tags },
  FILE: { paths: "files" },
  DIR: { paths: "folders" },
  BACKEND: { list: async () => (await import("../../rules/backends.ts")).BACKEND_NAMES },
  FORM: { list: async () => Object.keys((await import("../../export/forms.ts")).EXPORT_FORMS) },
  FORMAT: {
    list: async () => Object.keys((await import("../../config/import/formats.ts")).IMPORT_FORMATS),
  },
  PROBE: {
    list: async () =>
      Object.values((await import("../../probe/kinds.ts")).PROBE_KINDS)
        .flatMap(({ forms }) => cutForms(forms)),
  },
  SOURCE: {
    list: async () => cutForms((await import("../../secret/kinds.ts")).listSecretOptions()),
  },
  KEY: {
    list: async () => (await import("../../config/target/keys.ts")).OPTIONAL_KEYS,
  },
  ADDRESS: FREE,
  COMMAND: FREE,
  DURATION: FREE,
  HOST: FREE,
  K: FREE,
  N: FREE,
  NAME: FREE,
  NAMES: FREE,
  NETWORKS: FREE,
  "NEW-NAME": FREE,
  PORT: FREE,
  PORTS: FREE,
  TEXT: FREE,
  TIME: FREE,
  "USER@HOST": FREE,
};

/** Returns what forms such as `tls:PORT` and `https://...` begin with. */
function cutForms(forms: readonly string[]): string[] {
  return forms.map((form) => form.replace(/(?:[A-Z]|\.{3}).*$/, "")).filter((text) => text !== "");
}

/** Returns what `FILE|-`, `N|auto` or `[USER@]HOST` mean: kinds by name, and words that are meant as they are. */
export function readValueName(value: string): { kinds: string[]; words: string[] } {
  const names = value.replaceAll(/\[[^\]]*\]|\.{3}/g, "").split("|").filter((name) => name !== "-");
  return {
    kinds: names.filter((name) => /^[A-Z]/.test(name)),
    words: names.filter((name) => !/^[A-Z]/.test(name)),
  };
}
