/**
 * Code around the calls of an agent's hidden tools.
 * @module
 */
import type { ToolCall } from "../run/request.ts";
import type { ToolContext } from "./context.ts";
import type { ToolDefinition } from "./tool.ts";

/** A call of a hidden tool, as hooks see it. */
export interface HookedToolCall {
  /** As the model made it, under the name the model knows. */
  readonly call: ToolCall;
  /** The tool's for the step, under the name the agent knows, which clients cannot change. */
  readonly definition: ToolDefinition;
  /** The name the tool's own code knows; another than `definition.name` under a prefix or so. */
  readonly ownName: string;
  /** Before the check: the model's JSON, parsed. From the check on: what the tool will be given. */
  readonly args: unknown;
}

/**
 * What stands around the check of a hidden tool's arguments and around its execution. Output tools
 * and the client's tools never come here, nor do calls whose arguments are no JSON.
 *
 * At each of the two points every `before` runs first, then the `wrap`s around the work, then,
 * where that failed, `onError`, then every `after`. Of several hooks, `before` runs in list order,
 * the first `wrap` is outermost, `after` and `onError` run in reverse order. All may be plain or
 * async.
 *
 * Any of them may throw `ModelRetry` (costs the tool a retry), `ToolFailed` or, before the tool has
 * run, `ApprovalRequired`: if someone consents, all of the point runs again with `ctx.approved`.
 * These three pass by `onError`. Anything else thrown ends the run, and its words reach no client.
 */
export interface ToolHooks<Deps = unknown> {
  /** Before the check; returns other arguments, or undefined to leave them. */
  readonly beforeToolValidate?: (ctx: ToolContext<Deps>, call: HookedToolCall) => unknown;
  /**
   * Around the check by schema and validator. Returns the arguments, which are those of `next` or,
   * where it is not called, unchecked. `next` throws `SchemaMismatch` when they do not fit.
   */
  readonly wrapToolValidate?: (
    ctx: ToolContext<Deps>,
    call: HookedToolCall,
    next: (args: unknown) => Promise<unknown>,
  ) => unknown;
  /** After the check; returns other arguments, or undefined to leave them. */
  readonly afterToolValidate?: (ctx: ToolContext<Deps>, call: HookedToolCall) => unknown;
  /** When the check failed; returns arguments to go on with, or undefined to let it fail. */
  readonly onToolValidateError?: (
    ctx: ToolContext<Deps>,
    call: HookedToolCall,
    error: unknown,
  ) => unknown;
  /** Before execution; returns other arguments, which nobody checks, or undefined to leave them. */
  readonly beforeToolExecute?: (ctx: ToolContext<Deps>, call: HookedToolCall) => unknown;
  /**
   * Around execution. Returns the result, which is that of `next` or, where it is not called, the
   * hook's own: the tool does not run. The tool's time limit holds for each `next`, not for hooks.
   */
  readonly wrapToolExecute?: (
    ctx: ToolContext<Deps>,
    call: HookedToolCall,
    next: (args: unknown) => Promise<unknown>,
  ) => unknown;
  /** After execution; returns another result, or undefined to leave it. */
  readonly afterToolExecute?: (
    ctx: ToolContext<Deps>,
    call: HookedToolCall,
    result: unknown,
  ) => unknown;
  /** When execution failed; returns a result to go on with, or undefined to let it fail. */
  readonly onToolExecuteError?: (
    ctx: ToolContext<Deps>,
    call: HookedToolCall,
    error: unknown,
  ) => unknown;
}
