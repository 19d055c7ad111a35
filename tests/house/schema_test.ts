import { assertEquals } from "@std/assert";
import { DEFAULTS_KEYS, SETTING_KEYS, TARGET_KEYS, TOP_KEYS } from "../../src/config/keys.ts";
import { parseServices } from "../../src/core/service.ts";
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

Deno.test("targets.schema.json: knocks and opens as text are what the program reads", () => {
  const { knock: { anyOf: [, knocks] }, opens: { items: { anyOf: [, opens] } } } = definitions;
  assertEquals([knocks.$ref, opens.$ref], ["#/definitions/ports", "#/definitions/services"]);
  const good = ["7000", " 7000/UDP ", "udp:7000", "TCP/7000", "7000, 8000/udp,udp:9"];
  const bad = ["", "7000,", ",7000", "7000/sctp", "udp", "7000/udp/tcp", "7000 8000"];
  const services = ["icmp", "ALL", "5-6/udp", "udp:5-6", "22,5-6 , icmp"];
  const select = (name: string) => {
    const pattern = new RegExp(definitions[name].pattern);
    return [...good, ...services, ...bad, "5-/udp", "icmp/22"].filter((text) => pattern.test(text));
  };
  assertEquals([select("ports"), select("services")], [good, [...good, ...services]]);
  for (const text of select("services")) parseServices(text);
});
