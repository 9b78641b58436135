/**
 * A place for the processes of one module: its code, resolved, checked, pinned, and nothing else.
 * @module
 */
import { requireDeno } from "../isolation/deno_path.ts";
import { GRANT_KINDS, type Grants } from "../isolation/grant.ts";
import type { ChildProcess } from "../isolation/process.ts";
import { tempFolder } from "../isolation/temp_folder.ts";
import { RunError, SetupError } from "../run/error.ts";
import type { Clock, LogFields, Logger } from "../run/seams.ts";
import { fillGuestFolder } from "./graph/guest_folder.ts";
import { integrityOf } from "./graph/integrity.ts";
import { type LockFile, readLock, withPackages } from "./graph/lock_file.ts";
import { shownSpecifier } from "./graph/graph_info.ts";
import { loadGraph, type ModuleGraph } from "./graph/module_graph.ts";
import type { Withheld } from "./graph/reachable.ts";
import { guestSpawner } from "./guest_spawn.ts";
import { expectFile } from "./local_file.ts";
import { findConfig, locate } from "./reference.ts";

/** What is prepared. */
export interface GuestBoxOptions {
  /** Path or URL of the module. */
  readonly specifier: string;
  /** JavaScript to run instead of what lies there; imports nothing. @default what lies there */
  readonly code?: string;
  /** Absolute path that relative ones start from. */
  readonly folder: string;
  /** What it may do, paths absolute. */
  readonly grants: Grants;
  /** Hash that its graph must have; undefined: any. */
  readonly integrity?: string;
  /** Names the model it serves, in errors. */
  readonly model?: string;
  /** Most bytes of memory. */
  readonly maxMemoryBytes: number;
  /** Ends it. @default nothing does */
  readonly signal?: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A place for the processes of one module. */
export interface GuestBox extends AsyncDisposable {
  /** Names it in logs: no password, no token. */
  readonly name: string;
  /** Absolute specifier of the module. */
  readonly specifier: string;
  /** Path of the `deno.json` whose names it uses; undefined: none. */
  readonly configPath: string | undefined;
  /** Path of the lock file that its graph is pinned by. */
  readonly lockPath: string;
  /** What it names to import at run time, and may not have. */
  readonly withheld: readonly Withheld[];
  /** Hash of its graph. */
  readonly integrity: string;
  /** What it is made of and may do, for the log. */
  readonly sheet: LogFields;
  /** Starts a process. */
  spawn(): Promise<ChildProcess>;
}

/**
 * Resolves a module and everything it imports, and makes a place where nothing else is.
 *
 * @throws {SetupError} when it cannot be resolved, or is not what its integrity says
 * @throws the signal's reason
 */
export async function prepareGuest(options: GuestBoxOptions): Promise<GuestBox> {
  const { grants, code } = options;
  // What is run instead is as its host has it.
  const wanted = code === undefined ? options.integrity : undefined;
  const name = shownSpecifier(options.specifier);
  const place = code === undefined ? await placeOf(options) : undefined;
  const deno = await requireDeno(
    options.model === undefined ? `module "${name}"` : `model "${options.model}", a module`,
  );
  const box = await tempFolder("fakellm-guest-");
  const folder = box.path;
  try {
    const { specifier, configPath, remote } = place ?? await placeCode(code!, folder);
    const lockPath = `${folder}/guest.lock`;
    const load = async (reload: boolean) => {
      const graph = await loadGraph({
        specifier,
        name,
        configPath,
        imports: grants.import,
        read: grants.read,
        lockPath,
        reload,
        signal: options.signal,
        clock: options.clock,
      });
      const lock = withPackages(await readLock(lockPath), graph.packages);
      return { graph, lock, integrity: await integrityOf(graph, { specifier, lock }) };
    };
    const { graph, lock, integrity } = remote
      ? await loadRemote(load, { wanted, lockPath })
      : await load(false);
    const expectPinned = (found: string) => {
      if (wanted === undefined || found === wanted) return;
      throw new SetupError(
        `Cannot load module "${name}": its integrity is ${found}, not ${wanted}`,
        { path: "integrity" },
      );
    };
    expectPinned(integrity);
    await Deno.writeTextFile(lockPath, JSON.stringify(lock));
    await fillGuestFolder(folder, graph);
    const spawn = guestSpawner({ ...options, name, deno, folder, configPath, lockPath, graph });
    return {
      name,
      specifier,
      configPath,
      lockPath,
      withheld: graph.withheld,
      integrity,
      sheet: sheetOf(graph, { ...options, integrity }),
      spawn: async () => {
        // Files of this machine may have changed since.
        if (wanted !== undefined) expectPinned(await integrityOf(graph, { specifier, lock }));
        return await spawn();
      },
      [Symbol.asyncDispose]: () => box[Symbol.asyncDispose](),
    };
  } catch (error) {
    await box[Symbol.asyncDispose]();
    throw error;
  }
}

/** Where a module is, and by which names it imports. */
interface Place {
  /** Absolute. */
  readonly specifier: string;
  readonly configPath: string | undefined;
  readonly remote: boolean;
}

async function placeOf({ specifier, folder }: GuestBoxOptions): Promise<Place> {
  const location = locate(specifier, folder);
  if (location.type === "remote") {
    return { specifier: new URL(specifier).href, configPath: undefined, remote: true };
  }
  await expectFile(location.path, specifier);
  const { url } = location;
  return { specifier: url, configPath: await findConfig(url), remote: false };
}

async function placeCode(code: string, folder: string): Promise<Place> {
  const path = `${folder}/module.js`;
  await Deno.writeTextFile(path, code);
  return { specifier: `file://${path}`, configPath: undefined, remote: false };
}

interface Loaded {
  readonly graph: ModuleGraph;
  readonly lock: LockFile;
  readonly integrity: string;
}

/** What is cached may be older than what is pinned, or be that nothing was there. */
async function loadRemote(
  load: (reload: boolean) => Promise<Loaded>,
  { wanted, lockPath }: { readonly wanted: string | undefined; readonly lockPath: string },
): Promise<Loaded> {
  let cached: Loaded | undefined;
  try {
    cached = await load(false);
    if (wanted === undefined || cached.integrity === wanted) return cached;
  } catch (error) {
    if (!(error instanceof SetupError) || isTimeout(error.cause)) throw error;
  }
  await Deno.remove(lockPath).catch(() => {});
  try {
    return await load(true);
  } catch (error) {
    // That it is not what was pinned matters more than that there is no other.
    if (cached && error instanceof SetupError) return cached;
    throw error;
  }
}

/** Whoever was waited for once would be waited for again. */
function isTimeout(cause: unknown): boolean {
  return cause instanceof RunError && cause.code === "backend-timeout";
}

function sheetOf(
  { files, packages, hosts }: ModuleGraph,
  { grants, integrity }: { readonly grants: Grants; readonly integrity: string },
): LogFields {
  return {
    files: files.length,
    packages: packages.length,
    from: hosts.length === 0 ? undefined : hosts.join(", "),
    integrity,
    ...Object.fromEntries(GRANT_KINDS.map((kind) => {
      const granted = grants[kind];
      return [kind, granted === "all" ? "all" : granted.join(", ") || "none"];
    })),
  };
}
