/**
 * Reads final answers: parse, check, function, validators, and the client's own format last.
 * @module
 */
import type { JsonSchemaCheck } from "../json_schema/compile.ts";
import type { SchemaIssue } from "../json_schema/error.ts";
import type { StepContext } from "../tools/context.ts";
import { ModelRetry } from "../tools/outcome.ts";
import type { OutputValidator } from "./output.ts";
import type { OutputPlan, OutputTool, PlannedShape } from "./output_plan.ts";
import { issuesText } from "./retry_text.ts";

/** A final answer, or what to tell the model that gave another. */
export type OutputOutcome =
  | {
    readonly ok: true;
    readonly value: unknown;
    /** What the client gets. */
    readonly text: string;
  }
  | {
    readonly ok: false;
    readonly feedback: string;
    /** Whether it was no JSON at all, as happens to answers that were cut off. */
    readonly broken: boolean;
  };

/** The form a client wants, compiled. */
export interface ClientFormat {
  readonly type: "json-object" | "json-schema";
  readonly check: JsonSchemaCheck;
}

/** Everything an answer must pass. */
export interface OutputPipeline<Deps> {
  readonly plan: OutputPlan;
  readonly validators: readonly OutputValidator<Deps, unknown>[];
  readonly format: ClientFormat | undefined;
}

/** Reads text that ends the run. */
export async function checkText<Deps>(
  pipeline: OutputPipeline<Deps>,
  text: string,
  ctx: StepContext<Deps>,
): Promise<OutputOutcome> {
  const { plan, format } = pipeline;
  if (plan.mode !== "json") {
    const bare = format ? stripFences(text) : text;
    const value = plan.processText
      ? await attempt(() => plan.processText!(bare, ctx as StepContext<never>))
      : { ok: true as const, value: bare };
    return value.ok ? finish(pipeline, value.value, ctx) : value;
  }
  const parsed = parseJson(stripFences(text));
  if (!parsed.ok) return parsed;
  return await checkUnion(pipeline, parsed.value, ctx);
}

/** Reads the arguments of an output tool's call. */
export async function checkOutputCall<Deps>(
  pipeline: OutputPipeline<Deps>,
  tool: OutputTool,
  options: { readonly args: string; readonly ctx: StepContext<Deps> },
): Promise<OutputOutcome> {
  const parsed = parseJson(options.args === "" ? "{}" : options.args);
  if (!parsed.ok) return parsed;
  const value = tool.wrapped ? property(parsed.value, "response") : parsed.value;
  return await checkShape(pipeline, tool, { value, ctx: options.ctx });
}

async function checkUnion<Deps>(
  pipeline: OutputPipeline<Deps>,
  value: unknown,
  ctx: StepContext<Deps>,
): Promise<OutputOutcome> {
  const { shapes } = pipeline.plan;
  if (shapes.length === 1) return await checkShape(pipeline, shapes[0]!, { value, ctx });
  const result = property(value, "result");
  const kind = property(result, "kind");
  const shape = shapes.find((candidate) => candidate.kind === kind);
  if (!shape) {
    const kinds = shapes.map((candidate) => `"${candidate.kind}"`).join(", ");
    return refuse([{ path: "result.kind", message: `Value must be one of ${kinds}` }]);
  }
  return await checkShape(pipeline, shape, { value: property(result, "data"), ctx });
}

async function checkShape<Deps>(
  pipeline: OutputPipeline<Deps>,
  { shape, process }: PlannedShape,
  { value, ctx }: { readonly value: unknown; readonly ctx: StepContext<Deps> },
): Promise<OutputOutcome> {
  const parsed = await shape.parse(value);
  if (!parsed.ok) return refuse(parsed.issues);
  if (!process) return await finish(pipeline, parsed.value, ctx);
  const made = await attempt(() => process(parsed.value, ctx as StepContext<never>));
  return made.ok ? await finish(pipeline, made.value, ctx) : made;
}

/** Validators, then the client's format, which holds for exactly what the client gets. */
async function finish<Deps>(
  { validators, format }: OutputPipeline<Deps>,
  initial: unknown,
  ctx: StepContext<Deps>,
): Promise<OutputOutcome> {
  let value = initial;
  for (const validator of validators) {
    const checked = await attempt(() => validator(ctx, value));
    if (!checked.ok) return checked;
    value = checked.value;
  }
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  if (format) {
    const parsed = parseJson(text);
    if (!parsed.ok) return parsed;
    const issues = format.check.check(parsed.value);
    if (issues.length > 0) return refuse(issues);
  }
  return { ok: true, value, text };
}

type Attempt = { readonly ok: true; readonly value: unknown } | (OutputOutcome & { ok: false });

async function attempt(run: () => unknown): Promise<Attempt> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    if (!(error instanceof ModelRetry)) throw error;
    return { ok: false, feedback: error.message, broken: false };
  }
}

function parseJson(text: string): Attempt {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return {
      ok: false,
      feedback: issuesText([{ path: "", message: "Invalid JSON" }]),
      broken: true,
    };
  }
}

function refuse(issues: readonly SchemaIssue[]): OutputOutcome {
  return { ok: false, feedback: issuesText(issues), broken: false };
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

const FENCE = "```";

/** The JSON inside a Markdown fence, which models like to add; other text as it is. */
export function stripFences(text: string): string {
  const trimmed = text.trim();
  if (trimmed.startsWith("{") || trimmed.startsWith("[")) return trimmed;
  const opening = trimmed.indexOf(FENCE);
  if (opening < 0) return trimmed;
  const start = trimmed.indexOf("\n", opening);
  const end = trimmed.lastIndexOf(FENCE);
  return start < 0 || end <= start ? trimmed : trimmed.slice(start + 1, end).trim();
}
