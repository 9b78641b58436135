/**
 * Which LLM the examples talk to.
 * @module
 */
import { DemoBackend, type Model, OpenAICompatibleBackend, SetupError } from "@x/fakellm";
import { parseEnv } from "node:util";

/**
 * The LLM that `LLM_ENDPOINT`, `LLM_MODEL` and `LLM_KEY` name, in the environment or in a file `.env`
 * in the current folder; the demo backend where none of them is set.
 *
 * @param name wins over `LLM_MODEL`
 * @throws {SetupError} when only some of them are set
 */
export function modelFromEnv(name?: string): Model {
  const { LLM_ENDPOINT, LLM_MODEL, LLM_KEY } = environment();
  if (!LLM_ENDPOINT && !LLM_MODEL && !LLM_KEY) return new DemoBackend({ name });
  const model = name ?? LLM_MODEL;
  if (!LLM_ENDPOINT || !model) {
    throw new SetupError(
      "Set both LLM_ENDPOINT and LLM_MODEL, or none of LLM_* for the demo backend",
    );
  }
  return new OpenAICompatibleBackend({ baseURL: LLM_ENDPOINT, model, apiKey: LLM_KEY });
}

/** The environment's variables, and those of `.env` that the environment does not set. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return { ...dotEnv(), ...Deno.env.toObject() };
}

function dotEnv(): Readonly<Record<string, string | undefined>> {
  try {
    return parseEnv(Deno.readTextFileSync(".env"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}
