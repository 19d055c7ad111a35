/** The passphrases of the original's example and the payloads that they become. */
export const VECTORS = [
  ["MikroTik", "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad"],
  ["is", "fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6"],
  ["awesome", "705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c"],
] as const;

/** One line each, as `--secrets-from -` reads them. */
export const PHRASES: string = VECTORS.map(([phrase]) => `${phrase}\n`).join("");

/** The payloads, in order. */
export const HASHES: readonly string[] = VECTORS.map(([, hash]) => hash);
