/**
 * An agent's options, worked out once for all runs.
 * @module
 */
import type { CodeMode } from "../code_mode/code_mode.ts";
import type { Model } from "../models/model.ts";
import type { RunLimits } from "../run/budget.ts";
import { SetupError } from "../run/error.ts";
import type { Message, ModelSettings, SystemMessage, ToolCall } from "../run/request.ts";
import { combineTools, type OwnedTool } from "../tools/combined.ts";
import type { ApprovalPrompt } from "../tools/approval.ts";
import type { StepContext, ToolContext } from "../tools/context.ts";
import { FunctionToolset } from "../tools/function_toolset.ts";
import type { PrepareTools } from "../tools/preparation.ts";
import type { Tool } from "../tools/tool.ts";
import type { Toolset } from "../tools/toolset.ts";
import { type HookPlan, planHooks } from "./hook_plan.ts";
import type { AgentHooks } from "./hooks.ts";
import { type Instruction, type InstructionPlan, planInstructions } from "./instructions.ts";
import type { HiddenTool, Offers } from "./offers.ts";
import type { OutputSpec, OutputValidator } from "./output.ts";
import { type OutputPlan, planOutput } from "./output_plan.ts";

/** What happens to function calls beside a call that gives the final answer. */
export type EndStrategy = "graceful" | "early" | "exhaustive";

/** Changes the history sent to the model; the result must end in a user or tool message. */
export type HistoryProcessor<Deps> = (
  ctx: StepContext<Deps>,
  messages: readonly Message[],
) => readonly Message[] | Promise<readonly Message[]>;

/** How to make an agent. */
export interface AgentOptions<Deps = unknown, Output = string> {
  /** For logs and errors. @default "agent" */
  readonly name?: string;
  /** The LLM behind it. */
  readonly model: Model;
  /** Sent at every step, never taken from a history. */
  readonly instructions?: Instruction<Deps> | readonly Instruction<Deps>[];
  /** Sent when a conversation begins, then part of it; for code that keeps histories. */
  readonly systemPrompt?: string;
  /** Hidden tools: their calls run inside and leave no trace in what clients get. */
  readonly tools?: readonly Tool<Deps>[];
  /** More hidden tools. */
  readonly toolsets?: readonly Toolset<Deps>[];
  /** What runs end in. @default "text" */
  readonly output?: OutputSpec<Output, Deps>;
  /** Check the final answer, one after the other, each on what the one before returned. */
  readonly outputValidators?: readonly OutputValidator<Deps, Output>[];
  /** A caller's settings win over these. */
  readonly settings?: ModelSettings | ((ctx: StepContext<Deps>) => ModelSettings);
  /** Walls of each run and of the runs inside it. @default 50 model calls */
  readonly limits?: RunLimits;
  /** Failed attempts of a tool in a row that are forgiven. @default 1 */
  readonly retries?: number;
  /** Unusable answers that are forgiven, per run. @default 1 */
  readonly outputRetries?: number;
  /**
   * When an output tool's call comes with others. `graceful`: in the model's order, the first
   * valid output wins, functions run. `early`: outputs first, functions are skipped on success.
   * `exhaustive`: everything runs.
   * @default "graceful"
   */
  readonly endStrategy?: EndStrategy;
  /** Change what the model sees of the conversation, one after the other. @default none */
  readonly historyProcessors?: readonly HistoryProcessor<Deps>[];
  /** Milliseconds a tool call may take where its tool does not say. @default none */
  readonly toolTimeoutMs?: number;
  /** `deny`: requests that bring tools are refused. @default "allow" */
  readonly clientTools?: "allow" | "deny";
  /** Lets the model write code that calls hidden tools. @default it calls them itself */
  readonly codeMode?: CodeMode;
  /** Filters or edits the tools of a step; cannot add or rename. */
  readonly prepareTools?: PrepareTools<Deps>;
  /** Asked before calls of tools that require approval. @default as `approval` says */
  readonly approve?: (
    call: ToolCall,
    ctx: ToolContext<Deps>,
  ) => boolean | Promise<boolean>;
  /**
   * `client`: without `approve`, the client is asked, where its protocol has a way to (the Responses
   * API has); elsewhere calls are denied. @default nobody is asked
   */
  readonly approval?: "client";
  /** What the client is asked, where the tool has no words of its own. */
  readonly approvalPrompt?: ApprovalPrompt;
  /** Code around runs, model calls, hidden tools and structured outputs, outermost first. */
  readonly hooks?: readonly AgentHooks<Deps>[];
}

