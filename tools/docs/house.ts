/**
 * The rooms of the house: what each folder of `src` is for, and which other rooms it may import.
 * A test holds the imports to it, and CONTRIBUTING.md's map is made from it.
 */
import { renderTable } from "./markdown.ts";

/** One folder of `src`. */
interface Room {
  /** One line for the map. */
  summary: string;
  /** The rooms that it may import, besides itself and `core`. */
  mayImport: readonly string[];
}

/** What the use cases are made of. */
const PARTS = [
  "net",
  "secret",
  "fwknop",
  "knock",
  "probe",
  "config",
  "plan",
  "rules",
  "doctor",
  "ssh",
  "apply",
] as const;

/** Every folder of `src`, from the bottom to the top. */
export const ROOMS: Readonly<Record<string, Room>> = {
  core: { summary: "target, knock, sequence, service, duration, errors: pure", mayImport: [] },
  net: {
    summary: "resolve once, UDP, TCP, waiting for a port: the only sockets",
    mayImport: [],
  },
  secret: {
    summary: "where a passphrase comes from, and the payload that it becomes",
    mayImport: [],
  },
  fwknop: {
    summary: "the packet of fwknopd: its message, its limits, its encryption",
    mayImport: [],
  },
  knock: {
    summary: "sends a sequence, paces it, repeats it until the door is open",
    mayImport: ["net"],
  },
  probe: { summary: "one file a kind, one table that names them", mayImport: ["net"] },
  config: {
    summary: "TOML text to targets, the file store, edits that keep every byte, imports",
    mayImport: ["probe", "secret", "fwknop"],
  },
  plan: {
    summary:
      "the rule set of a machine's doors, in no firewall's language, and what scans do to it",
    mayImport: [],
  },
  model: {
    summary: "the pure model of the firewall, the attacks on it, the simulator on loopback",
    mayImport: ["plan"],
  },
  rules: {
    summary: "from targets to a plan, its weaknesses, a file or folder a back end",
    mayImport: ["plan"],
  },
  doctor: {
    summary: "evidence about files, names and ports, and the most likely cause",
    mayImport: ["net", "secret"],
  },
  ssh: {
    summary: "one login to a server: where it leads, commands over it and over new connections",
    mayImport: [],
  },
  apply: {
    summary: "the script that runs on a server, and what its reports mean",
    mayImport: ["plan"],
  },
  export: {
    summary: "targets in the forms of other tools, one file a form",
    mayImport: ["config", "rules"],
  },
  use_cases: {
    summary:
      "what is done to a target: resolve, collect, knock, probe, close, keep, examine, apply",
    mayImport: PARTS,
  },
  output: { summary: "text, tables, JSON, sanitizing", mayImport: [] },
  prompt: { summary: "the questions: cliffy, or plain lines", mayImport: ["output"] },
  cli: {
    summary: "argv to command to exit code, and every text; one file a command",
    mayImport: [...PARTS, "model", "export", "use_cases", "output", "prompt"],
  },
  system: {
    summary: "the real clock, streams, terminal and programs, for `main.ts`",
    mayImport: ["probe", "ssh", "output", "prompt"],
  },
};

/**
 * The way of the data through a knock, room by room: what each one hands to the next. `main.ts` and the system
 * around it are not rooms.
 */
const WAY: readonly [room: string, hands: string][] = [
  ["cli", "arguments"],
  ["config", "targets"],
  ["net", "addresses"],
  ["secret", "payloads"],
  ["core", "a sequence of packets"],
  ["knock", "packets, by net"],
  ["probe", "open or closed"],
  ["use_cases", "reports"],
  ["output", "text, JSON"],
];

/**
 * Returns the drawing of the rooms and of what they may import, in the language of Mermaid. What the use cases are
 * made of is in one box; `core` is left out: all rooms may import it.
 */
export function drawHouse(): string {
  const parts: readonly string[] = PARTS;
  const arrows = Object.entries(ROOMS).flatMap(([name, { mayImport }]) => {
    const isWhole = parts.every((part) => mayImport.includes(part));
    const others = isWhole
      ? ["parts", ...mayImport.filter((other) => !parts.includes(other))]
      : mayImport;
    return others.map((other) => `  ${name} --> ${other}`);
  });
  return drawMermaid([
    "flowchart TD",
    '  subgraph parts ["what the use cases are made of"]',
    ...parts.map((part) => `    ${part}`),
    "  end",
    ...arrows,
  ]);
}

/** Returns the drawing of the way of the data through a knock, in the language of Mermaid. */
export function drawWay(): string {
  const rooms = [...WAY.map(([room]) => room), "you([you])"];
  const arrows = WAY.map(([room, hands], index) =>
    `  ${room} -- "${hands}" --> ${rooms[index + 1]}`
  );
  return drawMermaid(["flowchart LR", ...arrows]);
}

function drawMermaid(lines: readonly string[]): string {
  return `\`\`\`mermaid\n${lines.join("\n")}\n\`\`\``;
}

/** Returns the map of the source folders. */
export function renderHouseMap(): string {
  return renderTable(
    ["folder", ""],
    Object.entries(ROOMS).map(([name, { summary }]) => [`\`src/${name}\``, summary]),
  );
}
