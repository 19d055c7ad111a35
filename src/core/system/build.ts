/** What `--version --verbose` tells about the program that runs. */

/** The facts of one build, and of the runtime in it. */
export interface Build {
  /** 40 hex digits, in an executable with `-dirty` where files were changed after it; undefined where it cannot be known. */
  readonly commit: string | undefined;
  /** The single file that `deno compile` makes, the files of the project, or modules from a registry. */
  readonly form: "executable" | "checkout" | "remote module";
  /** Where it is: a path, or the address of the main module. */
  readonly place: string;
  /** In the words of compilers: `x86_64-unknown-linux-gnu`. */
  readonly target: string;
  readonly deno: string;
  readonly v8: string;
}
