/**
 * A toolset of tools written in code.
 * @module
 */
import { SetupError } from "../run/error.ts";
import type { StepContext } from "./context.ts";
import type { Tool } from "./tool.ts";
import type { Toolset } from "./toolset.ts";

/** Settings of a {@linkcode FunctionToolset}. */
export interface FunctionToolsetOptions<Deps = unknown> {
  /** Names it in errors; unique within an agent. @default "functions" */
  readonly id?: string;
  /** Retries of tools that have none of their own. @default the agent's */
  readonly retries?: number;
  /** Added to the agent's instructions. */
  readonly instructions?: string | ((ctx: StepContext<Deps>) => string | Promise<string>);
}

/** Tools as a list. */
export class FunctionToolset<Deps = unknown> implements Toolset<Deps> {
  readonly id: string;
  readonly retries: number | undefined;
  readonly fixedTools: readonly Tool<Deps>[];
  readonly instructions: Toolset<Deps>["instructions"];

  /**
   * Makes a toolset of `tools`.
   *
   * @throws {SetupError} when two tools have one name
   */
  constructor(tools: readonly Tool<Deps>[], options: FunctionToolsetOptions<Deps> = {}) {
    this.id = options.id ?? "functions";
    this.retries = options.retries;
    this.fixedTools = tools;
    const { instructions } = options;
    this.instructions = typeof instructions === "string" ? () => instructions : instructions;
    const names = new Set<string>();
    for (const { name } of tools) {
      if (names.has(name)) {
        throw new SetupError(`Toolset "${this.id}" has two tools named "${name}"`);
      }
      names.add(name);
    }
  }

  /** The list. */
  tools(): readonly Tool<Deps>[] {
    return this.fixedTools;
  }
}
