/**
 * Everything one run knows and changes. The agent itself has no state.
 * @module
 */
import type { CodeSession } from "../code_mode/code_session.ts";
import { deadlineError, RunBudget } from "../run/budget.ts";
import { RunError } from "../run/error.ts";
import type { Message, OutputFormat, RunRequest, SystemMessage } from "../run/request.ts";
import { addUsage, type FinishReason, NO_USAGE, type Usage } from "../run/result.ts";
import type { RunContext } from "../run/runner.ts";
import type { StepContext } from "../tools/context.ts";
import { enterToolset, leaveToolset, type Toolset } from "../tools/toolset.ts";
import { AsideQueue } from "./aside_queue.ts";
import { type ClientToolPlan, NO_CLIENT_TOOLS } from "./client_tools.ts";
import type { Offers } from "./offers.ts";
import type { OutputPipeline } from "./output_check.ts";
import type { AgentPlan } from "./plan.ts";
import type { AnsweredApproval } from "./resume.ts";
import { feedbackText } from "./retry_text.ts";

/** How text leaves a run: as it is made, when its step is over, or only as the final answer. */
export type TextMode = "pass" | "hold" | "final-only";

/** The final answer. */
export interface FinalOutput {
  readonly value: unknown;
  readonly text: string;
}

/** What a run is started with. */
export interface RunInput {
  readonly request: RunRequest;
  readonly context: RunContext;
  /** Who wrote the history: a client, who ranks below the agent, or the agent's own author. */
  readonly origin: "client" | "code";
}

/** One run. */
export class RunState<Deps> {
  readonly plan: AgentPlan<Deps>;
  readonly request: RunRequest;
  readonly context: RunContext;
  readonly origin: "client" | "code";
  /** Aborted when the caller leaves, the deadline passes, or the run fails. */
  readonly signal: AbortSignal;

  /** The conversation before this run. */
  history: readonly Message[];
  /** What the client has answered to what it was asked. */
  answered: readonly AnsweredApproval[] = [];
  /** Whether `history` has parked turns. */
  restored = false;
  /** What this run added, in the backend's call ids. */
  readonly own: Message[] = [];
  toolsets: readonly Toolset<Deps>[] = [];
  clientTools: ClientToolPlan = NO_CLIENT_TOOLS;
  pipeline: OutputPipeline<Deps>;
  /** What the backend is asked for. */
  format: OutputFormat = { type: "text" };
  /** What asks for the output in words. */
  outputInstructions: readonly SystemMessage[] = [];
  textMode: TextMode = "pass";
  /** Offers that hold for the whole run. */
  offers: Offers<Deps> | undefined;

  /** Told beside the answer; comes out as soon as something is yielded. */
  readonly asides: AsideQueue = new AsideQueue();
  /** What the run and those inside it may still use. */
  readonly budget: RunBudget;
  /** Of the run and those inside it. */
  usage: Usage = NO_USAGE;
  modelCalls = 0;
  /** Successful calls of hidden tools. */
  toolCalls = 0;
  output: FinalOutput | undefined;
  finishReason: FinishReason | undefined;
  refusal = "";
  /** Whether someone else closes the run, which then goes on when its loop is over. */
  keptOpen = false;

  readonly #controller = new AbortController();
  #codeSession: CodeSession | undefined;
  #inner: RunContext | undefined;
  readonly #retries = new Map<string, number>();
  #outputRetries = 0;
  #prompt: string | undefined;
  #callIds: Set<string> | undefined;
  readonly #entered: Toolset<Deps>[] = [];
  #closed = false;
  #cancelDeadline: (() => void) | undefined;

  constructor(plan: AgentPlan<Deps>, { request, context, origin }: RunInput) {
    this.plan = plan;
    this.request = request;
    this.context = context;
    this.origin = origin;
    this.history = request.messages;
    this.signal = this.#controller.signal;
    const { output, validators, hooks } = plan;
    this.pipeline = { plan: output, validators, hooks, format: undefined };
    this.budget = new RunBudget(plan.limits, {
      parent: context.budget,
      wantedToolCalls: request.maxToolCalls,
      onInnerUsage: (usage) => {
        this.usage = addUsage(this.usage, usage);
        this.asides.push({ type: "usage", usage, inner: true });
      },
    });
    context.signal.addEventListener("abort", this.#onAbort, { once: true });
    if (context.signal.aborted) this.#onAbort();
    const { maxSeconds } = plan.limits;
    if (maxSeconds !== undefined) {
      this.#cancelDeadline = context.clock.schedule(
        maxSeconds * 1000,
        () => this.#controller.abort(deadlineError(maxSeconds)),
      );
    }
  }

