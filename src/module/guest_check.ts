/**
 * Reads what a guest says: nothing of it is believed.
 * @module
 */
import { z } from "zod";
import { list } from "./checked_list.ts";
import { serviceRequest } from "./checked_request.ts";
import type { GuestModel } from "./guest_messages.ts";
import { holdsTooMuch } from "../isolation/plain_json.ts";

/** Most events of one message. */
const MAX_EVENTS = 1000;
/** Longest text of a failure: it may go to a client. */
const MAX_TOLD_CHARS = 4000;

const count = z.int().min(0);
const text = z.string();
const told = z.string().transform((all) => all.slice(0, MAX_TOLD_CHARS));
const id = z.string().min(1).max(256);
const runNumber = z.int().min(1);

const failure = z.discriminatedUnion("family", [
  z.object({ family: z.literal("request"), code: text, message: told, param: told.nullable() }),
  z.object({ family: z.literal("http"), status: z.int().min(400).max(599), message: told }),
  z.object({
    family: z.literal("run"),
    code: text,
    message: told,
    retryAfterMs: z.number().min(0).optional(),
    retryable: z.boolean().optional(),
  }),
  z.object({ family: z.literal("other"), name: told, message: told }),
]);

const model = z.object({
  id: id.optional(),
  name: id.optional(),
  description: told.optional(),
  dependencyPolicy: z.enum(["fail", "degrade"]).optional(),
  degradedMessage: told.optional(),
  backgroundTasks: z.enum(["agent", "rule"]).optional(),
  responsesReasoning: z.object({
    mode: z.enum(["disabled", "agent", "custom", "premade"]),
    chunks: list(told, { max: 1000 }).optional(),
    intervalMs: z.number().optional(),
  }).optional(),
});

const guestMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("ready"),
    protocol: z.literal(1),
    models: list(model, { min: 1, max: 1000 }),
  }),
  z.object({ type: z.literal("failed"), message: told }),
  // The events themselves are read by their run: one that sends others spoils no other run.
  z.object({
    type: z.literal("events"),
    run: runNumber,
    events: list(z.unknown(), { min: 1, max: MAX_EVENTS }),
  }),
  z.object({ type: z.literal("done"), run: runNumber }),
  z.object({ type: z.literal("error"), run: runNumber, error: failure }),
  z.object({ type: z.literal("pong"), ping: count }),
  z.object({ type: z.literal("call"), call: count, run: runNumber, request: serviceRequest }),
  z.object({ type: z.literal("taken"), call: count, events: z.int().min(1) }),
  z.object({ type: z.literal("cancel"), call: count }),
  z.object({
    type: z.literal("log"),
    level: z.enum(["debug", "info", "warn", "error"]),
    message: told,
  }),
]);

/** A failure as it came; codes are not known to be ours. */
export type CheckedFailure = z.infer<typeof failure>;

/** What a guest says, as it was read. */
export type CheckedMessage =
  | Exclude<z.infer<typeof guestMessage>, { readonly type: "ready" }>
  | { readonly type: "ready"; readonly protocol: 1; readonly models: readonly GuestModel[] };

/** A guest said what none may say. */
export class GuestProtocolError extends Error {
  /** Tells it from other errors. */
  override readonly name = "GuestProtocolError";
}

/**
 * Reads one line.
 *
 * @throws {GuestProtocolError} when it is no message; what it says is for the log, and short
 */
export function readGuestMessage(line: string): CheckedMessage {
  if (holdsTooMuch(line)) throw new GuestProtocolError("Sent a message of too many values");
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new GuestProtocolError("Wrote to standard output what is no message");
  }
  return usual(value) ?? parsed(value);
}

/** What nearly all messages are, read as the schema does, without the schema. */
function usual(value: unknown): CheckedMessage | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { type, run, events } = value as Readonly<Record<string, unknown>>;
  if (!Number.isSafeInteger(run) || (run as number) < 1) return undefined;
  if (type === "done") return { type, run: run as number };
  if (type !== "events" || !Array.isArray(events)) return undefined;
  if (events.length < 1 || events.length > MAX_EVENTS) return undefined;
  return { type, run: run as number, events };
}

function parsed(value: unknown): CheckedMessage {
  const result = guestMessage.safeParse(value);
  if (result.success) return result.data as CheckedMessage;
  const [issue] = result.error.issues;
  throw new GuestProtocolError(
    `Sent a malformed message: ${issue?.path.join(".").slice(0, 100)}: ${
      issue?.message.slice(0, 200)
    }`,
  );
}
