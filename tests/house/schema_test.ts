import { assertEquals } from "@std/assert";
import {
  DEFAULTS_KEYS,
  SETTING_KEYS,
  TARGET_KEYS,
  TOP_KEYS,
} from "../../src/config/target/keys.ts";
import { parseConfig } from "../../src/config/mod.ts";
import { PROBE_KINDS, PROBE_TYPES, type ProbeKey } from "../../src/probe/kinds.ts";
import { SECRET_KEYS } from "../../src/secret/kinds.ts";
import { table } from "../table.ts";
import { ROOT } from "./source.ts";

const { properties, definitions } = JSON.parse(
  await Deno.readTextFile(new URL("targets.schema.json", ROOT)),
);
const target = properties.targets.additionalProperties;

table<{ value: object; keys: readonly string[] }>("targets.schema.json: the keys of", {
  "a file": { value: properties, keys: TOP_KEYS },
  "[defaults]": { value: properties.defaults.properties, keys: DEFAULTS_KEYS },
  "a target": { value: target.properties, keys: TARGET_KEYS },
  "a secret": { value: definitions.secret.anyOf[1].properties, keys: SECRET_KEYS },
}, ({ value, keys }) => {
  assertEquals(Object.keys(value).sort(), [...keys].sort());
});

table(
  "targets.schema.json: the keys of a probe",
  PROBE_TYPES.map((type) => [type, type] as const),
  (type) => {
    const { keys }: { keys: readonly ProbeKey[] } = PROBE_KINDS[type];
    const names = keys.flatMap((key) => key.names ?? [key.field]);
    const kinds: { properties?: { type: { const?: string } } }[] = definitions.probe.anyOf;
    const kind = kinds.find((each) => each.properties?.type.const === type);
    assertEquals(Object.keys(kind?.properties ?? {}).sort(), ["type", ...names].sort());
  },
);

Deno.test("targets.schema.json: every setting is defined", () => {
  assertEquals(Object.keys(SETTING_KEYS).filter((key) => !(key in definitions)), []);
});

/** Whole files, so that each pattern is tried where a key refers to it. */
const WRITTEN = {
  knock: {
    pattern: definitions.ports.pattern,
    reference: definitions.knock.anyOf[1],
    path: "#/definitions/ports",
    good: ["7000", " 7000/UDP ", "udp:7000", "TCP/7000", "7000, 8000/udp,udp:9"],
    bad: ["", "7000,", ",7000", "7000/sctp", "udp", "7000/udp/tcp", "7000 8000", "7-8", "icmp"],
  },
  opens: {
    pattern: definitions.services.pattern,
    reference: definitions.opens.items.anyOf[1],
    path: "#/definitions/services",
    good: [
      ...[
        "22",
        " 22/TCP ",
        "udp:53",
        "60000-61000/udp",
        "TCP/8000-8010",
        "5000-5010",
        "5000-5010:udp",
      ],
      ...["icmp", "ICMP", "all", "22, 60000-61000/udp,icmp"],
    ],
    bad: [
      "",
      "22,",
      ",22",
      "22/sctp",
      "icmp/22",
      "all/tcp",
      "22-/tcp",
      "-22",
      "1-2-3",
      "22 80",
      "ping",
    ],
  },
};

table("targets.schema.json: text as the program reads it", WRITTEN, async (row, key) => {
  assertEquals(row.reference, { $ref: row.path });
  const pattern = new RegExp(row.pattern);
  const texts = [...row.good, ...row.bad];
  assertEquals(texts.filter((text) => pattern.test(text)), row.good);
  const isRead = async (text: string) => {
    const knocks = key === "knock" ? [text] : ["7000"];
    const opens = key === "opens" ? `opens = ${JSON.stringify([text])}` : "";
    const table = `[targets.a]\nhost = "::1"\nknocks = ${JSON.stringify(knocks)}\n${opens}\n`;
    return await parseConfig(table, { file: "f" }).then(() => true, () => false);
  };
  for (const text of texts) assertEquals(await isRead(text), row.good.includes(text), text);
});
