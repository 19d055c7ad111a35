/** The original's targets, for `import`. */
import { LEGACY_FAMILY, parseLegacyLines } from "./legacy_file.ts";
import type { ImportReader } from "./reader.ts";

/** Unlike in reading, one bad port spoils its line: half a sequence opens nothing. */
export const reader: ImportReader = {
  // Where each line is wrong, what is wrong says more than that no format fits.
  isLikely: (text) =>
    /^[\w.-]+[ \t]*:[ \t]*\d/m.test(text) ||
    parseLegacyLines(text, { file: "" }).some(({ target }) => target !== undefined),
  parse(text, { file, makeName }) {
    const lines = parseLegacyLines(text, { file });
    const targets = lines.flatMap(({ target, problems }) =>
      target === undefined || problems.length > 0
        ? []
        : [{ name: makeName(target.host), family: LEGACY_FAMILY, ...target }]
    );
    return {
      targets,
      problems: lines.flatMap(({ problems }) => problems),
      remarks: lines.flatMap(({ remarks }) => remarks),
    };
  },
};
