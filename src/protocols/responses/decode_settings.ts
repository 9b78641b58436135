/**
 * Sampling, length and form of the answer -> neutral settings.
 * @module
 */
import { RequestError } from "../../run/error.ts";
import type { ModelSettings, OutputFormat } from "../../run/request.ts";
import { at, isGiven, missing, readItems, readShape, wrongType } from "../issue.ts";
import { boundedSchema } from "../schema_limit.ts";
import { type FormatWire, formatWire, type ResponsesRequestWire } from "./wire.ts";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Settings of the model calls. A field the client left out is absent, so that merging never puts
 * undefined over a setting of the agent.
 *
 * @throws {RequestError} naming the offending field
 */
export function decodeSettings(request: ResponsesRequestWire): ModelSettings {
  const settings: Writable<ModelSettings> = {};
  if (isGiven(request.max_output_tokens)) settings.maxTokens = request.max_output_tokens;
  if (isGiven(request.temperature)) settings.temperature = request.temperature;
  if (isGiven(request.top_p)) settings.topP = request.top_p;
  if (isGiven(request.presence_penalty)) settings.presencePenalty = request.presence_penalty;
  if (isGiven(request.frequency_penalty)) settings.frequencyPenalty = request.frequency_penalty;
  if (request.reasoning?.effort) settings.reasoningEffort = request.reasoning.effort;
  if (request.text?.verbosity) settings.verbosity = request.text.verbosity;
  if (includesLogprobs(request.include)) {
    settings.logprobs = true;
    if (request.top_logprobs) settings.topLogprobs = request.top_logprobs;
  }
  return settings;
}

/** Of all that can be included only log probabilities can be asked for here. */
function includesLogprobs(include: unknown): boolean {
  if (!isGiven(include)) return false;
  let included = false;
  readItems(include, {
    path: at(null, "include"),
    read: (item, path) => {
      if (typeof item !== "string") throw wrongType(path, { got: item, expected: "a string" });
      if (item === "message.output_text.logprobs") included = true;
    },
  });
  return included;
}

/** The form of the answer, and how it is echoed. */
export interface DecodedOutput {
  readonly output: OutputFormat;
  readonly echo: FormatWire;
}

const TEXT: DecodedOutput = { output: { type: "text" }, echo: { type: "text" } };

/**
 * `text.format`; a JSON Schema format without a schema asks for any JSON object.
 *
 * @throws {RequestError} naming the offending field
 */
export function decodeOutput(format: unknown): DecodedOutput {
  if (!isGiven(format)) return TEXT;
  const path = at(at(null, "text"), "format");
  const wire = readShape(format, { schema: formatWire, path });
  switch (wire.type) {
    case "text":
      return TEXT;
    case "json_object":
      return { output: { type: "json-object" }, echo: wire };
    case "json_schema": {
      const { name, schema, strict, description } = wire;
      if (!schema) return { output: { type: "json-object" }, echo: { type: "json_object" } };
      if (!isGiven(name)) throw missing(at(path, "name"));
      const output: Writable<Extract<OutputFormat, { readonly type: "json-schema" }>> = {
        type: "json-schema",
        name,
        schema: boundedSchema(schema, at(path, "schema")),
      };
      if (typeof strict === "boolean") output.strict = strict;
      if (typeof description === "string") output.description = description;
      return { output, echo: wire };
    }
    default:
      return wire satisfies never;
  }
}

/**
 * Refuses what would put words into the conversation that nobody here knows.
 *
 * @throws {RequestError} `unsupported-parameter`
 */
export function refuseUnsupported(request: ResponsesRequestWire): void {
  if (isGiven(request.conversation)) {
    const message = isGiven(request.previous_response_id)
      ? 'Cannot use "conversation" together with "previous_response_id"'
      : 'Cannot use "conversation": continue by "previous_response_id" or send the whole input';
    throw new RequestError("unsupported-parameter", message, { param: "conversation" });
  }
  if (isGiven(request.prompt)) {
    const message =
      'Cannot use "prompt": prompts are not kept here, send "instructions" and "input"';
    throw new RequestError("unsupported-parameter", message, { param: "prompt" });
  }
}
