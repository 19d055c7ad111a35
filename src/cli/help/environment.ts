/** `spknock help environment`: the variables of the environment that a user sets for spknock. */

/** The variables with their meaning, in the order of the help. */
const VARIABLES: readonly (readonly [name: string, meaning: string])[] = [
  ["SPKNOCK_CONFIG", "the file of targets; --config comes first"],
  ["XDG_CONFIG_HOME", "the folder of spknock/targets.toml (default: ~/.config; not on Windows)"],
  ["SSH_ASKPASS", "the program that asks for passphrases where there is no terminal"],
  ["SSH_ASKPASS_REQUIRE", "when it is used: never, prefer or force, as with ssh"],
  ["TMPDIR", "the folder of the socket of apply and setup (default: /tmp)"],
  ["NO_COLOR", "no colours, if it is not empty; --no-color does the same"],
  ["FORCE_COLOR", "colours without a terminal too, if it is neither empty nor 0"],
  ["CLICOLOR_FORCE", "the same"],
  ["CLICOLOR", "no colours, if it is 0"],
  ["TERM", "dumb: no colours, plain prompts, no line is written anew"],
];

/** What the variables of colours mean together. */
const ORDER = "The first of these decides about colours: --no-color, NO_COLOR, FORCE_COLOR or " +
  "CLICOLOR_FORCE, CLICOLOR, TERM, whether the output is a terminal.";

/** What the page is made of; the layout is the caller's. */
export const ENVIRONMENT = {
  title: "environment variables:",
  variables: VARIABLES,
  note: ORDER,
} as const;
