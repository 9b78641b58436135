/**
 * The MCP servers that a guest's run uses, entered as they are needed and left with the run.
 * @module
 */
import type { RunBudget } from "../run/budget.ts";
import { RequestError, RunError } from "../run/error.ts";
import type { Usage } from "../run/result.ts";
import type { RunContext } from "../run/runner.ts";
import type { RunRequest } from "../run/request.ts";
import { ToolContent } from "../tools/content.ts";
import type { StepContext, ToolContext } from "../tools/context.ts";
import type { Tool, ToolDefinition } from "../tools/tool.ts";
import { enterToolset, leaveToolset, type Toolset } from "../tools/toolset.ts";
import type { ToolValue } from "./guest_messages.ts";
import type { GuestServices } from "./guest_services.ts";

/** What the toolsets of a run belong to. */
export interface RunToolsetsOptions {
  readonly request: RunRequest;
  readonly context: RunContext;
  /** Of the run. */
  readonly budget: RunBudget;
}

/** How far a run is. */
export interface RunProgress {
  readonly signal: AbortSignal;
  readonly usage: Usage;
  readonly modelCalls: number;
}

/** The toolsets of one run. */
export class RunToolsets implements AsyncDisposable {
  readonly #services: GuestServices;
  readonly #options: RunToolsetsOptions;
  readonly #entered = new Map<string, Promise<Toolset>>();
  #toolCalls = 0;
  #left = false;

  /** Enters none yet. */
  constructor(services: GuestServices, options: RunToolsetsOptions) {
    this.#services = services;
    this.#options = options;
  }

  /** What a server's tools are like. */
  async list(mcp: string, progress: RunProgress): Promise<readonly ToolDefinition[]> {
    return (await this.#tools(mcp, progress)).map(definitionOf);
  }

  /**
   * Calls a tool.
   *
   * @throws {RequestError} when there is no such tool, or it does not take these arguments
   * @throws {RunError} when the run may make no more calls
   */
  async call(
    mcp: string,
    { tool: name, args }: {
      readonly tool: string;
      readonly args: Readonly<Record<string, unknown>>;
    },
    progress: RunProgress,
  ): Promise<ToolValue> {
    const tool = (await this.#tools(mcp, progress)).find((known) => known.name === name);
    if (!tool?.execute) throw new RequestError("invalid-value", `No tool is named "${name}"`);
    // Consent is somebody's word to this host: a guest cannot bring it.
    if (tool.requiresApproval) {
      throw new RunError("run-failed", `Tool "${name}" needs consent, which no guest can give`);
    }
    const parsed = await tool.parse(args);
    if (!parsed.ok) {
      const issues = parsed.issues.map(({ path, message }) =>
        path ? `${path}: ${message}` : message
      );
      throw new RequestError("invalid-value", issues.join("; "));
    }
    const context = this.#toolContext(tool, progress);
    await tool.validate?.(parsed.value, context);
    this.#options.budget.takeToolCalls(1);
    const value = await tool.execute(parsed.value, context);
    this.#toolCalls += 1;
    return value instanceof ToolContent
      ? { type: "content", parts: value.parts }
      : { type: "value", value };
  }

  /** Lets go of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#left = true;
    const entered = await Promise.allSettled(this.#entered.values());
    this.#entered.clear();
    await Promise.allSettled(
      entered.map((result) =>
        result.status === "fulfilled" ? leaveToolset(result.value) : undefined
      ),
    );
  }

  async #tools(mcp: string, progress: RunProgress): Promise<readonly Tool[]> {
    const entered = await this.#enter(mcp, progress);
    const context = this.#stepContext(progress);
    const toolset = await entered.forStep?.(context) ?? entered;
    return toolset.fixedTools ?? await toolset.tools(context);
  }

  #enter(mcp: string, progress: RunProgress): Promise<Toolset> {
    if (this.#left) return Promise.reject(new RunError("cancelled", "The run is over"));
    const known = this.#entered.get(mcp);
    if (known) return known;
    const entering = this.#enterOnce(mcp, progress);
    this.#entered.set(mcp, entering);
    // The next call may try again.
    entering.catch(() => this.#entered.delete(mcp));
    return entering;
  }

  async #enterOnce(mcp: string, progress: RunProgress): Promise<Toolset> {
    const toolset = this.#services.mcps.get(mcp);
    if (!toolset) throw new RunError("internal", `Guest may not use MCP server "${mcp}"`);
    const own = await toolset.forRun?.(this.#stepContext(progress)) ?? toolset;
    await enterToolset(own);
    return own;
  }

  #stepContext({ signal, usage, modelCalls }: RunProgress): StepContext {
    const { request, context, budget } = this.#options;
    return {
      deps: context.deps,
      model: context.modelId,
      usage,
      modelCalls,
      toolCalls: this.#toolCalls,
      limits: this.#services.limits,
      messages: request.messages,
      prompt: undefined,
      step: modelCalls,
      runId: context.runId,
      signal,
      run: { ...context, signal, budget, reasoning: undefined },
    };
  }

  #toolContext(tool: Tool, progress: RunProgress): ToolContext {
    return {
      ...this.#stepContext(progress),
      retry: 0,
      maxRetries: 0,
      lastAttempt: false,
      toolCallId: this.#options.context.ids.mint("call_"),
      toolName: tool.ownName ?? tool.name,
      approved: false,
      report: (usage) => this.#options.budget.addInnerUsage(usage),
    };
  }
}

/** What a guest is told of a tool: not which server it is of. */
function definitionOf({ definition }: Tool): ToolDefinition {
  const { name, description, parameters, returns } = definition;
  return { name, description, parameters, returns };
}
