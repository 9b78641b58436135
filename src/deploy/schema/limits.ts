/**
 * Limits: of the server, of a model, of a key.
 * @module
 */
import { duration, mapping, oneOf, positive, size, whole } from "./scalar.ts";

const budget = mapping({
  tokens: whole(1).optional().describe("Most tokens, prompt and answer together."),
  tool_calls: whole(1).optional().describe("Most hidden tool calls."),
  seconds: positive().optional().describe("Most run time in seconds."),
  money: positive().optional().describe("Most money, in the currency of the backend's prices."),
  per: oneOf(["hour", "day", "week", "month", "forever"]).optional().describe(
    "The span after which the budget is full again. Default day.",
  ),
});

/** `api_keys[].limits`. */
export const keyLimitsSchema = mapping({
  max_concurrent_runs: whole(1).optional().describe("Most runs at once."),
  queue: whole(0).optional().describe(
    "Most requests that wait for a run to end; further ones get 429. Default 0.",
  ),
  requests_per_minute: whole(1).optional().describe("Most requests in any minute."),
  tokens_per_minute: whole(1).optional().describe("Most tokens in any minute."),
  budget: budget.optional().describe("A wall: once used up, requests get 429."),
});

/** `models.ID.limits`. */
export const modelLimitsSchema = mapping({
  max_steps: whole(1).optional().describe("Most model calls of one run. Default 50."),
  max_tool_calls: whole(0).optional().describe("Most hidden tool calls of one run."),
  max_tokens: whole(1).optional().describe("Most tokens of one run, all its model calls together."),
  max_seconds: positive().optional().describe("Longest a run may take, in seconds."),
  max_memory: size().optional().describe(
    "Most memory of a module's process, or of a sandbox of code_mode. Default 512MiB and 256MiB.",
  ),
  ...keyLimitsSchema.shape,
});

/** Top-level `limits`: what the server takes at all. */
export const serverLimitsSchema = mapping({
  max_body: size().optional().describe("Largest request body. Default 32MiB."),
  max_messages: whole(1).optional().describe("Most messages of one request."),
  max_nesting: whole(1, 1000).optional().describe("Deepest nesting of a request body."),
  max_image: size().optional().describe("Largest inline image."),
  max_file: size().optional().describe("Largest inline file."),
  max_seconds: positive().optional().describe("Longest any run may take, in seconds."),
  keep_alive: duration({ minMs: 100 }).optional().describe(
    "Silence on a stream after which a comment is sent. Default 5s.",
  ),
  max_concurrent_runs: whole(1).optional().describe("Most runs at once, all models together."),
  queue: keyLimitsSchema.shape.queue,
});
