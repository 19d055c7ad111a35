import { assertEquals } from "@std/assert";
import { parsePortSpec, renderPortSpec } from "../../src/core/knock.ts";
import { DEFAULT_SETTINGS } from "../../src/core/target.ts";
import {
  findStandIns,
  getSimulatedDoor,
  listNotSimulated,
  makeSimulatedPlan,
} from "../../src/use_cases/simulated_plan.ts";
import { parseServices } from "../../src/core/service.ts";
import { table } from "../table.ts";

interface Row {
  opens?: string[];
  open?: string[];
  /** What is protected in the plan. */
  plan: string[];
  standIns?: Record<string, number>;
}

table("simulate opens", {
  "what the target opens, each privileged port on another one": {
    opens: ["22/tcp", "443/tcp", "8443/tcp", "53/udp"],
    plan: ["22/tcp", "443/tcp", "8443/tcp", "53/udp"],
    standIns: { "22/tcp": 2222, "443/tcp": 2224, "53/udp": 2225 },
  },
  "what an option says": { opens: ["22/tcp"], open: ["8080/tcp"], plan: ["8080/tcp"] },
  "2222 where nothing is said": { plan: ["2222/tcp"] },
} as Record<string, Row>, ({ opens = [], open, plan, standIns = {} }) => {
  const parse = (texts: readonly string[]) => texts.map((text) => parsePortSpec(text));
  const knocks = ["7000", "2223/tcp"].map((text) => ({
    ...parsePortSpec(text),
    payload: { kind: "none" as const },
  }));
  const target = {
    ...DEFAULT_SETTINGS,
    name: "home",
    host: "192.0.2.1",
    knocks,
    opens: parse(opens),
  };
  const made = makeSimulatedPlan(target, { opening: knocks.map(() => new Uint8Array()) }, {
    open: open && parse(open),
  });
  assertEquals(getSimulatedDoor(made).ports.map(renderPortSpec), plan);
  assertEquals(findStandIns(made), standIns);
});

table("simulate cannot open", {
  "22/tcp,53/udp": [],
  "22/tcp,60000-61000/udp,icmp": ["60001-61000/udp", "icmp"],
  "5000-5001/tcp": ["5001/tcp"],
  "all": ["all"],
}, (expected, text) => {
  const target = {
    ...DEFAULT_SETTINGS,
    name: "home",
    host: "192.0.2.1",
    knocks: [],
    opens: parseServices(text),
  };
  assertEquals(listNotSimulated(target), expected);
  assertEquals(listNotSimulated({ ...target, opens: [] }, { open: target.opens }), expected);
});

Deno.test("simulate takes the codes of each window: its horizon has no end", () => {
  const spec = { ...parsePortSpec("62201/udp"), payload: { kind: "none" as const } };
  const knock = {
    ...spec,
    payload: { kind: "secret" as const, source: { kind: "file" as const, path: "home.key" } },
  };
  const rolling = { windowMs: 60_000, slots: 1, from: 5, until: 6, formerKey: "former.key" };
  const target = { ...DEFAULT_SETTINGS, name: "home", host: "192.0.2.1", knocks: [knock], rolling };
  const [key, former] = [1, 2].map((byte) => new Uint8Array(32).fill(byte).toBase64());
  const opening = [key, former].map((text) => new TextEncoder().encode(text));
  assertEquals(getSimulatedDoor(makeSimulatedPlan(target, { opening })).stages, [{
    port: 62_201,
    protocol: "udp",
    codes: {
      windowMs: 60_000,
      slots: 1,
      keys: [{ name: "home", key: key ?? "" }],
      from: 0,
      until: Infinity,
    },
  }]);
});
