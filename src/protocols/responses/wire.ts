/**
 * Requests of the Responses API as they are on the wire.
 *
 * A schema here describes objects whose size is fixed. Whatever a client can make as long as it
 * likes (`unread`) is read item by item where it is decoded, so that the first fault ends the work.
 * Fields that are not named are ignored, and null is the same as absent.
 *
 * Source: https://developers.openai.com/api/reference/resources/responses (as typed by npm:openai 7.57.0, 2026-11-23)
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
const integer = z.number().refine(Number.isInteger, "an integer");
const count = integer.min(1).nullish();
const penalty = z.number().min(-2).max(2).nullish();

/** Body of `POST /responses`: all fields that have a meaning here. */
export const responsesRequestWire = z.object({
  model: z.string().min(1),
  input: unread,
  instructions: text,
  previous_response_id: text,
  conversation: unread,
  prompt: unread,
  stream: flag,
  stream_options: unread,
  store: flag,
  background: flag,
  include: unread,
  tools: unread,
  tool_choice: unread,
  parallel_tool_calls: flag,
  max_tool_calls: count,
  max_output_tokens: count,
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  top_logprobs: integer.min(0).max(20).nullish(),
  text: z.object({ format: unread, verbosity: z.enum(["low", "medium", "high"]).nullish() })
    .nullish(),
  reasoning: z.object({
    effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).nullish(),
    summary: z.enum(["auto", "concise", "detailed"]).nullish(),
    generate_summary: z.enum(["auto", "concise", "detailed"]).nullish(),
  }).nullish(),
  truncation: z.enum(["auto", "disabled"]).nullish(),
});

/** What `responsesRequestWire` reads. */
export type ResponsesRequestWire = z.infer<typeof responsesRequestWire>;

/** An item of `input` that has a meaning here. */
export const itemWire = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("message"),
    role: z.enum(["system", "developer", "user", "assistant"]),
    content: unread,
  }),
  z.object({
    type: z.literal("function_call"),
    call_id: z.string(),
    name: z.string().min(1),
    namespace: text,
    arguments: z.string(),
  }),
  z.object({ type: z.literal("function_call_output"), call_id: z.string(), output: unread }),
  z.object({
    type: z.literal("custom_tool_call"),
    call_id: z.string(),
    name: z.string().min(1),
    namespace: text,
    input: z.string(),
  }),
  z.object({ type: z.literal("custom_tool_call_output"), call_id: z.string(), output: unread }),
  z.object({ type: z.literal("reasoning"), id: text, summary: unread, content: unread }),
  z.object({ type: z.literal("mcp_approval_request"), id: text }),
  z.object({
    type: z.literal("mcp_approval_response"),
    approval_request_id: z.string(),
    approve: z.boolean(),
    reason: text,
  }),
]);

/** What `itemWire` reads. */
export type ItemWire = z.infer<typeof itemWire>;

/** Types of items whose meaning lies in tools and services that are not here. */
export const SKIPPED_ITEMS: ReadonlySet<string> = new Set([
  "additional_tools",
  "apply_patch_call",
  "apply_patch_call_output",
  "code_interpreter_call",
  "compaction",
  "compaction_trigger",
  "computer_call",
  "computer_call_output",
  "configuration_update",
  "file_search_call",
  "image_generation_call",
  "local_shell_call",
  "local_shell_call_output",
  "mcp_call",
  "mcp_list_tools",
  "program",
  "program_output",
  "shell_call",
  "shell_call_output",
  "tool_search_call",
  "tool_search_output",
  "web_search_call",
]);

/** One item of a message's `content` or of a call's `output`. */
export const partWire = z.discriminatedUnion("type", [
  z.object({ type: z.literal("input_text"), text: z.string() }),
  z.object({ type: z.literal("output_text"), text: z.string() }),
  z.object({ type: z.literal("refusal"), refusal: z.string() }),
  z.object({
    type: z.literal("input_image"),
    image_url: text,
    file_id: text,
    detail: z.enum(["auto", "low", "high", "original"]).nullish(),
  }),
  z.object({
    type: z.literal("input_file"),
    file_id: text,
    file_data: text,
    file_url: text,
    filename: text,
  }),
  z.object({
    type: z.literal("input_audio"),
    input_audio: z.object({ data: z.string(), format: z.enum(["wav", "mp3"]) }),
  }),
]);

/** What `partWire` reads. */
export type PartWire = z.infer<typeof partWire>;

/** A span of reasoning, in `summary` or `content`. */
export const reasoningPartWire = z.object({ text: z.string() });

/** A tool whose arguments are JSON. */
export const functionWire = z.object({
  type: z.literal("function"),
  name: toolName,
  description: text,
  parameters: anyObject.nullish(),
  strict: flag,
});

/** What `functionWire` reads. */
export type FunctionWire = z.infer<typeof functionWire>;

/** A tool whose argument is text. */
export const customWire = z.object({
  type: z.literal("custom"),
  name: toolName,
  description: text,
  format: z.discriminatedUnion("type", [
    z.object({ type: z.literal("text") }),
    z.object({
      type: z.literal("grammar"),
      syntax: z.enum(["lark", "regex"]),
      definition: z.string(),
    }),
  ]).nullish(),
});

/** What `customWire` reads. */
export type CustomWire = z.infer<typeof customWire>;

/** A tool that can be called. */
export const callableWire = z.discriminatedUnion("type", [functionWire, customWire]);

/** What `callableWire` reads. */
export type CallableWire = z.infer<typeof callableWire>;

/** Tools under a common name. */
export const namespaceWire = z.object({
  type: z.literal("namespace"),
  name: z.string().min(1).max(128),
  description: text,
  tools: unread,
});

/** Tools that OpenAI runs itself, whatever their version. */
export const BUILT_IN_TOOL: RegExp =
  /^(?:apply_patch|code_interpreter|computer|computer_use|computer_use_preview|file_search|image_generation|local_shell|mcp|programmatic_tool_calling|shell|tool_search|web_search|web_search_preview)(?:_\d{4}_\d{2}_\d{2})?$/;

/** A reference to one tool: a `tool_choice`, or an item of the allowed tools. */
export const toolReferenceWire = z.object({
  type: z.enum(["function", "custom"]),
  name: z.string(),
  namespace: text,
});

/** A reference to all tools under a common name. */
export const namespaceReferenceWire = z.object({ type: z.literal("namespace"), name: z.string() });

/** `tool_choice` as a word. */
export const toolChoiceModeWire = z.enum(["none", "auto", "required"]);

/** `tool_choice` as a choice of tools. */
export const allowedToolsWire = z.object({
  type: z.literal("allowed_tools"),
  mode: z.enum(["auto", "required"]),
  tools: unread,
});

/** `text.format`. */
export const formatWire = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    type: z.literal("json_schema"),
    name: toolName.nullish(),
    description: text,
    schema: anyObject.nullish(),
    strict: flag,
  }),
]);

/** What `formatWire` reads. */
export type FormatWire = z.infer<typeof formatWire>;
