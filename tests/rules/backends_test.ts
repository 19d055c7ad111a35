import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../src/core/errors.ts";
import type { Plan } from "../../src/core/plan.ts";
import { backendOf, BACKENDS } from "../../src/rules/backends.ts";
import { bytes, GOLDEN_PLANS, HASHES, regularPlan, secretPlan } from "./fixtures.ts";

const GOLDEN = new URL("../golden/rules/", import.meta.url);
const UPDATE = Deno.env.get("UPDATE_GOLDEN") === "1";

for (const backend of BACKENDS) {
  for (const [index, variant] of (backend.variants.length ? backend.variants : [""]).entries()) {
    for (const [planName, plan] of Object.entries(GOLDEN_PLANS)) {
      const context = { host: "fw.example.com", ...(variant === "" ? {} : { variant }) };
      const parts = [planName, backend.name, ...(index > 0 ? [variant] : [])];
      const name = `${parts.join(".")}.${backend.extension}`;
      if (!isExpressible(plan, backend.name)) continue;
      Deno.test(`golden: ${name}`, async () => {
        const text = backend.render(plan, context);
        if (UPDATE) await Deno.writeTextFile(new URL(name, GOLDEN), text);
        assertEquals(text, await Deno.readTextFile(new URL(name, GOLDEN)));
      });
    }
  }
}

/** knockd shows the one plan that has neither payloads nor a guard; the others do without that. */
function isExpressible(plan: Plan, backend: string): boolean {
  const isBare = !plan.guard && plan.stages.every((stage) => stage.payload === undefined);
  return backend === "knockd" ? isBare : true;
}

Deno.test("golden files: none is left over", async () => {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(GOLDEN)) names.push(name);
  const plans = Object.values(GOLDEN_PLANS);
  const expected = BACKENDS.map(({ name, variants }) =>
    Math.max(1, variants.length) * plans.filter((plan) => isExpressible(plan, name)).length
  ).reduce((sum, count) => sum + count, 0);
  assertEquals(names.length, expected, names.toSorted().join("\n"));
});

Deno.test("back ends are found by name, and the nearest one is named", () => {
  assertEquals(backendOf("iptables").name, "iptables");
  const error = assertThrows(() => backendOf("iptable"), UsageError, `"iptable"`);
  assertEquals(error.hint, "did you mean iptables?");
});

Deno.test("a variant that a back end does not have is refused", () => {
  const plan = secretPlan();
  for (const { name, render } of BACKENDS) {
    if (name === "knockd") continue;
    assertThrows(() => render(plan, { host: "h", variant: "nope" }), UsageError, `"nope"`);
  }
});

Deno.test("a host with control characters cannot leave the header", () => {
  for (const { render } of BACKENDS.filter(({ name }) => name !== "knockd")) {
    const evil = render(secretPlan(), { host: "x\nnft flush ruleset\r\u2028y" });
    const plain = render(secretPlan(), { host: "h" });
    assertEquals(evil.split("\n").length, plain.split("\n").length);
  }
});

Deno.test("what a back end cannot express is refused by name", () => {
  const knocks = ["7003/tcp", "9012/udp"];
  const bare = regularPlan(knocks, { guard: false });
  const secret = secretPlan();
  const withPayload = (payload: Uint8Array): Plan => ({
    ...secret,
    stages: [{ port: 1, protocol: "udp", payload }],
  });
  const cases: [string, Plan, string][] = [
    ["nftables", withPayload(new Uint8Array(241)), "a payload of more than 240 bytes"],
    ["nftables-openwrt", withPayload(new Uint8Array(241)), "a payload of more than 240 bytes"],
    ["iptables", withPayload(new Uint8Array(128)), "a payload of more than 127 bytes"],
    ["iptables", { ...secret, stageTimeoutMs: 1_500 }, "the stage timeout 1500ms"],
    ["iptables", { ...secret, openForMs: 500 }, "the open time 500ms"],
    ["mikrotik", { ...secret, stageTimeoutMs: 1_500 }, "the stage timeout 1500ms"],
    ["mikrotik", { ...secret, openForMs: 500 }, "the open time 500ms"],
    ["mikrotik", { ...secret, interface: "eth*" }, `the interface "eth*"`],
    ["mikrotik", withPayload(bytes("short")), "a payload of less than 8 bytes"],
    ["mikrotik", withPayload(bytes("long enough\n")), "a payload that is not printable ASCII"],
    ["knockd", secret, "the payload of knock 1"],
    ["knockd", regularPlan(knocks), "the guard"],
    ["knockd", { ...bare, ban: true }, "the rate ban"],
    ["knockd", { ...bare, trusted: ["192.0.2.1"] }, "trusted sources"],
    ["knockd", { ...bare, public: [{ port: 80, protocol: "tcp" }] }, "public services"],
    ["knockd", { ...bare, families: ["ipv6"] }, "IPv6 without IPv4"],
    ["knockd", { ...bare, interface: "eth*" }, `the interface "eth*"`],
    ["knockd", { ...bare, stageTimeoutMs: 1_500 }, "the stage timeout 1500ms"],
    ["knockd", { ...bare, openForMs: 1 }, "the open time 1ms"],
  ];
  for (const [name, plan, part] of cases) {
    const render = () => backendOf(name).render(plan, { host: "h" });
    const error = assertThrows(render, UsageError, `${name} cannot express ${part}`);
    assertEquals(error.code, "unsupported");
  }
});

Deno.test("nothing shows a payload but the rules that match it", () => {
  for (const { name, render } of BACKENDS.filter(({ name }) => name !== "knockd")) {
    const comments = render(secretPlan(), { host: "h" }).split("\n")
      .filter((line) => line.startsWith("#")).join("\n");
    for (const hash of HASHES) assertEquals(comments.includes(hash), false, name);
    assertStringIncludes(comments, "chmod 600");
  }
});

Deno.test("iptables: a target leaves alone what belongs to one with a longer name", async () => {
  const [short, long] = ["officevpn", "officevpn-london-backup"].map((name) =>
    backendOf("iptables").render(secretPlan({ name }), { host: "h" })
  );
  const namesIn = (text = "") => [...new Set(text.match(/spk\.officevpn\.[a-z0-9.]+\b/g))];
  const [own, others] = [namesIn(short), namesIn(long)];
  const lines = [...own, ...others].flatMap((name) => [name, `-N ${name}`]);
  const scripts = [...(short ?? "").matchAll(/sed -n '([^']+)'/g)].map(([, script = ""]) => script);
  const found = await Promise.all(scripts.map((script) => sed(script, lines)));
  const expected = own.filter((name) => name.split(".").length > 2);
  assertEquals(scripts.length, 2);
  assertEquals(found.flat().toSorted(), expected.toSorted());
});

async function sed(script: string, lines: readonly string[]): Promise<string[]> {
  const child = new Deno.Command("sed", { args: ["-n", script], stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(bytes(`${lines.join("\n")}\n`) as Uint8Array<ArrayBuffer>);
  await writer.close();
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout).split("\n").slice(0, -1);
}
