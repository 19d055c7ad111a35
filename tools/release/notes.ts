/**
 * Returns what CHANGELOG.md says about a version, without its heading.
 *
 * @throws {Error} if the section is missing, or has no entry.
 */
export function cutNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => /^\[?([^\]\s]+)\]?/.exec(text)?.[1] === version);
  if (section === undefined) throw new Error(`CHANGELOG.md has no section "## [${version}]"`);
  const notes = section.replace(/^.*\n?/, "").replaceAll(/^\[[^\]]+\]: .*$/gm, "").trim();
  if (!/^[-*] \S/m.test(notes)) {
    throw new Error(`CHANGELOG.md has no entry in its section "## [${version}]"`);
  }
  return `${notes}\n`;
}
