/**
 * Reads what a guest asks of its host: nothing of it is believed.
 * @module
 */
import { z } from "zod";
import type { Message } from "../run/request.ts";
import { isShallow } from "./plain_json.ts";

const count = z.int().min(0);
const text = z.string();
const id = z.string().min(1).max(256);
const bare = <const Type extends string>(type: Type) => z.object({ type: z.literal(type) });
const jsonObject = z.record(z.string(), z.unknown()).refine(isShallow, "Nested too deeply");
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

const message = z.discriminatedUnion("role", [
  z.object({ role: z.literal("system"), content: text }),
  z.object({ role: z.literal("user"), content: z.array(inputPart), name: text.optional() }),
  z.object({
    role: z.literal("assistant"),
    content: text,
    refusal: text.optional(),
    reasoning: text.optional(),
    toolCalls: z.array(z.object({ id: text, name: text, kind, arguments: text })),
    approvalIds: z.array(text).optional(),
  }),
  z.object({ role: z.literal("tool"), toolCallId: text, content: z.array(inputPart) }),
]) satisfies z.ZodType<Message>;

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
    names: z.array(text),
  }),
]);

const settings = z.object({
  maxTokens: count.optional(),
  temperature: z.number().optional(),
  topP: z.number().optional(),
  stop: z.array(text).optional(),
  seed: z.int().optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  logitBias: z.record(z.string(), z.number()).optional(),
  logprobs: z.boolean().optional(),
  topLogprobs: count.optional(),
  reasoningEffort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).optional(),
  verbosity: z.enum(["low", "medium", "high"]).optional(),
  // `extraBody` is left out: the backend's request is its operator's.
});

const modelRequest = z.object({
  messages: z.array(message),
  tools: z.array(z.object({
    name: text,
    kind,
    description: text.optional(),
    parameters: jsonObject.optional(),
    strict: z.boolean().optional(),
  })),
  toolChoice,
  parallelToolCalls: z.boolean().optional(),
  output,
  settings,
  stream: z.boolean(),
});

const awaited = z.object({ callId: text, tool: text, model: text });
const turn = z.object({
  messages: z.array(message),
  callIds: z.record(id, text),
  approvals: z.record(id, awaited).optional(),
});

/** Schema of what a guest can ask for. */
export const serviceRequest = z.discriminatedUnion("service", [
  z.object({ service: z.literal("model"), backend: text, request: modelRequest }),
  z.object({ service: z.literal("tools"), mcp: text }),
  z.object({ service: z.literal("tool-call"), mcp: text, tool: text, arguments: jsonObject }),
  z.object({ service: z.literal("turn-park"), turn }),
  z.object({ service: z.literal("turn-find"), id }),
  z.object({ service: z.literal("turn-begin"), id, refused: z.array(message).optional() }),
  z.object({ service: z.literal("turn-settle"), id, messages: z.array(message) }),
]);
