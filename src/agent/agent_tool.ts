/**
 * Agents as tools of agents.
 * @module
 */
import { innerUsage } from "../run/budget.ts";
import { RequestError, RunError } from "../run/error.ts";
import { Fold } from "../run/fold.ts";
import { plainRequest } from "../run/plain_request.ts";
import type { JsonSchema, Message } from "../run/request.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import type { ToolContext } from "../tools/context.ts";
import { ToolFailed } from "../tools/outcome.ts";
import type { TypedSchema } from "../tools/schema.ts";
import { type Tool, tool } from "../tools/tool.ts";

/** How an agent, a workflow or a router becomes a tool. */
export interface AgentToolOptions<Args, Deps> {
  /** Letters, digits, `_` and `-`, at most 64. */
  readonly name: string;
  /** What it is good for, for the model that calls it. */
  readonly description: string;
  /** zod schema of the arguments. @default one text, `prompt` */
  readonly parameters?: TypedSchema<Args>;
  /**
   * Makes of the arguments what the agent is asked.
   *
   * @default the text `prompt` where that is all there is, else the arguments as JSON
   */
  readonly prompt?: (args: Args, ctx: ToolContext<Deps>) => string | readonly Message[];
  /** Values for the agent's own tools. @default those of the run that calls it */
  readonly deps?: (ctx: ToolContext<Deps>) => unknown;
  /** Told to clients as progress when it is called. @default nothing */
  readonly label?: string;
  /** Milliseconds a call may take. @default the calling agent's, none */
  readonly timeoutMs?: number;
}

const PROMPT: JsonSchema & { readonly "~standard"?: undefined } = {
  type: "object",
  properties: { prompt: { type: "string", description: "What to do, with all it takes to do it" } },
  required: ["prompt"],
  additionalProperties: false,
};

/**
 * A tool that asks an agent, a workflow or a router. The inner run stops with the one that calls it,
 * what it uses counts there, and nothing of it is seen but its answer.
 *
 * ```ts
 * import { Agent, agentTool } from "@x/fakellm/agent";
 * import { ScriptedModel } from "@x/fakellm/testing";
 *
 * const researcher = new Agent({ model: new ScriptedModel(["42"]) });
 * const writer = new Agent({
 *   model: new ScriptedModel([
 *     { toolCalls: [{ name: "research", arguments: { prompt: "Find the answer" } }] },
 *     "It is 42.",
 *   ]),
 *   tools: [agentTool(researcher, { name: "research", description: "Finds things out" })],
 * });
 * const { output } = await writer.generate("What is the answer?");
 * ```
 *
 * @throws {SetupError} when the name is not a legal one
 */
export function agentTool<Args = { readonly prompt: string }, Deps = unknown>(
  runner: Runner,
  options: AgentToolOptions<Args, Deps>,
): Tool<Deps> {
  const { name, description, parameters, label, timeoutMs } = options;
  const execute = async (args: Args, ctx: ToolContext<Deps>) => {
    const prompt = options.prompt?.(args, ctx) ?? defaultPrompt(args);
    const deps = options.deps ? options.deps(ctx) : ctx.deps;
    return await ask(runner, { prompt, context: { ...ctx.run, signal: ctx.signal, deps } });
  };
  const common = { name, description, label, timeoutMs };
  return parameters ? tool<Args, Deps>({ ...common, parameters, execute }) : tool<Deps>({
    ...common,
    parameters: PROMPT,
    execute: (args, ctx) => execute(args as Args, ctx),
  });
}

/** What a run inside is given. */
interface Question {
  readonly prompt: string | readonly Message[];
  readonly context: RunContext;
}

/** The answer of a run, as text. */
async function ask(runner: Runner, { prompt, context }: Question): Promise<string> {
  const { budget } = context;
  const inner = budget && innerUsage(budget);
  const fold = new Fold();
  const events = runner.run(
    plainRequest(prompt),
    inner ? { ...context, budget: inner.budget } : context,
  );
  try {
    for await (const event of events) fold.add(event);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof RequestError)) throw error;
    // The model that wrote the prompt is not the client: nobody else can mend it.
    throw new RunError("run-failed", `Cannot run the prompt: ${error.message}`, { cause: error });
  } finally {
    inner?.settle(fold.consumed);
  }
  context.signal.throwIfAborted();
  const { text, refusal, finishReason } = fold.result();
  if (refusal !== "") throw new ToolFailed(refusal);
  if (text === "" && finishReason !== "stop") throw new ToolFailed("No answer came.");
  return text;
}

function defaultPrompt(args: unknown): string {
  if (typeof args === "object" && args !== null && "prompt" in args) {
    const { prompt, ...others } = args;
    if (typeof prompt === "string" && Object.keys(others).length === 0) return prompt;
  }
  return JSON.stringify(args);
}
