// deno-lint-ignore-file camelcase -- the exact JSON of OpenAI's API
/**
 * Chat completions as they are on the wire.
 *
 * A schema here describes objects whose size is fixed. Whatever a client can make as long as it
 * likes (`unread`) is read item by item where it is decoded, so that the first fault ends the work.
 * Fields that are not named are ignored, and null is the same as absent.
 *
 * Source: https://platform.openai.com/docs/api-reference/chat, as typed by openai 7.57.0
 * (2026-11-23)
 * @module
 */
import { z } from "zod";
import { TOOL_NAME, TOOL_NAME_RULE } from "../client_tools.ts";
import { isObject } from "../issue.ts";

const unread = z.unknown().optional();
const text = z.string().nullish();
const flag = z.boolean().nullish();
const anyObject = z.custom<Readonly<Record<string, unknown>>>(isObject, "an object");
const toolName = z.string().regex(TOOL_NAME, TOOL_NAME_RULE);
// Not `z.int()`, which refuses most seeds of 64 bits.
const integer = z.number().refine(Number.isInteger, "an integer");
const count = integer.min(1).nullish();
const penalty = z.number().min(-2).max(2).nullish();

/** Body of `POST /chat/completions`: all fields that have a meaning here. */
export const chatRequestWire = z.object({
  model: z.string().min(1),
  messages: unread,
  stream: flag,
  stream_options: unread,
  tools: unread,
  tool_choice: unread,
  parallel_tool_calls: flag,
  functions: unread,
  function_call: unread,
  response_format: unread,
  max_completion_tokens: count,
  max_tokens: count,
  stop: unread,
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  seed: integer.min(-(2 ** 63)).max(2 ** 63).nullish(),
  logit_bias: unread,
  n: integer.min(1).nullish(),
  logprobs: flag,
  top_logprobs: integer.min(0).max(20).nullish(),
  reasoning_effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).nullish(),
  verbosity: z.enum(["low", "medium", "high"]).nullish(),
  modalities: unread,
  audio: unread,
  web_search_options: unread,
});

/** What `chatRequestWire` reads. */
export type ChatRequestWire = z.infer<typeof chatRequestWire>;

/** `stream_options`. */
export const streamOptionsWire = z.object({ include_usage: flag });

/** A call in the legacy shape. */
export const functionCallWire = z.object({ name: z.string().min(1), arguments: z.string() });

/** What `functionCallWire` reads. */
export type FunctionCallWire = z.infer<typeof functionCallWire>;

/** One item of `messages`. */
export const messageWire = z.discriminatedUnion("role", [
  z.object({ role: z.enum(["system", "developer"]), content: unread }),
  z.object({ role: z.literal("user"), content: unread, name: text }),
  z.object({
    role: z.literal("assistant"),
    content: unread,
    refusal: text,
    tool_calls: unread,
    function_call: functionCallWire.nullish(),
    reasoning_content: unread,
    reasoning: unread,
  }),
  z.object({ role: z.literal("tool"), tool_call_id: z.string(), content: unread }),
  z.object({ role: z.literal("function"), name: z.string(), content: unread }),
]);

/** What `messageWire` reads. */
export type MessageWire = z.infer<typeof messageWire>;

/** One item of a message's `content`. */
export const partWire = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("refusal"), refusal: z.string() }),
  z.object({
    type: z.literal("image_url"),
    image_url: z.object({
      url: z.string(),
      detail: z.enum(["auto", "low", "high", "original"]).nullish(),
    }),
  }),
  z.object({
    type: z.literal("input_audio"),
    input_audio: z.object({ data: z.string(), format: z.enum(["wav", "mp3"]) }),
  }),
  z.object({
    type: z.literal("file"),
    file: z.object({ file_id: text, file_data: text, filename: text }),
  }),
]);

/** What `partWire` reads. */
export type PartWire = z.infer<typeof partWire>;

/** One item of an assistant message's `tool_calls`. */
export const toolCallWire = z.discriminatedUnion("type", [
  z.object({ id: z.string(), type: z.literal("function"), function: functionCallWire }),
  z.object({
    id: z.string(),
    type: z.literal("custom"),
    custom: z.object({ name: z.string().min(1), input: z.string() }),
  }),
]);

/** A tool whose arguments are JSON; an item of `functions`, and of `tools` below `function`. */
export const functionWire = z.object({
  name: toolName,
  description: text,
  parameters: anyObject.nullish(),
  strict: flag,
});

