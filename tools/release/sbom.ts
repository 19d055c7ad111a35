/** What the executable is made of, in CycloneDX: the packages of its modules, and the runtime. */
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import { listPackages, type ModuleGraph, type Package } from "./packages.ts";

/** What this reads of a lock file of Deno. */
export interface Lock {
  jsr?: Readonly<Record<string, { integrity: string }>>;
  npm?: Readonly<Record<string, { integrity: string }>>;
}

/** Bytes of one algorithm, which the two registries write in their own ways. */
function readIntegrity(lock: Lock, { registry, key }: Package): Models.Hash {
  const integrity = lock[registry]?.[key]?.integrity;
  if (integrity === undefined) throw new Error(`the lock file does not hold ${registry}:${key}`);
  if (registry === "jsr") return [Enums.HashAlgorithm["SHA-256"], integrity];
  const base64 = /^sha512-(.+)$/.exec(integrity)?.[1];
  if (base64 === undefined) throw new Error(`the lock file has no SHA-512 for npm:${key}`);
  return [Enums.HashAlgorithm["SHA-512"], Uint8Array.fromBase64(base64).toHex()];
}

/**
 * Returns the list as JSON of CycloneDX 1.6; the same input gives the same bytes.
 *
 * @throws {Error} if the lock file does not hold one of the packages.
 */
export function renderSbom({ version, time, runtime, graph, lock }: {
  version: string;
  time: Date;
  /** The versions of Deno and V8 that the executable runs on. */
  runtime: { deno: string; v8: string };
  graph: ModuleGraph;
  lock: Lock;
}): string {
  const { Component, LicenseRepository, SpdxLicense } = Models;
  const program = new Component(Enums.ComponentType.Application, "spknock", {
    version,
    bomRef: "spknock",
    purl: `pkg:github/spknock/spknock@v${version}`,
    licenses: new LicenseRepository([new SpdxLicense("MIT")]),
  });
  const bom = new Models.Bom({
    metadata: new Models.Metadata({ component: program, timestamp: time }),
  });
  const add = (component: Models.Component): void => {
    bom.components.add(component);
    program.dependencies.add(component.bomRef);
  };
  for (const found of listPackages(graph)) {
    const { registry, name, version } = found;
    const purl = `pkg:${registry}/${name.replace("@", "%40")}@${version}`;
    const hashes = new Models.HashDictionary([readIntegrity(lock, found)]);
    add(new Component(Enums.ComponentType.Library, name, { version, bomRef: purl, purl, hashes }));
  }
  for (const [name, version] of Object.entries(runtime)) {
    const purl = name === "deno"
      ? `pkg:github/denoland/deno@v${version}`
      : `pkg:generic/v8@${version}`;
    add(new Component(Enums.ComponentType.Framework, name, { version, bomRef: purl, purl }));
  }
  const normalizers = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return new Serialize.JsonSerializer(normalizers).serialize(bom, { sortLists: true, space: 2 }) +
    "\n";
}
