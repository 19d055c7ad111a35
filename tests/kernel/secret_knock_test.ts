/**
 * The three-stage secret knock as hand-written nftables rules, against real packets and the model.
 * Every case has source addresses of its own, so that all of them run at the same time.
 */
import { assertEquals } from "@std/assert";
import type { Plan, Stage } from "../../src/plan/plan.ts";
import { type Attack, type Parties, runAttack, type TimedPacket } from "../../src/model/attack.ts";
import { listAttacks } from "../../src/model/attacks.ts";
import { createFirewallModel, type ModelPacket } from "../../src/model/model.ts";
import { createKnocks, isBare, playAttack, secretPlan } from "../model/fixtures.ts";
import type { Agent } from "./agent_protocol.ts";
import { kernelTest, type Lab } from "./lab.ts";
import { replay } from "./replay.ts";
import { getDoor, type PlanChanges } from "../plans.ts";

/** Far above what a busy machine may delay a packet, so that nothing is late by accident. */
const STAGE_TIMEOUT_MS = 2_000;
const FAMILIES = ["ipv4", "ipv6"] as const;

function payloadMatch(payload: Uint8Array): string {
  const hex = payload.toHex();
  return [64, 192, 320, 448]
    .map((offset, index) => `@th,${offset},128 0x${hex.slice(32 * index, 32 * index + 32)}`)
    .join(" ");
}

/** One rule a stage and a family, the last stage first; the dynamic sets are the stages. */
function renderRules(plan: Plan): string {
  const stages = [1, 2, 3].map((stage) => ({
    stage,
    set: stage === 3 ? "open" : `s${stage}`,
    timeout: stage === 3 ? getDoor(plan).openForMs : getDoor(plan).stageTimeoutMs,
  }));
  const families = [
    { digit: 4, type: "ipv4_addr", saddr: "ip saddr" },
    { digit: 6, type: "ipv6_addr", saddr: "ip6 saddr" },
  ];
  const sets = families.flatMap(({ digit, type }) =>
    stages.map(({ set, timeout }) =>
      `set ${set}v${digit} { type ${type}; flags dynamic,timeout; timeout ${timeout}ms; size 65535; }`
    )
  );
  const knocks = families.flatMap(({ digit, saddr }) =>
    stages.toReversed().map(({ stage, set }) => {
      const { port, payload } = getDoor(plan).stages[stage - 1] as {
        port: number;
        payload: Uint8Array;
      };
      const former = stage === 1 ? "" : `${saddr} @s${stage - 1}v${digit}`;
      const match = `udp dport ${port} udp length 72 ${payloadMatch(payload)}`;
      return `${match} ${former} update @${set}v${digit} { ${saddr} } return`;
    })
  );
  return [
    "table inet knock",
    "delete table inet knock",
    "table inet knock {",
    ...sets,
    "chain input {",
    "type filter hook input priority -5; policy accept;",
    "ct state established,related accept",
    ...knocks,
    "ip saddr @openv4 accept",
    "ip6 saddr @openv6 accept",
    "tcp dport 22 drop",
    "}",
    "}",
    "",
  ].join("\n");
}

interface Case {
  name: string;
  attack: Attack;
  host: string;
}

/** The attacks that make sense as real packets, each with parties of its own. */
function casesFor(plan: Plan, lab: Lab, family: Plan["families"][number]): Case[] {
  const spare = [...lab.sources[family]];
  const takeParties = (): Parties => {
    const [legitimate, attacker, accomplice] = spare.splice(0, 3);
    if (!legitimate || !attacker || !accomplice) throw new Error("the lab has too few sources");
    const crowd = () => accomplice;
    return { legitimate, attacker, accomplice, crowd, neighbour: () => undefined };
  };
  const options = { seed: 1, limitPorts: [1234, 5555, 9876], floodSize: 50 };
  return listAttacks(plan, options).filter(isBare).map(({ name }) => {
    const attacks = listAttacks(plan, { ...options, parties: takeParties() });
    const attack = attacks.find((attack) => attack.name === name) as Attack;
    return { name: `${name} over ${family}`, attack, host: lab.server[family] };
  });
}

/** What the kernel made of it, and what the model did with the same packets at the same moments. */
async function judge({ attack, host }: Case, { plan, lab, agent }: Setup) {
  const packets = await replay(agent, lab.server, [...attack.packets]);
  const state = await agent.connect({ source: attack.source, host, port: 22, timeoutMs: 800 });
  return {
    kernel: state === "open",
    model: playAttack(plan, { ...attack, packets }).isOpenAtEnd,
  };
}

interface Setup {
  plan: Plan;
  lab: Lab;
  agent: Agent;
}

async function setUp(lab: Lab, changes: PlanChanges): Promise<Setup> {
  const plan = secretPlan({ stageTimeoutMs: STAGE_TIMEOUT_MS, ...changes });
  await lab.server.nft(renderRules(plan));
  await (await lab.server.agent()).listen(22);
  return { plan, lab, agent: await lab.client.agent() };
}

const { stages } = getDoor(secretPlan());
const PLANS: Record<string, PlanChanges> = {
  "three ports": { stages },
  "the first port and payload twice": { stages: [0, 0, 2].map((index) => stages[index] as Stage) },
};

for (const [description, changes] of Object.entries(PLANS)) {
  await kernelTest(`the kernel and the model agree: ${description}`, async (lab, test) => {
    const setup = await setUp(lab, changes);
    const cases = FAMILIES.flatMap((family) => casesFor(setup.plan, lab, family));
    const verdicts = await Promise.all(cases.map((each) => judge(each, setup)));
    for (const [index, { name, attack }] of cases.entries()) {
      await test.step(`${name}: ${attack.claim}`, () => {
        assertEquals(runAttack(setup.plan, attack).holds, true);
        const expected = ["opens", "reaches"].includes(attack.claim) ||
          attack.name === "replay-all";
        assertEquals(verdicts[index], { kernel: expected, model: expected });
      });
    }
  }, { sources: 180 });
}

await kernelTest("the door shuts after its time, in the kernel as in the model", async (lab) => {
  const openForMs = 5_000;
  const { plan, agent } = await setUp(lab, { openForMs });
  for (const family of FAMILIES) {
    const source = lab.client[family];
    const place = { source, host: lab.server[family], port: 22 };
    assertEquals(await agent.connect(place), "silent");
    const knocks: TimedPacket[] = createKnocks(plan, source).map((packet) => ({ packet, at: 0 }));
    const sent = await replay(agent, lab.server, knocks);
    assertEquals(await agent.connect(place), "open");
    const held = await agent.hold(place);

    const gate = createFirewallModel(plan);
    for (const { packet, at } of sent) gate.receive(packet, at);
    const last = sent.at(-1)?.at ?? 0;
    assertEquals(gate.isLetIn(source, last + openForMs - 1), true);
    assertEquals(gate.isLetIn(source, last + openForMs), false);

    // One more packet, whose moment is after the end for sure.
    const idle: ModelPacket = { source, protocol: "tcp", port: 8080 };
    await replay(agent, lab.server, [{ packet: idle, at: 0 }, {
      packet: idle,
      at: openForMs + 200,
    }]);
    assertEquals(await agent.connect(place), "silent");
    // Who is connected stays connected.
    assertEquals(await held.isAlive(2_000), true);
  }
});
