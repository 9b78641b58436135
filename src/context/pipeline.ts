/**
 * From a request to the typed deps of its run, in declared steps.
 * @module
 */
import { SetupError } from "../run/error.ts";
import { DepsCache } from "./deps_cache.ts";
import type { DepsSchema } from "./deps_schema.ts";
import { type PipelineStep, planPipeline } from "./pipeline_plan.ts";
import { makeDeps } from "./pipeline_run.ts";
import { isCredentialHeader, type RequestContext } from "./request_context.ts";
import type { RequestSource } from "./request_source.ts";

/** How a field is taken from the request. */
export interface SourceOptions<Field extends string = string, Value = unknown> {
  /** The field it becomes. @default the name it has in the request, of a path the last part */
  readonly as?: Field;
  /** Whether requests without it are welcome; the deps then have no such field. @default false */
  readonly optional?: boolean;
  /** Stands in where the request has none; every such request gets the same value. */
  readonly default?: Value;
}

/** How a field is made of others. */
export interface ResolveOptions<From extends string = string> {
  /** The fields it needs, whichever step makes them. @default none */
  readonly from?: readonly From[];
  /** Leaves the field out where one of those is absent, instead of failing. @default false */
  readonly optional?: boolean;
}

/** What a field of the deps may hold on its way to the schema. */
export type FieldInput<Input, Field extends string> = Field extends keyof Input ? Input[Field]
  : unknown;

/** What a step is given of a field it needs. */
export type FieldValue<Input, Made, Field extends string> = Field extends keyof Input
  ? Exclude<Input[Field], undefined>
  : Field extends keyof Made ? Exclude<Made[Field], undefined>
  : unknown;

/** The last part of a dotted path. */
export type LastPart<Path extends string> = Path extends `${string}.${infer Rest}` ? LastPart<Rest>
  : Path;

/**
 * Makes a run's deps of its request: fields taken from its headers, body and caller, fields resolved
 * from those, all checked by a schema. Immutable: each step returns another pipeline.
 *
 * What clients sent is checked before a resolve sees it, and the whole when all is there. Absent is
 * what is undefined, in a body also null.
 *
 * ```ts
 * import { Agent, ContextPipeline, createApp, DemoBackend } from "@x/fakellm";
 * import { z } from "zod";
 *
 * const plans = new Map([["u1", "pro"]]);
 * const context = new ContextPipeline(z.object({ userId: z.string(), plan: z.string() }))
 *   .fromHeader("X-User-Id", { as: "userId" })
 *   .resolve("plan", ({ userId }) => plans.get(userId) ?? "free", { from: ["userId"] })
 *   .cachePerRequest();
 * const app = createApp(new Agent({ model: new DemoBackend() }), {
 *   requestContextFactory: context.factory,
 * });
 * await app.stop();
 * ```
 */
export class ContextPipeline<Output, Input = Output, Made = unknown> {
  readonly #schema: DepsSchema<Input, Output>;
  #steps: readonly PipelineStep[] = [];
  #cached = false;
  #factory: ((context: RequestContext) => Promise<Output>) | undefined;

  /**
   * A pipeline without steps.
   *
   * @param schema of the deps, an object
   */
  constructor(schema: DepsSchema<Input, Output>) {
    this.#schema = schema;
  }

  /**
   * Takes a field of the body that fakellm gives no meaning to, as `user`.
   *
   * @param name of a field, or a dotted path into objects, as `metadata.user`
   * @throws {SetupError} when no field can have that name
   */
  fromExtra<const Name extends string, const As extends string = LastPart<Name>>(
    name: Name,
    options: SourceOptions<As, FieldInput<Input, As>> = {},
  ): ContextPipeline<Output, Input, Made & Readonly<Record<As, unknown>>> {
    return this.#take({ type: "extra", name, path: pathOf(name) }, options);
  }

  /**
   * Takes any top-level field of the body, as `temperature`.
   *
   * @param name of a field, or a dotted path into objects
   * @throws {SetupError} when no field can have that name
   */
  fromParameter<const Name extends string, const As extends string = LastPart<Name>>(
    name: Name,
    options: SourceOptions<As, FieldInput<Input, As>> = {},
  ): ContextPipeline<Output, Input, Made & Readonly<Record<As, unknown>>> {
    return this.#take({ type: "parameter", name, path: pathOf(name) }, options);
  }

