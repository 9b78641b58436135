/**
 * Everything a module is made of: resolved, downloaded and cached by the host, and run by nobody.
 * @module
 */
import { z } from "zod";
import { denoCommand } from "../../isolation/deno_command.ts";
import type { Grants } from "../../isolation/grant.ts";
import { SetupError } from "../../run/error.ts";
import { hostOf, infoSchema } from "./graph_info.ts";
import { type GraphFile, type GraphPackage, reachable } from "./reachable.ts";

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
  /** Path of the lock file, which is written. */
  readonly lockPath: string;
  /** Whether what is cached is downloaded again. @default false */
  readonly reload?: boolean;
}

/** A module and everything it is made of. */
export interface ModuleGraph {
  /** Where a cached file came from and lies, the module itself among them. */
  readonly files: readonly GraphFile[];
  /** npm packages. */
  readonly packages: readonly GraphPackage[];
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

const cachesSchema = z.object({ modulesCache: z.string(), npmCache: z.string() });

/**
 * Resolves and caches a module and all it imports when it is loaded. No code of it runs.
 *
 * @throws {SetupError} when it cannot be resolved or downloaded, or imports from a host it may not
 */
export async function loadGraph(options: GraphOptions): Promise<ModuleGraph> {
  const { specifier, name, configPath, lockPath, reload = false } = options;
  const hosts = allowedHosts(options);
  const common = [
    configPath === undefined ? "--no-config" : `--config=${configPath}`,
    "--node-modules-dir=none",
    `--lock=${lockPath}`,
    hosts === "all" ? "--allow-import" : `--allow-import=${hosts.join(",")}`,
  ];
  try {
    await denoCommand(["cache", "--quiet", ...reload ? ["--reload"] : [], ...common, specifier]);
    const [info, caches] = await Promise.all([
      denoCommand(["info", "--json", ...common, specifier]),
      denoCommand(["info", "--json"]),
    ]);
    const { modulesCache: remote, npmCache: npm } = cachesSchema.parse(JSON.parse(caches.stdout));
    const graph = reachable(infoSchema.parse(JSON.parse(info.stdout)), options);
    return { ...graph, hosts: hostsOf(graph.files), caches: { remote, npm } };
  } catch (cause) {
    if (cause instanceof SetupError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`Cannot load module "${name}": ${why.replaceAll(specifier, name)}`, {
      cause,
    });
  }
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
