/**
 * What a guest runs in: its code, cached and pinned, and the flags, the environment and the limits of
 * its processes.
 * @module
 */
import { Audit, AUDIT_ENVIRONMENT } from "../isolation/audit.ts";
import { requireDeno } from "../isolation/deno_path.ts";
import { GRANT_KINDS, type Grants, permissionFlags } from "../isolation/grant.ts";
import { logOutput } from "../isolation/output_log.ts";
import { ChildProcess } from "../isolation/process.ts";
import { SetupError } from "../run/error.ts";
import type { Clock, LogFields, Logger } from "../run/seams.ts";
import { fillGuestFolder } from "./graph/guest_folder.ts";
import { integrityOf } from "./graph/integrity.ts";
import { type LockFile, readLock, withPackages } from "./graph/lock_file.ts";
import { shownSpecifier } from "./graph/graph_info.ts";
import { loadGraph, type ModuleGraph } from "./graph/module_graph.ts";
import { importFlags } from "./graph/run_time_imports.ts";
import { guestProgram } from "./guest_program.ts";
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
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Most bytes of any file that a guest's runtime writes. */
const MAX_FILE_BYTES = 128 * 1024 * 1024;

/**
 * Memory that a process of Deno's has of its own before it has done anything, most of it only reserved:
 * measured 545 MiB, and 8 MiB for each thread.
 */
const BASE_MEMORY_BYTES = 576 * 1024 * 1024;
const THREAD_MEMORY_BYTES = 16 * 1024 * 1024;

/** Variables that Deno itself needs to reach what is granted; modules cannot read them. */
const RUNTIME_VARIABLES = [
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "TZ",
];

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
  const folder = await Deno.makeTempDir({ prefix: "fakellm-guest-" });
  try {
    const { specifier, configPath, remote } = place ?? await placeCode(code!, folder);
    const lockPath = `${folder}/guest.lock`;
    const load = async (reload: boolean) => {
      const graph = await loadGraph({
        specifier,
        name,
        configPath,
        imports: grants.import,
        lockPath,
        reload,
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
    const own = effective(grants, graph);
    const imports = importFlags(graph, { imports: grants.import, name });
    const args = argumentsOf(own, { ...options, configPath, lockPath, imports });
    return {
      name,
      specifier,
      configPath,
      lockPath,
      integrity,
      sheet: sheetOf(graph, { ...options, integrity }),
      spawn: async () => {
        // Files of this machine may have changed since.
        if (wanted !== undefined) expectPinned(await integrityOf(graph, { specifier, lock }));
        return await spawn(deno, args, { ...options, name, folder, own });
      },
      [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }).catch(() => {}),
    };
  } catch (error) {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
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
    if (!(error instanceof SetupError)) throw error;
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

function argumentsOf(
  own: Grants,
  { grants, maxMemoryBytes, configPath, lockPath, imports }: GuestBoxOptions & {
    readonly configPath: string | undefined;
    readonly lockPath: string;
    /** Flags for what it may import while it runs. */
    readonly imports: readonly string[];
  },
): string[] {
  return [
    "run",
    "--quiet",
    "--no-prompt",
    configPath === undefined ? "--no-config" : `--config=${configPath}`,
    "--node-modules-dir=none",
    `--lock=${lockPath}`,
    ...imports,
    ...grants.env === "all" ? [] : ["--ignore-env"],
    ...permissionFlags(own),
    `--v8-flags=--max-old-space-size=${Math.ceil(maxMemoryBytes / 1024 / 1024)}`,
    guestProgram(),
  ];
}

/** What is granted, and what the module needs to be loaded: its own files, and hosts it came from. */
function effective(grants: Grants, graph: ModuleGraph): Grants {
  const own = graph.files.flatMap(({ specifier, path }) =>
    specifier.startsWith("file:") && path !== undefined ? [path] : []
  );
  const odd = own.find((path) => path.includes(","));
  if (odd !== undefined) {
    throw new SetupError(`Cannot run a module with a file "${odd}": its path has a comma`);
  }
  return {
    ...grants,
    read: grants.read === "all" ? "all" : [...grants.read, ...own],
    import: grants.import === "all" ? "all" : [...grants.import, ...graph.hosts],
  };
}

async function spawn(
  command: string,
  args: readonly string[],
  { name, folder, grants, own, maxMemoryBytes, clock, logger }: GuestBoxOptions & {
    readonly name: string;
    readonly folder: string;
    /** What is granted, and what its own code needs. */
    readonly own: Grants;
  },
): Promise<ChildProcess> {
  const process = await ChildProcess.start({
    command,
    args,
    env: environmentOf(grants, folder),
    cwd: folder,
    clock,
    limits: {
      memoryBytes: BASE_MEMORY_BYTES + THREAD_MEMORY_BYTES * navigator.hardwareConcurrency +
        maxMemoryBytes,
      fileBytes: MAX_FILE_BYTES,
    },
  });
  const audit = new Audit(own);
  const fields = { module: name };
  void logOutput(process, {
    fields,
    logger,
    clock,
    intercept: (line) =>
      audit.take(line, ({ permission, value }) => {
        // Libraries look for variables that need not be there.
        const level = permission === "env" ? "debug" : "warn";
        logger.log(level, "Guest was denied", { ...fields, permission, value });
      }),
  });
  return process;
}

function environmentOf(grants: Grants, folder: string): Record<string, string> {
  const names = grants.env === "all"
    ? Object.keys(Deno.env.toObject())
    : [...RUNTIME_VARIABLES, ...grants.env];
  const given = names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(given),
    PATH: Deno.env.get("PATH") ?? "",
    ...AUDIT_ENVIRONMENT,
    DENO_DIR: folder,
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
  };
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
