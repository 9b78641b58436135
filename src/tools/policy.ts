/**
 * Rules around the calls of tools.
 * @module
 */
import { SetupError } from "../run/error.ts";
import { deriveTool } from "./derived_tool.ts";
import type { HookedToolCall, ToolHooks } from "./hooks.ts";
import {
  type AfterRule,
  type BeforeRule,
  type PolicyCall,
  type PolicyRule,
  type ToolArguments,
  ToolRules,
} from "./policy_rules.ts";
import type { Tool } from "./tool.ts";
import type { Toolset } from "./toolset.ts";
import { WrappedToolset } from "./wrapped.ts";

/** Which tools a rule is for. */
export interface PolicyScope {
  /**
   * Names of tools: their own, or those that prefixes and the like have given them. What a model
   * calls a tool that shares its name with a client's does not count. @default all tools
   */
  readonly tools?: readonly string[];
}

interface ScopedRule<Deps> {
  readonly tools: ReadonlySet<string> | undefined;
  readonly rule: PolicyRule<Deps>;
}

/**
 * Rules around the calls of tools, for an agent's `hooks` or for one toolset. Rules of a kind work
 * in the order in which they were added. A policy is built first and used then: once an agent or a
 * toolset has it, no rule can be added, so that none is in force here and not there.
 *
 * ```ts
 * import { Agent, ModelRetry, tool, ToolCallPolicy } from "@x/fakellm/agent";
 * import { ScriptedModel } from "@x/fakellm/testing";
 *
 * const policy = new ToolCallPolicy<{ customerId?: string }>()
 *   .require("customerId", { tools: ["cancel"], message: "Ask the user to sign in first." })
 *   .fill("orderId", { from: "id" })
 *   .before(({ args }) => {
 *     if (args.orderId === "0") throw new ModelRetry("Give the number of a real order.");
 *   });
 * const agent = new Agent({
 *   model: new ScriptedModel(["Done."]),
 *   tools: [tool({ name: "cancel", execute: () => "Cancelled" })],
 *   hooks: [policy],
 * });
 * ```
 */
export class ToolCallPolicy<Deps = unknown> implements ToolHooks<Deps> {
  readonly #rules: ScopedRule<Deps>[] = [];
  #inUse = false;

  /**
   * Lets tools run only where the deps' own `field` is there: not undefined, null or "". Otherwise
   * the model is told `message` as the tool's failure, whatever the arguments.
   *
   * @throws {SetupError} when the policy is in use or `tools` is empty
   */
  require(
    field: keyof Deps & string,
    options: PolicyScope & { readonly message: string },
  ): this {
    return this.#add({ type: "require", field, message: options.message }, options);
  }

  /**
   * Copies `from` to an argument that is missing, before arguments are checked.
   *
   * @throws {SetupError} when the policy is in use or `tools` is empty
   */
  fill(argument: string, options: PolicyScope & { readonly from: string }): this {
    return this.#add({ type: "fill", argument, from: options.from }, options);
  }

  /**
   * Calls `rule` before tools run; it may throw whatever tools may throw.
   *
   * @throws {SetupError} when the policy is in use or `tools` is empty
   */
  before(rule: BeforeRule<Deps>, scope: PolicyScope = {}): this {
    return this.#add({ type: "before", rule }, scope);
  }

  /**
   * Calls `rule` with what tools returned; it may throw whatever tools may throw.
   *
   * @throws {SetupError} when the policy is in use or `tools` is empty
   */
  after(rule: AfterRule<Deps>, scope: PolicyScope = {}): this {
    return this.#add({ type: "after", rule }, scope);
  }

  /**
   * A toolset under these rules, for use without an agent's hooks. Parsing arguments knows no deps:
   * here `require` comes after it.
   */
  around(toolset: Toolset<Deps>): Toolset<Deps> {
    this.#inUse = true;
    return new WrappedToolset(toolset, {
      type: "fixed",
      apply: (tools) => tools.map((tool) => this.#guard(tool)),
    });
  }

  /** For agents: requirements, then arguments to fill in. */
  get beforeToolValidate(): ToolHooks<Deps>["beforeToolValidate"] {
    if (!this.#use("require") && !this.#use("fill")) return undefined;
    return ({ deps }, call) => {
      const rules = this.#rulesOf(call.definition.name, call.ownName);
      rules.require(deps);
      return rules.fill(call.args);
    };
  }

  /** For agents: rules before tools. */
  get beforeToolExecute(): ToolHooks<Deps>["beforeToolExecute"] {
    if (!this.#use("before")) return undefined;
    return async (ctx, call) => {
      const rules = this.#rulesOf(call.definition.name, call.ownName);
      return (await rules.before(toPolicyCall(call), ctx)).args;
    };
  }

  /** For agents: rules after tools. */
  get afterToolExecute(): ToolHooks<Deps>["afterToolExecute"] {
    if (!this.#use("after")) return undefined;
    return (ctx, call, result) =>
      this.#rulesOf(call.definition.name, call.ownName).after(result, toPolicyCall(call), ctx);
  }

  #add(rule: PolicyRule<Deps>, { tools }: PolicyScope): this {
    if (this.#inUse) {
      throw new SetupError(
        "Cannot add a rule to a policy in use: add all before an agent or toolset gets it",
      );
    }
    if (tools?.length === 0) {
      throw new SetupError(
        `Policy has a rule for no tool: name some, or leave "tools" out for all`,
      );
    }
    this.#rules.push({ rule, tools: tools && new Set(tools) });
    return this;
  }

  /** Whether there are rules of a kind; whoever asks uses the policy from now on. */
  #use(type: PolicyRule<Deps>["type"]): boolean {
    this.#inUse = true;
    return this.#rules.some(({ rule }) => rule.type === type);
  }

  #rulesOf(name: string, ownName: string): ToolRules<Deps> {
    return new ToolRules(
      this.#rules.flatMap(({ tools, rule }) =>
        !tools || tools.has(name) || tools.has(ownName) ? [rule] : []
      ),
    );
  }

  #guard(tool: Tool<Deps>): Tool<Deps> {
    const { name, parse, validate, execute } = tool;
    const rules = this.#rulesOf(name, tool.ownName ?? name);
    // Whoever started the run executes the others.
    if (!execute || rules.isEmpty) return tool;
    return deriveTool(tool, {
      parse: (args) => parse(rules.fill(args)),
      validate: async (args, ctx) => {
        // Before anyone is asked for consent; and again below, for who does not validate.
        rules.require(ctx.deps);
        await validate?.(args, ctx);
      },
      execute: async (args, ctx) => {
        rules.require(ctx.deps);
        const call = await rules.before({ name, args: args as ToolArguments }, ctx);
        return await rules.after(await execute(call.args, ctx), call, ctx);
      },
    });
  }
}

function toPolicyCall({ definition, args }: HookedToolCall): PolicyCall {
  return { name: definition.name, args: args as ToolArguments };
}
