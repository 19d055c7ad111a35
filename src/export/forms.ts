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
  knockd: {
    summary: "sections of knockd.conf, with iptables",
    isMany: true,
    load: () => import("./forms/knockd.ts"),
  },
} as const satisfies Readonly<Record<string, ExportForm>>;
