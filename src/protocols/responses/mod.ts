/**
 * OpenAI's Responses API.
 *
 * Source: https://developers.openai.com/api/reference/resources/responses (as typed by npm:openai 7.57.0, 2026-11-23)
 * @module
 */
import { decodeResponses } from "./decode.ts";
import { encodeAnswer } from "./encode_result.ts";
import { ResponsesStreamEncoder } from "./encode_stream.ts";
import type { StatefulProtocol } from "../stateful.ts";
import { encodeInputItems } from "./input_items.ts";
import { RESPONSE_PREFIX } from "./items.ts";
import { readReferences } from "./references.ts";

export {
  encodeDeletion,
  encodeItemList,
  encodeLost,
  notCancellable,
  notResumable,
  readStartingAfter,
  responseNotFound,
} from "./retrieval.ts";

/** What the fields of chat completions that Runners name are called here. */
const PARAMS: Readonly<Record<string, string>> = {
  "response_format": "text.format",
  "logprobs": "include",
};

/** `POST /responses`. */
export const responses: StatefulProtocol = {
  name: "responses",
  path: "/responses",
  idPrefix: RESPONSE_PREFIX,
  references: readReferences,
  decode(body, stored) {
    const { form, inputItems, ...call } = decodeResponses(body, stored);
    return {
      ...call,
      model: form.model,
      paramOf,
      // Codex (0.169) repeats a request whatever status but 400 it gets, six runs for one failure; the
      // in-band code that says the failure is for good it believes.
      runFailuresInBand: true,
      inputItems: (envelope) => encodeInputItems(inputItems, envelope.id),
      streamEncoder: (envelope) => new ResponsesStreamEncoder(envelope, form),
      answer: (result, envelope) => encodeAnswer(result, envelope, { form }),
      encodeResult: (result, envelope) => encodeAnswer(result, envelope, { form }).json,
    };
  },
};

/** Several items may make one message, so a message is some of the input. */
function paramOf(param: string): string {
  if (/^messages\b/.test(param)) return "input";
  return Object.hasOwn(PARAMS, param) ? PARAMS[param]! : param;
}
