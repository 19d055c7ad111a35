/** The forms for a shell as text; tests/kernel/export_shell_test.ts runs them. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../src/core/errors.ts";
import { EXPORT_FORMS } from "../../src/export/forms.ts";
import { PUT } from "../../src/export/shell/script_parts.ts";
import { checkShell, HAS_SHELLCHECK, isPowershell } from "../scripts.ts";
import { lacks } from "../systems.ts";
import { table } from "../table.ts";
import {
  HASH,
  HMAC_KEY,
  KEY,
  listDifferences,
  makeRoundTrip,
  openDoor,
  readTarget,
  requireOne,
} from "./round_trip.ts";

type Form = "knock" | "nmap" | "nc" | "bash" | "powershell";
const FORMS = ["knock", "nmap", "nc", "bash", "powershell"] as const;

function configure(keys: string): string {
  return `version = 1\n[targets.home]\n${keys}\n`;
}

async function render(keys: string, as: Form, { isOpen = false } = {}) {
  const target = await readTarget(configure(keys));
  const { exporter } = await EXPORT_FORMS[as].load();
  return await exporter.render([isOpen ? openDoor(target) : { target }]);
}

/** Each has something that only some scripts need. */
const DOORS: Readonly<Record<string, string>> = {
  "asked for each": 'host = "::1"\nknocks = ["1/udp", "2/tcp", "3/udp"]\nopens = ["22/tcp"]',
  "asked for once": 'host = "a.example"\nknocks = ["1/udp", "3/udp"]\nsecret = { prompt = "once" }',
  hash: `host = "a.example"\nfamily = "ipv6"\nknocks = ["1/udp"]\nsecret = { hash = "${HASH}" }`,
  "hash and passphrase":
    `host = "a.example"\nfamily = "ipv4"\nknocks = [{ port = 1, protocol = "udp", secret = { hash = "${HASH}" } }, "2/udp"]`,
  "fixed bytes": `host = "::1"\ndelay = "1500ms"\nknocks = [
  { port = 1, protocol = "udp", payload = { text = "it's %s -n \\\\ $HOME" } },
  { port = 2, protocol = "udp", payload = { hex = "002d" } }]`,
  "an echo request": 'host = "::1"\nknocks = [{ protocol = "icmp", size = 64 }, "2/tcp"]',
  "a source": 'host = "a.example"\nsource = "192.0.2.1"\nknocks = ["1/tcp", "2/tcp"]',
  "only tcp": 'host = "192.0.2.9"\nknocks = ["1/tcp"]',
  "nothing in it": 'host = "a.example"\nknocks = ["1/udp"]\nsecret = "none"',
};

/** Scripts with bytes are written with their secrets only. */
const listStates = (keys: string) => keys.includes("payload") ? [true] : [false, true];

table("export bash: shellcheck has nothing to say", DOORS, async (keys) => {
  for (const isOpen of listStates(keys)) {
    const { text } = await render(keys, "bash", { isOpen });
    assertEquals(await checkShell(text), "", text);
  }
}, { ignore: !HAS_SHELLCHECK });

Deno.test({
  name: "export bash: shellcheck sees what is wrong with a script",
  ignore: !HAS_SHELLCHECK,
  async fn() {
    const { text } = await render(DOORS["asked for each"] ?? "", "bash");
    assertStringIncludes(await checkShell(text.replace('"$payload_1"', "$payload_1")), "SC2086");
    assertStringIncludes(await checkShell(text.replace("exec cat", "exec cat'")), "error");
  },
});

table(
  "export powershell: the script is PowerShell, and a broken one is not",
  DOORS,
  async (keys) => {
    for (const isOpen of listStates(keys)) {
      const { text } = await render(keys, "powershell", { isOpen });
      assertEquals(isPowershell(text), true, text);
      for (const bracket of ["{", "}", "(", ")"]) {
        const at = text.indexOf(bracket, text.indexOf("\n$ErrorActionPreference"));
        const broken = text.slice(0, at) + text.slice(at + 1);
        assertEquals(isPowershell(broken), false, `without a ${bracket}`);
      }
      assertEquals(isPowershell(text.replace("$Target = '", "$Target = ")), false);
    }
  },
);

const { "fixed bytes": _, ...ASKED } = DOORS;

