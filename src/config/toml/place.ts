/** Places in a configuration: the path of a key, and the mistakes found there. */
import { ValueError } from "../../core/errors.ts";

/** Keys and, for elements of arrays, 0-based numbers. */
export type Path = readonly (string | number)[];

/** A mistake in a configuration. */
export interface Finding {
  path: Path;
  /** Where the message does not name the last key of the path: it can be a secret. */
  isUnnamed?: true;
  /** 1-based; missing where it is not known, or the whole file is meant. */
  line?: number | undefined;
  message: string;
}

/** The path of a value, and the list that its mistakes go to. */
export class Place {
  constructor(private readonly findings: Finding[], readonly path: Path = []) {}

  /** Returns the place of a key or an element in this one. */
  at(segment: string | number): Place {
    return new Place(this.findings, [...this.path, segment]);
  }

  /** Adds a mistake and returns undefined, for `return place.fail(...)`. */
  fail(message: string): undefined {
    this.findings.push({ path: this.path, message });
    return undefined;
  }

  /** Adds a mistake at a key that is not repeated. */
  failUnnamed(key: string, message: string): void {
    this.findings.push({ path: [...this.path, key], isUnnamed: true, message });
  }

  /**
   * Returns what `read` returns; a RangeError that it throws becomes a mistake of this place, without the
   * value: it can be a secret in the wrong place.
   */
  guard<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof ValueError) return this.fail(error.problem);
      if (error instanceof RangeError) return this.fail(error.message);
      throw error;
    }
  }
}

/** Returns a path as `targets.home.knocks[1]`; of a key that is too long to be one, only the length. */
export function renderPath(path: Path): string {
  return path.map((segment, index) => {
    if (typeof segment === "number") return `[${segment}]`;
    const quoted = /^[\w-]+$/.test(segment) ? segment : JSON.stringify(segment);
    const name = segment.length > 40 ? `a key of ${segment.length} characters` : quoted;
    return (index === 0 ? "" : ".") + name;
  }).join("");
}

/** Whether a key is a name of `Object.prototype`: to set it could change every object. */
export function isReservedKey(key: string): boolean {
  return Object.hasOwn(Object.prototype, key);
}
