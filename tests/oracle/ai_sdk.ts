/**
 * Vercel's AI SDK at the app's door, through each provider and API.
 * @module
 */
import { createOpenAI } from "npm:@ai-sdk/openai@^4";
import { createOpenAICompatible } from "npm:@ai-sdk/openai-compatible@^3";
import type { LanguageModel } from "npm:ai@^7";
import type { LiveClient } from "../../mod.ts";

/** A model of the AI SDK, bound to an app. */
export type Bind = (live: LiveClient, fetch?: typeof globalThis.fetch) => LanguageModel;

/** The providers by name. */
export const PROVIDERS: Readonly<Record<string, Bind>> = {
  "@ai-sdk/openai-compatible": ({ baseURL, fetch: inProcess }, fetch = inProcess) =>
    createOpenAICompatible({
      name: "fakellm",
      baseURL,
      fetch,
      includeUsage: true,
      supportsStructuredOutputs: true,
    })("agent"),
  "@ai-sdk/openai": ({ baseURL, fetch: inProcess }, fetch = inProcess) =>
    createOpenAI({ baseURL, fetch, apiKey: "no-key" }).chat("agent"),
  // What it speaks unless told otherwise: the Responses API.
  "@ai-sdk/openai by default": ({ baseURL, fetch: inProcess }, fetch = inProcess) =>
    createOpenAI({ baseURL, fetch, apiKey: "no-key" })("agent"),
};
