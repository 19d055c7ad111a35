/** The tables of back ends in docs/rules.md, made from the back ends' data. */
import type { Backend } from "../../src/rules/backend.ts";
import { type Feature, FEATURES, type Limits } from "../../src/rules/features.ts";
import { renderTable } from "./markdown.ts";

/** Returns the tables of the back ends and of what each supports. */
export function renderBackendTables(backends: readonly Backend[]): string {
  return `${renderSummaries(backends)}\n\n${renderFeatures(backends)}`;
}

function renderSummaries(backends: readonly Backend[]): string {
  return renderTable(["`--for`", "what it writes", "file", "`--variant`"], [
    ...backends.map(({ name, summary, extension, variants }) => [
      `\`${name}\``,
      summary,
      `\`.${extension}\``,
      variants.map((variant) => `\`${variant}\``).join(", "),
    ]),
  ]);
}

function renderFeatures(backends: readonly Backend[]): string {
  const notes: string[] = [];
  const renderSupport = ({ supports, notes: own = {} }: Backend, feature: Feature): string => {
    if (!supports[feature]) return "no";
    const note = own[feature];
    return note === undefined ? "yes" : `yes (${notes.push(note)})`;
  };
  const table = renderTable(["", ...backends.map(({ name }) => `\`${name}\``)], [
    ...(Object.keys(FEATURES) as Feature[]).map((feature) => [
      FEATURES[feature].label,
      ...backends.map((backend) => renderSupport(backend, feature)),
    ]),
    ...Object.values(LIMIT_ROWS).map(({ label, render }) => [label, ...backends.map(render)]),
  ]);
  return [table, ...notes.map((note, index) => `(${index + 1}) ${note}`)].join("\n\n");
}

interface LimitRow {
  label: string;
  render(backend: Backend): string;
}

const LIMIT_ROWS: Record<keyof Limits, LimitRow> = {
  maxKnocks: { label: "knocks, at most", render: ({ limits }) => renderNumber(limits.maxKnocks) },
  maxKeys: {
    label: "keys of one-time codes, at most",
    render: ({ limits }) => renderNumber(limits.maxKeys),
  },
  minPayload: {
    label: "payload, at least (bytes)",
    render: (backend) => renderIfSecret(backend, renderNumber(backend.limits.minPayload)),
  },
  maxPayload: {
    label: "payload, at most (bytes)",
    render: (backend) => renderIfSecret(backend, renderNumber(backend.limits.maxPayload)),
  },
  printablePayload: {
    label: "payload",
    render: (backend) =>
      renderIfSecret(backend, backend.limits.printablePayload ? "printable ASCII" : "any bytes"),
  },
  wholeSeconds: {
    label: "times",
    render: ({ limits }) => limits.wholeSeconds ? "whole seconds" : "milliseconds",
  },
};

function renderIfSecret({ supports }: Backend, text: string): string {
  return supports.secretKnocks ? text : "-";
}

function renderNumber(limit: number): string {
  return limit === Infinity ? "no limit" : String(limit);
}
