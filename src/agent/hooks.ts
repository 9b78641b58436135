/**
 * Code around what an agent does.
 * @module
 */
import type { ModelEvent, ModelRequest } from "../models/model.ts";
import type { RunEvent } from "../run/event.ts";
import type { JsonSchema, Message } from "../run/request.ts";
import type { FinishReason } from "../run/result.ts";
import type { StepContext } from "../tools/context.ts";
import type { ToolHooks } from "../tools/hooks.ts";
import type { AnswerParts, ModelAnswer } from "./model_answer.ts";

/** What a run that ended well came to. */
export interface RunOutcome {
  /** The final answer as a value; absent after a refusal, a cut answer or a call of the client's. */
  readonly output?: unknown;
  /** The final answer as the client got it; empty where there is none. */
  readonly text: string;
  /** Text of a refusal; empty when the model did not refuse. */
  readonly refusal: string;
  /** What the run added to the history, hidden work included. */
  readonly messages: readonly Message[];
  /** Why the answer ended. */
  readonly finishReason: FinishReason;
}

/** How a run that failed ends all the same. */
export interface RunRecovery {
  /** What the client reads, after whatever it has read already. */
  readonly text: string;
  /** What `generate` returns. @default the text */
  readonly output?: unknown;
}

/** A structured final answer on its way, as hooks see it. */
export interface HookedOutput {
  /** How the model was asked: by an output tool, or for text that is JSON. */
  readonly mode: "tool" | "json";
  /** Which of several outputs; empty when there is only one. */
  readonly kind: string;
  /** JSON Schema of the output. */
  readonly schema: JsonSchema;
  /** Before the check: the model's JSON, parsed. From the check on: what the schema made of it. */
  readonly value: unknown;
}

/** What takes the place of what there was, or nothing, which leaves it; now or later. */
export type HookResult<Value> = Value | void | Promise<Value | void>;

/**
 * Hooks of an agent, all of them optional, plain or async. One set serves many runs at once; what
 * belongs to a run can be kept in a `WeakMap` under its `ctx.run`.
 *
 * At each point every `before` runs first, then the `wrap`s around the work, then, where that
 * failed, `onError`, then every `after`. Of several sets, `before` runs in list order, the first
 * `wrap` is outermost, `after` and `onError` run in reverse order. An `onError` that returns nothing
 * leaves the error, one that throws replaces it, one that returns something recovers: the next
 * ones, which are further out, do not hear of it. But for `onRunError`, none is asked once the run
 * was aborted.
 *
 * Whatever a hook throws stays inside: clients get a fixed sentence.
 */
export interface AgentHooks<Deps = unknown> extends ToolHooks<Deps> {
  /** Before a run, of which nothing but the request is there yet; throws to prevent it. */
  readonly beforeRun?: (ctx: StepContext<Deps>) => void | Promise<void>;
  /**
   * Around a run. Returns its events, traces included, which keep the grammar of a run: those of
   * `next`, which can be called once, or an answer of the hook's own. Changes are for who reads the
   * events: the value `generate` returns is the run's own, or the text where `next` was not called.
   */
  readonly wrapRun?: (
    ctx: StepContext<Deps>,
    next: () => AsyncIterable<RunEvent>,
  ) => AsyncIterable<RunEvent> | Promise<AsyncIterable<RunEvent>>;
  /**
   * After a run that ended well, before its last event goes out: throws to let it fail. All the rest
   * has gone out, so that nothing can be changed.
   */
  readonly afterRun?: (ctx: StepContext<Deps>, outcome: RunOutcome) => void | Promise<void>;
  /**
   * When a run failed, at its deadline, too, unless its caller has left. Returns text to end it with: what has gone out
   * stays, and the text follows as a part of its own. Calls that have been handed to the client
   * cannot be taken back; then there is no recovery.
   */
  readonly onRunError?: (ctx: StepContext<Deps>, error: unknown) => HookResult<RunRecovery>;

  /**
   * Before each model call. Returns another request, instructions being its first system messages,
   * or nothing. Tools can be left out, and then cannot be called, or edited, not added or renamed.
   */
  readonly beforeModelRequest?: (
    ctx: StepContext<Deps>,
    request: ModelRequest,
  ) => HookResult<ModelRequest>;
  /**
   * Around each model call. Returns the events of the answer: those of `next`, which can be called
   * again, or the hook's own, see `answerWith`. Text goes out as it comes from here. May throw
   * `ModelRetry`, as `afterModelRequest`; text that has gone out by then stays, and ends there.
   */
  readonly wrapModelRequest?: (
    ctx: StepContext<Deps>,
    request: ModelRequest,
    next: (request: ModelRequest) => AsyncIterable<ModelEvent>,
  ) => AsyncIterable<ModelEvent> | Promise<AsyncIterable<ModelEvent>>;
  /**
   * After each model call. Returns another answer, whose reasoning and usage do not count, since
   * they have gone out, or nothing. `ModelRetry` asks the model for another answer, on the budget of
   * `outputRetries`: this one stays in the history, its calls do not run. So that a refused answer
   * is not read, an agent with this hook keeps all text back until the end of its model call.
   */
  readonly afterModelRequest?: (
    ctx: StepContext<Deps>,
    answer: ModelAnswer,
  ) => HookResult<ModelAnswer>;
  /**
   * When a model call failed. Returns an answer in its place: what has gone out of the failed one
   * stays, and this one follows.
   */
  readonly onModelRequestError?: (
    ctx: StepContext<Deps>,
    request: ModelRequest,
    error: unknown,
  ) => HookResult<AnswerParts>;

  /**
   * Before a structured final answer is held against its schema; returns another value, or undefined
   * to leave it. Like all hooks of outputs it may throw `ModelRetry` to refuse the answer. Answers
   * that are no JSON, or that say of no known kind to be, do not come here.
   */
  readonly beforeOutputValidate?: (ctx: StepContext<Deps>, output: HookedOutput) => unknown;
  /** Around the check, which throws `SchemaMismatch`; returns the value. */
  readonly wrapOutputValidate?: (
    ctx: StepContext<Deps>,
    output: HookedOutput,
    next: (value: unknown) => Promise<unknown>,
  ) => unknown;
  /** After the check; returns another value, or undefined to leave it. */
  readonly afterOutputValidate?: (ctx: StepContext<Deps>, output: HookedOutput) => unknown;
  /** When the check failed; returns a value to go on with, or undefined to let it fail. */
  readonly onOutputValidateError?: (
    ctx: StepContext<Deps>,
    output: HookedOutput,
    error: unknown,
  ) => unknown;
  /** Before output function and validators; returns another value, or undefined to leave it. */
  readonly beforeOutputProcess?: (ctx: StepContext<Deps>, output: HookedOutput) => unknown;
  /** Around output function and validators; returns the output. */
  readonly wrapOutputProcess?: (
    ctx: StepContext<Deps>,
    output: HookedOutput,
    next: (value: unknown) => Promise<unknown>,
  ) => unknown;
  /** After them; returns another output, or undefined to leave it. */
  readonly afterOutputProcess?: (
    ctx: StepContext<Deps>,
    output: HookedOutput,
    result: unknown,
  ) => unknown;
  /** When one of them failed; returns an output to go on with, or undefined to let it fail. */
  readonly onOutputProcessError?: (
    ctx: StepContext<Deps>,
    output: HookedOutput,
    error: unknown,
  ) => unknown;
}
