/** The command lines of the script that runs on a server, and what its reports mean. */
import { assertEquals, assertMatch } from "@std/assert";
import {
  parseReport,
  parseStatus,
  renderLook,
  renderRemove,
  renderStart,
  renderStatus,
  renderUpload,
  renderVerdict,
  RUNNER,
} from "../../src/apply/runner.ts";
import { table } from "../table.ts";

const TARGET = { kind: "nftables", name: "home", table: "spknock_home" } as const;
const FOLDER = "/tmp/spknock.a b";

table(
  "runner: command lines",
  ([
    [
      "start",
      renderStart("/tmp/d", { ...TARGET, seconds: 60, size: 9, digest: "ab", persists: true }),
      "sh /tmp/d/run.sh start nftables home spknock_home 60 /tmp/d 9 ab yes",
    ],
    [
      "start, not persisted",
      renderStart("/tmp/d", { ...TARGET, seconds: 5, size: 9, digest: "ab", persists: false }),
      "sh /tmp/d/run.sh start nftables home spknock_home 5 /tmp/d 9 ab no",
    ],
    ["keep", renderVerdict(FOLDER, "keep"), "sh '/tmp/spknock.a b/run.sh' keep '/tmp/spknock.a b'"],
    [
      "remove",
      renderRemove("/tmp/d", TARGET),
      "sh /tmp/d/run.sh remove nftables home spknock_home /tmp/d",
    ],
    [
      "status",
      renderStatus("/tmp/d", TARGET),
      "sh /tmp/d/run.sh status nftables home spknock_home",
    ],
    ["look", renderLook("/tmp/d", "home"), 'sh /tmp/d/run.sh look home "${SSH_CONNECTION-}"'],
    [
      "upload",
      renderUpload(FOLDER, "rules"),
      "umask 077; cat >'/tmp/spknock.a b/rules.part' && mv -f '/tmp/spknock.a b/rules.part' '/tmp/spknock.a b/rules'",
    ],
  ] as const).map(([name, ...row]) => [name, row] as const),
  ([made, wanted]) => assertEquals(made, wanted),
);

const NOTHING = {
  state: undefined,
  detail: undefined,
  leftMs: undefined,
  files: [],
  persist: undefined,
};

table(
  "runner: reports",
  ([
    ["nothing", "", NOTHING],
    ["a greeting", "Welcome!\nspknock is great\n", NOTHING],
    ["loaded", "hello\r\nspknock: state loaded\r\nspknock: left 57\r\n", {
      ...NOTHING,
      state: "loaded",
      leftMs: 57_000,
    }],
    ["an unknown state", "spknock: state strange\n", NOTHING],
    ["bad", "spknock: state bad\nspknock: detail line 3: Error: syntax\n", {
      ...NOTHING,
      state: "bad",
      detail: "line 3: Error: syntax",
    }],
    [
      "kept",
      "spknock: state kept\nspknock: file /a\nspknock: file /b\nspknock: file /a\nspknock: persist done\n",
      { ...NOTHING, state: "kept", files: ["/a", "/b"], persist: { status: "done", reason: "" } },
    ],
    ["not persisted", "spknock: state kept\nspknock: persist none\n", {
      ...NOTHING,
      state: "kept",
      persist: { status: "none", reason: "" },
    }],
    ["persist failed", "spknock: state kept\nspknock: persist failed /etc: read-only\n", {
      ...NOTHING,
      state: "kept",
      persist: { status: "failed", reason: "/etc: read-only" },
    }],
  ] as const).map(([name, ...row]) => [name, row] as const),
  ([text, wanted]) => assertEquals<unknown>(parseReport(text), wanted),
);

table(
  "runner: status",
  ([
    ["nothing", "", undefined],
    ["not loaded", "spknock: busy yes\nspknock: loaded no\n", {
      isLoaded: false,
      digest: undefined,
      appliedAt: undefined,
      isChanged: undefined,
      persistedDigest: undefined,
      persist: "none",
      files: [],
      isBusy: true,
    }],
    [
      "loaded",
      "spknock: busy no\nspknock: loaded yes\nspknock: digest ab\nspknock: applied 12\nspknock: changed no\nspknock: persisted-digest cd\nspknock: persist done\nspknock: file /a\n",
      {
        isLoaded: true,
        digest: "ab",
        appliedAt: 12_000,
        isChanged: false,
        persistedDigest: "cd",
        persist: "done",
        files: ["/a"],
        isBusy: false,
      },
    ],
  ] as const).map(([name, ...row]) => [name, row] as const),
  ([text, wanted]) => assertEquals<unknown>(parseStatus(text), wanted),
);

Deno.test("runner: its last line calls, and it is ASCII", () => {
  assertMatch(RUNNER, /\nmain "\$@"\n$/);
  assertMatch(RUNNER, /^[\t\n -~]*$/);
});
