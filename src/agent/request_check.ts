/**
 * What an agent refuses before anything is paid for.
 * @module
 */
import { compileJsonSchema, type JsonSchemaCheck } from "../json_schema/compile.ts";
import { JsonSchemaError } from "../json_schema/error.ts";
import type { ModelProfile } from "../models/model.ts";
import { RequestError } from "../run/error.ts";
import type { InputPart, OutputFormat, RunRequest } from "../run/request.ts";
import type { ClientFormat } from "./output_check.ts";

/**
 * Refuses what the model behind the agent cannot do.
 *
 * @throws {RequestError} `unsupported-parameter` for client tools where they are denied and for
 *   `logprobs`, `unsupported-value` for audio and for files by URL
 */
export function checkRequest(
  request: RunRequest,
  options: { readonly profile: ModelProfile; readonly clientTools: "allow" | "deny" },
): void {
  const { profile } = options;
  if (options.clientTools === "deny" && request.tools.length > 0) {
    throw new RequestError(
      "unsupported-parameter",
      "This model does not take tools from its caller",
      { param: "tools" },
    );
  }
  if (request.settings.logprobs && !profile.logprobs) {
    throw new RequestError("unsupported-parameter", "This model does not support logprobs", {
      param: "logprobs",
    });
  }
  for (const [index, message] of request.messages.entries()) {
    if (message.role !== "user" && message.role !== "tool") continue;
    for (const part of message.content) {
      const problem = unsupportedPart(part, profile);
      if (problem) {
        throw new RequestError("unsupported-value", problem, { param: `messages[${index}]` });
      }
    }
  }
}

/** Why a model cannot be given a part; undefined where it can. */
export function unsupportedPart(part: InputPart, profile: ModelProfile): string | undefined {
  if (part.type === "audio" && !profile.audioInput) return "This model does not take audio";
  if (profile.fetchUrls) return undefined;
  if (part.type === "file" && part.url !== undefined) {
    return "This model does not take files by URL";
  }
  if (part.type === "image" && part.fileId !== undefined) {
    return "This model does not take images by file id";
  }
  return undefined;
}

const ANY_OBJECT: JsonSchemaCheck = {
  check: (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? []
      : [{ path: "", message: "Value must be an object" }],
};

/**
 * Compiles the form of answer a client wants; undefined when text is fine.
 *
 * @throws {RequestError} `invalid-value` when its schema is malformed or not supported
 */
export async function compileFormat(output: OutputFormat): Promise<ClientFormat | undefined> {
  switch (output.type) {
    case "text":
      return undefined;
    case "json-object":
      return { type: "json-object", check: ANY_OBJECT };
    case "json-schema":
      try {
        return { type: "json-schema", check: await compileJsonSchema(output.schema) };
      } catch (error) {
        if (!(error instanceof JsonSchemaError)) throw error;
        throw new RequestError(
          "invalid-value",
          `Invalid schema for response_format "${output.name}": ${error.message}`,
          { param: "response_format", cause: error },
        );
      }
    default:
      return output satisfies never;
  }
}
