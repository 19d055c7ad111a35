/** .github/workflows: what they may do, and that each rule finds what breaks it. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { parse } from "yaml";
import { TARGETS } from "../../tools/release/targets.ts";
import { table } from "../table.ts";
import { ROOT } from "./source.ts";

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, unknown>;
}

interface Job {
  needs?: string | string[];
  permissions?: Record<string, string>;
  "timeout-minutes"?: number;
  env?: Record<string, unknown>;
  steps: Step[];
  strategy?: { matrix: { include?: { target?: string }[] } };
}

interface Workflow {
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  env?: Record<string, unknown>;
  jobs: Record<string, Job>;
}

/** A rule names what breaks it. */
type Rule = (workflow: Workflow, text: string) => string[];

/** What a job that may write something runs: only this, so nothing of the repository. */
const HARMLESS =
  /^(?:gh release create "\$GITHUB_REF_NAME" |sha256sum --check --strict )[^;&|$`\n]*("\$GITHUB_REF_NAME")?[^;&|$`\n]*$/;

const listSteps = ({ jobs }: Workflow) =>
  Object.entries(jobs).flatMap(([job, { steps }]) => steps.map((step) => ({ job, ...step })));
const canWrite = ({ permissions = {} }: Job) => Object.values(permissions).includes("write");
const isCheckout = ({ uses }: Step) => uses?.startsWith("actions/checkout@") === true;

const RULES: Readonly<Record<string, Rule>> = {
  "an action is pinned by its commit, with its version": (_, text) =>
    text.split("\n").filter((line) => /\buses:/.test(line))
      .filter((line) =>
        !/^\s*(?:- )?uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line)
      ),
  "one commit for each action": (workflow) => {
    const uses = new Set(listSteps(workflow).flatMap(({ uses }) => uses ?? []));
    const names = [...uses].map((name) => name.replace(/@.*/, ""));
    return names.filter((name, index) => names.indexOf(name) !== index);
  },
  "nothing is permitted but by a job": ({ permissions, jobs }) => [
    ...(JSON.stringify(permissions) === "{}" ? [] : ["the workflow"]),
    ...Object.entries(jobs).filter(([, job]) => typeof job.permissions !== "object")
      .map(([name]) => name),
  ],
  "a job that can write runs no code of the repository": ({ jobs }) =>
    Object.entries(jobs).filter(([, job]) => canWrite(job)).flatMap(([name, { steps }]) =>
      steps.filter((step) =>
        step.run === undefined
          ? !/^actions\/(?:download-artifact|attest)@/.test(step.uses ?? "")
          : !HARMLESS.test(step.run)
      ).map((step) => `${name}: ${step.uses ?? step.run}`)
    ),
  "a checkout leaves no credentials": (workflow) =>
    listSteps(workflow).filter((step) =>
      isCheckout(step) && step.with?.["persist-credentials"] !== false
    ).map(({ job }) => job),
  "no expression is pasted into a script": (workflow) =>
    listSteps(workflow).flatMap(({ run }) => run?.includes("${{") ? [run] : []),
  "a token is given to gh only": (workflow) =>
    listSteps(workflow).filter(({ run = "", env, with: given }) =>
      JSON.stringify([env, given]).includes("github.token") && !run.startsWith("gh ")
    ).map(({ job }) => job),
  "no trigger runs a stranger's code with rights": ({ on }) =>
    Object.keys(on).filter((name) => !["pull_request", "push"].includes(name)),
  "a job ends by itself": ({ jobs }) =>
    Object.entries(jobs).filter(([, job]) => job["timeout-minutes"] === undefined)
      .map(([name]) => name),
};

/** What the workflow of a release has to do. */
const RELEASE_RULES: Readonly<Record<string, Rule>> = {
  "packages come from JSR": ({ env }) => env?.SPKNOCK_DEPS === "jsr" ? [] : ["env"],
  "every target is tried": ({ jobs }) => {
    const tried = jobs.try?.strategy?.matrix.include?.map(({ target }) => target) ?? [];
    return TARGETS.filter((target) => !tried.includes(target));
  },
  "the end-to-end tests run on what is published": ({ jobs }) => {
    const lines = jobs.try?.steps.flatMap(({ run }) => run ?? []) ?? [];
    return [/SPKNOCK_BIN=\$bin.*GITHUB_ENV/, /^deno task test tests\/e2e$/]
      .filter((part) => !lines.some((line) => part.test(line))).map(String);
  },
  "no real-firewall test is skipped": ({ jobs }) =>
    jobs.test?.steps.some(({ run = "" }) =>
        /^sudo .*SPKNOCK_DEPS=jsr .*SPKNOCK_REQUIRE_KERNEL=1 .*\.ci\/run$/.test(run)
      )
      ? []
      : ["test"],
  "what is published has passed all other jobs": ({ jobs }) => {
    const passed = new Set(["publish"]);
    for (const name of passed) [jobs[name]?.needs ?? []].flat().forEach((each) => passed.add(each));
    return Object.keys(jobs).filter((name) => !passed.has(name));
  },
  "only the last job can write to the repository": ({ jobs }) =>
    Object.entries(jobs).filter(([, { permissions }]) => permissions?.contents === "write")
      .map(([name]) => name).filter((name) => name !== "publish"),
  "provenance is attested for every file": ({ jobs }) =>
    jobs.attest?.steps.some(({ uses, with: given }) =>
        uses?.startsWith("actions/attest@") &&
        given?.["subject-checksums"] === "release/SHA256SUMS"
      )
      ? []
      : ["attest"],
};

