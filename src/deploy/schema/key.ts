/**
 * `api_keys[]`: who may call.
 * @module
 */
import { z } from "zod";
import { KEY_ACCEPTED, KEY_PATTERN } from "../overrides.ts";
import { keyLimitsSchema } from "./limits.ts";
import { form, list, mapping, name } from "./scalar.ts";

const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/;
const instant = 'a date as "2030-12-31", or with a time and zone as "2030-12-31T18:00:00Z"';

/** `api_keys`. */
export const apiKeysSchema = z.array(
  mapping({
    name: name().describe("Name of the key in logs. Two keys of one name share what they stored."),
    key: form(KEY_PATTERN, KEY_ACCEPTED).optional().describe(
      'The key itself, best a variable as "${ALICE_KEY}". Exactly one of key and key_sha256.',
    ),
    key_sha256: form(/^[0-9a-fA-F]{64}$/, "64 hexadecimal digits").optional().describe(
      "SHA-256 of the key, in hexadecimal digits, so that the file holds no secret.",
    ),
    model_id: name().optional().describe("The one model this key may use. Default: every model."),
    models: list(name(), "a list of model ids").optional().describe(
      "The models this key may use. Default: every model.",
    ),
    expires_at: form(INSTANT, instant).refine((text) => !Number.isNaN(Date.parse(text)), {
      error: instant,
    }).optional().describe(
      "When the key stops working. A date without time means its first instant in UTC.",
    ),
    limits: keyLimitsSchema.optional().describe("Limits of everyone who uses this key."),
  }),
  { error: "a list of keys" },
).min(1, { error: "at least one key, or no api_keys at all" });
