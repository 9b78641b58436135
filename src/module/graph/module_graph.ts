/**
 * Everything a module is made of: resolved, downloaded and cached by the host, and run by nobody.
 * @module
 */
import { z } from "zod";
import { denoCommand } from "../../isolation/deno_command.ts";
import type { Grants } from "../../isolation/grant.ts";
import { SetupError } from "../../run/error.ts";
import type { Clock } from "../../run/seams.ts";
import { type GraphInfo, hostOf, infoSchema } from "./graph_info.ts";
import { localFiles } from "./local_files.ts";
import { type GraphFile, type GraphPackage, reachable, type Withheld } from "./reachable.ts";
import { resolutionFlags } from "./resolution_flags.ts";

/** What is resolved, and by which rules. */
export interface GraphOptions {
  /** Absolute specifier: a `file:` or `http(s):` URL, or one of `jsr:`, `npm:` and `data:`. */
  readonly specifier: string;
  /** Names it in errors. */
  readonly name: string;
  /** Path of a `deno.json` whose names the module may use; undefined: none. */
  readonly configPath: string | undefined;
  /** Imports at run time that are granted. */
  readonly imports: Grants["import"];
  /** Files that it may read. */
  readonly read: Grants["read"];
  /** Path of the lock file, which is written. */
  readonly lockPath: string;
  /** Whether what is cached is downloaded again. @default false */
  readonly reload?: boolean;
  /** Ends it. @default nothing does */
  readonly signal?: AbortSignal;
  /** Times the download. */
  readonly clock: Clock;
}

/** A module and everything it is made of. */
export interface ModuleGraph {
  /** Where a cached file came from and lies, the module itself among them. */
  readonly files: readonly GraphFile[];
  /** npm packages. */
  readonly packages: readonly GraphPackage[];
  /** What it names to import at run time, and may not have. */
  readonly withheld: readonly Withheld[];
  /** Hosts that code came from, each with its port. */
  readonly hosts: readonly string[];
  /** The caches that files and packages lie in. */
  readonly caches: { readonly remote: string; readonly npm: string };
}

/** Hosts that Deno itself lets anybody import code from. */
const USUAL_HOSTS = [
  "deno.land:443",
  "jsr.io:443",
  "esm.sh:443",
  "raw.esm.sh:443",
  "cdn.jsdelivr.net:443",
  "raw.githubusercontent.com:443",
  "gist.githubusercontent.com:443",
];

/** Most files of a graph. */
const MAX_FILES = 5000;

/** Most bytes of a graph's files. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Longest that a graph may take to download, in milliseconds. */
const DOWNLOAD_MS = 60_000;

const cachesSchema = z.object({ modulesCache: z.string(), npmCache: z.string() });

/**
 * Resolves and caches a module and all it imports when it is loaded. No code of it runs.
 *
 * @throws {SetupError} when it cannot be resolved or downloaded, or imports from a host, or a file,
 *   that it may not, or is too large
 * @throws the signal's reason
 */
export async function loadGraph(options: GraphOptions): Promise<ModuleGraph> {
  const { specifier, name, signal, clock, reload = false } = options;
  const hosts = allowedHosts(options);
  const common = [
    ...resolutionFlags(options),
    hosts === "all" ? "--allow-import" : `--allow-import=${hosts.join(",")}`,
  ];
  try {
    await download([...reload ? ["--reload"] : [], ...common], options);
    const [info, caches] = await Promise.all([
      denoCommand(["info", "--json", ...common, specifier], { signal, clock }),
      denoCommand(["info", "--json"], { signal, clock }),
    ]);
    const { modulesCache: remote, npmCache: npm } = cachesSchema.parse(JSON.parse(caches.stdout));
    const known = infoSchema.parse(JSON.parse(info.stdout));
    expectSmall(known, name);
    const graph = reachable(known, { ...options, mayRead: await localFiles(known, options) });
    return { ...graph, hosts: hostsOf(graph.files), caches: { remote, npm } };
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof SetupError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`Cannot load module "${name}": ${why.replaceAll(specifier, name)}`, {
      cause,
    });
  }
}

async function download(
  flags: readonly string[],
  { specifier, lockPath, signal, clock }: GraphOptions,
): Promise<void> {
  const cache = async (root: string) => {
    const args = ["cache", "--quiet", ...flags, root];
    await denoCommand(args, { deadlineMs: DOWNLOAD_MS, signal, clock });
  };
  if (!specifier.startsWith("data:")) return await cache(specifier);
  // Deno takes it for a path, unless a file imports it.
  const path = `${lockPath}.js`;
  await Deno.writeTextFile(path, `import ${JSON.stringify(specifier)};`);
  try {
    await cache(path);
  } finally {
    await Deno.remove(path);
  }
}

function expectSmall({ modules }: GraphInfo, name: string): void {
  const bytes = modules.reduce((sum, { size = 0 }) => sum + size, 0);
  if (modules.length <= MAX_FILES && bytes <= MAX_BYTES) return;
  throw new SetupError(
    `Cannot load module "${name}": it is ${modules.length} files of ${bytes} bytes; accepted: at ` +
      `most ${MAX_FILES} files of ${MAX_BYTES} bytes`,
  );
}

function allowedHosts({ specifier, imports }: GraphOptions): "all" | readonly string[] {
  if (imports === "all") return "all";
  const url = URL.parse(specifier);
  const own = url && /^https?:$/.test(url.protocol) ? [hostOf(url)] : [];
  return [...new Set([...own, ...USUAL_HOSTS, ...imports])];
}

function hostsOf(files: readonly GraphFile[]): string[] {
  const hosts = files.flatMap(({ specifier }) => {
    const url = new URL(specifier);
    return /^https?:$/.test(url.protocol) ? [hostOf(url)] : [];
  });
  return [...new Set(hosts)].sort();
}