  /** A view of the run for user code. */
  view(): StepContext<Deps> {
    const messages = this.own.length === 0 ? this.history : [...this.history, ...this.own];
    const contextForCode = () => this.#contextForCode();
    return {
      deps: this.context.deps as Deps,
      model: this.plan.model.name,
      usage: this.usage,
      modelCalls: this.modelCalls,
      toolCalls: this.toolCalls,
      limits: this.plan.limits,
      messages,
      prompt: this.#prompt ??= lastUserText(this.history),
      step: this.modelCalls + 1,
      runId: this.context.runId,
      signal: this.signal,
      // Most runs have no code that asks for it.
      get run() {
        return contextForCode();
      },
    };
  }

  /** The run's context for code that starts runs inside. */
  #contextForCode(): RunContext {
    const { signal, budget } = this;
    return this.#inner ??= { ...this.context, signal, budget, reasoning: undefined };
  }

  /** Code of this run. */
  get codeSession(): CodeSession {
    return this.#codeSession ??= this.plan.codeMode!.session();
  }

  /** Whether the model is told of more than the client's conversation. */
  get hasHiddenContent(): boolean {
    return this.own.length > 0 || this.restored;
  }

  /** Takes the toolsets into use for this run. */
  async enterToolsets(): Promise<void> {
    const { toolsets } = this.plan;
    if (!toolsets.some((toolset) => toolset.forRun || toolset.start)) {
      this.toolsets = toolsets;
      return;
    }
    const ctx = this.view();
    this.toolsets = await Promise.all(toolsets.map((toolset) => toolset.forRun?.(ctx) ?? toolset));
    for (const toolset of this.toolsets) {
      await enterToolset(toolset);
      if (this.#closed) {
        // The run was aborted while it waited, and nobody else would let go.
        await leaveToolset(toolset);
        return;
      }
      this.#entered.push(toolset);
    }
  }

  /**
   * Counts a model call that was taken from the budget.
   *
   * @throws {RunError} `run-failed` when the run has used more tokens than it may
   */
  countModelCall(usage: Usage): void {
    this.modelCalls += 1;
    this.usage = addUsage(this.usage, usage);
    this.budget.addUsage(usage);
  }

  /** Failed steps in a row of the tool the model knows as `name`. */
  retriesOf(name: string): number {
    return this.#retries.get(name) ?? 0;
  }

  /** Settles the budgets after a step: several failures of one tool count as one. */
  countRetries(failed: ReadonlySet<string>, succeeded: ReadonlySet<string>): void {
    for (const name of failed) this.#retries.set(name, this.retriesOf(name) + 1);
    for (const name of succeeded) if (!failed.has(name)) this.#retries.delete(name);
  }

  /**
   * Asks the model for another answer.
   *
   * @throws {RunError} `run-failed` when the output budget is spent
   */
  retryOutput(feedback: string): void {
    const { outputRetries } = this.plan;
    if (this.#outputRetries >= outputRetries) {
      throw new RunError("run-failed", `Exceeded maximum output retries (${outputRetries})`);
    }
    this.#outputRetries += 1;
    this.own.push({ role: "user", content: [{ type: "text", text: feedbackText(feedback) }] });
  }

  /** `id`, or a new one where the conversation has it already: backends reuse ids. */
  uniqueCallId(id: string): string {
    this.#callIds ??= new Set(
      this.history.flatMap((message) =>
        message.role === "assistant" ? message.toolCalls.map((call) => call.id) : []
      ),
    );
    const unique = id === "" || this.#callIds.has(id) ? this.context.ids.mint("call_") : id;
    this.#callIds.add(unique);
    return unique;
  }

  /** Stops whatever still runs and lets go of everything. */
  async close(): Promise<void> {
    this.#closed = true;
    this.context.signal.removeEventListener("abort", this.#onAbort);
    this.#cancelDeadline?.();
    if (this.finishReason === undefined) {
      this.#controller.abort(new RunError("cancelled", "Run was given up"));
    }
    await this.#codeSession?.[Symbol.asyncDispose]();
    if (this.#entered.length === 0) return;
    const left = await Promise.allSettled(this.#entered.map((toolset) => leaveToolset(toolset)));
    for (const result of left) {
      if (result.status === "rejected") {
        this.context.logger.log("warn", "Toolset did not close", { runId: this.context.runId });
      }
    }
  }

  readonly #onAbort = (): void => this.#controller.abort(this.context.signal.reason);
}

function lastUserText(messages: readonly Message[]): string | undefined {
  const last = messages.findLast((message) => message.role === "user");
  const texts = last?.content.flatMap((part) => "text" in part ? [part.text] : []) ?? [];
  return texts.length === 0 ? undefined : texts.join("\n\n");
}
