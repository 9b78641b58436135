/**
 * A cache of Deno's that holds one module's graph and nothing else.
 * @module
 */
import type { ModuleGraph } from "./module_graph.ts";

/** Folders: what Deno would keep for web pages, and for code that is made up at run time. */
const CLOSED_FOLDERS = ["location_data", "gen/data", "gen/blob"] as const;

/** Files: databases of what Deno knows of code, of which a module can make up any amount. */
const CLOSED_FILES = [
  "v8_code_cache_v2",
  "dep_analysis_cache_v2",
  "node_analysis_cache_v2",
] as const;

/**
 * Fills a folder with a graph, for use as `DENO_DIR`. Files are copied: through a link,
 * whoever may write to the folder, or to that of another guest, would change the host's own.
 *
 * A process that has no permission to write writes to its cache nonetheless, through `caches`,
 * `localStorage` and whatever it imports from `data:`. Where these would go there are files instead of
 * folders and folders instead of files, so that they fail; Deno does without.
 */
export async function fillGuestFolder(folder: string, graph: ModuleGraph): Promise<void> {
  await Deno.mkdir(`${folder}/gen`, { recursive: true });
  await Promise.all([
    ...CLOSED_FOLDERS.map((name) => Deno.writeFile(`${folder}/${name}`, new Uint8Array())),
    ...CLOSED_FILES.map((name) => Deno.mkdir(`${folder}/${name}`)),
  ]);
  const { remote, npm } = graph.caches;
  const folders = new Set<string>();
  for (const path of remoteFiles(graph)) {
    const target = `${folder}/remote${path.slice(remote.length)}`;
    await ensureParent(target, folders);
    await Deno.copyFile(path, target);
  }
  for (const path of new Set(graph.packages.map((entry) => entry.path))) {
    await copyTree(path, `${folder}/npm${path.slice(npm.length)}`);
  }
}

/** Cached files, with what Deno keeps of the packages of JSR beside them. */
function remoteFiles({ files, caches: { remote } }: ModuleGraph): string[] {
  return files.flatMap(({ path }) => path?.startsWith(`${remote}/`) ? [path] : []);
}

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  const deeper: Promise<void>[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (isDirectory) deeper.push(copyTree(source, target));
    else if (isFile) deeper.push(Deno.copyFile(source, target));
  }
  await Promise.all(deeper);
}

async function ensureParent(path: string, known: Set<string>): Promise<void> {
  const parent = path.slice(0, path.lastIndexOf("/"));
  if (known.has(parent)) return;
  await Deno.mkdir(parent, { recursive: true });
  known.add(parent);
}
