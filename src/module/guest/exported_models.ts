/**
 * What a module exports, as models.
 * @module
 */
import type { Runner } from "../../run/runner.ts";
import type { GuestModel } from "../guest_messages.ts";

/** A model of a `FakeModels`. */
type Registered = Omit<GuestModel, "backgroundTasks"> & {
  readonly source?: unknown;
  readonly lifecycle?: string;
  readonly backgroundTasks?: unknown;
};

type Factory = (context?: unknown) => unknown;

/** Runner -> its start: one Runner may be several models. */
const started = new Map<Runner, Promise<void>>();

/** A model of the module. */
export class ExportedModel {
  /** What the host is told of it. */
  readonly shown: GuestModel;
  readonly #source: Runner | Factory;
  readonly #lifecycle: string;
  #built: Promise<Runner> | undefined;

  constructor(source: unknown, registered: Registered) {
    const { lifecycle = "startup", backgroundTasks } = registered;
    if (!isRunner(source) && typeof source !== "function") throw new Error("it cannot answer");
    if (typeof backgroundTasks === "object") {
      throw new Error(
        `background tasks of "${registered.id}" are an agent's: a module in a process of its own ` +
          'can leave them to "agent" or "rule"',
      );
    }
    this.shown = {
      id: registered.id,
      name: registered.id === undefined ? nameOf(source) : undefined,
      description: registered.description,
      dependencyPolicy: registered.dependencyPolicy,
      degradedMessage: registered.degradedMessage,
      backgroundTasks: backgroundTasks as GuestModel["backgroundTasks"],
      responsesReasoning: registered.responsesReasoning,
    };
    this.#source = source as Runner | Factory;
    this.#lifecycle = typeof source === "function" ? lifecycle : "startup";
  }

  /** Builds what is there from the beginning. */
  async start(): Promise<void> {
    if (this.#lifecycle === "startup") await this.#shared();
  }

  /** What answers; `leave` lets go of it after the run. */
  async enter(context: unknown): Promise<{ readonly runner: Runner; leave(): Promise<void> }> {
    if (this.#lifecycle !== "per_request") {
      return { runner: await this.#shared(), leave: () => Promise.resolve() };
    }
    const runner = await this.#make(context);
    await runner.start?.();
    return { runner, leave: async () => void await runner[Symbol.asyncDispose]?.() };
  }

  async close(): Promise<void> {
    const runner = await this.#built?.catch(() => undefined);
    if (runner && started.delete(runner)) await runner[Symbol.asyncDispose]?.();
  }

  #shared(): Promise<Runner> {
    return this.#built ??= this.#build().catch((error) => {
      // The next run may try again.
      this.#built = undefined;
      throw error;
    });
  }

  async #build(): Promise<Runner> {
    const runner = await this.#make();
    const starting = started.get(runner) ?? Promise.resolve(runner.start?.());
    started.set(runner, starting);
    await starting.catch((error) => {
      started.delete(runner);
      throw error;
    });
    return runner;
  }

  async #make(context?: unknown): Promise<Runner> {
    const runner = typeof this.#source === "function" ? await this.#source(context) : this.#source;
    if (!isRunner(runner)) throw new Error("Factory made something without `run`");
    return runner;
  }
}

function isRunner(value: unknown): value is Runner {
  return typeof value === "object" && value !== null && "run" in value &&
    typeof value.run === "function";
}

/** What a Runner calls itself. */
function nameOf(source: unknown): string | undefined {
  const { name } = source as { readonly name?: unknown };
  return typeof name === "string" && name !== "" && name.length <= 256 ? name : undefined;
}

/** Calls factories until models are there. */
export async function modelsOf(exported: unknown): Promise<ExportedModel[]> {
  let made = exported;
  while (typeof made === "function" && !/^class\b/.test(`${made}`)) made = await made();
  if (isRunner(made)) return [new ExportedModel(made, { id: undefined })];
  if (typeof made !== "object" || made === null) throw new Error("it cannot answer");
  const models = Symbol.iterator in made
    ? Array.from(made as Iterable<Registered>, (model) => new ExportedModel(model.source, model))
    : Object.entries(made).map(([id, source]) => new ExportedModel(source, { id }));
  if (models.length === 0) throw new Error("it has no model");
  return models;
}

/** The export that is named, or one of the usual. */
export function pick(
  namespace: Readonly<Record<string, unknown>>,
  name: string | undefined,
): unknown {
  const names = Object.keys(namespace);
  const found = name ?? ["default", "agent", "MODELS"].find((usual) => names.includes(usual));
  if (found !== undefined && names.includes(found)) return namespace[found];
  throw new Error(
    `found ${
      name === undefined
        ? 'none of the exports "default", "agent", "MODELS"'
        : `no export "${name}"`
    }` +
      `; it has ${names.join(", ") || "none"}`,
  );
}
