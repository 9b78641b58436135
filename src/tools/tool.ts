/**
 * Tools: code that a model may call.
 * @module
 */
import { SetupError } from "../run/error.ts";
import type { JsonSchema } from "../run/request.ts";
import type { ApprovalPrompt } from "./approval.ts";
import type { StepContext, ToolContext } from "./context.ts";
import { type ParseResult, type Shape, toShape, type TypedSchema } from "./schema.ts";

/** A tool as a model is told of it. */
export interface ToolDefinition {
  /** Letters, digits, `_` and `-`, at most 64. */
  readonly name: string;
  /** What it does, for the model. */
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters: JsonSchema;
  /** JSON Schema of what the tool returns; not sent to models, for code that calls tools. */
  readonly returns?: JsonSchema;
  /** Whether the backend shall hold arguments to the schema. */
  readonly strict?: boolean;
  /** For filters; never sent. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A tool of a toolset. */
export interface Tool<Deps = unknown> {
  /** Unique within an agent. */
  readonly name: string;
  /** What its own code knows it by, where a wrapper gave it another name. @default `name` */
  readonly ownName?: string;
  /** What a model is told of it. */
  readonly definition: ToolDefinition;
  /** Failed attempts in a row that are forgiven; absent: as the toolset or the agent says. */
  readonly retries?: number;
  /** Milliseconds a call may take; absent: as the agent says; `Infinity`: no limit either way. */
  readonly timeoutMs?: number;
  /** Whether calls run alone: earlier calls finish before, later ones start after. */
  readonly sequential?: boolean;
  /** Whether a call needs consent. */
  readonly requiresApproval?: boolean;
  /** What is asked before a call. @default the agent's words */
  readonly approvalPrompt?: ApprovalPrompt;
  /**
   * Told to clients as progress when a call begins, where the model's reasoning mode is `custom`; the
   * only thing clients ever learn of a hidden tool. @default nothing is told
   */
  readonly label?: string;
  /** Changes the definition for a step, or leaves the tool out of it by returning undefined. */
  readonly prepare?: (
    ctx: StepContext<Deps>,
    definition: ToolDefinition,
  ) => ToolDefinition | undefined | Promise<ToolDefinition | undefined>;
  /** Checks parsed JSON arguments. */
  readonly parse: (args: unknown) => ParseResult | Promise<ParseResult>;
  /**
   * Checks arguments beyond their schema; throws {@linkcode ModelRetry} to refuse them, or
   * whatever else `execute` may throw for the model.
   */
  readonly validate?: (args: unknown, ctx: ToolContext<Deps>) => void | Promise<void>;
  /** Runs a call; absent: calls are handed to whoever started the run. */
  readonly execute?: (args: unknown, ctx: ToolContext<Deps>) => unknown;
}

/** How to make a tool. */
export interface ToolOptions<Args, Deps> {
  /** Letters, digits, `_` and `-`, at most 64. */
  readonly name: string;
  /** What it does, for the model. */
  readonly description?: string;
  /** zod schema or JSON Schema of what the tool returns; not sent to models. */
  readonly returns?: TypedSchema | JsonSchema;
  /** Failed attempts in a row that are forgiven. @default the toolset's or agent's, 1 */
  readonly retries?: number;
  /** Milliseconds a call may take. @default the agent's, none */
  readonly timeoutMs?: number;
  /** Calls run alone. @default false */
  readonly sequential?: boolean;
  /** Calls need consent, asked for in these words or in the agent's. @default false */
  readonly requiresApproval?: boolean | ApprovalPrompt;
  /** Told to clients as progress when a call begins. Never a secret. @default nothing is told */
  readonly label?: string;
  /** Ask the backend to hold arguments to the schema. */
  readonly strict?: boolean;
  /** For filters; never sent. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Changes the definition for a step, or leaves the tool out of it by returning undefined. */
  readonly prepare?: Tool<Deps>["prepare"];
  /** Checks arguments beyond their schema; throws {@linkcode ModelRetry} to refuse them. */
  readonly validate?: (args: Args, ctx: ToolContext<Deps>) => void | Promise<void>;
  /**
   * Runs a call. A string goes to the model as it is, null and undefined as an empty string,
   * {@linkcode ToolContent} as text and files, anything else as JSON. Throw
   * {@linkcode ModelRetry} or {@linkcode ToolFailed} to tell the model; anything else thrown ends
   * the run.
   */
  readonly execute: (args: Args, ctx: ToolContext<Deps>) => unknown;
}

/** Options of a tool whose arguments a schema library types. */
export interface TypedToolOptions<Args, Deps> extends ToolOptions<Args, Deps> {
  /** zod schema of the arguments, an object. */
  readonly parameters: TypedSchema<Args>;
}

/** Options of a tool whose arguments are described by JSON Schema, or that takes none. */
export interface RawToolOptions<Deps> extends ToolOptions<Record<string, unknown>, Deps> {
  /** JSON Schema of the arguments. @default an object without properties */
  readonly parameters?: JsonSchema & { readonly "~standard"?: undefined };
}

const NO_PARAMETERS: JsonSchema = { type: "object", properties: {}, additionalProperties: false };
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * Makes a tool.
 *
 * ```ts
 * import { tool } from "@x/fakellm/agent";
 *
 * const echo = tool({
 *   name: "echo",
 *   description: "Says what it is given",
 *   parameters: { type: "object", properties: { text: { type: "string" } } },
 *   execute: ({ text }) => text,
 * });
 * ```
 *
 * @throws {SetupError} when the name is not a legal one
 */
export function tool<Args, Deps = unknown>(options: TypedToolOptions<Args, Deps>): Tool<Deps>;
/** Makes a tool whose arguments are described by JSON Schema. */
export function tool<Deps = unknown>(options: RawToolOptions<Deps>): Tool<Deps>;
export function tool<Deps>(
  options: ToolOptions<never, Deps> & { readonly parameters?: TypedSchema | JsonSchema },
): Tool<Deps> {
  checkToolName(options.name);
  return new FunctionTool(options as FunctionToolOptions<Deps>);
}

/**
 * Checks the name of a tool.
 *
 * @throws {SetupError} when it is not a legal one
 */
export function checkToolName(name: string): void {
  if (!NAME.test(name)) {
    throw new SetupError(
      `Tool name "${name}" is not legal: use 1 to 64 letters, digits, "_" and "-"`,
    );
  }
}

type FunctionToolOptions<Deps> = ToolOptions<unknown, Deps> & {
  readonly parameters?: TypedSchema | JsonSchema;
};

/** Describes its schema when first asked, so that defining tools costs nothing at start. */
class FunctionTool<Deps> implements Tool<Deps> {
  readonly name: string;
  readonly retries: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly sequential: boolean;
  readonly requiresApproval: boolean;
  readonly approvalPrompt: ApprovalPrompt | undefined;
  readonly label: string | undefined;
  readonly prepare: Tool<Deps>["prepare"];
  readonly validate: Tool<Deps>["validate"];
  readonly execute: (args: unknown, ctx: ToolContext<Deps>) => unknown;
  readonly #options: FunctionToolOptions<Deps>;
  #shape: Shape | undefined;
  #definition: ToolDefinition | undefined;

  constructor(options: FunctionToolOptions<Deps>) {
    this.name = options.name;
    this.retries = options.retries;
    this.timeoutMs = options.timeoutMs;
    this.sequential = options.sequential ?? false;
    const { requiresApproval = false } = options;
    this.requiresApproval = requiresApproval !== false;
    this.approvalPrompt = typeof requiresApproval === "object" ? requiresApproval : undefined;
    this.label = options.label || undefined;
    this.prepare = options.prepare;
    this.validate = options.validate;
    this.execute = options.execute;
    this.#options = options;
  }

  get definition(): ToolDefinition {
    return this.#definition ??= this.#define();
  }

  readonly parse = (args: unknown): ParseResult | Promise<ParseResult> =>
    this.#parameters.parse(args);

  get #parameters(): Shape {
    return this.#shape ??= toShape(
      this.#options.parameters ?? NO_PARAMETERS,
      `Tool "${this.name}"`,
    );
  }

  #define(): ToolDefinition {
    const { name, description, strict, metadata, returns } = this.#options;
    return {
      name,
      description,
      parameters: this.#parameters.jsonSchema,
      returns: returns && toShape(returns, `Tool "${name}"`).jsonSchema,
      strict,
      metadata,
    };
  }
}
