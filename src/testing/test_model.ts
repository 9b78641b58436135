/**
 * A model that tries every tool once.
 * @module
 */
import type {
  Model,
  ModelCallOptions,
  ModelEvent,
  ModelProfile,
  ModelRequest,
} from "../models/model.ts";
import { schemaExample } from "../models/schema_example.ts";
import type { InputPart, ToolSpec } from "../run/request.ts";
import { type ModelDoubleOptions, playTurn, type ScriptedTurn } from "./scripted_model.ts";

/** Settings of a TestModel. */
export interface TestModelOptions extends ModelDoubleOptions {
  /** Which tools to call. @default "all" */
  readonly callTools?: "all" | readonly string[];
  /** The final text instead of the tools' returns. */
  readonly outputText?: string;
}

const OUTPUT_TOOL = /^final_result/;

/** How an agent begins or ends a result that asks for another try. */
const RETRY = /Fix the errors and try again\.\s*$|^Timed out after /;

/**
 * Calls all tools with arguments made from their schemas, then again those that asked for it, then
 * answers with JSON of what they returned by name, or `success (no tool calls)`. A JSON Schema asked
 * for is filled; where an answer must be a tool call, the first `final_result` tool is called.
 */
export class TestModel implements Model {
  /** As given. */
  readonly name: string;
  /** As given, with defaults. */
  readonly profile: ModelProfile;
  /** Every request received, oldest first. */
  readonly requests: ModelRequest[] = [];
  readonly #options: TestModelOptions;

  /**
   * A model that tries every tool.
   *
   * @param options all have defaults
   */
  constructor(options: TestModelOptions = {}) {
    this.#options = options;
    this.name = options.name ?? "test";
    this.profile = {
      structuredOutput: "json-schema",
      logprobs: false,
      audioInput: false,
      fetchUrls: false,
      ...options.profile,
    };
  }

  /** Plays the turn the conversation has come to. */
  async *call(request: ModelRequest, { signal }: ModelCallOptions): AsyncGenerator<ModelEvent> {
    const call = this.requests.push(request) - 1;
    signal.throwIfAborted();
    yield* playTurn(this.#turn(request), call);
  }

  #turn(request: ModelRequest): ScriptedTurn {
    const { messages, output } = request;
    const start = messages.findLastIndex((message) => message.role === "user");
    const since = messages.slice(start + 1);
    const names = new Map(
      since.flatMap((message) =>
        message.role === "assistant"
          ? message.toolCalls.map((call) => [call.id, call.name] as const)
          : []
      ),
    );
    if (!since.some((message) => message.role === "assistant")) {
      const tools = this.#callable(request);
      if (tools.length > 0) return { toolCalls: tools.map(exampleCall) };
    }
    const lastTurn = since.findLastIndex((message) => message.role === "assistant");
    const retried = since.slice(lastTurn + 1).flatMap((message) =>
      message.role === "tool" && RETRY.test(textOf(message.content))
        ? [names.get(message.toolCallId)]
        : []
    );
    const again = request.tools.filter((tool) => retried.includes(tool.name));
    if (again.length > 0) return { toolCalls: again.map(exampleCall) };
    const outputTool = request.tools.find((tool) => OUTPUT_TOOL.test(tool.name));
    if (outputTool && request.toolChoice.type !== "auto" && request.toolChoice.type !== "none") {
      return { toolCalls: [exampleCall(outputTool)] };
    }
    if (this.#options.outputText !== undefined) return { text: this.#options.outputText };
    if (output.type === "json-schema") {
      return { text: JSON.stringify(schemaExample(output.schema)) };
    }
    const returns = since.flatMap((message) =>
      message.role === "tool"
        ? [[names.get(message.toolCallId) ?? message.toolCallId, parsed(message.content)] as const]
        : []
    );
    if (output.type === "text" && returns.length === 0) return { text: "success (no tool calls)" };
    return { text: JSON.stringify(Object.fromEntries(returns)) };
  }

  #callable({ tools, toolChoice: choice }: ModelRequest): readonly ToolSpec[] {
    const { callTools = "all" } = this.#options;
    if (choice.type === "none") return [];
    return tools.filter(({ name }) =>
      !OUTPUT_TOOL.test(name) && (callTools === "all" || callTools.includes(name)) &&
      (choice.type !== "tool" || choice.name === name) &&
      (choice.type !== "allowed" || choice.names.includes(name))
    );
  }
}

function exampleCall(tool: ToolSpec): NonNullable<ScriptedTurn["toolCalls"]>[number] {
  const { name, kind } = tool;
  if (kind === "custom") return { name, kind, arguments: "example" };
  return { name, kind, arguments: schemaExample(tool.parameters ?? { type: "object" }) };
}

function textOf(content: readonly InputPart[]): string {
  return content.map((part) => part.type === "text" ? part.text : "").join("\n");
}

function parsed(content: readonly InputPart[]): unknown {
  const text = textOf(content);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
