/**
 * The steps of a pipeline, checked as a whole and put into order.
 * @module
 */
import { SetupError, type SetupProblem } from "../run/error.ts";
import { type DepsSchema, schemaFields } from "./deps_schema.ts";
import type { RequestContext } from "./request_context.ts";
import type { RequestSource } from "./request_source.ts";

/** Takes a field from the request. */
export interface SourceStep {
  /** Tells steps apart. */
  readonly type: "source";
  /** The field it makes. */
  readonly field: string;
  /** Where its value is. */
  readonly source: RequestSource;
  /** Whether requests without it are welcome. */
  readonly optional: boolean;
  /** What stands in for an absent value; undefined: nothing does. */
  readonly fallback: unknown;
}

/** Makes a field of others. */
export interface ResolveStep {
  /** Tells steps apart. */
  readonly type: "resolve";
  /** The field it makes. */
  readonly field: string;
  /** The fields it needs. */
  readonly from: readonly string[];
  /** Whether it is left out where one of those is absent. */
  readonly optional: boolean;
  /** The author's code. */
  readonly resolve: (values: never, context: RequestContext) => unknown;
}

/** One step. */
export type PipelineStep = SourceStep | ResolveStep;

/** A pipeline that hangs together. */
export interface PipelinePlan<Output> {
  readonly schema: DepsSchema<unknown, Output>;
  readonly steps: ReadonlyMap<string, PipelineStep>;
  readonly sources: readonly SourceStep[];
  /** Each after those it needs. */
  readonly resolves: readonly ResolveStep[];
  /** The fields the schema is shown: all, unless it refuses what is only of use on the way. */
  readonly shown: readonly string[];
}

/**
 * Checks steps against each other and against the schema.
 *
 * @throws {SetupError} with every problem: a field made twice, a field that is needed and that nobody
 *   makes, fields that need each other
 */
export function planPipeline<Output>(
  schema: DepsSchema<unknown, Output>,
  list: readonly PipelineStep[],
): PipelinePlan<Output> {
  const problems: SetupProblem[] = [];
  const steps = new Map<string, PipelineStep>();
  for (const step of list) {
    if (steps.has(step.field)) {
      problems.push(problem(step.field, "Is made by two steps: give one another field"));
    } else steps.set(step.field, step);
  }
  const made = quoteList(steps.keys());
  for (const step of steps.values()) {
    if (step.type === "source") continue;
    for (const need of step.from) {
      if (steps.has(need)) continue;
      problems.push(
        problem(step.field, `Needs "${need}", which no step makes; steps make ${made}`),
      );
    }
  }
  const fields = schemaFields(schema);
  for (const field of fields?.required ?? []) {
    if (steps.has(field)) continue;
    problems.push(
      problem(field, `Is required by the schema and made by no step; steps make ${made}`),
    );
  }
  const { order, circle } = inOrder(steps);
  if (circle) {
    problems.push(problem(circle[0]!, `Needs itself: ${circle.map(quote).join(" from ")}`));
  }
  if (problems.length > 0) throw new SetupError(problems);
  return {
    schema,
    steps,
    sources: list.filter((step) => step.type === "source"),
    resolves: order,
    shown: [...steps.keys()].filter((field) => !fields?.closed || fields.names.has(field)),
  };
}

/** Resolves after what they need; or one circle, its first field again at its end. */
function inOrder(
  steps: ReadonlyMap<string, PipelineStep>,
): { readonly order: readonly ResolveStep[]; readonly circle?: readonly string[] } {
  const order: ResolveStep[] = [];
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  let circle: readonly string[] | undefined;
  const visit = (field: string): void => {
    const step = steps.get(field);
    if (step?.type !== "resolve" || state.get(field) === "done") return;
    if (state.get(field) === "open") {
      circle ??= [...trail.slice(trail.indexOf(field)), field];
      return;
    }
    state.set(field, "open");
    trail.push(field);
    step.from.forEach(visit);
    trail.pop();
    state.set(field, "done");
    order.push(step);
  };
  for (const field of steps.keys()) visit(field);
  return { order, circle };
}

function problem(field: string, message: string): SetupProblem {
  return { path: `context.${field}`, message };
}

function quote(name: string): string {
  return `"${name}"`;
}

function quoteList(names: Iterable<string>): string {
  return Array.from(names, quote).join(", ") || "nothing";
}
