/**
 * Code instead of calls: a model writes TypeScript that calls an agent's tools.
 * @module
 */
import { systemClock } from "../context/system.ts";
import { requireDeno } from "../isolation/deno_path.ts";
import type { Clock } from "../run/seams.ts";
import type { Tool, ToolDefinition } from "../tools/tool.ts";
import { CodeSession } from "./code_session.ts";
import { describeRunCode, RUN_CODE_PARAMETERS } from "./description.ts";
import { nameFunctions, RUN_CODE } from "./functions.ts";
import { Sandbox, SANDBOX_LIMITS, type SandboxLimits } from "./sandbox.ts";
import { SandboxPool } from "./sandbox_pool.ts";

/** How code is run. */
export interface CodeModeOptions extends SandboxLimits {
  /** Which tools code can call; the others are offered to the model as ever. @default all it could */
  readonly tools?: (definition: ToolDefinition) => boolean;
  /** Sandboxes that are kept ready while an agent is started. @default 1 */
  readonly ready?: number;
  /** Measures the limits. @default the runtime's */
  readonly clock?: Clock;
}

/** The tool that runs code, as a model is told of it. */
export interface CodeTool {
  /** Its name, its rules with the functions it declares, and its arguments. */
  readonly definition: ToolDefinition;
  /** Names of functions to names of tools. */
  readonly functions: ReadonlyMap<string, string>;
  /** Tools whose names are taken: code cannot call them. */
  readonly left: readonly string[];
}

/**
 * Replaces an agent's hidden tools by one, `run_code`: the model writes TypeScript that calls them as
 * functions, as many and in whatever order it takes, and reads the result alone. The code runs in a
 * process without any permission, within limits; what it declares stays for the run. Each call is
 * checked, hooked and counted like one of the model's own. Tools that need consent, and those without
 * code, are offered as ever.
 *
 * ```ts
 * import { Agent, CodeMode, tool } from "@x/fakellm/agent";
 * import { ScriptedModel } from "@x/fakellm/testing";
 * import { z } from "zod";
 *
 * const price = tool({
 *   name: "price",
 *   description: "Price of an article",
 *   parameters: z.object({ article: z.string() }),
 *   returns: z.number(),
 *   execute: ({ article }) => article.length,
 * });
 * const code = 'await price({ article: "lamp" }) + await price({ article: "chair" })';
 * const agent = new Agent({
 *   model: new ScriptedModel([
 *     { toolCalls: [{ name: "run_code", arguments: { code } }] },
 *     "Together 9.",
 *   ]),
 *   tools: [price],
 *   codeMode: new CodeMode(),
 * });
 * const { output } = await agent.generate("What do a lamp and a chair cost?");
 * ```
 */
export class CodeMode implements AsyncDisposable {
  readonly #selects: (definition: ToolDefinition) => boolean;
  readonly #limits: Required<SandboxLimits>;
  readonly #pool: SandboxPool<Sandbox>;
  #described: { readonly tools: readonly ToolDefinition[]; readonly result: CodeTool } | undefined;
  #users = 0;

  /** Starts nothing yet. */
  constructor(options: CodeModeOptions = {}) {
    const { tools = () => true, ready = 1, clock = systemClock, ...limits } = options;
    this.#selects = tools;
    const held = this.#limits = { ...SANDBOX_LIMITS, ...definedOf(limits) };
    this.#pool = new SandboxPool({
      ready,
      start: (signal) => Sandbox.start({ limits: held, clock }, signal),
    });
  }

  /**
   * Keeps sandboxes ready from now on; each call needs one disposal.
   *
   * @param agent names the agent in errors
   * @throws {SetupError} when there is no Deno to run sandboxes
   */
  async start(agent: string): Promise<void> {
    await requireDeno(`code mode of "${agent}"`);
    this.#users += 1;
    if (this.#users === 1) this.#pool.open();
  }

  /** Ends what is kept ready, with the last who wanted it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#users === 0) return;
    this.#users -= 1;
    if (this.#users === 0) await this.#pool.close();
  }

  /** For agents: whether code can call a tool. */
  takes<Deps>({ requiresApproval, execute }: Tool<Deps>, definition: ToolDefinition): boolean {
    return execute !== undefined && !requiresApproval && this.#selects(definition);
  }

  /** For agents: the tool that runs code, for those tools; worked out once for the same ones. */
  describe(tools: readonly ToolDefinition[]): CodeTool {
    if (!this.#described || !sameItems(this.#described.tools, tools)) {
      const { byName, left } = nameFunctions(tools);
      const functions = new Map(Array.from(byName, ([name, tool]) => [name, tool.name]));
      const description = describeRunCode(byName);
      const definition = { name: RUN_CODE, description, parameters: RUN_CODE_PARAMETERS };
      this.#described = { tools, result: { definition, functions, left } };
    }
    return this.#described.result;
  }

  /** For agents: the code of one run. */
  session(): CodeSession {
    return new CodeSession(this.#pool, this.#limits);
  }
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** Without what is there with `undefined`, which would hide a default. */
function definedOf(limits: SandboxLimits): SandboxLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