/** Options with nothing left to work out. */
export interface AgentPlan<Deps> {
  readonly name: string;
  readonly model: Model;
  readonly instructions: InstructionPlan<Deps>;
  readonly systemPrompt: readonly SystemMessage[];
  readonly toolsets: readonly Toolset<Deps>[];
  /** All tools, where no run or step can change them. */
  readonly fixedTools: readonly OwnedTool<Deps>[] | undefined;
  readonly output: OutputPlan;
  readonly validators: readonly OutputValidator<Deps, unknown>[];
  readonly settings: AgentOptions<Deps>["settings"];
  readonly limits: RunLimits;
  readonly retries: number;
  readonly outputRetries: number;
  readonly endStrategy: EndStrategy;
  readonly historyProcessors: readonly HistoryProcessor<Deps>[];
  readonly toolTimeoutMs: number | undefined;
  readonly clientTools: "allow" | "deny";
  readonly codeMode: CodeMode | undefined;
  readonly prepareTools: AgentOptions<Deps>["prepareTools"];
  readonly approve: AgentOptions<Deps>["approve"];
  readonly approval: AgentOptions<Deps>["approval"];
  readonly approvalPrompt: ApprovalPrompt | undefined;
  readonly hooks: HookPlan<Deps>;
  readonly cache: PlanCache<Deps>;
}

/** What is worked out at first use, since describing schemas takes time, and then holds for ever. */
export interface PlanCache<Deps> {
  hidden?: readonly HiddenTool<Deps>[];
  /** For runs without client tools. */
  offers?: Offers<Deps>;
}

/**
 * Works out an agent's options.
 *
 * @throws {SetupError} when tools have one name, or outputs cannot go together
 */
export function planAgent<Deps, Output>(options: AgentOptions<Deps, Output>): AgentPlan<Deps> {
  const toolsets = [
    ...(options.tools?.length ? [new FunctionToolset(options.tools, { id: "tools" })] : []),
    ...(options.toolsets ?? []),
  ];
  rejectSameIds(toolsets);
  return {
    name: options.name ?? "agent",
    model: options.model,
    instructions: planInstructions(options.instructions),
    systemPrompt: options.systemPrompt ? [{ role: "system", content: options.systemPrompt }] : [],
    toolsets,
    fixedTools: fixTools(toolsets, options.prepareTools !== undefined),
    output: planOutput(options.output ?? "text"),
    validators: (options.outputValidators ?? []) as AgentPlan<Deps>["validators"],
    settings: options.settings,
    limits: options.limits ?? {},
    retries: options.retries ?? 1,
    outputRetries: options.outputRetries ?? 1,
    endStrategy: options.endStrategy ?? "graceful",
    historyProcessors: options.historyProcessors ?? [],
    toolTimeoutMs: options.toolTimeoutMs,
    clientTools: options.clientTools ?? "allow",
    codeMode: options.codeMode,
    prepareTools: options.prepareTools,
    approve: options.approve,
    approval: options.approval,
    approvalPrompt: options.approvalPrompt,
    hooks: planHooks(options.hooks),
    cache: {},
  };
}

function rejectSameIds(toolsets: readonly Toolset<never>[]): void {
  const ids = new Set<string>();
  for (const { id } of toolsets) {
    if (ids.has(id)) throw new SetupError(`Agent has two toolsets with id "${id}": rename one`);
    ids.add(id);
  }
}

function fixTools<Deps>(
  toolsets: readonly Toolset<Deps>[],
  prepared: boolean,
): readonly OwnedTool<Deps>[] | undefined {
  const lists = toolsets.flatMap((toolset) =>
    toolset.fixedTools ? [{ toolset, tools: toolset.fixedTools }] : []
  );
  // Also where others are not fixed: two fixed tools of one name are wrong from the start.
  const tools = combineTools(lists);
  const changes = prepared || lists.length < toolsets.length ||
    toolsets.some((toolset) => toolset.forRun || toolset.forStep) ||
    tools.some(({ tool }) => tool.prepare);
  return changes ? undefined : tools;
}
