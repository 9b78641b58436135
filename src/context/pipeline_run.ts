/**
 * The deps of one request: read, resolved, checked.
 * @module
 */
import { HttpError, RequestError, RunError } from "../run/error.ts";
import { untilAborted } from "../run/until_aborted.ts";
import { type DepsIssue, type DepsResult, fieldOf, placeInField } from "./deps_schema.ts";
import type { PipelinePlan, ResolveStep } from "./pipeline_plan.ts";
import type { RequestContext } from "./request_context.ts";
import { missingValue, readSource, wrongValue } from "./request_source.ts";

/**
 * Makes the deps of one request.
 *
 * @throws {RequestError} when the request lacks a value or has one the schema refuses
 * @throws {RunError} `internal` when a resolve fails, or the schema refuses what one made
 * @throws whatever a resolve tells the client (`RequestError`, `HttpError`), and RunErrors as they are
 */
export function makeDeps<Output>(
  plan: PipelinePlan<Output>,
  context: RequestContext,
): Promise<Output> {
  return new DepsRun(plan, context).make();
}

/** What was made of one request so far. */
class DepsRun<Output> {
  readonly #plan: PipelinePlan<Output>;
  readonly #context: RequestContext;
  /** By field; an absent one has no entry. */
  readonly #values = new Map<string, unknown>();
  /** Fields that stand for the request's own words, not for a default. */
  readonly #said = new Set<string>();
  #failed = false;

  constructor(plan: PipelinePlan<Output>, context: RequestContext) {
    this.#plan = plan;
    this.#context = context;
  }

  async make(): Promise<Output> {
    this.#context.signal.throwIfAborted();
    this.#read();
    if (this.#plan.resolves.length > 0) {
      // The author's code must not be handed what the schema would refuse afterwards.
      const { issues = [] } = await this.#validate();
      this.#refuse(issues.filter((issue) => this.#isSource(issue)));
      await this.#resolveAll();
    }
    const result = await this.#validate();
    if (!result.issues) return result.value;
    this.#refuse(result.issues);
    throw this.#ownFault(result.issues);
  }

  #read(): void {
    for (const { field, source, optional, fallback } of this.#plan.sources) {
      const value = readSource(source, this.#context);
      if (value !== undefined) {
        this.#said.add(field);
        this.#values.set(field, value);
      } else if (fallback !== undefined) this.#values.set(field, fallback);
      else if (!optional) throw missingValue(source);
    }
  }

  async #validate(): Promise<DepsResult<Output>> {
    const { schema, shown } = this.#plan;
    const deps = pick(this.#values, shown);
    try {
      const result = schema["~standard"].validate(deps);
      return result instanceof Promise ? await untilAborted(result, this.#context.signal) : result;
    } catch (error) {
      this.#context.signal.throwIfAborted();
      throw new RunError("internal", `Cannot check the context: ${textOf(error)}`, {
        cause: error,
      });
    }
  }

  async #resolveAll(): Promise<void> {
    const running = new Map<string, Promise<void>>();
    for (const step of this.#plan.resolves) {
      const needed = step.from.flatMap((field) => running.get(field) ?? []);
      running.set(step.field, this.#resolve(step, needed));
    }
    try {
      await untilAborted(Promise.all(running.values()), this.#context.signal);
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  async #resolve(step: ResolveStep, needed: readonly Promise<void>[]): Promise<void> {
    if (needed.length > 0) await Promise.all(needed);
    // Nobody waits for this one any more.
    if (this.#failed || this.#context.signal.aborted) return;
    const absent = step.from.find((field) => !this.#values.has(field));
    if (absent !== undefined) {
      if (step.optional) return;
      throw this.#absence(absent, step.field);
    }
    try {
      const values = pick(this.#values, step.from) as never;
      const value = await step.resolve(values, this.#context);
      if (value !== undefined) this.#values.set(step.field, value);
    } catch (error) {
      this.#failed = true;
      throw insideResolve(error, step.field);
    }
  }

  /** Why there is no `field` for `owner`: most often the request left out what it depends on. */
  #absence(field: string, owner: string): RequestError | RunError {
    const step = this.#plan.steps.get(field);
    if (step?.type === "source") return missingValue(step.source);
    const below = step?.from.find((need) => !this.#values.has(need));
    if (below !== undefined) return this.#absence(below, owner);
    return new RunError("internal", `Cannot resolve "${owner}": "${field}" came to nothing`);
  }

  #isSource(issue: DepsIssue): boolean {
    return this.#plan.steps.get(fieldOf(issue) ?? "")?.type === "source";
  }

  /** Throws for the first issue that the caller can mend. */
  #refuse(issues: readonly DepsIssue[]): void {
    for (const issue of issues) {
      const field = fieldOf(issue);
      if (field === undefined) {
        // Where everything is the request's, so is what is wrong with the whole.
        if (this.#values.size > this.#said.size || this.#plan.resolves.length > 0) continue;
        throw new RequestError("invalid-value", `Cannot use this request: ${issue.message}`);
      }
      const step = this.#plan.steps.get(field);
      if (step?.type !== "source") continue;
      if (!this.#values.has(field)) throw missingValue(step.source);
      if (!this.#said.has(field)) continue;
      throw wrongValue(step.source, { message: issue.message, place: placeInField(issue) });
    }
  }

  #ownFault(issues: readonly DepsIssue[]): RunError {
    const list = issues.map((issue) => {
      const field = fieldOf(issue);
      return field === undefined
        ? issue.message
        : `"${field}${placeInField(issue)}": ${issue.message}`;
    });
    return new RunError(
      "internal",
      `Cannot make the context: its schema refuses what was made for it: ${list.join("; ")}`,
    );
  }
}

/** Those fields that are there, in an object that inherits nothing: clients choose some names. */
function pick(values: ReadonlyMap<string, unknown>, fields: Iterable<string>): object {
  const picked: Record<string, unknown> = Object.create(null);
  for (const field of fields) if (values.has(field)) picked[field] = values.get(field);
  return picked;
}

/** Families that have said already who is told what go as they are. */
function insideResolve(error: unknown, field: string): Error {
  if (
    error instanceof RequestError || error instanceof HttpError || error instanceof RunError
  ) return error;
  return new RunError("internal", `Cannot resolve "${field}": ${textOf(error)}`, { cause: error });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
