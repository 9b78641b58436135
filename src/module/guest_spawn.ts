/**
 * How a guest's process is started: its flags, its environment and its limits.
 * @module
 */
import { Audit, AUDIT_ENVIRONMENT } from "../isolation/audit.ts";
import { denoMemoryBytes } from "../isolation/deno_memory.ts";
import { type Grants, permissionFlags } from "../isolation/grant.ts";
import { NO_GPU } from "../isolation/no_gpu.ts";
import { logOutput } from "../isolation/output_log.ts";
import { ChildProcess } from "../isolation/process.ts";
import { SetupError } from "../run/error.ts";
import type { Clock, Logger } from "../run/seams.ts";
import type { ModuleGraph } from "./graph/module_graph.ts";
import { resolutionFlags } from "./graph/resolution_flags.ts";
import { importFlags } from "./graph/run_time_imports.ts";
import { guestProgram } from "./guest_program.ts";

/** What is started. */
export interface GuestSpawnOptions {
  /** Names it in logs and errors. */
  readonly name: string;
  /** Path of the Deno that runs it. */
  readonly deno: string;
  /** Cache of Deno's that holds its code, and where it starts. */
  readonly folder: string;
  /** Path of the `deno.json` whose names it uses; undefined: none. */
  readonly configPath: string | undefined;
  /** Path of the lock file that its graph is pinned by. */
  readonly lockPath: string;
  /** What it is made of. */
  readonly graph: ModuleGraph;
  /** What it may do, paths absolute. */
  readonly grants: Grants;
  /** Most bytes of memory. */
  readonly maxMemoryBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Most bytes of any file that a guest's runtime writes. */
const MAX_FILE_BYTES = 128 * 1024 * 1024;

/** Variables that Deno itself needs to reach what is granted; modules cannot read them. */
const RUNTIME_VARIABLES = [
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "TZ",
];

/**
 * Prepares the start of processes.
 *
 * @throws {SetupError} when the module cannot run with what it is granted
 */
export function guestSpawner(options: GuestSpawnOptions): () => Promise<ChildProcess> {
  const { name, deno, folder, graph, grants, maxMemoryBytes, clock, logger } = options;
  const own = effective(grants, graph);
  const args = argumentsOf(own, options);
  const fields = { module: name };
  return async () => {
    const process = await ChildProcess.start({
      command: deno,
      args,
      env: environmentOf(grants, folder),
      cwd: folder,
      folder,
      clock,
      limits: {
        memoryBytes: denoMemoryBytes(maxMemoryBytes),
        fileBytes: MAX_FILE_BYTES,
      },
    });
    const audit = new Audit(own);
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
  };
}

function argumentsOf(
  own: Grants,
  { name, folder, graph, grants, maxMemoryBytes, configPath, lockPath }: GuestSpawnOptions,
): string[] {
  return [
    "run",
    "--quiet",
    "--no-prompt",
    ...resolutionFlags({ configPath, lockPath }),
    ...importFlags(graph, { imports: grants.import, name }),
    ...grants.env === "all" ? [] : ["--ignore-env"],
    ...permissionFlags(own),
    ...grants.write.length === 0 ? [] : [`--deny-write=${ownFolders(folder).join(",")}`],
    `--v8-flags=--max-old-space-size=${Math.ceil(maxMemoryBytes / 1024 / 1024)}`,
    guestProgram(),
  ];
}

/** Its code lies there, which it would change for its next process, by each path that leads there. */
function ownFolders(folder: string): string[] {
  const paths = [...new Set([folder, Deno.realPathSync(folder)])];
  const odd = paths.find((path) => path.includes(","));
  if (odd === undefined) return paths;
  throw new SetupError(`Cannot grant write to a module in folder "${odd}": its path has a comma`);
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

function environmentOf(grants: Grants, folder: string): Record<string, string> {
  const names = [...RUNTIME_VARIABLES, ...grants.env === "all" ? ["*"] : grants.env]
    // As Deno reads them, `FOO_*` is all that begin like that.
    .flatMap((name) =>
      name.endsWith("*")
        ? Object.keys(Deno.env.toObject()).filter((known) => known.startsWith(name.slice(0, -1)))
        : [name]
    );
  const given = names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(given),
    PATH: Deno.env.get("PATH") ?? "",
    ...AUDIT_ENVIRONMENT,
    ...NO_GPU,
    DENO_DIR: folder,
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
  };
}
