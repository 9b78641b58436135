/**
 * Make an agent look like a model: serve agents to any OpenAI client.
 * @module
 */
export { RequestError, RunError, SetupError } from "./src/run/error.ts";

if (import.meta.main) await import("./cli.ts");
