/**
 * A model request -> the body of a chat completion request.
 * @module
 */
import type OpenAI from "openai";
import type { ModelSettings, OutputFormat, ToolChoice, ToolSpec } from "../../run/request.ts";
import type { ModelRequest } from "../model.ts";
import { CUSTOM_PARAMETERS } from "./custom_tools.ts";
import { encodeMessages, type MessageOptions } from "./encode_messages.ts";

type Body = OpenAI.Chat.ChatCompletionCreateParams;

/** What encoding a request depends on. */
export interface RequestOptions extends MessageOptions {
  /** The backend's name of the model. */
  readonly model: string;
  /** The field for the most tokens of an answer. */
  readonly maxTokensField: "max_completion_tokens" | "max_tokens";
  /** Fields of every request; those of a request's own settings win over them. */
  readonly extraBody: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The body. Fields that were not asked for are absent, so that backends of few words accept it.
 *
 * @throws {RequestError} `unsupported-value` when the backend cannot take a part of a message
 */
export function encodeRequest(request: ModelRequest, options: RequestOptions): Body {
  const { settings } = request;
  const body = {
    model: options.model,
    messages: encodeMessages(request.messages, options),
    ...(request.stream && { stream: true, "stream_options": { "include_usage": true } }),
    ...encodeTools(request),
    ...encodeOutput(request.output, options.profile.structuredOutput),
    ...encodeSettings(settings, options.maxTokensField),
    ...options.extraBody,
    ...settings.extraBody,
  };
  // Spread fields may be of any type: that is what they are for.
  return body as Body;
}

function encodeTools(request: ModelRequest): Partial<Body> | undefined {
  const { toolChoice } = request;
  const tools = toolChoice.type === "allowed"
    ? request.tools.filter((tool) => toolChoice.names.includes(tool.name))
    : request.tools;
  if (tools.length === 0) return undefined;
  const choice = encodeChoice(toolChoice);
  return {
    tools: tools.map(encodeTool),
    ...(choice !== undefined && { "tool_choice": choice }),
    ...(request.parallelToolCalls === false && { "parallel_tool_calls": false }),
  };
}

function encodeTool(tool: ToolSpec): OpenAI.Chat.ChatCompletionFunctionTool {
  const parameters = tool.kind === "custom"
    ? CUSTOM_PARAMETERS
    : tool.parameters ?? { type: "object", properties: {} };
  return {
    type: "function",
    function: {
      name: tool.name,
      ...(tool.description !== undefined && { description: tool.description }),
      parameters,
      ...(tool.strict !== undefined && { strict: tool.strict }),
    },
  };
}

/** Undefined where the backend's default, `auto`, is meant. */
function encodeChoice(choice: ToolChoice): Body["tool_choice"] {
  switch (choice.type) {
    case "auto":
      return undefined;
    case "none":
    case "required":
      return choice.type;
    case "tool":
      return { type: "function", function: { name: choice.name } };
    case "allowed":
      return choice.mode === "required" ? "required" : undefined;
    default:
      return choice satisfies never;
  }
}

/** The form asked for, or the nearest the backend has. */
function encodeOutput(
  output: OutputFormat,
  supported: "json-schema" | "json-object" | "none",
): Partial<Body> | undefined {
  if (output.type === "text" || supported === "none") return undefined;
  if (output.type === "json-object" || supported === "json-object") {
    return { "response_format": { type: "json_object" } };
  }
  const { name, schema, strict, description } = output;
  return {
    "response_format": {
      type: "json_schema",
      "json_schema": {
        name,
        schema,
        ...(strict !== undefined && { strict }),
        ...(description !== undefined && { description }),
      },
    },
  };
}

function encodeSettings(
  settings: ModelSettings,
  maxTokensField: RequestOptions["maxTokensField"],
): Readonly<Record<string, unknown>> {
  // JSON leaves out what is undefined.
  return {
    [maxTokensField]: settings.maxTokens,
    temperature: settings.temperature,
    "top_p": settings.topP,
    stop: settings.stop?.length ? settings.stop : undefined,
    seed: settings.seed,
    "presence_penalty": settings.presencePenalty,
    "frequency_penalty": settings.frequencyPenalty,
    "logit_bias": settings.logitBias,
    logprobs: settings.logprobs || undefined,
    "top_logprobs": settings.logprobs ? settings.topLogprobs : undefined,
    "reasoning_effort": settings.reasoningEffort,
    verbosity: settings.verbosity,
  };
}
