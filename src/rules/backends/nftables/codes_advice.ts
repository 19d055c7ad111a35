/** What the header says about one-time codes, and how those of a key are taken out. */
import { renderDuration, renderMoment } from "../../../core/duration.ts";
import { renderTopUp } from "../../backend.ts";
import { listCodedDoors, type Plan } from "../../../plan/plan.ts";
import { countElements, requireHorizons } from "./codes.ts";

/** Where the codes are added. */
interface Place {
  /** As in `--for NAME`. */
  backend: string;
  /** The table, such as `inet fw4`. */
  table: string;
  /** The command on the firewall that reads more codes from its standard input. */
  load: string;
  /** How they are kept there. */
  keep: readonly string[];
}

/** Returns the lines of the header about one-time codes; none where no door takes them. */
export function renderCodeAdvice(plan: Plan, { backend, table, load, keep }: Place): string[] {
  requireHorizons(plan);
  const coded = listCodedDoors(plan);
  if (coded.length === 0) return [];
  return [
    "",
    ...coded.map(({ door: { name }, codes }) =>
      `One-time codes of ${name}: ${codes.slots} in each ${renderDuration(codes.windowMs)}, ` +
      `until ${renderMoment(codes.until)} (UTC).`
    ),
    plan.trusted.length === 0
      ? "After that no source is let in, and none is trusted (--trust): only the console is left."
      : "After that no source is let in but the trusted ones above.",
    "Add more before: no open door is closed, and codes that are there already do no harm. For example on",
    "the first of each month, in the crontab of the machine that has the key (the firewall needs none):",
    renderTopUp(plan, { backend, load }),
    ...keep,
    "The codes go by the clock of this machine. One that boots without a clock takes old codes until NTP has",
    "set it, and while its clock is wrong it takes none of now: timedatectl shows it. A restart forgets which",
    "codes have been used: a copy of one that still counts opens once more.",
    ...renderMemory(plan),
    `Who opened (the first use of each code): nft list counters table ${table}`,
    "This file holds the codes: who reads it can open the door. Keep it private.",
    "",
  ];
}

/** Bytes of an element, a code or an interval of time, in nft while it loads, and in the kernel (measured). */
const ELEMENT_BYTES = { loading: 1_700, kernel: 150 } as const;
/** Megabytes that any machine has. */
const LITTLE = 20;

function renderMemory(plan: Plan): string[] {
  const elements = countElements(plan);
  const [loading, kernel] = [ELEMENT_BYTES.loading, ELEMENT_BYTES.kernel].map((bytes) =>
    Math.ceil(elements * bytes / 1e6)
  );
  if (loading === undefined || loading <= LITTLE) return [];
  return [
    `Loading takes about ${loading} MB of memory, and ${kernel} MB stay in use. With a shorter --until, and more codes`,
    "later, it is less.",
  ];
}
