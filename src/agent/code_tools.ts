/**
 * The hidden tools of a step in code mode: those that code can call, behind the one that runs code.
 * @module
 */
import type { CodeMode } from "../code_mode/code_mode.ts";
import type { StepContext, ToolContext } from "../tools/context.ts";
import type { Tool, ToolDefinition } from "../tools/tool.ts";
import { CallOrder } from "./call_order.ts";
import { nestedCall } from "./nested_call.ts";
import type { HiddenTool } from "./offers.ts";
import type { RunState } from "./run_state.ts";

type HiddenOffer<Deps> = Extract<HiddenTool<Deps>["offer"], { readonly type: "hidden" }>;

/** Pieces of code that fail in a row and are forgiven. */
const RETRIES = 3;

/**
 * Tools as the model is offered them. Without any that code could call, they stay as they are; those that
 * code cannot call are offered beside it, too.
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
  const { definition, functions, left } = codeMode.describe(
    hidden.flatMap((entry) => takes(codeMode, entry) ? [entry.definition] : []),
  );
  for (const name of left) {
    if (!run.codeSession.isNew(name)) continue;
    run.context.logger.log("warn", "Tool is left out of code mode: its name is taken", {
      runId: run.context.runId,
      tool: name,
    });
  }
  if (functions.size === 0) return hidden;
  const inCode = new Set(functions.values());
  const offers = new Map<string, HiddenOffer<Deps>>();
  for (const { offer } of hidden) {
    if (offer.type === "hidden") offers.set(offer.definition.name, offer);
  }
  const tool = runCodeTool(run, definition, { functions, offers, ctx });
  return [
    {
      definition,
      offer: { type: "hidden", tool, definition, maxRetries: RETRIES, timeoutMs: undefined },
    },
    ...hidden.filter((entry) => !inCode.has(entry.definition.name)),
  ];
}

function takes<Deps>(codeMode: CodeMode, { definition, offer }: HiddenTool<Deps>): boolean {
  return offer.type === "hidden" && codeMode.takes(offer.tool, definition);
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
      const order = new CallOrder();
      const told = new Set<string>();
      let count = 0;
      return run.codeSession.run(code, {
        restart: restart === true,
        signal: call.signal,
        functions: [...functions.keys()],
        call: (name, given, { signal, onBegin }) => {
          const offer = offers.get(functions.get(name)!)!;
          const id = `${call.toolCallId}__${++count}`;
          return order.run(
            offer.tool.sequential === true,
            () => {
              signal.throwIfAborted();
              onBegin();
              return nestedCall(run, ctx, { offer, args: given, id, signal, told });
            },
          );
        },
      });
    },
  };
}
