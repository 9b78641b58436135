/**
 * An agent's hooks, sorted once by what they stand around.
 * @module
 */
import type { StepContext, ToolContext } from "../tools/context.ts";
import type { HookedToolCall } from "../tools/hooks.ts";
import { ApprovalRequired, ModelRetry, ToolFailed } from "../tools/outcome.ts";
import { chainHooks, type HookChain, type PointOptions, unlessEmpty } from "./hook_chain.ts";
import type { AgentHooks, HookedOutput } from "./hooks.ts";

type Hooks<Deps, Name extends keyof AgentHooks<Deps>> = readonly NonNullable<
  AgentHooks<Deps>[Name]
>[];

/** Hooks of runs, each kind in the order in which it is called. */
export interface RunHookPlan<Deps> {
  readonly before: Hooks<Deps, "beforeRun">;
  readonly wrap: Hooks<Deps, "wrapRun">;
  readonly after: Hooks<Deps, "afterRun">;
  readonly onError: Hooks<Deps, "onRunError">;
}

/** Hooks of model calls, each kind in the order in which it is called. */
export interface ModelHookPlan<Deps> {
  readonly before: Hooks<Deps, "beforeModelRequest">;
  readonly wrap: Hooks<Deps, "wrapModelRequest">;
  readonly after: Hooks<Deps, "afterModelRequest">;
  readonly onError: Hooks<Deps, "onModelRequestError">;
}

/** Around the work on a hidden tool's call. */
export type ToolHookChain<Deps> = HookChain<ToolContext<Deps>, HookedToolCall>;

/** Around the work on a structured final answer. */
export type OutputHookChain<Deps> = HookChain<StepContext<Deps>, HookedOutput>;

/** All hooks; undefined where there is nothing to call. */
export interface HookPlan<Deps> {
  readonly run: RunHookPlan<Deps> | undefined;
  readonly modelRequest: ModelHookPlan<Deps> | undefined;
  readonly toolValidate: ToolHookChain<Deps> | undefined;
  readonly toolExecute: ToolHookChain<Deps> | undefined;
  readonly outputValidate: OutputHookChain<Deps> | undefined;
  readonly outputProcess: OutputHookChain<Deps> | undefined;
}

const TOOL_POINT: PointOptions<HookedToolCall> = {
  inputOf: (call) => call.args,
  withInput: (call, args) => args === call.args ? call : { ...call, args },
  isOutcome: (error) =>
    error instanceof ModelRetry || error instanceof ToolFailed || error instanceof ApprovalRequired,
};

const OUTPUT_POINT: PointOptions<HookedOutput> = {
  inputOf: (output) => output.value,
  withInput: (output, value) => value === output.value ? output : { ...output, value },
  isOutcome: (error) => error instanceof ModelRetry,
};

/** Sorts hooks; each is read once, here. */
export function planHooks<Deps>(sets: readonly AgentHooks<Deps>[] = []): HookPlan<Deps> {
  /** The hooks of one name, still methods of their sets. */
  const all = <Name extends keyof AgentHooks<Deps>>(name: Name) =>
    sets.flatMap((set) => {
      const hook: CallableFunction | undefined = set[name];
      return hook ? [hook.bind(set) as NonNullable<AgentHooks<Deps>[Name]>] : [];
    });
  const { withInput: withArgs } = TOOL_POINT;
  const { withInput: withValue } = OUTPUT_POINT;
  return {
    run: unlessEmpty({
      before: all("beforeRun"),
      wrap: all("wrapRun"),
      after: all("afterRun").reverse(),
      onError: all("onRunError").reverse(),
    }),
    modelRequest: unlessEmpty({
      before: all("beforeModelRequest"),
      wrap: all("wrapModelRequest"),
      after: all("afterModelRequest").reverse(),
      onError: all("onModelRequestError").reverse(),
    }),
    toolValidate: chainHooks<ToolContext<Deps>, HookedToolCall>({
      before: all("beforeToolValidate"),
      wrap: all("wrapToolValidate"),
      after: all("afterToolValidate").reverse()
        .map((hook) => (ctx, call, args) => hook(ctx, withArgs(call, args))),
      onError: all("onToolValidateError").reverse(),
    }, TOOL_POINT),
    toolExecute: chainHooks<ToolContext<Deps>, HookedToolCall>({
      before: all("beforeToolExecute"),
      wrap: all("wrapToolExecute"),
      after: all("afterToolExecute").reverse(),
      onError: all("onToolExecuteError").reverse(),
    }, TOOL_POINT),
    outputValidate: chainHooks<StepContext<Deps>, HookedOutput>({
      before: all("beforeOutputValidate"),
      wrap: all("wrapOutputValidate"),
      after: all("afterOutputValidate").reverse()
        .map((hook) => (ctx, output, value) => hook(ctx, withValue(output, value))),
      onError: all("onOutputValidateError").reverse(),
    }, OUTPUT_POINT),
    outputProcess: chainHooks<StepContext<Deps>, HookedOutput>({
      before: all("beforeOutputProcess"),
      wrap: all("wrapOutputProcess"),
      after: all("afterOutputProcess").reverse(),
      onError: all("onOutputProcessError").reverse(),
    }, OUTPUT_POINT),
  };
}
