/**
 * The hidden tools of a step in code mode: those that code can call, behind the one that runs code.
 * @module
 */
import type { CodeMode } from "../code_mode/code_mode.ts";
import type { StepContext, ToolContext } from "../tools/context.ts";
import type { Tool, ToolDefinition } from "../tools/tool.ts";
import { nestedCall } from "./nested_call.ts";
import type { HiddenTool } from "./offers.ts";
import type { RunState } from "./run_state.ts";

type HiddenOffer<Deps> = Extract<HiddenTool<Deps>["offer"], { readonly type: "hidden" }>;

/** Pieces of code that fail in a row and are forgiven. */
const RETRIES = 3;

/**
 * Tools as the model is offered them. Without any that code could call, they stay as they are.
 *
 * @param ctx the step, for calls that code makes
 */
export function codeTools<Deps>(
  run: RunState<Deps>,
  hidden: readonly HiddenTool<Deps>[],
  ctx: StepContext<Deps>,
): readonly HiddenTool<Deps>[] {
  const { codeMode } = run.plan;
  if (!codeMode) return hidden;
  const inCode = hidden.filter((entry) => takes(codeMode, entry));
  if (inCode.length === 0) return hidden;
  const { definition, functions, left } = codeMode.describe(inCode.map(toolOf));
  for (const name of left) {
    run.context.logger.log("warn", "Tool is left out of code mode: its name is taken", {
      runId: run.context.runId,
      tool: name,
    });
  }
  const offers = new Map<string, HiddenOffer<Deps>>();
  for (const { offer } of inCode) {
    if (offer.type === "hidden") offers.set(offer.definition.name, offer);
  }
  const tool = runCodeTool(run, definition, { functions, offers, ctx });
  return [
    {
      definition,
      offer: { type: "hidden", tool, definition, maxRetries: RETRIES, timeoutMs: undefined },
    },
    ...hidden.filter((entry) =>
      !inCode.includes(entry) && entry.definition.name !== definition.name
    ),
  ];
}

function takes<Deps>(codeMode: CodeMode, { definition, offer }: HiddenTool<Deps>): boolean {
  return offer.type === "hidden" && codeMode.takes(offer.tool, definition);
}

/** As it is for the step: its definition may differ from the tool's own. */
function toolOf<Deps>({ definition }: HiddenTool<Deps>): ToolDefinition {
  return definition;
}

interface CodeParts<Deps> {
  /** Names of functions to names of tools. */
  readonly functions: ReadonlyMap<string, string>;
  /** By the names of tools. */
  readonly offers: ReadonlyMap<string, HiddenOffer<Deps>>;
  readonly ctx: StepContext<Deps>;
}

function runCodeTool<Deps>(
  run: RunState<Deps>,
  definition: ToolDefinition,
  { functions, offers, ctx }: CodeParts<Deps>,
): Tool<Deps> {
  return {
    name: definition.name,
    definition,
    sequential: true,
    parse: (args) => {
      const { code } = (args ?? {}) as { readonly code?: unknown };
      return typeof code === "string"
        ? { ok: true, value: args }
        : { ok: false, issues: [{ path: "code", message: "Value must be text" }] };
    },
    execute: (args, call: ToolContext<Deps>) => {
      const { code, restart } = args as { readonly code: string; readonly restart?: unknown };
      const told = new Set<string>();
      let count = 0;
      return run.codeSession.run(code, {
        restart: restart === true,
        signal: call.signal,
        functions: [...functions.keys()],
        call: (name, given) =>
          nestedCall(run, ctx, {
            offer: offers.get(functions.get(name)!)!,
            args: given,
            id: `${call.toolCallId}__${++count}`,
            signal: call.signal,
            told,
          }),
      });
    },
  };
}