/** What `functionWire` reads. */
export type FunctionWire = z.infer<typeof functionWire>;

const grammarWire = z.object({ syntax: z.enum(["lark", "regex"]), definition: z.string() });

/** One item of `tools`. */
export const toolWire = z.discriminatedUnion("type", [
  z.object({ type: z.literal("function"), function: functionWire }),
  z.object({
    type: z.literal("custom"),
    custom: z.object({
      name: toolName,
      description: text,
      format: z.discriminatedUnion("type", [
        z.object({ type: z.literal("text") }),
        z.object({ type: z.literal("grammar"), grammar: grammarWire }),
      ]).nullish(),
    }),
  }),
]);

const named = z.object({ name: z.string() });

/** A reference to one tool: a `tool_choice`, or an item of the allowed tools. */
export const toolReferenceWire = z.discriminatedUnion("type", [
  z.object({ type: z.literal("function"), function: named }),
  z.object({ type: z.literal("custom"), custom: named }),
]);

/** What `toolReferenceWire` reads. */
export type ToolReferenceWire = z.infer<typeof toolReferenceWire>;

/** `tool_choice` as a word. */
export const toolChoiceModeWire = z.enum(["none", "auto", "required"]);

/** `tool_choice` as an object. */
export const toolChoiceWire = z.discriminatedUnion("type", [
  ...toolReferenceWire.options,
  z.object({
    type: z.literal("allowed_tools"),
    allowed_tools: z.object({ mode: z.enum(["auto", "required"]), tools: unread }),
  }),
]);

/** Legacy `function_call` as a word. */
export const functionCallModeWire = z.enum(["none", "auto"]);

/** Legacy `function_call` as an object. */
export const functionChoiceWire = named;

/** `response_format`. */
export const responseFormatWire = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({
      name: toolName,
      description: text,
      schema: anyObject.nullish(),
      strict: flag,
    }),
  }),
]);

/** Why an answer ended. */
export type FinishReasonWire =
  | "stop"
  | "length"
  | "tool_calls"
  | "content_filter"
  | "function_call";

/** Token counts of an answer. */
export interface UsageWire {
  /** Tokens of the prompt. */
  readonly prompt_tokens: number;
  /** Tokens of the answer, reasoning included. */
  readonly completion_tokens: number;
  /** Both together. */
  readonly total_tokens: number;
  /** Parts of `prompt_tokens`. */
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  /** Parts of `completion_tokens`. */
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
}

/** Log probabilities of an answer's tokens. */
export interface LogprobsWire {
  /** One item a token, as the backend made them. */
  readonly content: readonly Readonly<Record<string, unknown>>[];
  /** Those of a refusal are not kept apart. */
  readonly refusal: null;
}

/** A call in an answer. */
export type AnswerToolCallWire =
  | {
    readonly id: string;
    readonly type: "function";
    readonly function: { readonly name: string; readonly arguments: string };
  }
  | {
    readonly id: string;
    readonly type: "custom";
    readonly custom: { readonly name: string; readonly input: string };
  };

/** The message of an answer. */
export interface AnswerMessageWire {
  /** Always the assistant. */
  readonly role: "assistant";
  /** Null where there is a call or a refusal and no text. */
  readonly content: string | null;
  /** Null where the model did not refuse. */
  readonly refusal: string | null;
  /** Citations of OpenAI's own search; some clients fail without the field. */
  readonly annotations: readonly [];
  /** Not OpenAI's; where most clients of reasoning models look. */
  readonly reasoning_content?: string;
  /** Not OpenAI's; where the others look. */
  readonly reasoning?: string;
  /** Absent where there is no call. */
  readonly tool_calls?: readonly AnswerToolCallWire[];
  /** The call of an answer to a request with `functions`. */
  readonly function_call?: { readonly name: string; readonly arguments: string };
}

/** Answer to a request without `stream`. */
export interface ChatCompletionWire {
  /** Begins with `chatcmpl-`. */
  readonly id: string;
  /** Tells answers from chunks. */
  readonly object: "chat.completion";
  /** Seconds since 1970. */
  readonly created: number;
  /** The served name as the client asked for it. */
  readonly model: string;
  /** The one answer. */
  readonly choices: readonly [{
    readonly index: 0;
    readonly message: AnswerMessageWire;
    readonly logprobs: LogprobsWire | null;
    readonly finish_reason: FinishReasonWire;
  }];
  /** What a client judges its context by. */
  readonly usage: UsageWire;
}
