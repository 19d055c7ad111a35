import config from "../../../deno.json" with { type: "json" };

/** The version of spknock, from deno.json. */
export const VERSION: string = config.version;

/** Where bugs are reported. */
export const ISSUES_URL = "https://github.com/spknock/spknock/issues";