table("export: a secret is in the text only with --with-secrets", ASKED, async (keys, name) => {
  for (const as of ["nmap", "nc", "bash", "powershell"] as const) {
    const isSecret = /asked|hash/.test(name);
    const kept = await render(keys, as);
    assertEquals([kept.holdsSecret, kept.text.includes(HASH)], [false, false], as);
    const given = await render(keys, as, { isOpen: true });
    assertEquals([given.holdsSecret, given.text.includes(HASH)], [isSecret, isSecret], as);
  }
});

const BYTES =
  'host = "::1"\nknocks = [{ port = 9, protocol = "udp", payload = { text = "s3cr3t" } }]';

table("export: a fixed payload is a secret", {
  nmap: "s3cr3t".replace(/./g, (letter) => letter.charCodeAt(0).toString(16)),
  nc: "s3cr3t",
  bash: "s3cr3t",
  powershell: "115, 51, 99, 114, 51, 116",
}, async (secret, as) => {
  const given = await render(BYTES, as as Form, { isOpen: true });
  assertEquals([given.holdsSecret, given.text.includes(secret)], [true, true]);
  if (as === "nmap" || as === "nc") {
    const kept = await render(BYTES, as);
    assertEquals([kept.holdsSecret, kept.text.includes(secret)], [false, false]);
    assertStringIncludes(kept.text, "PUT-SECRET-HERE");
    const target = await readTarget(configure(BYTES));
    await assertRejects(
      () => makeRoundTrip([target], { as, from: "shell", isSecretless: true }),
      Error,
      "the payload is a placeholder",
    );
  } else {
    const error = await assertRejects(() => render(BYTES, as as Form), UsageError);
    assertEquals([error.message, error.hint], [
      `--as ${as} cannot ask for the fixed payload of 9/udp`,
      `use: spknock export home --as ${as} --with-secrets`,
    ]);
  }
});

