/**
 * Sampling, length and form of the answer -> neutral settings.
 * @module
 */
import { RequestError } from "../../run/error.ts";
import type { ModelSettings, OutputFormat } from "../../run/request.ts";
import { at, isGiven, isObject, readItems, readShape, wrongType, wrongValue } from "../issue.ts";
import { boundedSchema } from "../schema_limit.ts";
import { type ChatRequestWire, responseFormatWire } from "./wire.ts";

const MAX_STOP_SEQUENCES = 4;
const MAX_LOGIT_BIAS = 100;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Settings of the model calls. A field the client left out is absent, so that merging never puts
 * undefined over a setting of the agent.
 *
 * @throws {RequestError} naming the offending field
 */
export function decodeSettings(request: ChatRequestWire): ModelSettings {
  const settings: Writable<ModelSettings> = {};
  const maxTokens = smaller(request.max_completion_tokens, request.max_tokens);
  const stop = decodeStop(request.stop);
  const logitBias = decodeLogitBias(request.logit_bias);
  if (maxTokens !== undefined) settings.maxTokens = maxTokens;
  if (isGiven(request.temperature)) settings.temperature = request.temperature;
  if (isGiven(request.top_p)) settings.topP = request.top_p;
  if (stop !== undefined) settings.stop = stop;
  if (isGiven(request.seed)) settings.seed = request.seed;
  if (isGiven(request.presence_penalty)) settings.presencePenalty = request.presence_penalty;
  if (isGiven(request.frequency_penalty)) settings.frequencyPenalty = request.frequency_penalty;
  if (logitBias !== undefined) settings.logitBias = logitBias;
  if (request.reasoning_effort) settings.reasoningEffort = request.reasoning_effort;
  if (request.verbosity) settings.verbosity = request.verbosity;
  if (request.logprobs) settings.logprobs = true;
  if (request.top_logprobs) {
    if (!request.logprobs) {
      throw new RequestError(
        "invalid-value",
        'Cannot use "top_logprobs" unless "logprobs" is true',
        { param: "top_logprobs" },
      );
    }
    settings.topLogprobs = request.top_logprobs;
  }
  return settings;
}

function smaller(
  a: number | null | undefined,
  b: number | null | undefined,
): number | undefined {
  if (!isGiven(a)) return b ?? undefined;
  return isGiven(b) ? Math.min(a, b) : a;
}

function decodeStop(stop: unknown): readonly string[] | undefined {
  if (!isGiven(stop)) return undefined;
  const path = at(null, "stop");
  if (typeof stop === "string") return stop === "" ? undefined : [stop];
  if (!Array.isArray(stop)) {
    throw wrongType(path, { got: stop, expected: "a string or an array of strings" });
  }
  if (stop.length > MAX_STOP_SEQUENCES) {
    throw new RequestError(
      "invalid-value",
      `Cannot read "stop": got ${stop.length} sequences, expected at most ${MAX_STOP_SEQUENCES}`,
      { param: "stop" },
    );
  }
  stop.forEach((item, index) => {
    if (typeof item !== "string") {
      throw wrongType(at(path, index), { got: item, expected: "a string" });
    }
  });
  // Chat UIs send an empty box as an empty sequence, which would stop at once.
  const sequences = (stop as readonly string[]).filter((item) => item !== "");
  return sequences.length > 0 ? sequences : undefined;
}

function decodeLogitBias(bias: unknown): Readonly<Record<string, number>> | undefined {
  if (!isGiven(bias)) return undefined;
  const path = at(null, "logit_bias");
  if (!isObject(bias)) throw wrongType(path, { got: bias, expected: "an object" });
  for (const [token, value] of Object.entries(bias)) {
    if (!/^\d{1,10}$/.test(token)) {
      throw wrongValue(path, { got: token, expected: "token ids as keys" });
    }
    if (typeof value !== "number") {
      throw wrongType(path, { got: value, expected: `a number for token ${token}` });
    }
    if (value < -MAX_LOGIT_BIAS || value > MAX_LOGIT_BIAS) {
      throw wrongValue(path, {
        got: value,
        expected: `${-MAX_LOGIT_BIAS} to ${MAX_LOGIT_BIAS} for token ${token}`,
      });
    }
  }
  return bias as Readonly<Record<string, number>>;
}

/**
 * `response_format`; a JSON Schema format without a schema asks for any JSON object.
 *
 * @throws {RequestError} naming the offending field
 */
export function decodeOutput(format: unknown): OutputFormat {
  if (!isGiven(format)) return TEXT;
  const path = at(null, "response_format");
  const wire = readShape(format, { schema: responseFormatWire, path });
  switch (wire.type) {
    case "text":
      return TEXT;
    case "json_object":
      return { type: "json-object" };
    case "json_schema": {
      const { name, schema, strict, description } = wire.json_schema;
      if (!schema) return { type: "json-object" };
      const output: Writable<Extract<OutputFormat, { readonly type: "json-schema" }>> = {
        type: "json-schema",
        name,
        schema: boundedSchema(schema, at(at(path, "json_schema"), "schema")),
      };
      if (typeof strict === "boolean") output.strict = strict;
      if (typeof description === "string") output.description = description;
      return output;
    }
    default:
      return wire satisfies never;
  }
}

const TEXT: OutputFormat = Object.freeze({ type: "text" });

/**
 * Refuses what would be another kind of answer than one text.
 *
 * @throws {RequestError} `unsupported-value` or `unsupported-parameter`
 */
export function refuseUnsupported(request: ChatRequestWire): void {
  if (isGiven(request.n) && request.n > 1) {
    throw new RequestError("unsupported-value", `Cannot make ${request.n} choices, only 1`, {
      param: "n",
    });
  }
  if (isGiven(request.audio)) {
    throw new RequestError("unsupported-parameter", NO_AUDIO, { param: "audio" });
  }
  if (isGiven(request.web_search_options)) {
    throw new RequestError(
      "unsupported-parameter",
      'Cannot use "web_search_options": the model decides by itself what to look up',
      { param: "web_search_options" },
    );
  }
  if (!isGiven(request.modalities)) return;
  readItems(request.modalities, {
    path: at(null, "modalities"),
    read: (item, path) => {
      if (item === "audio") {
        throw new RequestError("unsupported-value", NO_AUDIO, { param: "modalities" });
      }
      if (typeof item !== "string") throw wrongType(path, { got: item, expected: "a string" });
      if (item !== "text") throw wrongValue(path, { got: item, expected: '"text"' });
    },
  });
}

const NO_AUDIO = "Cannot answer with audio, only with text";
