/**
 * Body of a chat completion request -> what is asked and how the answer shall look.
 * @module
 */
import type { RunRequest } from "../../run/request.ts";
import { at, isGiven, readShape } from "../issue.ts";
import { checkMetadata, extraParameters, readBody } from "../top_level.ts";
import { decodeMessages } from "./decode_messages.ts";
import { decodeOutput, decodeSettings, refuseUnsupported } from "./decode_settings.ts";
import { decodeTools } from "./decode_tools.ts";
import { chatRequestWire, streamOptionsWire } from "./wire.ts";

/** How an answer is written. */
export interface AnswerForm {
  /** The name the client asked for, echoed in the answer. */
  readonly model: string;
  /** Whether a streamed answer ends with a usage chunk. */
  readonly includeUsage: boolean;
  /** Whether a call is written as `function_call`. */
  readonly legacyFunctions: boolean;
}

/** A decoded request. */
export interface ChatCall {
  /** What is asked. */
  readonly request: RunRequest;
  /** How to answer. */
  readonly form: AnswerForm;
}

const INTERPRETED: ReadonlySet<string> = new Set(Object.keys(chatRequestWire.shape));

/**
 * Reads a parsed JSON body.
 *
 * @throws {RequestError} naming the offending field
 */
export function decodeChat(value: unknown): ChatCall {
  const body = readBody(value);
  const wire = readShape(body, { schema: chatRequestWire, path: null });
  const messages = decodeMessages(wire.messages);
  refuseUnsupported(wire);
  checkMetadata(body.metadata);
  const { legacy, ...tools } = decodeTools(wire);
  const stream = wire.stream === true;
  return {
    request: {
      messages,
      ...tools,
      output: decodeOutput(wire.response_format),
      settings: decodeSettings(wire),
      stream,
      parameters: body,
      extraParameters: extraParameters(body, INTERPRETED),
    },
    form: {
      model: wire.model,
      includeUsage: stream && asksForUsage(wire.stream_options),
      legacyFunctions: legacy,
    },
  };
}

function asksForUsage(options: unknown): boolean {
  if (!isGiven(options)) return false;
  return readShape(options, { schema: streamOptionsWire, path: at(null, "stream_options") })
    .include_usage === true;
}
