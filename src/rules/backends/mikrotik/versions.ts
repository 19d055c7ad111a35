/** What is known of RouterOS' versions: `tests/rules/routeros_syntax_test.ts` holds the numbers against the trees. */

/** Returns the lines of the header that say on which versions the rules load, and how that is known. */
export function renderVersions(isIpv6: boolean, { hasCodes }: { hasCodes: boolean }): string[] {
  if (hasCodes) {
    return [
      "By the devices' own syntax trees of 48 versions, RouterOS 7.9 to 7.24, it loads from 7.12.2 on: older",
      "ones, and RouterOS 6, have no SHA-512, and the import stops before its first change.",
      "Not run on a device by us; its rules were played on Linux netfilter, its script by a small interpreter.",
    ];
  }
  return [
    "By the devices' own syntax trees of 48 versions, RouterOS 7.9 to 7.24, it loads from 7.9 on. For",
    "RouterOS 6 and 7.0 to 7.8 there are only MikroTik's documents.",
    "Not run on a device by us; its rules were played on Linux netfilter.",
    ...(isIpv6
      ? ["RouterOS 6 needs its package ipv6, or rules for IPv4 only (spknock rules -4)."]
      : []),
  ];
}

/** Returns the lines of the header that propose a trial run, and the title of the steps that follow. */
export function renderTrialRun(file: string): string[] {
  return [
    `Upload this file as ${file}. Check it first (RouterOS 7.16 or newer; changes nothing):`,
    `  /import ${file} verbose=yes dry-run`,
    "Apply, with an automatic undo:",
  ];
}
