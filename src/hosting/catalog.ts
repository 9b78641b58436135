/**
 * Served names to models: what one entrypoint serves.
 * @module
 */
import { type ListedModel, modelNotFound } from "../protocols/model_list/mod.ts";
import { SetupError } from "../run/error.ts";
import type { Caller } from "./auth/api_key.ts";
import type { FakeModels } from "./fake_models.ts";
import { HostedModel, type HostedModelOptions } from "./hosted_model.ts";

/** The models of one entrypoint. A model a caller may not use is a model that does not exist. */
export class Catalog {
  readonly #models = new Map<string, HostedModel>();
  readonly #listed: readonly ListedModel[];

  /**
   * Prepares the models; nothing is built yet.
   *
   * @throws {SetupError} when a model cannot be served as configured
   */
  constructor(models: FakeModels, options: HostedModelOptions) {
    const createdAtS = Math.floor(options.clock.now() / 1000);
    for (const model of models) this.#models.set(model.id, new HostedModel(model, options));
    this.#listed = Array.from(models, ({ id, description }) => ({ id, createdAtS, description }));
  }

  /** Every model, in order of registration. */
  get models(): Iterable<HostedModel> {
    return this.#models.values();
  }

  /**
   * The model served as `id`.
   *
   * @throws {RequestError} `model-not-found` when there is none, or none for this caller
   */
  find(id: string, caller: Caller): HostedModel {
    const model = this.#models.get(id);
    if (!model || caller.models?.has(id) === false) throw modelNotFound(id);
    return model;
  }

  /** The models `caller` may use, as the list shows them. */
  list({ models }: Caller): readonly ListedModel[] {
    return models ? this.#listed.filter(({ id }) => models.has(id)) : this.#listed;
  }

  /**
   * What the list shows of one model.
   *
   * @throws {RequestError} `model-not-found` as `find`
   */
  describe(id: string, caller: Caller): ListedModel {
    this.find(id, caller);
    return this.#listed.find((listed) => listed.id === id)!;
  }

  /**
   * Checks the served names that keys are limited to.
   *
   * @throws {SetupError} when one is not served
   */
  checkScopes(scopes: readonly string[]): void {
    const problems = scopes.filter((id) => !this.#models.has(id)).map((id) => ({
      path: "apiKeys",
      message: `Cannot limit a key to "${id}": served are ${
        [...this.#models.keys()].map((name) => `"${name}"`).join(", ")
      }`,
    }));
    if (problems.length > 0) throw new SetupError(problems);
  }

  /** Starts every model, and waits for all of them even when one fails. */
  async start(): Promise<void> {
    const starts = await Promise.allSettled(
      Array.from(this.#models.values(), (model) => model.start()),
    );
    for (const start of starts) if (start.status === "rejected") throw start.reason;
  }

  /** Releases every model; the failures of those that could not be released. */
  async stop(): Promise<readonly unknown[]> {
    const stops = await Promise.allSettled(
      Array.from(this.#models.values(), (model) => model[Symbol.asyncDispose]()),
    );
    return stops.flatMap((stop) => stop.status === "rejected" ? [stop.reason] : []);
  }
}
