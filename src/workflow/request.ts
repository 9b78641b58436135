/**
 * What workflow code is given.
 * @module
 */
import { normaliseHistory } from "../agent/history.ts";
import { RequestContext } from "../context/request_context.ts";
import type { RunBudget } from "../run/budget.ts";
import type { UsageReport } from "../run/event.ts";
import type {
  Message,
  ModelSettings,
  OutputFormat,
  RunRequest,
  ToolChoice,
  ToolSpec,
} from "../run/request.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import { conversationText, latestTurn, latestUserText, toolResultsOf } from "./conversation.ts";
import {
  type InnerResults,
  type InnerRun,
  type RunAllOptions,
  runTogether,
  settleAll,
  type SettledResults,
} from "./fan_out.ts";
import { type InnerResult, type InnerRunOptions, runInner } from "./inner_run.ts";
import type { WorkflowReasoning } from "./reasoning.ts";
import { withinLimits } from "./inner_limits.ts";
import { WorkflowSpan } from "./span.ts";

/** What a request does reaches its run through this. */
interface Scope {
  readonly signal: AbortSignal;
  readonly budget: RunBudget | undefined;
  readonly report: (usage: UsageReport) => void;
  readonly reasoning: WorkflowReasoning & { note(text: string): void } | undefined;
  readonly onSpanEnd: (span: WorkflowSpan) => void;
}

/** One request to a workflow, and what the workflow may do about it. */
export class WorkflowRequest<Deps = unknown> {
  readonly #request: RunRequest;
  readonly #scope: Scope;
  readonly #runContext: RunContext;
  #context: RequestContext<Deps> | undefined;
  #history: readonly Message[] | undefined;
  #toolResults: Readonly<Record<string, unknown>> | undefined;
  #latestToolResults: Readonly<Record<string, unknown>> | undefined;

  /**
   * Made by the workflow for each run.
   *
   * @param scope what ends inner runs, and who is told what the workflow uses, tells and measures
   */
  constructor(request: RunRequest, context: RunContext, scope: Scope) {
    this.#request = request;
    this.#runContext = context;
    this.#scope = scope;
  }

  /** The conversation as received: not merged, not repaired. */
  get messages(): readonly Message[] {
    return this.#request.messages;
  }

  /**
   * The conversation as models take it: neighbours of one role merged, tool results without a call
   * dropped, calls without a result answered.
   */
  get history(): readonly Message[] {
    return this.#history ??= normaliseHistory(this.#request.messages);
  }

  /**
   * Results of client tools by call id, in the whole conversation. JSON text is parsed, other text
   * stays text; a result with images or files is its list of parts. The record has no prototype.
   */
  get toolResults(): Readonly<Record<string, unknown>> {
    return this.#toolResults ??= toolResultsOf(this.#request.messages);
  }

  /** Those of `toolResults` that came since the user last spoke; for workflows that reuse call ids. */
  get latestToolResults(): Readonly<Record<string, unknown>> {
    return this.#latestToolResults ??= toolResultsOf(latestTurn(this.#request.messages));
  }

  /** Tools the client offers and runs itself. */
  get clientTools(): readonly ToolSpec[] {
    return this.#request.tools;
  }

  /** Which of `clientTools` the client wants called; an answer that breaks it fails the run. */
  get toolChoice(): ToolChoice {
    return this.#request.toolChoice;
  }

  /** `false`: at most one call in an answer. */
  get parallelToolCalls(): boolean {
    return this.#request.parallelToolCalls;
  }

  /** The form the client wants the answer in; one that does not have it fails the run. */
  get outputType(): OutputFormat {
    return this.#request.output;
  }

  /** The client's sampling and length settings; pass them to `run` where they should count. */
  get settings(): ModelSettings {
    return this.#request.settings;
  }

  /** Values made by the app's `requestContextFactory`. */
  get deps(): Deps {
    return this.#runContext.deps as Deps;
  }

  /** Headers, fields and caller of the request. */
  get context(): RequestContext<Deps> {
    return this.#context ??= new RequestContext<Deps>(this.#request, this.#runContext);
  }

  /** The name of the caller's key; undefined where no keys are configured. */
  get authName(): string | undefined {
    return this.#runContext.principal.name;
  }

  /** Aborted when the client leaves, a deadline passes, the server stops or the answer is complete. */
  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  /**
   * Where to tell at one's own pace what the workflow is about, as text that is appended. Undefined
   * where no client would see it: under every reasoning mode but `custom`.
   */
  get reasoning(): WorkflowReasoning | undefined {
    return this.#progress;
  }

