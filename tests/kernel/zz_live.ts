import { createLab } from "./lab.ts";
import { createApplyLab } from "./apply_lab.ts";
const lab = await createLab();
const apply = await createApplyLab(lab);
const [a, b] = [
  "61be55a8e2f6b4e172338bddf184d6dbee29c98853e0a0485ecee7f27b9af0b4",
  "fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6",
];
await apply.home.write(
  `version = 1\n[targets.home]\nhost = "${lab.server.ipv4}"\nopens = ["22/tcp"]\nknocks = [{ port = 1234, protocol = "udp", secret = { hash = "${a}" } }, { port = 9876, protocol = "udp", secret = { hash = "${b}" } }]\n[targets.home.close]\nknocks = [{ port = 9500, protocol = "udp", secret = { hash = "${a}" } }]\n[targets.typed]\nhost = "${lab.server.ipv4}"\nopens = ["22/tcp"]\nknocks = ["4000/udp"]\n`,
);
await Deno.writeTextFile(
  "/tmp/x/live.env",
  `export HOME=${apply.home.path} SPKNOCK_CONFIG=${apply.home.config}\nNS=${lab.client.name}\nSNS=${lab.server.name}\nSSH="${apply.sshText}"\nPLACE=${apply.place()}\nJOE=${
    apply.place("joe")
  }\nIP=${lab.server.ipv4}\nPID=$(ip netns pids $SNS | head -1)\n`,
);
console.log("up");
await new Promise((r) => setTimeout(r, 3_600_000));
