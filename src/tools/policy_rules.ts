/**
 * The rules of a policy at work.
 * @module
 */
import type { ToolContext } from "./context.ts";
import { ToolFailed } from "./outcome.ts";

/** Arguments of a tool. */
export type ToolArguments = Readonly<Record<string, unknown>>;

/** A call of a tool, as rules see it. */
export interface PolicyCall {
  /** The tool's name as the agent knows it, or the toolset that the policy is around. */
  readonly name: string;
  /** Checked and with their defaults. */
  readonly args: ToolArguments;
}

/** Looks at a call before it runs; returns other arguments, which nobody checks, or nothing. */
export type BeforeRule<Deps> = (
  call: PolicyCall,
  ctx: ToolContext<Deps>,
) => ToolArguments | void | Promise<ToolArguments | void>;

/** Looks at what a tool returned; returns another result, or undefined to leave it. */
export type AfterRule<Deps> = (
  result: unknown,
  call: PolicyCall,
  ctx: ToolContext<Deps>,
) => unknown;

/** One rule of a policy. */
export type PolicyRule<Deps> =
  | { readonly type: "require"; readonly field: string; readonly message: string }
  | { readonly type: "fill"; readonly argument: string; readonly from: string }
  | { readonly type: "before"; readonly rule: BeforeRule<Deps> }
  | { readonly type: "after"; readonly rule: AfterRule<Deps> };

/** The rules that hold for one tool, each kind in the order in which it was given. */
export class ToolRules<Deps> {
  readonly #rules: readonly PolicyRule<Deps>[];

  constructor(rules: readonly PolicyRule<Deps>[]) {
    this.#rules = rules;
  }

  /** Whether nothing holds for the tool. */
  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /** @throws {ToolFailed} when the deps lack a field */
  require(deps: Deps): void {
    for (const { field, message } of this.#of("require")) {
      if (!isPresent(deps, field)) throw new ToolFailed(message);
    }
  }

  /** Arguments with those that are missing and can be copied; unchecked as they come. */
  fill(args: unknown): unknown {
    if (typeof args !== "object" || args === null || Array.isArray(args)) return args;
    let filled = args as ToolArguments;
    for (const { argument, from } of this.#of("fill")) {
      if (ownValue(filled, argument) !== undefined) continue;
      const value = ownValue(filled, from);
      if (value !== undefined) filled = { ...filled, [argument]: value };
    }
    return filled;
  }

  /** The call as it shall run. */
  async before(call: PolicyCall, ctx: ToolContext<Deps>): Promise<PolicyCall> {
    let { args } = call;
    for (const { rule } of this.#of("before")) {
      args = await rule({ ...call, args }, ctx) ?? args;
    }
    return { ...call, args };
  }

  /** The result as the model shall read it. */
  async after(result: unknown, call: PolicyCall, ctx: ToolContext<Deps>): Promise<unknown> {
    let left = result;
    for (const { rule } of this.#of("after")) {
      const changed = await rule(left, call, ctx);
      if (changed !== undefined) left = changed;
    }
    return left;
  }

  #of<Type extends PolicyRule<Deps>["type"]>(
    type: Type,
  ): Extract<PolicyRule<Deps>, { readonly type: Type }>[] {
    return this.#rules.filter((
      rule,
    ): rule is Extract<PolicyRule<Deps>, { readonly type: Type }> => rule.type === type);
  }
}

function isPresent(deps: unknown, field: string): boolean {
  if (typeof deps !== "object" || deps === null) return false;
  const value = ownValue(deps, field);
  return value !== undefined && value !== null && value !== "";
}

/** Names may be those that every object inherits. */
function ownValue(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? (object as ToolArguments)[key] : undefined;
}
