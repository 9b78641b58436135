/**
 * Reads the events of a guest's run: nothing of them is believed.
 * @module
 */
import { z } from "zod";
import type { RunEvent } from "../run/event.ts";
import { jsonObject, list } from "./checked_list.ts";

/** Most tokens of one event. */
const MAX_LOGPROBS = 10_000;

const count = z.int().min(0);
const text = z.string();
const id = z.string().min(1).max(256);
const bare = <const Type extends string>(type: Type) => z.object({ type: z.literal(type) });
const delta = <const Type extends string>(type: Type) => z.object({ type: z.literal(type), text });

const usage = z.object({
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  reasoningTokens: count,
});

const trace = z.object({
  type: z.literal("trace"),
  trace: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("tool-call"), id: text, name: text }),
    z.object({
      kind: z.literal("tool-result"),
      id: text,
      name: text,
      outcome: z.enum(["ok", "retry", "failed", "denied"]),
      durationMs: z.number(),
    }),
    z.object({ kind: z.literal("model-call"), step: z.number(), model: text }),
    z.object({ kind: z.literal("span"), label: text, durationMs: z.number() }),
  ]),
});

const runEvent = z.discriminatedUnion("type", [
  bare("text-start"),
  z.object({
    type: z.literal("text-delta"),
    text,
    logprobs: list(jsonObject, { max: MAX_LOGPROBS }).optional(),
  }),
  z.object({ type: z.literal("text-end"), phase: z.enum(["interim", "final"]).optional() }),
  bare("refusal-start"),
  delta("refusal-delta"),
  bare("refusal-end"),
  z.object({ type: z.literal("reasoning-start"), source: z.enum(["model", "progress"]) }),
  delta("reasoning-delta"),
  bare("reasoning-end"),
  z.object({
    type: z.literal("tool-call-start"),
    id,
    name: z.string().min(1).max(256),
    kind: z.enum(["function", "custom"]),
  }),
  z.object({ type: z.literal("tool-call-delta"), arguments: text }),
  bare("tool-call-end"),
  z.object({ type: z.literal("approval-request"), id, label: text, text }),
  trace,
  z.object({ type: z.literal("usage"), usage, inner: z.boolean().optional() }),
  z.object({
    type: z.literal("finish"),
    reason: z.enum(["stop", "length", "tool-calls", "content-filter"]),
  }),
]) satisfies z.ZodType<RunEvent>;

/** Events without anything but their type. */
const BARE = [
  "text-start",
  "refusal-start",
  "refusal-end",
  "reasoning-end",
  "tool-call-end",
] as const;
const BARE_TYPES: ReadonlySet<unknown> = new Set(BARE);

/** Spares the schema what it has nothing to look at in. */
function isBare(value: unknown): value is { readonly type: typeof BARE[number] } {
  return typeof value === "object" && value !== null && "type" in value &&
    BARE_TYPES.has(value.type);
}

/**
 * Reads one event; its place among others is for the grammar.
 *
 * @throws {Error} when it is none; what it says is for the log, and short
 */
export function readEvent(value: unknown): RunEvent {
  if (typeof value === "string") return { type: "text-delta", text: value };
  if (isBare(value)) return { type: value.type };
  const { data, error } = runEvent.safeParse(value);
  if (data) return data;
  const [issue] = error.issues;
  throw new Error(
    `Sent a malformed event: ${issue?.path.join(".").slice(0, 100)}: ${
      issue?.message.slice(0, 200)
    }`,
  );
}
