/** The picture of `ssh home` shows what a real OpenSSH behind a real firewall shows today. */
import { assertEquals } from "@std/assert";
import { readLines } from "../../tools/picture/draw.ts";
import { playSsh } from "../../tools/picture/scenes.ts";
import { comparable, readSaved } from "../tools/pictures.ts";
import { kernelTest } from "./lab.ts";
import { SSH_TOOLS } from "./ssh_lab.ts";

await kernelTest("the picture of ssh is up to date", async (lab) => {
  assertEquals(comparable(await readSaved("ssh")), comparable(readLines(await playSsh(lab))));
}, { tools: [...SSH_TOOLS, "script", "unshare"] });
