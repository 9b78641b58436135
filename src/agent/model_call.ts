/**
 * One step's request to the model.
 * @module
 */
import type { ModelRequest } from "../models/model.ts";
import { RunError } from "../run/error.ts";
import type { Message, ModelSettings, ToolChoice } from "../run/request.ts";
import type { StepContext } from "../tools/context.ts";
import type { Toolset } from "../tools/toolset.ts";
import { codeTools } from "./code_tools.ts";
import { normaliseHistory } from "./history.ts";
import { insertInstructions, systemMessages } from "./instructions.ts";
import { NO_CLIENT_TOOLS } from "./client_tools.ts";
import { type HiddenTool, makeOffers, type Offers, type OfferSources } from "./offers.ts";
import type { RunState } from "./run_state.ts";
import { fixedHiddenTools, preparedHiddenTools, stepToolsets } from "./step_tools.ts";

/** One step, ready for the model. */
export interface Step<Deps> {
  readonly ctx: StepContext<Deps>;
  readonly offers: Offers<Deps>;
  readonly request: ModelRequest;
}

/**
 * Makes the next step.
 *
 * @throws {RunError} `run-failed` when the run may call the model no more
 */
export async function nextStep<Deps>(run: RunState<Deps>): Promise<Step<Deps>> {
  const { plan } = run;
  run.budget.takeModelCall();
  const ctx = run.view();
  const toolsets = await stepToolsets(run.toolsets, ctx);
  const offers = await makeStepOffers(run, toolsets, ctx);
  const instructions = await systemMessages(plan.instructions, toolsets, {
    ctx,
    output: run.outputInstructions,
  });
  const messages = normaliseHistory(await processHistory(run, ctx));
  const hasTools = offers.specs.length > 0;
  return {
    ctx,
    offers,
    request: {
      messages: insertInstructions(
        messages,
        run.origin === "client" ? [...plan.systemPrompt, ...instructions] : instructions,
        run.origin,
      ),
      tools: offers.specs,
      toolChoice: hasTools ? chooseTool(run) : { type: "auto" },
      parallelToolCalls: run.clientTools.maxCalls === 1 && hasTools ? false : undefined,
      output: run.format,
      settings: mergeSettings(
        typeof plan.settings === "function" ? plan.settings(ctx) : plan.settings,
        run.request.settings,
      ),
      stream: run.request.stream,
    },
  };
}

async function makeStepOffers<Deps>(
  run: RunState<Deps>,
  toolsets: readonly Toolset<Deps>[],
  ctx: StepContext<Deps>,
): Promise<Offers<Deps>> {
  const { plan } = run;
  if (!plan.fixedTools) {
    const prepared = await preparedHiddenTools(plan, toolsets, ctx);
    return makeOffers(offerSources(run, codeTools(run, prepared, ctx)));
  }
  if (run.offers) return run.offers;
  const { cache } = plan;
  const hidden = cache.hidden ??= fixedHiddenTools(plan, plan.fixedTools);
  // The tool that runs code belongs to its run.
  if (plan.codeMode) return makeOffers(offerSources(run, codeTools(run, hidden, ctx)));
  return run.offers = run.clientTools === NO_CLIENT_TOOLS
    ? cache.offers ??= makeOffers(offerSources(run, hidden))
    : makeOffers(offerSources(run, hidden));
}

function offerSources<Deps>(
  { plan, clientTools }: RunState<Deps>,
  hidden: readonly HiddenTool<Deps>[],
): OfferSources<Deps> {
  return {
    hidden: hidden.filter(({ definition, offer }) =>
      offer.type === "hidden" || !clientTools.names.has(definition.name)
    ),
    // A run that must end in a client call must not end in an output.
    output: clientTools.required ? [] : plan.output.tools.map((tool) => ({
      type: "output",
      tool,
      maxRetries: tool.retries ?? plan.outputRetries,
    })),
    client: clientTools.offered,
    clientNames: clientTools.names,
  };
}

/** The client's choice governs its own tools; output tools must be called where text is no answer. */
function chooseTool<Deps>({ plan, clientTools }: RunState<Deps>): ToolChoice {
  if (clientTools.required) return clientTools.choice;
  const { mode, allowsText } = plan.output;
  return { type: mode === "tool" && !allowsText ? "required" : "auto" };
}

async function processHistory<Deps>(
  run: RunState<Deps>,
  ctx: StepContext<Deps>,
): Promise<readonly Message[]> {
  let messages = ctx.messages;
  for (const process of run.plan.historyProcessors) messages = await process(ctx, messages);
  if (messages !== ctx.messages) {
    const last = messages.at(-1)?.role;
    if (last === undefined || last === "assistant") {
      throw new RunError(
        "internal",
        "Cannot use processed history: it must end in a user or tool message",
      );
    }
  }
  return messages;
}

/** The caller's settings win; extra fields of both are kept. */
export function mergeSettings(
  own: ModelSettings | undefined,
  callers: ModelSettings,
): ModelSettings {
  if (!own) return callers;
  const set = Object.entries(callers).filter(([, value]) => value !== undefined);
  const merged: ModelSettings = { ...own, ...Object.fromEntries(set) };
  return own.extraBody && callers.extraBody
    ? { ...merged, extraBody: { ...own.extraBody, ...callers.extraBody } }
    : merged;
}