table("export bash: what is printed is no argument of a program", {
  "a printf of its own": [],
  "a printf elsewhere": ["enable -n printf"],
}, async (before) => {
  const folder = await Deno.makeTempDir();
  const text = "  a\\n$HOME `x` %s -n \\";
  try {
    // It shows its arguments, as a list of processes does.
    await Deno.writeTextFile(`${folder}/printf`, '#!/bin/sh\necho "seen: $*"\n', { mode: 0o755 });
    const { stdout } = await new Deno.Command("bash", {
      args: ["-c", [...before, PUT, 'put "$0"'].join("\n"), text],
      env: { PATH: `${folder}:${Deno.env.get("PATH")}` },
    }).output();
    assertEquals(new TextDecoder().decode(stdout), text);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}, { ignore: lacks("sh") });

table("export: lines as they are", {
  knock: "knock -d 2000 a.example 7000:tcp 8000:udp\n",
  nmap: "# home: a knock by nmap (udp needs root), made by spknock\n" +
    "nmap -n -Pn --max-retries 0 --host-timeout 201ms -p 7000 a.example; sleep 2; " +
    "nmap -n -Pn --max-retries 0 --host-timeout 201ms -sU -p 8000 a.example\n",
  nc: "# home: a knock by nc, made by spknock\n" +
    "nc -z -w 1 a.example 7000; sleep 2; printf '\\000' | nc -u -w 1 a.example 8000\n",
}, async (expected, as) => {
  const keys = 'host = "a.example"\nknocks = ["7000", "8000/udp"]\nsecret = "none"\ndelay = "2s"';
  const { text } = await render(keys, as as Form);
  assertEquals(text, expected);
});

const ECHO = '{ protocol = "icmp", size = 64 }';

table("export: what a form cannot send is refused, with one that can", {
  "knock: a secret": ["knock", 'knocks = ["1/udp"]', "payloads", "bash"],
  "knock: bytes": [
    "knock",
    'knocks = [{ port = 1, protocol = "udp", payload = { text = "x" } }]',
    "payloads",
    "bash",
  ],
  "knock: an echo request": ["knock", `knocks = [${ECHO}]`, "echo requests", "bash"],
  ...Object.fromEntries(FORMS.flatMap((form) => [
    [`${form}: one-time codes`, [
      form,
      `knocks = ["1/udp"]\nsecret = { file = "k" }\nrolling = { window = "10m" }`,
      "one-time codes",
      "toml",
    ]],
    [`${form}: fwknop`, [
      form,
      `protocol = "fwknop"\nopens = ["22/tcp"]\n[targets.home.fwknop]\nkey_base64 = "${KEY}"\nhmac_key_base64 = "${HMAC_KEY}"`,
      "a packet of fwknop",
      "fwknoprc",
    ]],
  ])),
} as Record<string, [Form, string, string, string]>, async ([as, keys, what, other]) => {
  const error = await assertRejects(() => render(`host = "a.example"\n${keys}`, as), UsageError);
  assertEquals([error.message, error.hint], [
    `--as ${as} cannot send ${what}`,
    `use: spknock export home --as ${other}`,
  ]);
});

table(
  "export: one-time sequences are refused",
  FORMS.map((form) => [form, form] as const),
  async (as) => {
    const target = await readTarget(configure('host = "a.example"\nknocks = ["1/tcp"]'));
    const { exporter } = await EXPORT_FORMS[as].load();
    const door = { target: { ...target, knocks: [], oneTime: "f" } };
    const error = await assertRejects(async () => await exporter.render([door]), UsageError);
    assertEquals(error.message, `--as ${as} cannot send one-time sequences`);
  },
);

/** What comes back as it was, by the forms that carry it. */
const TRIPS: Readonly<Record<string, { forms: readonly Form[]; keys: string }>> = {
  "regular knocks": {
    forms: ["knock", "nmap", "nc"],
    keys: 'host = "192.0.2.1"\nknocks = ["7000/tcp", "8000/udp"]\nsecret = "none"\ncopies = 1',
  },
  "a delay": {
    forms: ["knock", "nmap", "nc"],
    keys: 'host = "192.0.2.1"\nknocks = ["1/tcp", "2/tcp", "3/tcp"]\ndelay = "2500ms"\ncopies = 1',
  },
  "a family": {
    forms: ["knock", "nmap", "nc"],
    keys: 'host = "a.example"\nfamily = "ipv6"\nknocks = ["7000/tcp", "8/tcp"]\ncopies = 1',
  },
  "an IPv6 address and a source": {
    forms: ["nmap", "nc"],
    keys: 'host = "2001:db8::1"\nsource = "2001:db8::2"\nknocks = ["7/tcp"]\ncopies = 1',
  },
  "a hash": {
    forms: ["nmap", "nc"],
    keys:
      `host = "192.0.2.1"\nknocks = ["1/udp", "2/udp"]\nsecret = { hash = "${HASH}" }\ncopies = 1`,
  },
  "bytes, delays of their own, an echo request": {
    forms: ["nmap", "nc"],
    keys: `host = "192.0.2.1"\ncopies = 1\nknocks = [
  { port = 1, protocol = "udp", payload = { hex = "00ff2527" }, delay = "100ms" },
  { port = 2, protocol = "tcp", delay = "200ms" },
  { protocol = "icmp", size = 64 }]`,
  },
};

for (const [name, { forms, keys }] of Object.entries(TRIPS)) {
  const rows = forms.map((form) => [form, form] as const);
  table<Form>(`export and import again: ${name}`, rows, async (as) => {
    const before = await readTarget(configure(keys));
    const { targets, lost } = await makeRoundTrip([before], { as, from: "shell" });
    const after = { ...requireOne(targets), name: before.name };
    assertEquals([listDifferences(before, after), lost], [[], []]);
  });
}

Deno.test("export and import again: a placeholder is asked for", async () => {
  const before = await readTarget(configure('host = "192.0.2.1"\nknocks = ["1/udp"]\ncopies = 1'));
  for (const as of ["nmap", "nc"] as const) {
    const { targets } = await makeRoundTrip([before], { as, from: "shell", isSecretless: true });
    assertEquals(listDifferences(before, { ...requireOne(targets), name: "home" }), []);
  }
});

Deno.test("export: what a form does without is named", async () => {
  const keys = `host = "a.example"\nfamily = "both"\nsource = "eth0"\ncopies = 3
knocks = ["1/tcp"]\nprobes = ["tcp:22", "ping"]\nclose = { knocks = ["2/tcp"] }`;
  const lost = async (as: Form) => (await render(keys, as)).lost;
  assertEquals(await lost("knock"), ["home: family, source, copies, probes, close"]);
  assertEquals(await lost("nc"), ["home: family, copies, probes, close"]);
  assertEquals(await lost("powershell"), ["home: family, source, copies, probes, close"]);
});