  /**
   * Tells the client what the workflow is about, as a paragraph of reasoning. Seen at once where the
   * model's reasoning mode is `custom`, and nowhere else. Without effect once the answer's text has
   * begun.
   *
   * @throws {RunError} `run-failed` when `text` is no text
   */
  emitProgress(text: string): void {
    this.#progress?.note(text);
  }

  /**
   * Begins a stretch of work: tells `label` as progress and measures until it is disposed. How long it
   * took is for the operator alone: in a trace, and in a line of the log at level `debug`.
   *
   * @param label never a secret: clients and logs may show it
   */
  span(label: string): WorkflowSpan {
    this.emitProgress(label);
    const { clock } = this.#runContext;
    return new WorkflowSpan(label, { clock, onEnd: this.#scope.onSpanEnd });
  }

  /** The text of the last user message; empty when there is none. */
  latestUserText(): string {
    return latestUserText(this.#request.messages);
  }

  /** The conversation as a transcript: `User: …`, `Assistant: …`, separated by blank lines. */
  conversationText(): string {
    return conversationText(this.#request.messages);
  }

  /**
   * Calls an agent or another workflow and waits for its answer. It obeys `signal`, gets the same
   * deps, and its tokens count for this run; what it does inside stays inside, its reasoning too
   * unless it is forwarded.
   *
   * @param prompt a user's text, or messages; by default the conversation
   * @throws {RequestError} when the client's conversation is more than `runner` can take
   * @throws {RunError} when the inner run failed
   */
  run(
    runner: Runner,
    prompt?: string | readonly Message[],
    options: InnerRunOptions = {},
  ): Promise<InnerResult> {
    const result = this.#begin({ runner, prompt, options }, this.#innerContext());
    // An answer nobody waits for is aborted with the run; that must not end the whole process.
    result.catch(() => {});
    return result;
  }

  /** Runs all at the same time and tells how each ended. */
  runAll<const Runs extends readonly InnerRun[]>(
    runs: Runs,
    options: RunAllOptions & { readonly settle: true },
  ): Promise<SettledResults<Runs>>;
  /**
   * Calls agents and other workflows at the same time, each as `run` does. The first that fails stops
   * the others; its error is thrown once all have ended, and `limits` hold for all together. With
   * `settle: true` a failure ends only itself, and the outcome tells how each run ended.
   *
   * @throws whatever `run` throws
   */
  runAll<const Runs extends readonly InnerRun[]>(
    runs: Runs,
    options?: RunAllOptions & { readonly settle?: false },
  ): Promise<InnerResults<Runs>>;
  runAll(
    runs: readonly InnerRun[],
    { signal, limits, settle = false }: RunAllOptions = {},
  ): Promise<readonly (InnerResult | PromiseSettledResult<InnerResult>)[]> {
    const start = (run: InnerRun, context: RunContext) => this.#begin(run, context);
    const results = withinLimits<readonly (InnerResult | PromiseSettledResult<InnerResult>)[]>(
      this.#innerContext(signal),
      limits,
      (context) =>
        settle ? settleAll(runs, { start, context }) : runTogether(runs, { start, context }),
    );
    results.catch(() => {});
    return results;
  }

  /** Where inner runs happen. What they use counts for the run this one is inside of, too. */
  #innerContext(signal?: AbortSignal): RunContext {
    const { signal: own, budget } = this.#scope;
    return {
      ...this.#runContext,
      signal: signal ? AbortSignal.any([own, signal]) : own,
      budget,
    };
  }

  #begin(run: InnerRun, outer: RunContext): Promise<InnerResult> {
    return withinLimits(outer, run.options?.limits, (context) => this.#run(run, context));
  }

  #run({ runner, prompt, options = {} }: InnerRun, context: RunContext): Promise<InnerResult> {
    const { report, reasoning } = this.#scope;
    const tell = options.forwardReasoning && reasoning
      ? (text: string) => reasoning.note(text)
      : undefined;
    return runInner(runner, { request: this.#request, context, report, tell }, {
      ...options,
      prompt,
    });
  }

  /** The run's writer, where workflow code may write; forwarded thoughts go there in any case. */
  get #progress(): Scope["reasoning"] {
    return this.#runContext.reasoning === "progress" ? this.#scope.reasoning : undefined;
  }
}
