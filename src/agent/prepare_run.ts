/**
 * What is worked out once at the beginning of a run, before anything is paid for.
 * @module
 */
import type { ModelProfile } from "../models/model.ts";
import type { Message, OutputFormat } from "../run/request.ts";
import { checkAnswers } from "./approval_check.ts";
import { planClientTools } from "./client_tools.ts";
import { inside } from "./inner_error.ts";
import { formatInstruction, schemaInstruction } from "./instructions.ts";
import { checkRequest, compileFormat } from "./request_check.ts";
import { restoreTurns } from "./resume.ts";
import type { RunState, TextMode } from "./run_state.ts";

/**
 * Makes a run ready for its first step.
 *
 * @throws {RequestError} when the caller asked for what the agent or its model cannot do
 */
export async function prepareRun<Deps>(run: RunState<Deps>): Promise<void> {
  const { plan, request, context } = run;
  run.signal.throwIfAborted();
  checkRequest(request, { profile: plan.model.profile, clientTools: plan.clientTools });
  run.clientTools = planClientTools(request);
  if (request.output.type !== "text") {
    run.pipeline = { ...run.pipeline, format: await compileFormat(request.output) };
  }
  chooseFormat(run);
  run.textMode = chooseTextMode(run);
  const history = run.origin === "client"
    ? request.messages.map(withoutReasoning)
    : request.messages;
  run.history = history;
  if (history.some(hasCalls)) {
    const { approvals = [] } = request;
    const restored = await inside(restoreTurns(history, { context, approvals }), run.signal);
    run.history = restored.messages;
    run.answered = restored.answered;
    checkAnswers(history, { approvals, answered: restored.answered });
  }
  run.restored = run.history !== history;
  await inside(run.enterToolsets(), run.signal);
}

function hasCalls(message: Message): boolean {
  return message.role === "assistant" &&
    (message.toolCalls.length > 0 || message.approvalIds !== undefined);
}

/** Nobody knows which model thought what a client sends back; models get their own thoughts only. */
function withoutReasoning(message: Message): Message {
  if (message.role !== "assistant" || message.reasoning === undefined) return message;
  const { reasoning: _, ...rest } = message;
  return rest;
}

/**
 * How the backend is asked for JSON. The agent's own output goes first; what the client asked for
 * must then hold for it as well.
 */
function chooseFormat<Deps>(run: RunState<Deps>): void {
  const { plan, request } = run;
  const { output, model } = plan;
  if (output.prompt) {
    run.outputInstructions = [schemaInstruction(output.prompt)];
    run.format = wordedFormat(model.profile);
    return;
  }
  const wanted = output.mode === "json" ? output.format : request.output;
  if (output.mode === "tool" || wanted.type === "text") return;
  if (wanted.type === "json-schema" && model.profile.structuredOutput === "json-schema") {
    run.format = wanted;
    return;
  }
  run.outputInstructions = formatInstruction(wanted);
  run.format = wordedFormat(model.profile);
}

/** What goes with a wish in words: the most the backend can be held to. */
function wordedFormat({ structuredOutput }: ModelProfile): OutputFormat {
  return { type: structuredOutput === "none" ? "text" : "json-object" };
}

function chooseTextMode<Deps>({ plan, pipeline, clientTools }: RunState<Deps>): TextMode {
  const { output } = plan;
  const asItIs = output.mode === "text" && !output.processText &&
    pipeline.validators.length === 0 && !pipeline.format;
  if (!asItIs) return "final-only";
  // Nobody shall read what a hook may yet refuse.
  const refusable = (plan.hooks.modelRequest?.after.length ?? 0) > 0;
  return clientTools.required || refusable ? "hold" : "pass";
}
