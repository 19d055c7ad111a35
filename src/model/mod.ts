/** The model of the firewall: the rules played in memory, the attacks on them, and the simulator. */
export { type Attack, type AttackResult, runAttack } from "./attack.ts";
export { listAttacks } from "./attacks.ts";
export type { DoorKnock, Verdict } from "./model.ts";
export { type Simulator, type SimulatorEvent, startSimulator } from "./simulator.ts";
export { BARE_WORLD } from "./world.ts";
