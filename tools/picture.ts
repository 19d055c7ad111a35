/**
 * Draws docs/pictures from real runs: `deno task picture [demo|ssh]...`. That of ssh needs root on Linux, with what
 * the real-firewall tests need.
 */
import { drawScreen } from "./picture/draw.ts";
import { SCENES } from "./picture/scenes.ts";

const FOLDER = new URL("../docs/pictures/", import.meta.url);

const names = Deno.args.length > 0 ? Deno.args : Object.keys(SCENES);
for (const name of names) {
  const scene = SCENES[name];
  if (scene === undefined) {
    throw new Error(`"${name}" is not a picture: use ${Object.keys(SCENES).join(", ")}`);
  }
  const svg = drawScreen(await scene.play(), scene);
  await Deno.mkdir(FOLDER, { recursive: true });
  await Deno.writeTextFile(new URL(`${name}.svg`, FOLDER), svg);
  await Deno.stdout.write(new TextEncoder().encode(`drew docs/pictures/${name}.svg\n`));
}
