/**
 * Doubles for tests of agents, workflows and apps: no network, no LLM, no clock.
 * @module
 */
export { ManualClock } from "./manual_clock.ts";
export { FunctionModel, ScriptedModel } from "./scripted_model.ts";
export type { ModelDoubleOptions, ScriptedTurn } from "./scripted_model.ts";
export { SequentialIds } from "./sequential_ids.ts";
