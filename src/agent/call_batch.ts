/**
 * The calls of one model answer: which is what, and what became of each.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { ToolCall } from "../run/request.ts";
import type { ApprovalPrompt } from "../tools/approval.ts";
import type { StepContext, ToolContext } from "../tools/context.ts";
import { type CallOutcome, type SettledOutcome, textOutcome, toolContext } from "./call_outcome.ts";
import type { ModelReader } from "./model_reader.ts";
import type { Offer, Offers } from "./offers.ts";
import { toolRetryText, unknownToolText } from "./retry_text.ts";
import type { RunState } from "./run_state.ts";

/** One call with what its name stands for. */
export type BatchCall<Deps> =
  & { readonly call: ToolCall }
  & (
    | {
      readonly type: "hidden";
      readonly offer: Extract<Offer<Deps>, { type: "hidden" }>;
      readonly ctx: ToolContext<Deps>;
    }
    | { readonly type: "output"; readonly offer: Extract<Offer<Deps>, { type: "output" }> }
    | { readonly type: "external"; readonly offer: Extract<Offer<Deps>, { type: "external" }> }
    | { readonly type: "unknown" }
  );

/** A hidden call that waits for the client's consent. */
export interface AwaitingCall {
  readonly call: ToolCall;
  /** The agent's name of the tool. */
  readonly tool: string;
  readonly prompt: ApprovalPrompt;
}

/**
 * Sorts the calls of an answer before anything runs. Calls of the client's beyond what it takes are
 * left out as if they had not been made.
 */
export function sortCalls<Deps>(
  run: RunState<Deps>,
  { offers, ctx, reader }: {
    readonly offers: Offers<Deps>;
    readonly ctx: StepContext<Deps>;
    readonly reader: ModelReader;
  },
): CallBatch<Deps> {
  const calls: BatchCall<Deps>[] = [];
  let external = 0;
  for (const made of reader.toolCalls) {
    const offer = offers.byName.get(made.name);
    if (offer?.type === "external" && ++external > run.clientTools.maxCalls) continue;
    const call: ToolCall = { ...made, kind: "function", id: run.uniqueCallId(made.id) };
    if (!offer) calls.push({ type: "unknown", call });
    else if (offer.type === "output") calls.push({ type: "output", call, offer });
    else if (offer.type === "external") calls.push({ type: "external", call, offer });
    else {
      calls.push({ type: "hidden", call, offer, ctx: toolContext(run, ctx, { call, offer }) });
    }
  }
  return new CallBatch(run, calls, {
    available: [...offers.byName.keys()],
    cut: reader.finishReason === "length",
  });
}

/** Follows the hidden calls of a batch. */
export interface CallWatcher {
  /** A tool begins to run. */
  readonly onBegin: (call: ToolCall) => void;
  /** A call has ended, in one way or another. */
  readonly onOutcome: (call: ToolCall, outcome: SettledOutcome) => void;
}

/** Calls that are made together. Their ids may be those of a backend that reuses them. */
export class CallBatch<Deps> {
  readonly calls: readonly BatchCall<Deps>[];
  /** Names the model may use, for those it may not. */
  readonly available: readonly string[];
  /** Whether the answer was cut off at its token limit. */
  readonly cut: boolean;
  /** Told what becomes of the calls. @default nobody */
  readonly watcher: CallWatcher | undefined;
  readonly #run: RunState<Deps>;
  readonly #outcomes = new Map<ToolCall, SettledOutcome>();
  readonly #awaiting = new Map<ToolCall, ApprovalPrompt>();
  readonly #failed = new Set<string>();
  readonly #succeeded = new Set<string>();

  /** Nothing has run yet. */
  constructor(
    run: RunState<Deps>,
    calls: readonly BatchCall<Deps>[],
    { available = [], cut = false, watcher }: {
      readonly available?: readonly string[];
      readonly cut?: boolean;
      readonly watcher?: CallWatcher;
    } = {},
  ) {
    this.#run = run;
    this.calls = calls;
    this.available = available;
    this.cut = cut;
    this.watcher = watcher;
  }

  /** The calls of one kind, in the model's order. */
  of<Type extends BatchCall<Deps>["type"]>(
    type: Type,
  ): Extract<BatchCall<Deps>, { readonly type: Type }>[] {
    return this.calls.filter((
      entry,
    ): entry is Extract<BatchCall<Deps>, { readonly type: Type }> => entry.type === type);
  }

  /** How a call ended, if it has. */
  outcomeOf(call: ToolCall): SettledOutcome | undefined {
    return this.#outcomes.get(call);
  }

  /** Calls that wait for the client's consent, in the model's order. */
  get awaiting(): readonly AwaitingCall[] {
    return this.of("hidden").flatMap(({ call, offer }) => {
      const prompt = this.#awaiting.get(call);
      return prompt ? [{ call, tool: offer.tool.name, prompt }] : [];
    });
  }

  /** Whether any call but those of output tools must be repeated. */
  get hasFunctionRetries(): boolean {
    return this.calls.some((entry) =>
      entry.type !== "output" && this.#outcomes.get(entry.call)?.type === "retry"
    );
  }

  /**
   * Notes how a call ended, or what it waits for.
   *
   * @throws {RunError} `run-failed` when its tool has no retry left
   */
  settle(call: ToolCall, outcome: CallOutcome, maxRetries: number): void {
    if (outcome.type === "awaiting") {
      this.#awaiting.set(call, outcome.prompt);
      return;
    }
    this.#outcomes.set(call, outcome);
    this.watcher?.onOutcome(call, outcome);
    if (outcome.type === "ok") this.#succeeded.add(call.name);
    if (outcome.type !== "retry") return;
    this.#failed.add(call.name);
    if (this.#run.retriesOf(call.name) < maxRetries) return;
    throw new RunError(
      "run-failed",
      this.cut
        ? `Model reached its token limit in a call of tool '${call.name}'`
        : `Tool '${call.name}' exceeded max retries count of ${maxRetries}`,
    );
  }

  /** Notes an outcome that spends no retry and may replace an earlier one. */
  mark(call: ToolCall, type: "ok" | "skipped", text: string): void {
    this.#outcomes.set(call, textOutcome(type, call.id, text));
  }

  /** Tells the model of names it made up. */
  settleUnknown(): void {
    for (const { call } of this.of("unknown")) {
      const text = toolRetryText(unknownToolText(call.name, this.available));
      this.settle(call, textOutcome("retry", call.id, text), this.#run.plan.retries);
    }
  }

  /** Settles the budgets; once per step. */
  countRetries(): void {
    this.#run.countRetries(this.#failed, this.#succeeded);
  }
}
