/**
 * Consent to the hidden tools of a deployment's models.
 * @module
 */
import { SetupError } from "../../run/error.ts";
import { deriveTool } from "../../tools/derived_tool.ts";
import type { Tool } from "../../tools/tool.ts";
import { enterToolset, leaveToolset, type Toolset } from "../../tools/toolset.ts";
import { WrappedToolset } from "../../tools/wrapped.ts";
import type { ResolvedApproval } from "../resolved.ts";

/**
 * Hidden tools, those of which need consent that the deployment names. A name that no tool has keeps
 * the model from starting: the tool that was meant would run without consent.
 */
export class GuardedToolset extends WrappedToolset {
  override readonly start: () => Promise<void>;

  /** Guards what `approval` names. */
  constructor(toolset: Toolset, approval: ResolvedApproval) {
    super(toolset, {
      type: "fixed",
      apply: (tools) => tools.map((tool) => guarded(tool, approval)),
    });
    this.start = async () => {
      await enterToolset(toolset);
      try {
        checkNames(toolset.fixedTools ?? toolset.knownTools, approval);
      } catch (error) {
        await leaveToolset(toolset);
        throw error;
      }
    };
  }
}

function guarded(tool: Tool, { tools, prompts }: ResolvedApproval): Tool {
  if (tools !== "all" && !tools.includes(tool.name)) return tool;
  const approvalPrompt = Object.hasOwn(prompts, tool.name) ? prompts[tool.name] : undefined;
  return deriveTool(tool, { requiresApproval: true, approvalPrompt });
}

/** `known` is undefined where tools are not known before a run: then nothing can be told. */
function checkNames(known: readonly Tool[] | undefined, approval: ResolvedApproval): void {
  if (!known) return;
  const { tools, prompts } = approval;
  const names = new Set(known.map(({ name }) => name));
  const wanted = [...tools === "all" ? [] : tools, ...Object.keys(prompts)];
  const missing = wanted.filter((name) => !names.has(name));
  if (missing.length === 0) return;
  throw new SetupError(
    `No tool is named ${missing.map((name) => `"${name}"`).join(", ")}; there are ${
      [...names].map((name) => `"${name}"`).join(", ") || "none"
    }`,
    { path: "approval" },
  );
}
