/**
 * The formats that can be imported, one row each; `--from`, its help and the errors are made from it.
 * It is loaded with the help, so it is data: a format's reader is loaded when a file is read.
 */
import type { ImportReader } from "./reader.ts";

/** A format that can be imported. */
interface ImportFormat {
  /** Whose file it is, for the help. */
  summary: string;
  load: () => Promise<{ reader: ImportReader }>;
}

/** The formats, by the name that `--from` takes; without it the first one that fits is taken. */
export const IMPORT_FORMATS: Readonly<Record<string, ImportFormat>> = {
  fwknop: {
    summary: ".fwknoprc",
    load: () => import("./fwknop.ts"),
  },
  toml: {
    summary: "another spknock's",
    load: () => import("./toml.ts"),
  },
  shell: {
    summary: "command lines of knock, nmap, nc, hping3",
    load: () => import("./shell.ts"),
  },
  knockonports: {
    summary: "JSON of Knock on Ports for Android",
    load: () => import("./knock_on_ports.ts"),
  },
  knockd: {
    summary: "knockd.conf",
    load: () => import("./knockd.ts"),
  },
  // The last one: lines of other formats can be lines of it.
  legacy: {
    summary: "spknock-targets.conf",
    load: () => import("./legacy.ts"),
  },
};

/** Returns the formats for the help of `--from`, each with what it is. */
export function listImportFormats(): string[] {
  return Object.entries(IMPORT_FORMATS).map(([name, { summary }]) => `${name} (${summary})`);
}
