/**
 * `backends.NAME`: an upstream LLM.
 * @module
 */
import { KEY_ACCEPTED } from "../overrides.ts";
import {
  duration,
  flag,
  form,
  headers,
  name,
  named,
  oneOf,
  oneOrMore,
  text,
  url,
  whole,
} from "./scalar.ts";

/** `backends`: by name. */
export const backendsSchema = named("name", {
  type: oneOf(["openai-compatible", "demo"]).optional().describe(
    "What answers: an OpenAI-compatible endpoint (default), or the built-in rule-based demo, which is no LLM.",
  ),
  base_url: url(["http:", "https:"]).optional().describe(
    'Address of the endpoint up to and without "/chat/completions", as "https://api.openai.com/v1". Required unless type is demo.',
  ),
  api_key: form(/^[\x21-\x7e]*$/, `${KEY_ACCEPTED}, or nothing`).optional().describe(
    'Sent as bearer token; empty or absent: no Authorization header. Best a variable, as "${LLM_KEY}".',
  ),
  model: text("the endpoint's name of a model").optional().describe(
    "The endpoint's name of the model. Required unless type is demo.",
  ),
  headers: headers().optional().describe("Further headers of every call. Values are kept secret."),
  timeout: duration({ minMs: 1 }).optional().describe(
    "Longest duration of a call, repeats and the whole answer included. Default 10m.",
  ),
  max_retries: whole(0, 10).optional().describe(
    "How often a call is repeated that failed before its first byte. Default 2.",
  ),
  fetch_urls: flag().optional().describe(
    "Whether file and image URLs of clients may be fetched for this backend (https, public addresses, bounded size). Default false.",
  ),
  fallback: oneOrMore(name(), "the name of another backend, or a list of such names").optional()
    .describe("Other backends to try in order when this one fails before its first byte."),
});
