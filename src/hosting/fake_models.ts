/**
 * The models an app serves: what a user registers, before anything is built.
 * @module
 */
import type { RequestContext } from "../context/request_context.ts";
import { SetupError } from "../run/error.ts";
import { isRunner, type Runner } from "../run/runner.ts";
import type { ResponsesReasoningConfig } from "./reasoning.ts";

/** When a model's Runner is built: with the app, at first use, or for each request. */
export type Lifecycle = "startup" | "lazy" | "per_request";

/** What becomes of a connection-like failure: an error, or an assistant message. */
export type DependencyPolicy = "fail" | "degrade";

/**
 * Builds a model's Runner. Called once, or with `per_request` for each request; only there is
 * `context` given.
 */
export type RunnerFactory = (context?: RequestContext) => Runner | Promise<Runner>;

/** What answers as a model: a Runner, or what builds one. */
export type ModelSource = Runner | RunnerFactory;

/** How a model is built and shown. */
export interface FakeModelOptions {
  /** When the Runner is built. @default "startup" */
  readonly lifecycle?: Lifecycle;
  /** What becomes of a connection-like failure. @default "fail" */
  readonly dependencyPolicy?: DependencyPolicy;
  /** What the client is told instead of a connection-like failure under `degrade`. */
  readonly degradedMessage?: string;
  /** Shown in the model list. */
  readonly description?: string;
  /** Which reasoning clients see; the app's own setting where absent. */
  readonly responsesReasoning?: ResponsesReasoningConfig;
  /**
   * What answers the titles, tags and follow-up questions that chat interfaces ask for by themselves.
   * `agent`: the model, as everything else. `rule`: a fixed rule, without any LLM. A Runner, as an
   * agent on a cheaper LLM: that one, and the rule where it cannot be started; it lives as long as
   * what answers the rest. A task that the rule cannot answer as its client asks is the model's.
   *
   * @default "agent"
   */
  readonly backgroundTasks?: "agent" | "rule" | Runner;
}

/** One served model, as registered. */
export interface FakeModel extends FakeModelOptions {
  /** The served name: what clients put in `model`. */
  readonly id: string;
  /** What answers, or builds what does. */
  readonly source: ModelSource;
  /** When the Runner is built. */
  readonly lifecycle: Lifecycle;
  /** What becomes of a connection-like failure. */
  readonly dependencyPolicy: DependencyPolicy;
}

/** Served names and what answers behind them, in the order of the model list. */
export class FakeModels implements Iterable<FakeModel> {
  readonly #models = new Map<string, FakeModel>();

  /** Number of models. */
  get size(): number {
    return this.#models.size;
  }

  /**
   * Registers a model.
   *
   * @param id the served name: any text without control characters or blanks at its ends
   * @throws {SetupError} when the id is unusable or taken, or the source cannot answer
   */
  add(id: string, source: ModelSource, options: FakeModelOptions = {}): this {
    if (!isModelId(id)) {
      throw new SetupError(
        `Cannot serve a model as ${JSON.stringify(id)}: a name has 1 to 256 characters, ` +
          "none of them a control character, no blank at either end",
      );
    }
    if (this.#models.has(id)) {
      throw new SetupError(`Cannot serve two models as "${id}": give each its own name`);
    }
    if (!isRunner(source) && typeof source !== "function") {
      throw new SetupError(`Cannot serve "${id}": expected ${ACCEPTED}, got ${kindOf(source)}`);
    }
    if (isRunner(source) && options.lifecycle === "per_request") {
      throw new SetupError(
        `Cannot build "${id}" per request: expected a factory, got something built already`,
      );
    }
    const { lifecycle = "startup", dependencyPolicy = "fail", backgroundTasks = "agent" } = options;
    if (backgroundTasks !== "agent" && backgroundTasks !== "rule" && !isRunner(backgroundTasks)) {
      throw new SetupError(
        `Cannot answer background tasks of "${id}": expected "agent", "rule", an agent or a ` +
          `workflow, got ${kindOf(backgroundTasks)}`,
      );
    }
    this.#models.set(id, { ...options, id, source, lifecycle, dependencyPolicy });
    return this;
  }

  /** The model served as `id`. */
  get(id: string): FakeModel | undefined {
    return this.#models.get(id);
  }

  /** Every model, in order of registration. */
  [Symbol.iterator](): IterableIterator<FakeModel> {
    return this.#models.values();
  }
}

/** What `createApp` serves: one model, several by name, or what makes either. */
export type AppSource =
  | Runner
  | FakeModels
  | Readonly<Record<string, ModelSource>>
  | ((context?: RequestContext) => AppSource | Promise<AppSource>);

/** The served name of a lone model that says nothing of its own. */
export const DEFAULT_MODEL_NAME = "agent";

/**
 * Brings any source into one form. A factory is called here, once: only what it makes tells how many
 * models there are.
 *
 * @param options `modelName`: served name of a lone model
 * @throws {SetupError} when the source cannot answer, or `modelName` is given for several models
 */
export async function fakeModelsOf(
  source: AppSource,
  options: { readonly modelName?: string } = {},
): Promise<FakeModels> {
  let made: AppSource = source;
  while (typeof made === "function") made = await made();
  return staticModelsOf(made, options);
}

/**
 * `fakeModelsOf` where no factory has to be called.
 *
 * @throws {SetupError} as `fakeModelsOf`
 */
export function staticModelsOf(
  source: Exclude<AppSource, (...args: never) => unknown>,
  { modelName }: { readonly modelName?: string } = {},
): FakeModels {
  if (isRunner(source)) {
    return new FakeModels().add(modelName ?? nameOf(source) ?? DEFAULT_MODEL_NAME, source);
  }
  if (modelName !== undefined && isObject(source)) {
    throw new SetupError(
      `Cannot serve several models as "${modelName}": they have names of their own`,
    );
  }
  const models = source instanceof FakeModels ? source : modelsOfRecord(source);
  if (models.size === 0) throw new SetupError("Cannot serve no model at all: register one");
  return models;
}

function modelsOfRecord(source: Readonly<Record<string, ModelSource>>): FakeModels {
  if (!isObject(source) || Array.isArray(source)) {
    throw new SetupError(
      `Cannot serve ${kindOf(source)}: expected ${ACCEPTED}, FakeModels or a record of those`,
    );
  }
  const models = new FakeModels();
  for (const [id, entry] of Object.entries(source)) models.add(id, entry);
  return models;
}

const ACCEPTED = "an agent, a workflow or a factory of one";

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isModelId(id: unknown): boolean {
  return typeof id === "string" && id !== "" && id.length <= 256 && id === id.trim() &&
    !/\p{Cc}/u.test(id);
}

/** What a Runner calls itself. */
function nameOf(runner: Runner): string | undefined {
  const name = (runner as { readonly name?: unknown }).name;
  return isModelId(name) ? name as string : undefined;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value !== "object") return typeof value === "undefined" ? "nothing" : typeof value;
  const made = (value as { readonly constructor?: { readonly name?: string } }).constructor?.name;
  return made && made !== "Object" ? `an instance of ${made}` : "an object without `run`";
}
