/**
 * The forms that targets can be exported in, one row each; `--as`, its help and the errors are made from it.
 * It is loaded with the help, so it is data: what writes a form is loaded when it is asked for.
 */
import type { Exporter } from "./form.ts";

/** A form that targets can be exported in. */
interface ExportForm {
  /** What reads it, for the help. */
  summary: string;
  /** Whether one text can carry several targets. */
  isMany: boolean;
  load: () => Promise<{ exporter: Exporter }>;
}

/** The forms, by the name that `--as` takes. */
export const EXPORT_FORMS = {
  knock: {
    summary: "a command line of knockd's client",
    isMany: false,
    load: () => import("./forms/knock.ts"),
  },
  nmap: {
    summary: "calls of nmap, one a knock",
    isMany: false,
    load: () => import("./forms/nmap.ts"),
  },
  nc: {
    summary: "calls of netcat, one a knock",
    isMany: false,
    load: () => import("./forms/nc.ts"),
  },
  bash: {
    summary: "a script for any POSIX shell",
    isMany: false,
    load: () => import("./forms/bash.ts"),
  },
  powershell: {
    summary: "a script for Windows",
    isMany: false,
    load: () => import("./forms/powershell.ts"),
  },
  fwknoprc: {
    summary: "stanzas of fwknop's client",
    isMany: true,
    load: () => import("./forms/fwknoprc.ts"),
  },
  toml: {
    summary: "targets for another spknock",
    isMany: true,
    load: () => import("./forms/toml.ts"),
  },
  knockonports: {
    summary: "JSON of Knock on Ports for Android",
    isMany: true,
    load: () => import("./forms/knock_on_ports.ts"),
  },
  knockd: {
    summary: "sections of knockd.conf, with iptables",
    isMany: true,
    load: () => import("./forms/knockd.ts"),
  },
} as const satisfies Readonly<Record<string, ExportForm>>;
