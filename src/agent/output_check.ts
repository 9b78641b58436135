/**
 * Reads final answers: parse, check, function, validators, and the client's own format last. Hooks
 * stand around the check, and around function and validators.
 * @module
 */
import type { JsonSchemaCheck } from "../json_schema/compile.ts";
import type { SchemaIssue } from "../json_schema/error.ts";
import type { StepContext } from "../tools/context.ts";
import { ModelRetry } from "../tools/outcome.ts";
import { SchemaMismatch, type Shape } from "../tools/schema.ts";
import type { HookPlan } from "./hook_plan.ts";
import type { HookedOutput } from "./hooks.ts";
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
  readonly hooks: Pick<HookPlan<Deps>, "outputValidate" | "outputProcess">;
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
    const value = format ? stripFences(text) : text;
    const made = await attempt(() => makeOutput(pipeline, plan.processText, { value, ctx }));
    return made.ok ? finish(pipeline, made.value) : made;
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
  planned: PlannedShape,
  { value, ctx }: { readonly value: unknown; readonly ctx: StepContext<Deps> },
): Promise<OutputOutcome> {
  const { outputValidate, outputProcess } = pipeline.hooks;
  const hooked = (current: unknown): HookedOutput => ({
    mode: pipeline.plan.mode === "tool" ? "tool" : "json",
    kind: planned.kind,
    schema: planned.shape.jsonSchema,
    value: current,
  });
  const hold = (input: unknown) => holdTo(planned.shape, input);
  const checked = await attempt(() =>
    outputValidate ? outputValidate(ctx, hooked(value), hold) : hold(value)
  );
  if (!checked.ok) return checked;
  const make = (input: unknown) => makeOutput(pipeline, planned.process, { value: input, ctx });
  const made = await attempt(() =>
    outputProcess ? outputProcess(ctx, hooked(checked.value), make) : make(checked.value)
  );
  return made.ok ? finish(pipeline, made.value) : made;
}

/** @throws {SchemaMismatch} when the value is none of the shape */
async function holdTo(shape: Shape, value: unknown): Promise<unknown> {
  const parsed = await shape.parse(value);
  if (!parsed.ok) throw new SchemaMismatch(parsed.issues);
  return parsed.value;
}

/** Output function, then validators. */
async function makeOutput<Deps>(
  { validators }: OutputPipeline<Deps>,
  process: PlannedShape["process"],
  { value, ctx }: { readonly value: unknown; readonly ctx: StepContext<Deps> },
): Promise<unknown> {
  let made = process ? await process(value, ctx as StepContext<never>) : value;
  for (const validator of validators) made = await validator(ctx, made);
  return made;
}

/** The client's format holds for exactly what the client gets. */
function finish<Deps>({ format }: OutputPipeline<Deps>, value: unknown): OutputOutcome {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  if (format) {
    const parsed = parseJson(text);
    if (!parsed.ok) return parsed;
    const issues = format.check.check(parsed.value);
    if (issues.length > 0) return refuse(issues);
  }
  return { ok: true, value, text };
}

type Refusal = Extract<OutputOutcome, { readonly ok: false }>;
type Attempt = { readonly ok: true; readonly value: unknown } | Refusal;

async function attempt(run: () => unknown): Promise<Attempt> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    if (error instanceof SchemaMismatch) return refuse(error.issues);
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

function refuse(issues: readonly SchemaIssue[]): Refusal {
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