  /**
   * Takes a header, which is text.
   *
   * @param name in any case
   * @throws {SetupError} when no header can have that name, or it carries credentials
   */
  fromHeader<const Name extends string, const As extends string = Name>(
    name: Name,
    options: SourceOptions<As, FieldInput<Input, As>> = {},
  ): ContextPipeline<Output, Input, Made & Readonly<Record<As, string>>> {
    checkHeaderName(name);
    return this.#take({ type: "header", name }, options);
  }

  /**
   * Takes the name of the caller's key. A caller without one is told to send a key (401), one whose
   * name the schema refuses that this key may not call (403).
   */
  fromAuth<const As extends string = "authName">(
    options: SourceOptions<As, FieldInput<Input, As>> = {},
  ): ContextPipeline<Output, Input, Made & Readonly<Record<As, string>>> {
    return this.#take({ type: "auth" }, options);
  }

  /**
   * Makes a field of others. Runs once these are there, and at the same time as whatever does not
   * need it. A result of undefined counts as absent.
   *
   * @param resolve given the needed fields as the request has them, checked; what it throws fails the
   *   request: `RequestError` and `HttpError` tell the client, `RunError` goes as it is, anything
   *   else is the cause of a RunError `internal`
   */
  resolve<
    const Field extends string,
    Value extends FieldInput<Input, Field> | undefined,
    const From extends string = never,
  >(
    field: Field,
    resolve: (
      values: { readonly [Name in From]: FieldValue<Input, Made, Name> },
      context: RequestContext,
    ) => Value | PromiseLike<Value>,
    options: ResolveOptions<From> = {},
  ): ContextPipeline<Output, Input, Made & Readonly<Record<Field, Value>>> {
    const { from = [], optional = false } = options;
    return this.#with({ type: "resolve", field, from: [...new Set(from)], optional, resolve });
  }

  /** Makes the deps once for each client request, also for runs inside runs. Failures are not kept. */
  cachePerRequest(): ContextPipeline<Output, Input, Made> {
    const next = this.#copy<Made>();
    next.#cached = true;
    return next;
  }

  /**
   * The pipeline as a `requestContextFactory`. Taken while an app is constructed, so what is wrong
   * with the steps as a whole is told then.
   *
   * @throws {SetupError} with every problem: a field made twice, one that is needed by a step or
   *   required by the schema and made by no step, fields that need each other
   */
  get factory(): (context: RequestContext) => Promise<Output> {
    if (!this.#factory) {
      const plan = planPipeline<Output>(this.#schema, this.#steps);
      const make = (context: RequestContext) => makeDeps(plan, context);
      if (!this.#cached) return this.#factory = make;
      const cache = new DepsCache(make);
      this.#factory = (context) => cache.get(context);
    }
    return this.#factory;
  }

  #take<More>(
    source: RequestSource,
    options: SourceOptions,
  ): ContextPipeline<Output, Input, Made & More> {
    const { as: field = defaultField(source), optional = false, default: fallback } = options;
    return this.#with({ type: "source", field, source, optional, fallback });
  }

  #with<More>(step: PipelineStep): ContextPipeline<Output, Input, Made & More> {
    if (step.field === "") throw new SetupError("Name the field that a step of the context makes");
    const next = this.#copy<Made & More>();
    next.#steps = [...this.#steps, step];
    return next;
  }

  #copy<Known>(): ContextPipeline<Output, Input, Known> {
    const copy = new ContextPipeline<Output, Input, Known>(this.#schema);
    copy.#steps = this.#steps;
    copy.#cached = this.#cached;
    return copy;
  }
}

function defaultField(source: RequestSource): string {
  switch (source.type) {
    case "header":
      return source.name;
    case "auth":
      return "authName";
    case "extra":
    case "parameter":
      return source.path.at(-1)!;
    default:
      return source satisfies never;
  }
}

function pathOf(name: string): readonly [string, ...string[]] {
  const [first = "", ...below] = name.split(".");
  if (first === "" || below.includes("")) {
    throw new SetupError(
      `Cannot read the parameter "${name}": expected a name, or names joined by dots`,
    );
  }
  return [first, ...below];
}

function checkHeaderName(name: string): void {
  if (isCredentialHeader(name)) {
    throw new SetupError(
      `Cannot read the header "${name}": credentials are never shown; fromAuth has the caller's name`,
    );
  }
  try {
    new Headers().has(name);
  } catch (cause) {
    throw new SetupError(`Cannot read the header "${name}": no header can have that name`, {
      cause,
    });
  }
}
