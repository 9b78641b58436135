/**
 * What host and sandbox say to each other: lines of JSON, one message each. Nothing a sandbox says is
 * believed.
 * @module
 */
import { z } from "zod";
import { holdsMoreThan, holdsTooMuch } from "../isolation/plain_json.ts";

/** What the host says. */
export type ToSandbox =
  /** Functions that code can call from now on. */
  | { readonly type: "functions"; readonly names: readonly string[] }
  | { readonly type: "evaluate"; readonly code: string; readonly maxOutputChars: number }
  | { readonly type: "result"; readonly call: number; readonly value?: unknown }
  | { readonly type: "error"; readonly call: number; readonly message: string };

const output = z.string();

const fromSandbox = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready") }),
  z.object({
    type: z.literal("call"),
    call: z.int().min(0),
    name: z.string().max(256),
    args: z.unknown().optional(),
  }),
  /** Code has run to its end; `value` is absent where there is none. */
  z.object({ type: z.literal("value"), value: z.unknown().optional(), output }),
  z.object({
    type: z.literal("failure"),
    kind: z.enum(["syntax", "runtime"]),
    message: z.string(),
    output,
  }),
]);

/** What a sandbox says. */
export type FromSandbox = z.infer<typeof fromSandbox>;

/**
 * Reads one line.
 *
 * @throws {Error} when it is no message
 */
export function readSandboxMessage(line: string): FromSandbox {
  if (holdsTooMuch(line)) throw new Error("sent more values than anybody reads");
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error("wrote to standard output by itself");
  }
  const result = fromSandbox.safeParse(value);
  if (result.success) return result.data;
  throw new Error("sent what is no message");
}

/** Most characters of one call, and most values: many calls may be open at once. */
const MAX_CALL_CHARS = 1024 * 1024;
const MAX_CALL_VALUES = 50_000;

/** Shorter lines cannot hold as many values. */
const HARMLESS_CHARS = MAX_CALL_VALUES;

/** Why a call is refused for what it brings; undefined: it is not. */
export function callTooLarge(line: string): string | undefined {
  if (line.length > MAX_CALL_CHARS) {
    return `Arguments are too large: at most ${MAX_CALL_CHARS} characters are allowed`;
  }
  if (line.length < HARMLESS_CHARS || !holdsMoreThan(MAX_CALL_VALUES, line)) return undefined;
  return `Arguments are too large: at most ${MAX_CALL_VALUES} values are allowed`;
}
