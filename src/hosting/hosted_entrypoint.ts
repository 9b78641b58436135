/**
 * Entrypoints as an app serves them: checked, with their keys, and with their models once known.
 * @module
 */
import { SetupError, type SetupProblem } from "../run/error.ts";
import { type Authenticator, authenticatorOf } from "./auth/authenticator.ts";
import { Catalog } from "./catalog.ts";
import type { Entrypoint, RequestContextFactory } from "./entrypoint.ts";
import { type AppSource, FakeModels, fakeModelsOf, staticModelsOf } from "./fake_models.ts";
import type { OpenEntrypoint } from "./handler.ts";
import type { HostedModelOptions } from "./hosted_model.ts";
import { reasoningPolicy } from "./reasoning.ts";

/** What the models of all entrypoints share. */
export type SharedModelOptions = Omit<HostedModelOptions, "reasoning">;

/** An entrypoint of an app; its catalog is empty until its models are known. */
export class HostedEntrypoint implements OpenEntrypoint {
  /** Path of the API, without a slash at its end. */
  readonly prefix: string;
  /** Who may call. */
  readonly authenticator: Authenticator;
  /** Makes the deps of each request. */
  readonly requestContextFactory: RequestContextFactory | undefined;
  readonly #modelOptions: HostedModelOptions;
  /** What has to be called to know the models; undefined once they are known. */
  #factory: (() => Promise<FakeModels>) | undefined;
  #catalog: Catalog;

  /**
   * Takes what is known now; no factory is called.
   *
   * @throws {SetupError} listing what is wrong with the entrypoint
   */
  constructor(entrypoint: Entrypoint, shared: SharedModelOptions) {
    const { models, modelName, apiKeys, auth } = entrypoint;
    const { responsesReasoning: reasoning } = entrypoint;
    this.prefix = normalPrefix(entrypoint.prefix);
    // Said now rather than when the first model is built.
    reasoningPolicy(reasoning);
    this.authenticator = authenticatorOf({
      prefix: this.prefix,
      apiKeys,
      auth,
      clock: shared.clock,
    });
    this.requestContextFactory = entrypoint.requestContextFactory;
    this.#modelOptions = { ...shared, reasoning };
    if (isFactory(models)) {
      this.#factory = () => fakeModelsOf(models, { modelName });
      this.#catalog = new Catalog(new FakeModels(), this.#modelOptions);
    } else {
      this.#catalog = this.#catalogOf(staticModelsOf(models, { modelName }));
    }
  }

  /** What is served. */
  get catalog(): Catalog {
    return this.#catalog;
  }

  /**
   * Learns the models where a factory has to tell; once they are known, they stay.
   *
   * @throws {SetupError} when they cannot be served as configured
   */
  async fill(): Promise<void> {
    if (!this.#factory) return;
    this.#catalog = this.#catalogOf(await this.#factory());
    this.#factory = undefined;
  }

  #catalogOf(models: FakeModels): Catalog {
    const catalog = new Catalog(models, this.#modelOptions);
    catalog.checkScopes(this.authenticator.scopes);
    return catalog;
  }
}

/**
 * Opens all entrypoints of an app.
 *
 * @throws {SetupError} listing everything that is wrong with any of them
 */
export function openEntrypoints(
  entrypoints: readonly Entrypoint[],
  shared: SharedModelOptions,
): readonly HostedEntrypoint[] {
  const problems: SetupProblem[] = [];
  if (entrypoints.length === 0) {
    problems.push({ path: "entrypoints", message: "Cannot serve nothing: give one at least" });
  }
  const opened = entrypoints.flatMap((entrypoint, index) => {
    const path = entrypoints.length === 1 ? "" : `entrypoints[${index}]`;
    try {
      return [new HostedEntrypoint(entrypoint, shared)];
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      problems.push(
        ...error.problems.map((problem) => ({
          path: [path, problem.path].filter(Boolean).join("."),
          message: problem.message,
        })),
      );
      return [];
    }
  });
  for (const [index, { prefix }] of opened.entries()) {
    if (opened.findIndex((other) => other.prefix === prefix) < index) {
      problems.push({ path: "entrypoints", message: `Two entrypoints have prefix "${prefix}"` });
    }
  }
  if (problems.length > 0) throw new SetupError(problems);
  return opened;
}

function isFactory(source: AppSource): source is Extract<AppSource, () => unknown> {
  return typeof source === "function";
}

/** Without a slash at its end; the root is the empty prefix. */
function normalPrefix(prefix: string): string {
  if (!/^(?:\/[A-Za-z0-9._~-]+)*\/?$/.test(prefix) || prefix === "") {
    throw new SetupError(
      `Cannot serve under ${JSON.stringify(prefix)}: a prefix starts with a slash and has ` +
        'letters, digits and any of "._~-" between slashes, as "/v1"',
      { path: "prefix" },
    );
  }
  return prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
}
