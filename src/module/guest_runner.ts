/**
 * A model of a guest's as a Runner.
 * @module
 */
import { SetupError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import type { GuestModule } from "./guest_module.ts";

/** Which model, and what it is held to. */
export interface GuestRunnerOptions {
  /** Its name among those of the module. @default the only one, else the one named `servedName` */
  readonly model?: string;
  /** The name it is served under. */
  readonly servedName: string;
  /** Most seconds of a run. @default none */
  readonly maxSeconds?: number;
  /** Whether the module starts and ends with this Runner. @default true */
  readonly ownsModule?: boolean;
}

/** Answers with one model of a guest. */
export class GuestRunner implements Runner {
  readonly #module: GuestModule;
  readonly #options: GuestRunnerOptions;
  #model: string | undefined;

  /** Starts nothing yet. */
  constructor(module: GuestModule, options: GuestRunnerOptions) {
    this.#module = module;
    this.#options = options;
    this.#model = options.model;
  }

  /**
   * Starts the module, where it is this Runner's.
   *
   * @throws {SetupError} when the module cannot be served, or has several models and none of the name
   * @throws {RunError} `model-unavailable` when its process does not become ready
   */
  async start(): Promise<void> {
    const { ownsModule = true } = this.#options;
    if (!ownsModule) return;
    await this.#module.start();
    try {
      this.#model = this.#options.model ?? this.#pick();
    } catch (error) {
      await this.#module[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What the module calls its model, where it is the only one. */
  get name(): string | undefined {
    const { models } = this.#module;
    return models.length === 1 ? models[0]!.name : undefined;
  }

  /** Answers a request, in the guest. */
  run(request: RunRequest, context: RunContext): AsyncIterable<RunEvent> {
    const { maxSeconds } = this.#options;
    return this.#module.run(this.#model, request, context, { maxSeconds });
  }

  /** Ends the module, where it is this Runner's. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#options.ownsModule ?? true) await this.#module[Symbol.asyncDispose]();
  }

  #pick(): string | undefined {
    const { models } = this.#module;
    const { servedName } = this.#options;
    if (models.length === 1) return models[0]!.id;
    const names = models.map(({ id }) => id);
    if (names.includes(servedName)) return servedName;
    throw new SetupError(
      `Cannot serve the module as "${servedName}": it has several models, ${
        names.map((name) => `"${name}"`).join(", ")
      }; name the model like one of them, or serve an export that is one`,
    );
  }
}
