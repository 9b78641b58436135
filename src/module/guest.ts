/**
 * Code of somebody else as a Runner: for apps that are put together by hand.
 * @module
 */
import { silentLogger, systemClock } from "../context/system.ts";
import { GRANT_KINDS, type GrantKind, type Grants, NO_GRANTS } from "../isolation/grant.ts";
import type { Model } from "../models/model.ts";
import type { RunLimits } from "../run/budget.ts";
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import type { Clock, Logger } from "../run/seams.ts";
import type { Toolset } from "../tools/toolset.ts";
import { GuestModule } from "./guest_module.ts";
import { GuestRunner } from "./guest_runner.ts";
import { parseReference } from "./reference.ts";

/** What may be done of each kind: what the texts name, or everything. */
export type Permissions = Readonly<Partial<Record<GrantKind, readonly string[] | true>>>;

/** What a guest may do, and what it is held to. */
export interface GuestOptions {
  /** What it may do, in the words of Deno's permissions. @default nothing */
  readonly permissions?: Permissions;
  /** Hash that the module and all it imports must have, as `sha256-…`. @default any */
  readonly integrity?: string;
  /** Backends for its `HostBackend`s, by the names it knows them by. @default none */
  readonly backends?: Readonly<Record<string, Model>>;
  /** Toolsets for its `HostToolset`s, by the names it knows them by. @default none */
  readonly toolsets?: Readonly<Record<string, Toolset>>;
  /** Walls of each run, for what it does by way of its host. @default those of an agent */
  readonly limits?: RunLimits;
  /** Most seconds of a run. @default none */
  readonly maxSeconds?: number;
  /** Most bytes of memory of its process. @default 512 MiB */
  readonly maxMemoryBytes?: number;
  /** Which of several models that the module exports. @default the only one */
  readonly model?: string;
  /** Absolute path that relative ones start from. @default the current folder */
  readonly folder?: string;
  /** Told of what it may do, what it was denied and what it prints. @default nobody */
  readonly logger?: Logger;
  /** Time. @default the runtime's */
  readonly clock?: Clock;
}

/**
 * A module that runs in a process of its own: a path or a URL (`http`, `https`, `jsr`, `npm`, `data`),
 * with `#name` for one of its exports. It may do what it is granted and nothing else, and sees neither
 * keys nor the environment. What it is made of is resolved and pinned when it starts; it is started
 * again whenever it ends. Needs leave for everything that it grants, and to run Deno (`--allow-run`), to
 * read the environment and the module, and to write a temporary folder.
 *
 * ```ts ignore
 * import { createApp, DependencyHealth, Guest } from "@x/fakellm";
 *
 * const weather = new Guest("https://weather.example.com/agent.ts#agent", {
 *   permissions: { net: ["weather.example.com"] },
 * });
 * export default createApp({ weather }, {
 *   health: [new DependencyHealth("weather", (signal) => weather.check(signal))],
 * });
 * ```
 */
export class Guest implements Runner, AsyncDisposable {
  readonly #module: GuestModule;
  readonly #runner: GuestRunner;

  /**
   * Starts nothing yet.
   *
   * @param module path or URL, with the export
   */
  constructor(module: string, options: GuestOptions = {}) {
    const { permissions = {}, backends = {}, toolsets = {}, limits = {} } = options;
    const { folder, clock = systemClock, logger = silentLogger } = options;
    this.#module = new GuestModule({
      ...parseReference(module),
      folder: folder ?? Deno.cwd(),
      grants: grantsOf(permissions),
      integrity: options.integrity,
      services: {
        backends: new Map(Object.entries(backends)),
        mcps: new Map(Object.entries(toolsets)),
        limits,
      },
      maxMemoryBytes: options.maxMemoryBytes,
      clock,
      logger,
    });
    this.#runner = new GuestRunner(this.#module, {
      model: options.model,
      servedName: "",
      maxSeconds: options.maxSeconds,
    });
  }

  /** What the module calls its model, where it is the only one. */
  get name(): string | undefined {
    return this.#runner.name;
  }

  /**
   * Resolves the module, pins it, and starts its process.
   *
   * @throws {SetupError} when the module, its integrity or its permissions are wrong
   * @throws {RunError} `model-unavailable` when its process does not become ready
   */
  start(): Promise<void> {
    return this.#runner.start();
  }

  /** Answers a request, in the guest. */
  run(request: RunRequest, context: RunContext): AsyncIterable<RunEvent> {
    return this.#runner.run(request, context);
  }

  /**
   * Looks whether its process answers; for `DependencyHealth`.
   *
   * @throws {RunError} `model-unavailable` when there is none
   */
  check(signal: AbortSignal): Promise<void> {
    return this.#module.check(signal);
  }

  /** Ends its process. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#runner[Symbol.asyncDispose]();
  }
}

function grantsOf(permissions: Permissions): Grants {
  const granted = GRANT_KINDS.flatMap((kind) => {
    const value = permissions[kind];
    return value === undefined ? [] : [[kind, value === true ? "all" : value] as const];
  });
  return { ...NO_GRANTS, ...Object.fromEntries(granted) };
}
