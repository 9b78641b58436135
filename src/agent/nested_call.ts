/**
 * Calls of hidden tools by code instead of the model.
 * @module
 */
import { CallError } from "../code_mode/call_error.ts";
import type { ToolCall } from "../run/request.ts";
import type { StepContext } from "../tools/context.ts";
import { type CallOutcome, type HiddenCall, toolContext } from "./call_outcome.ts";
import { CallScope } from "./call_scope.ts";
import type { HiddenTool } from "./offers.ts";
import type { RunState } from "./run_state.ts";
import { checkArguments } from "./tool_arguments.ts";
import { callTool } from "./tool_execution.ts";
import { tellLabel } from "./tool_label.ts";

/** A call, and where it comes from. */
export interface NestedCall<Deps> {
  readonly offer: Extract<HiddenTool<Deps>["offer"], { readonly type: "hidden" }>;
  readonly args: unknown;
  /** Unique within the run. */
  readonly id: string;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Labels that were told already. */
  readonly told: Set<string>;
}

/** What a tool told the model, told to code. */
class NestedCallError extends CallError {
  /** Says how the call ended. */
  constructor(message: string, readonly outcome: "failed" | "denied" | "retry") {
    super(message);
  }
}

/**
 * Does one call: checked, hooked and counted as the model's are. A failure costs no retry: code can
 * mend it.
 *
 * @returns what the tool returned
 * @throws {CallError} with what the model would have been told
 * @throws {RunError} what would have ended the run, and ends it
 */
export async function nestedCall<Deps>(
  run: RunState<Deps>,
  step: StepContext<Deps>,
  { offer, args, id, signal, told }: NestedCall<Deps>,
): Promise<unknown> {
  const { tool, definition } = offer;
  const call: ToolCall = {
    id,
    name: definition.name,
    kind: "function",
    arguments: toJson(args ?? {}),
  };
  if (run.budget.wantedToolCalls < 1) {
    throw new NestedCallError("No more calls are allowed", "denied");
  }
  run.budget.takeToolCalls(1);
  const startedAt = run.context.clock.now();
  run.asides.push({ type: "trace", trace: { kind: "tool-call", id, name: tool.name } });
  using scope = new CallScope(signal, { clock: run.context.clock });
  const hidden: HiddenCall<Deps> = { call, offer, ctx: toolContext(run, step, { call, offer }) };
  let outcome: "ok" | NestedCallError["outcome"] = "failed";
  try {
    const checked = await checkArguments(run, hidden, scope);
    if (!checked.ok) throw refusal(checked.outcome);
    const result = await callTool(run, checked.hidden, {
      args: checked.args,
      parent: scope,
      onBegin: () => tellLabel(run, tool.label, told),
    });
    if (result.type !== "value") throw refusal(result);
    outcome = "ok";
    run.toolCalls += 1;
    return result.value;
  } catch (error) {
    if (error instanceof NestedCallError) outcome = error.outcome;
    throw error;
  } finally {
    if (outcome !== "ok") run.budget.returnToolCalls(1);
    run.asides.push({
      type: "trace",
      trace: {
        kind: "tool-result",
        id,
        name: tool.name,
        outcome,
        durationMs: run.context.clock.now() - startedAt,
      },
    });
  }
}

/** @throws {CallError} when there is no end to the arguments' nesting */
function toJson(args: unknown): string {
  try {
    return JSON.stringify(args);
  } catch {
    throw new NestedCallError("Arguments are nested too deeply", "retry");
  }
}

/** Consent is not asked for in the middle of code: nobody could park that. */
function refusal(outcome: CallOutcome): NestedCallError {
  if (outcome.type === "awaiting") {
    return new NestedCallError("The call needs the consent of a person", "denied");
  }
  const { content } = outcome.messages.result;
  const text = content.map((part) => part.type === "text" ? part.text : "").join("\n");
  const { type } = outcome;
  return new NestedCallError(text, type === "retry" || type === "denied" ? type : "failed");
}
