/** The gate: the pure model of the firewall, the attacks on it, and the door on loopback. */
export * from "./address.ts";
export * from "./attack.ts";
export * from "./attacks.ts";
export * from "./loopback.ts";
export * from "./model.ts";
export * from "./random.ts";
export { isAdjacent } from "./sweeps.ts";
