/**
 * OpenAI's chat completions.
 * @module
 */
import type { Protocol } from "../protocol.ts";
import { decodeChat } from "./decode.ts";
import { encodeChatResult } from "./encode_result.ts";
import { ChatStreamEncoder } from "./encode_stream.ts";

/** `POST /chat/completions`. */
export const chat: Protocol = {
  name: "chat",
  path: "/chat/completions",
  idPrefix: "chatcmpl-",
  decode(body) {
    const { request, form } = decodeChat(body);
    return {
      model: form.model,
      request,
      streamEncoder: (envelope) => new ChatStreamEncoder(envelope, form),
      encodeResult: (result, envelope) => encodeChatResult(result, envelope, { form }),
    };
  },
};
