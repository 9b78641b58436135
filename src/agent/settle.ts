/**
 * What an answer of the model means for the run: its end, calls to run, or another try.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { AssistantMessage, ToolCall } from "../run/request.ts";
import type { FinishReason } from "../run/result.ts";
import type { AwaitedCall } from "../run/seams.ts";
import { untilAborted } from "../run/until_aborted.ts";
import { type AwaitingCall, type BatchCall, type CallBatch, sortCalls } from "./call_batch.ts";
import { surfaceCall } from "./client_tools.ts";
import { inside } from "./inner_error.ts";
import type { Step } from "./model_call.ts";
import { type ModelReader, textPart } from "./model_reader.ts";
import { checkText } from "./output_check.ts";
import {
  callRequiredText,
  CANCELLED_RESULT_TEXT,
  EMPTY_ANSWER_TEXT,
  NOT_EXECUTED_TEXT,
  OUTPUT_TOOL_REQUIRED_TEXT,
  REFUSED_CALL_TEXT,
} from "./retry_text.ts";
import type { FinalOutput, RunState } from "./run_state.ts";
import { inCallOrder, toolMessage } from "./tool_result.ts";
import { runCalls } from "./tool_calls.ts";

/**
 * Settles an answer without calls.
 *
 * @returns the last events of the run; undefined when the model must try again
 * @throws {RunError} `run-failed` when the output budget is spent
 */
export async function settleAnswer<Deps>(
  run: RunState<Deps>,
  step: Step<Deps>,
  reader: ModelReader,
): Promise<readonly RunEvent[] | undefined> {
  run.own.push(assistantMessage(reader, []));
  const { finishReason } = reader;
  const cut = finishReason === "length" || finishReason === "content-filter";
  const end = (events: readonly RunEvent[]) => [
    ...reader.closeText("final"),
    ...events,
    ...finish(run, finishReason === "tool-calls" ? "stop" : finishReason),
  ];
  if (reader.refusal !== "") {
    run.refusal = reader.refusal;
    return end(run.textMode === "pass" ? [] : refusalPart(reader.refusal));
  }
  const { text } = reader;
  if (text.trim() === "") {
    if (cut) return end([]);
    return retry(run, emptyAnswer(run));
  }
  if (run.clientTools.required) {
    return cut ? end(reader.heldText("final")) : retry(run, callRequired(run));
  }
  if (mustCallOutput(run)) {
    return cut ? end([]) : retry(run, OUTPUT_TOOL_REQUIRED_TEXT);
  }
  if (run.textMode === "pass") {
    run.output = { value: text, text };
    return end([]);
  }
  const outcome = await checkText(run.pipeline, text, step.ctx);
  if (outcome.ok) {
    run.output = outcome;
    // Token log probabilities belong to what the model wrote, not to what code made of it.
    const logprobs = outcome.text === text ? reader.logprobs : undefined;
    return end(textPart(outcome.text, { phase: "final", logprobs }));
  }
  // An answer cut off in the middle: the client learns that from the finish reason.
  if (cut && outcome.broken) return end(textPart(text, { phase: "final" }));
  return retry(run, outcome.feedback);
}

/**
 * Settles an answer with calls: hidden ones run, client calls and questions to the client end the run.
 *
 * @returns whether the run is over
 */
export async function* settleCalls<Deps>(
  run: RunState<Deps>,
  step: Step<Deps>,
  reader: ModelReader,
): AsyncGenerator<RunEvent, boolean> {
  const batch = sortCalls(run, { ...step, reader });
  run.own.push(assistantMessage(reader, batch.calls.map((entry) => entry.call)));
  const external = batch.of("external");
  const phase = external.length > 0 ? "final" : "interim";
  yield* reader.closeText(phase);
  if (run.textMode === "hold") yield* reader.heldText(phase);
  const early = await finalTextBesideCalls(run, step, reader);
  const winner = early ? undefined : yield* runCalls(run, batch, step.ctx);
  const cancelled = winner !== undefined && batch.hasFunctionRetries &&
    run.plan.endStrategy !== "early";
  if (winner && cancelled) batch.mark(winner.call, "skipped", CANCELLED_RESULT_TEXT);
  const output = early ?? (cancelled ? undefined : winner?.output);
  pushResults(run, batch, output !== undefined);
  batch.countRetries();
  if (output) {
    run.output = output;
    yield* run.asides.drain();
    yield* textPart(output.text, { phase: "final" });
    yield* finish(run, "stop");
    return true;
  }
  const { awaiting } = batch;
  if (external.length + awaiting.length === 0) return false;
  yield* await surface(run, { external, awaiting });
  const last = external.at(-1);
  yield* finish(run, batch.cut && last && !isJson(last.call) ? "length" : "tool-calls");
  return true;
}

/**
 * Keeps an answer that a hook will not have, and asks the model for another. Its calls do not run.
 *
 * @throws {RunError} `run-failed` when the output budget is spent
 */