const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));
const CHECK = await read(".github/workflows/check.yml");
const RELEASE = await read(".github/workflows/release.yml");

function check(rule: Rule | undefined, text: string): string[] {
  if (rule === undefined) throw new Error("unknown rule");
  return rule(parse(text) as Workflow, text);
}

Deno.test("workflows: these two, both looked at here", () => {
  const names = Array.from(
    Deno.readDirSync(new URL(".github/workflows", ROOT)),
    ({ name }) => name,
  );
  assertEquals(names.toSorted(), ["check.yml", "release.yml"]);
});
table("check.yml", RULES, (rule) => assertEquals(check(rule, CHECK), []));
table("release.yml", { ...RULES, ...RELEASE_RULES }, (rule) => {
  assertEquals(check(rule, RELEASE), []);
});

/** What is put in the place of what, in release.yml, and breaks the rule. */
const MISTAKES: Readonly<Record<string, readonly [from: string | RegExp, to: string]>> = {
  "an action is pinned by its commit, with its version": [
    /setup-deno@\w+ # v[\d.]+/,
    "setup-deno@v2",
  ],
  "one commit for each action": [/checkout@\w{40}/, `checkout@${"0".repeat(40)}`],
  "nothing is permitted but by a job": ["permissions: {}", "permissions: write-all"],
  "a job that can write runs no code of the repository": [
    "run: sha256sum",
    "run: deno task x && sha256sum",
  ],
  "a checkout leaves no credentials": ["persist-credentials: false", "persist-credentials: true"],
  "no expression is pasted into a script": [
    'notes "$GITHUB_REF_NAME"',
    'notes "${{ github.ref_name }}"',
  ],
  "a token is given to gh only": ["run: gh release", "run: true; gh release"],
  "no trigger runs a stranger's code with rights": [
    "on:\n  push:",
    "on:\n  pull_request_target:\n  push:",
  ],
  "a job ends by itself": ["    timeout-minutes: 10\n", ""],
  "packages come from JSR": ["SPKNOCK_DEPS: jsr", "SPKNOCK_DEPS: npm"],
  "every target is tried": ["target: aarch64-pc-windows-msvc", "target: x86_64-pc-windows-msvc"],
  "the end-to-end tests run on what is published": ['"SPKNOCK_BIN=$bin"', '"BIN=$bin"'],
  "no real-firewall test is skipped": ["SPKNOCK_REQUIRE_KERNEL=1", "SPKNOCK_REQUIRE_KERNEL=0"],
  "what is published has passed all other jobs": [
    "needs: [test, build, try]",
    "needs: [build, try]",
  ],
  "only the last job can write to the repository": ["id-token: write", "contents: write"],
  "provenance is attested for every file": ["release/SHA256SUMS\n", "release/*.zip\n"],
};
table("workflows: found", { ...RULES, ...RELEASE_RULES }, (rule, name) => {
  const [from, to] = MISTAKES[name] ?? ["", ""];
  const text = RELEASE.replace(from, () => to);
  assertNotEquals(text, RELEASE);
  assertNotEquals(check(rule, text), []);
});

table("workflows: a job that can write may not", {
  "check the repository out":
    "- uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
  "run a script": "- run: ./release/install.sh",
  "run two commands": "- run: sha256sum --check --strict SHA256SUMS; sh x",
  "run a command's output": '- run: gh release create "$GITHUB_REF_NAME" $(cat x)',
  "run a second line": "- run: |\n          sha256sum --check --strict SHA256SUMS\n          sh x",
  "run another action":
    "- uses: someone/something@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
}, (step) => {
  const rule = RULES["a job that can write runs no code of the repository"];
  const text = RELEASE.replace(
    /( {2}publish:\n[^]*?steps:\n)/,
    `$1      ${step.replaceAll("$", "$$$$")}\n`,
  );
  assertNotEquals(text, RELEASE);
  assertEquals(check(rule, text).length, 1);
});

Deno.test("workflows: the Deno of all of them is that of .ci/run", async () => {
  const versions = [CHECK, RELEASE].flatMap((text) =>
    [...text.matchAll(/deno-version: (\S+)/g)].map(([, version]) => version)
  );
  const [, ours] = /deno@(\d+\.\d+\.\d+)/.exec(await read(".ci/run")) ?? [];
  assertEquals(new Set(versions), new Set([ours]));
});
