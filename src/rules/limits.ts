/** What is the same in every rule set; the model in `gate/` goes by the same numbers. */

/** How many addresses a set has room for. */
export const SET_SIZE = 65_535;

/**
 * The rate ban: a token bucket for each source, `burst` mistakes deep, refilled at `perMinute`; the
 * mistake that finds it empty bans its source for `banMs`.
 */
export const BAN_RULE = { perMinute: 5, burst: 5, banMs: 600_000 } as const;