export function refuseAnswer<Deps>(
  run: RunState<Deps>,
  reader: ModelReader,
  feedback: string,
): void {
  const calls = reader.toolCalls.map((call): ToolCall => ({
    ...call,
    kind: "function",
    id: run.uniqueCallId(call.id),
  }));
  const { text, refusal, reasoning } = reader;
  if (text + refusal + reasoning !== "" || calls.length > 0) {
    const results = calls.map(({ id }) => toolMessage(id, REFUSED_CALL_TEXT));
    run.own.push(assistantMessage(reader, calls), ...results);
  }
  run.retryOutput(feedback);
}

/** With end strategy `early`, JSON that holds to its schema ends the run whatever is beside it. */
async function finalTextBesideCalls<Deps>(
  run: RunState<Deps>,
  step: Step<Deps>,
  reader: ModelReader,
): Promise<FinalOutput | undefined> {
  const { output, endStrategy } = run.plan;
  if (endStrategy !== "early" || output.mode !== "json" || reader.text.trim() === "") {
    return undefined;
  }
  if (run.clientTools.required) return undefined;
  const outcome = await inside(checkText(run.pipeline, reader.text, step.ctx), run.signal);
  return outcome.ok ? outcome : undefined;
}

/** Results in call order. What waits for the client gets its own later, unless the run ended anyway. */
function pushResults<Deps>(run: RunState<Deps>, batch: CallBatch<Deps>, ended: boolean): void {
  const results = batch.calls.flatMap(({ call }) => {
    const outcome = batch.outcomeOf(call);
    if (outcome) return [outcome.messages];
    return ended ? [{ result: toolMessage(call.id, NOT_EXECUTED_TEXT), files: [] }] : [];
  });
  run.own.push(...inCallOrder(results));
}

/** What a turn hands to the client. */
interface Surfaced<Deps> {
  readonly external: readonly Extract<BatchCall<Deps>, { readonly type: "external" }>[];
  readonly awaiting: readonly AwaitingCall[];
}

/**
 * Parks the turn, then hands its client calls and questions out under ids of our own.
 *
 * @throws {RunError} `internal` when there are questions and the turn cannot be parked
 */
async function surface<Deps>(
  run: RunState<Deps>,
  { external, awaiting }: Surfaced<Deps>,
): Promise<readonly RunEvent[]> {
  const { ids, turns, principal, logger, runId, modelId } = run.context;
  const callIds: Record<string, string> = {};
  const approvals: Record<string, AwaitedCall> = {};
  const events = external.flatMap(({ call, offer }) => {
    const id = ids.mint("call_");
    callIds[id] = call.id;
    return surfaceCall(call, { id, name: offer.name, kind: offer.kind });
  });
  for (const { call, tool, prompt } of awaiting) {
    const id = ids.mint("mcpr_");
    approvals[id] = { callId: call.id, tool, model: modelId };
    events.push({ type: "approval-request", id, label: prompt.label, text: prompt.text });
  }
  try {
    const asked = awaiting.length > 0 ? { approvals } : {};
    const turn = { messages: [...run.own], callIds, ...asked };
    await untilAborted(turns.park(principal.tenant, turn), run.signal);
  } catch (cause) {
    run.signal.throwIfAborted();
    // Consent to what nobody knows any more could not be followed.
    if (awaiting.length > 0) throw new RunError("internal", "Turn could not be parked", { cause });
    // The conversation goes on without what was parked, as after its expiry.
    logger.log("warn", "Turn could not be parked", { runId });
  }
  return events;
}

function assistantMessage(reader: ModelReader, toolCalls: readonly ToolCall[]): AssistantMessage {
  return {
    role: "assistant",
    content: reader.text,
    ...(reader.refusal === "" ? {} : { refusal: reader.refusal }),
    ...(reader.reasoning === "" ? {} : { reasoning: reader.reasoning }),
    toolCalls,
  };
}

function refusalPart(text: string): readonly RunEvent[] {
  return [{ type: "refusal-start" }, { type: "refusal-delta", text }, { type: "refusal-end" }];
}

function finish<Deps>(run: RunState<Deps>, reason: FinishReason): readonly RunEvent[] {
  run.finishReason = reason;
  return [{ type: "finish", reason }];
}

function retry<Deps>(run: RunState<Deps>, feedback: string): undefined {
  run.retryOutput(feedback);
  return undefined;
}

function emptyAnswer<Deps>(run: RunState<Deps>): string {
  if (run.clientTools.required) return callRequired(run);
  return mustCallOutput(run) ? OUTPUT_TOOL_REQUIRED_TEXT : EMPTY_ANSWER_TEXT;
}

function mustCallOutput<Deps>({ plan }: RunState<Deps>): boolean {
  return plan.output.mode === "tool" && !plan.output.allowsText;
}

function callRequired<Deps>({ clientTools }: RunState<Deps>): string {
  return callRequiredText(clientTools.offered.map((tool) => tool.name));
}

function isJson(call: ToolCall): boolean {
  try {
    JSON.parse(call.arguments);
    return true;
  } catch {
    return call.arguments === "";
  }
}
