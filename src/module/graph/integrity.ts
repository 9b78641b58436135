/**
 * One hash over everything a module is made of.
 * @module
 */
import type { GraphFile } from "./reachable.ts";
import type { LockFile } from "./lock_file.ts";
import type { ModuleGraph } from "./module_graph.ts";

/** What an integrity looks like. */
export const INTEGRITY_FORM = /^sha256-[A-Za-z0-9+/]{43}=$/;

/** What Deno appends to a file in its cache. */
const CACHE_METADATA = "\n// denoCacheMetadata=";

/**
 * `sha256-` and the Base64 hash of a list: each file with the hash of its content, each npm package
 * with the integrity that its registry gave. Files of this machine count by their place relative to the
 * module, so that the hash is the same elsewhere.
 *
 * @param options `specifier`: the module; `lock`: cut down to the graph
 */
export async function integrityOf(
  { files, packages }: ModuleGraph,
  { specifier, lock }: { readonly specifier: string; readonly lock: LockFile },
): Promise<string> {
  const lines = [
    ...await Promise.all(
      files.map(async (file) =>
        `${placeOf(file.specifier, specifier)} ${hex(await contentHash(file))}`
      ),
    ),
    ...packages.map(({ id }) => `npm:${id} ${lock.npm?.[id]?.integrity ?? "unknown"}`),
  ];
  const all = new TextEncoder().encode(lines.sort().join("\n"));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  return `sha256-${btoa(String.fromCharCode(...hash))}`;
}

async function contentHash({ specifier, path }: GraphFile): Promise<Uint8Array> {
  const bytes = path === undefined
    ? new TextEncoder().encode(specifier)
    : withoutMetadata(await Deno.readFile(path), specifier);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function withoutMetadata(
  bytes: Uint8Array<ArrayBuffer>,
  specifier: string,
): Uint8Array<ArrayBuffer> {
  if (!/^https?:/.test(specifier)) return bytes;
  // One character for each byte: where it is in the text is where it is in the bytes.
  const at = new TextDecoder("latin1").decode(bytes).lastIndexOf(CACHE_METADATA);
  return at < 0 ? bytes : bytes.subarray(0, at);
}

/** A file of this machine as seen from the module. */
function placeOf(specifier: string, from: string): string {
  if (!specifier.startsWith("file:")) return specifier;
  const [there, here] = [specifier.split("/"), from.split("/")];
  let shared = 0;
  while (shared < here.length - 1 && there[shared] === here[shared]) shared += 1;
  return `./${"../".repeat(here.length - 1 - shared)}${there.slice(shared).join("/")}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
