/**
 * Builds the agents of models that have a backend.
 * @module
 */
import { Agent } from "../../agent/agent.ts";
import { CodeMode } from "../../code_mode/code_mode.ts";
import type { Model } from "../../models/model.ts";
import { CombinedToolset } from "../../tools/combined.ts";
import type { Toolset } from "../../tools/toolset.ts";
import type { ResolvedModel } from "../resolved.ts";
import { GuardedToolset } from "./approval.ts";

/** What a model is built of. */
export interface AgentParts {
  /** Its backend. */
  readonly backend: Model;
  /** Its MCP servers. */
  readonly toolsets: readonly Toolset[];
}

/** The agent of a model, as its deployment describes it. */
export function assembleAgent(
  model: ResolvedModel,
  { backend, toolsets }: AgentParts,
): Agent<unknown, unknown> {
  const { approval, limits } = model;
  const { maxSteps, maxToolCalls, maxTokens, maxSeconds, maxMemoryBytes } = limits;
  const guarded = approval.tools.length > 0 && toolsets.length > 0;
  return new Agent<unknown, unknown>({
    name: model.id,
    model: backend,
    instructions: model.instructions,
    toolsets: guarded ? [new GuardedToolset(new CombinedToolset(toolsets), approval)] : toolsets,
    settings: model.settings,
    limits: { maxSteps, maxToolCalls, maxTokens, maxSeconds },
    clientTools: model.clientTools,
    codeMode: model.codeMode ? new CodeMode({ maxMemoryBytes }) : undefined,
    approval: approval.ask === "client" ? "client" : undefined,
    approvalPrompt: approval.prompt,
  });
}
