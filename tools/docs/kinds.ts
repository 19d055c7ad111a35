/** Tables of the probes and the secret sources, for people. */
import { findProbeKind, PROBE_TYPES } from "../../src/probe/kinds.ts";
import { SECRET_KEYS, SECRET_KINDS } from "../../src/secret/kinds.ts";
import { renderTable } from "./markdown.ts";

/** Returns the table of the secret sources. */
export function renderSecretTable(): string {
  const rows = SECRET_KEYS.map((key) => {
    const { example, form, summary } = SECRET_KINDS[key];
    const option = form === undefined ? "" : `\`${form}\``;
    return [`\`{ ${key} = ${example} }\``, option, summary];
  });
  return renderTable(["table", "`--secret`", "the passphrase is"], rows);
}

/** Returns the table of the probes. */
export function renderProbeTable(): string {
  const rows = PROBE_TYPES.map((type) => {
    const { forms = [], keys = [], summary = "" } = findProbeKind(type) ?? {};
    const shown = keys.map((key) => {
      const fallback = key.default === undefined ? "" : ` (${key.default})`;
      return `\`${(key.names ?? [key.field])[0]}\`${
        key.isRequired ? "" : fallback || " (optional)"
      }`;
    });
    const texts = forms.map((form) => `\`${form}\``);
    return [`\`${type}\``, texts.join(", "), shown.join(", "), summary];
  });
  return renderTable(["type", "as text", "keys", "what it asks"], rows);
}
