/**
 * What a client asked, as every response object says it again.
 *
 * Source: https://developers.openai.com/api/reference/resources/responses (as typed by npm:openai 7.57.0, 2026-11-23)
 * @module
 */
import { isObject } from "../issue.ts";
import { encodeJsonLine } from "../sse.ts";
import type { Body } from "../top_level.ts";
import type { FormatWire, FunctionWire, ResponsesRequestWire } from "./wire.ts";

/** What is said again. */
export interface Asked {
  readonly request: ResponsesRequestWire;
  /** The body as it came, for fields that have no meaning here. */
  readonly body: Body;
  readonly tools: readonly FunctionWire[];
  readonly toolChoice: unknown;
  readonly format: FormatWire;
  readonly store: boolean;
  readonly background: boolean;
}

/**
 * Longest JSON each of the large fields may have: clients in wide use stop at events of 1 MiB, and
 * the whole object is one line of several.
 */
const MAX_ECHO_LENGTH = 100_000;
const MAX_ECHOED_KEY = 512;

/**
 * What the client asked, said again: the end of the JSON of a response object. Numbers and objects
 * stand where clients expect no null.
 */
export function encodeEcho(asked: Asked): string {
  const { request, body, format } = asked;
  const small: Record<string, unknown> = {
    "background": asked.background,
    "max_output_tokens": request.max_output_tokens ?? null,
    "max_tool_calls": request.max_tool_calls ?? null,
    "parallel_tool_calls": request.parallel_tool_calls ?? true,
    "presence_penalty": request.presence_penalty ?? 0,
    "frequency_penalty": request.frequency_penalty ?? 0,
    "previous_response_id": request.previous_response_id ?? null,
    "prompt_cache_key": shortString(body.prompt_cache_key) ?? null,
    "reasoning": {
      effort: request.reasoning?.effort ?? null,
      summary: request.reasoning?.summary ?? request.reasoning?.generate_summary ?? null,
    },
    "safety_identifier": shortString(body.safety_identifier) ?? null,
    "service_tier": "default",
    "store": asked.store,
    "temperature": request.temperature ?? 1,
    "top_logprobs": request.top_logprobs ?? 0,
    "top_p": request.top_p ?? 1,
    "truncation": request.truncation ?? "disabled",
    "metadata": isObject(body.metadata) ? body.metadata : {},
  };
  const user = shortString(body.user);
  if (user !== undefined) small.user = user;
  const verbosity = request.text?.verbosity ?? "medium";
  const instructions = bounded(request.instructions ?? null, "null");
  const toolChoice = bounded(asked.toolChoice, '"auto"');
  const tools = bounded(asked.tools.map(echoTool), "[]");
  return `,${encodeJsonLine(small).slice(1, -1)},"instructions":${instructions}` +
    `,"text":{"format":${encodeFormat(format)},"verbosity":"${verbosity}"}` +
    `,"tool_choice":${toolChoice},"tools":${tools}}`;
}

/** JSON of a value, or what stands for it when that is too long. */
function bounded(value: unknown, short: string): string {
  const json = encodeJsonLine(value);
  return json.length > MAX_ECHO_LENGTH ? short : json;
}

function shortString(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= MAX_ECHOED_KEY ? value : undefined;
}

function echoTool(tool: FunctionWire): Readonly<Record<string, unknown>> {
  return {
    type: "function",
    name: tool.name,
    description: tool.description ?? null,
    parameters: tool.parameters ?? null,
    strict: tool.strict ?? null,
  };
}

function encodeFormat(format: FormatWire): string {
  const { type } = format;
  if (type !== "json_schema") return `{"type":"${type}"}`;
  const { name, description = null, schema, strict } = format;
  return `{"type":"json_schema","name":${encodeJsonLine(name)}` +
    `,"description":${bounded(description, "null")},"schema":${bounded(schema, "{}")}` +
    `,"strict":${strict ?? false}}`;
}
