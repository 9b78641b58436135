/**
 * Runs another Runner inside a workflow's run.
 * @module
 */
import { innerUsage, type RunLimits } from "../run/budget.ts";
import { RequestError, RunError } from "../run/error.ts";
import type { UsageReport } from "../run/event.ts";
import { Fold } from "../run/fold.ts";
import { promptMessages } from "../run/plain_request.ts";
import type {
  Message,
  ModelSettings,
  OutputFormat,
  RunRequest,
  ToolChoice,
  ToolSpec,
} from "../run/request.ts";
import type { FinishReason, RunResult, Usage } from "../run/result.ts";
import type { RunContext, Runner } from "../run/runner.ts";

/** What an inner run is given besides its prompt. */
export interface InnerRunOptions {
  /**
   * Tools whose calls come back in `toolCalls` for the workflow to pass on or to answer.
   *
   * @default none
   */
  readonly tools?: readonly ToolSpec[];
  /**
   * Which of `tools` may or must be called.
   *
   * @default auto
   */
  readonly toolChoice?: ToolChoice;
  /**
   * The form of the answer.
   *
   * @default text, or whatever form the agent itself always answers in
   */
  readonly output?: OutputFormat;
  /**
   * Sampling and length settings.
   *
   * @default those of the agent
   */
  readonly settings?: ModelSettings;
  /**
   * Values for the agent's tools.
   *
   * @default the workflow's own
   */
  readonly deps?: unknown;
  /** Ends the inner run besides the workflow's own signal, as `AbortSignal.timeout(5_000)`. */
  readonly signal?: AbortSignal;
  /**
   * Walls of the inner run, besides those of the agent.
   *
   * @default none
   */
  readonly limits?: RunLimits;
  /**
   * Shows the inner run's reasoning to the client as the workflow's own, each span when it is
   * complete. Under mode `agent` that is what its model thinks, under `custom` also what an inner
   * workflow tells; under other modes nothing is shown.
   *
   * @default false
   */
  readonly forwardReasoning?: boolean;
}

/** What an agent or workflow called by a workflow answered. Returned as it is, it is passed on. */
export class InnerResult {
  /** All visible text. */
  readonly text: string;
  /** Refusal text; empty when the model did not refuse. */
  readonly refusal: string;
  /** What the model thought, spans separated by a blank line; empty when it told nothing. */
  readonly reasoning: string;
  /** The parsed value when JSON was asked for or the text is a JSON object or array; else the text. */
  readonly output: unknown;
  /** Calls of the tools that were given, in order. */
  readonly toolCalls: RunResult["toolCalls"];
  /** Why the answer ended. */
  readonly finishReason: FinishReason;
  /** Everything the inner run used; the outer run has counted it already. */
  readonly usage: Usage;

  /** Takes what the run came to, and the value of its text. */
  constructor(result: RunResult, output: unknown) {
    this.text = result.text;
    this.refusal = result.refusal;
    this.reasoning = result.reasoning;
    this.output = output;
    this.toolCalls = result.toolCalls;
    this.finishReason = result.finishReason;
    this.usage = result.consumed;
  }
}

/** Where an inner run happens. */
export interface Surroundings {
  /** The outer run's request. */
  readonly request: RunRequest;
  /** The outer run's, with the signal inner runs obey. */
  readonly context: RunContext;
  /** Told the tokens of each inner model call as it happens. */
  readonly report: (usage: UsageReport) => void;
  /** Told each complete span of the inner run's reasoning; absent: it stays inside. */
  readonly tell?: (reasoning: string) => void;
}

/**
 * Runs `runner` on the outer conversation, a prompt or other messages, and waits for its answer.
 * Traces stay inside, usage is reported. What the run uses counts for the budget of its context.
 *
 * @throws {RequestError} when the client's own conversation is more than `runner` can take
 * @throws {RunError} `run-failed` when the workflow's prompt is, or the answer is not the JSON asked for
 */
export async function runInner(
  runner: Runner,
  around: Surroundings,
  options: InnerRunOptions & { readonly prompt?: string | readonly Message[] } = {},
): Promise<InnerResult> {
  const { prompt } = options;
  const { signal: outerSignal, ...outer } = around.context;
  const signal = options.signal ? AbortSignal.any([outerSignal, options.signal]) : outerSignal;
  // The budget counts the tool calls of all inner runs together, and only the workflow itself could
  // ask its client for consent.
  const { maxToolCalls: _1, approvals: _2, ...outerRequest } = around.request;
  const request: RunRequest = {
    ...outerRequest,
    messages: prompt === undefined ? around.request.messages : promptMessages(prompt),
    tools: options.tools ?? [],
    toolChoice: options.toolChoice ?? { type: "auto" },
    output: options.output ?? { type: "text" },
    settings: options.settings ?? {},
    stream: false,
  };
  const usage = outer.budget && innerUsage(outer.budget);
  const context: RunContext = {
    ...outer,
    signal,
    budget: usage?.budget,
    reasoning: around.tell && outer.reasoning,
    deps: "deps" in options ? options.deps : around.context.deps,
  };
  const fold = new Fold();
  let reasoning = "";
  try {
    for await (const event of runner.run(request, context)) {
      fold.add(event);
      if (event.type === "usage") around.report(event);
      else if (!around.tell) continue;
      else if (event.type === "reasoning-delta") reasoning += event.text;
      else if (event.type === "reasoning-end") {
        around.tell(reasoning);
        reasoning = "";
      }
    }
  } catch (error) {
    if (prompt === undefined || !(error instanceof RequestError)) throw error;
    // The client did not write this prompt: it must not be told to correct it.
    throw new RunError("run-failed", `Cannot run the workflow's prompt: ${error.message}`, {
      cause: error,
    });
  } finally {
    usage?.settle(fold.consumed);
  }
  signal.throwIfAborted();
  const result = fold.result();
  return new InnerResult(result, outputOf(result, request.output));
}

function outputOf(result: RunResult, format: OutputFormat): unknown {
  const { text } = result;
  const mustBeJson = format.type !== "text" && result.finishReason === "stop" &&
    result.refusal === "";
  // An agent with an output type of its own answers in JSON without being asked.
  if (!mustBeJson && !/^\s*[{[]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!mustBeJson) return text;
    throw new RunError("run-failed", "An inner run was asked for JSON and answered otherwise", {
      cause: error,
    });
  }
}
