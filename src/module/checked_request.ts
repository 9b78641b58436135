/**
 * Reads what a guest asks of its host: nothing of it is believed.
 * @module
 */
import { z } from "zod";
import type { Message } from "../run/request.ts";
import { jsonObject, list, record } from "./checked_list.ts";

/** Most messages of one conversation, and most parts of one message. */
const MAX_MESSAGES = 10_000;
/** Most tools, and most calls of one message. */
const MAX_TOOLS = 1000;
/** Most texts that end an answer. */
const MAX_STOPS = 100;
/** Most tokens that are made more or less likely. */
const MAX_BIASES = 10_000;
/** Most calls that one turn waits for: each is kept by its own name. */
const MAX_AWAITED = 256;

const count = z.int().min(0);
const text = z.string();
const id = z.string().min(1).max(256);
const bare = <const Type extends string>(type: Type) => z.object({ type: z.literal(type) });
const kind = z.enum(["function", "custom"]);

const inputPart = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text }),
  z.object({
    type: z.literal("image"),
    url: text.optional(),
    fileId: text.optional(),
    detail: z.enum(["auto", "low", "high", "original"]).optional(),
  }),
  z.object({
    type: z.literal("file"),
    fileId: text.optional(),
    data: text.optional(),
    mediaType: text.optional(),
    url: text.optional(),
    filename: text.optional(),
  }),
  z.object({ type: z.literal("audio"), data: text, format: z.enum(["wav", "mp3"]) }),
]);

const parts = list(inputPart, { max: MAX_MESSAGES });
const message = z.discriminatedUnion("role", [
  z.object({ role: z.literal("system"), content: text }),
  z.object({ role: z.literal("user"), content: parts, name: text.optional() }),
  z.object({
    role: z.literal("assistant"),
    content: text,
    refusal: text.optional(),
    reasoning: text.optional(),
    toolCalls: list(z.object({ id: text, name: text, kind, arguments: text }), {
      max: MAX_TOOLS,
    }),
    approvalIds: list(text, { max: MAX_TOOLS }).optional(),
  }),
  z.object({ role: z.literal("tool"), toolCallId: text, content: parts }),
]) satisfies z.ZodType<Message>;

const messages = list(message, { max: MAX_MESSAGES });

const output = z.discriminatedUnion("type", [
  bare("text"),
  bare("json-object"),
  z.object({
    type: z.literal("json-schema"),
    name: text,
    schema: jsonObject,
    strict: z.boolean().optional(),
    description: text.optional(),
  }),
]);

const toolChoice = z.discriminatedUnion("type", [
  z.object({ type: z.enum(["auto", "none", "required"]) }),
  z.object({ type: z.literal("tool"), name: text }),
  z.object({
    type: z.literal("allowed"),
    mode: z.enum(["auto", "required"]),
    names: list(text, { max: MAX_TOOLS }),
  }),
]);

const settings = z.object({
  maxTokens: count.optional(),
  temperature: z.number().optional(),
  topP: z.number().optional(),
  stop: list(text, { max: MAX_STOPS }).optional(),
  seed: z.int().optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  logitBias: record(z.number(), { name: text, max: MAX_BIASES }).optional(),
  logprobs: z.boolean().optional(),
  topLogprobs: count.optional(),
  reasoningEffort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).optional(),
  verbosity: z.enum(["low", "medium", "high"]).optional(),
  // `extraBody` is left out: the backend's request is its operator's.
});

const tool = z.object({
  name: text,
  kind,
  description: text.optional(),
  parameters: jsonObject.optional(),
  strict: z.boolean().optional(),
});

const modelRequest = z.object({
  messages,
  tools: list(tool, { max: MAX_TOOLS }),
  toolChoice,
  parallelToolCalls: z.boolean().optional(),
  output,
  settings,
  stream: z.boolean(),
});

const awaited = z.object({ callId: text, tool: text, model: text });
const turn = z.object({
  messages,
  callIds: record(text, { name: id, max: MAX_AWAITED }),
  approvals: record(awaited, { name: id, max: MAX_AWAITED }).optional(),
});

/** Schema of what a guest can ask for. */
export const serviceRequest = z.discriminatedUnion("service", [
  z.object({ service: z.literal("model"), backend: text, request: modelRequest }),
  z.object({ service: z.literal("tools"), mcp: text }),
  z.object({ service: z.literal("tool-call"), mcp: text, tool: text, arguments: jsonObject }),
  z.object({ service: z.literal("turn-park"), turn }),
  z.object({ service: z.literal("turn-find"), id }),
  z.object({ service: z.literal("turn-begin"), id, refused: messages.optional() }),
  z.object({ service: z.literal("turn-settle"), id, messages }),
]);
