/**
 * The LLM that the live-model tests talk to.
 * @module
 */
import { createApp, type LiveClient, liveClient, type Model, type Runner } from "@x/fakellm";
import type { OpenAI } from "openai";
import { environment, modelFromEnv } from "../../examples/model_from_env.ts";

/** What the environment or `.env` says of the LLM. */
export interface LiveModels {
  /** `LLM_MODEL`. */
  readonly main: Model;
  /** `LLM_VISION_MODEL` where `LLM_MODEL` cannot see. */
  readonly vision: Model;
  /** `LLM_MODELS`, separated by commas, or `LLM_MODEL` alone; by name. */
  readonly all: ReadonlyMap<string, Model>;
}

/** How to switch the tests on. */
export const HOW_TO_ENABLE = "live-model tests are off: set FAKELLM_RUN_REAL_LLM_TESTS=1 with " +
  "LLM_ENDPOINT, LLM_MODEL and LLM_KEY to run them";

/**
 * The LLM, or undefined while the tests are off.
 *
 * @throws {Error} when they are on and the LLM is not named
 */
export function liveModels(): LiveModels | undefined {
  const { FAKELLM_RUN_REAL_LLM_TESTS, LLM_ENDPOINT, LLM_MODEL, LLM_MODELS, LLM_VISION_MODEL } =
    environment();
  if (FAKELLM_RUN_REAL_LLM_TESTS !== "1") return undefined;
  if (!LLM_ENDPOINT || !LLM_MODEL) {
    throw new Error("Set LLM_ENDPOINT and LLM_MODEL: FAKELLM_RUN_REAL_LLM_TESTS is 1");
  }
  const names = (LLM_MODELS || LLM_MODEL).split(",").map((name) => name.trim()).filter(Boolean);
  return {
    main: modelFromEnv(),
    vision: modelFromEnv(LLM_VISION_MODEL || undefined),
    all: new Map(names.map((name) => [name, modelFromEnv(name)])),
  };
}

/** Served name of whatever a test serves. */
export const SERVED = "live";

/** Serves one Runner and hands out the OpenAI SDK bound to it. */
export async function withServed(
  runner: Runner,
  test: (openai: OpenAI, client: LiveClient) => Promise<void>,
): Promise<void> {
  await using client = liveClient(createApp(runner, { modelName: SERVED }));
  await test(await client.openai(), client);
}
