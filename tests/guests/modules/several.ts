/**
 * A module with several exports: a registry, a record, a workflow, a factory, and what cannot be served.
 * @module
 */
import { Agent } from "../../../src/agent/agent.ts";
import { FakeModels } from "../../../src/hosting/fake_models.ts";
import { ScriptedModel } from "../../../src/testing/scripted_model.ts";
import { AgenticWorkflow } from "../../../src/workflow/workflow.ts";

/** One that says what its name is. */
export const agent: Agent = new Agent({
  name: "scripted",
  model: new ScriptedModel(Array.from({ length: 50 }, () => "I am the agent")),
});

/** One that says what it was asked. */
export const workflow: AgenticWorkflow = new AgenticWorkflow((request) =>
  `Asked: ${request.latestUserText()}`
);

let built = 0;

/** Several, each with its own ways. */
export const registry: FakeModels = new FakeModels()
  .add("at-once", agent, { description: "There from the beginning" })
  .add("per-request", () => {
    const own = ++built;
    return new AgenticWorkflow((request) => `Built ${own} for ${request.authName ?? "nobody"}`);
  }, { lifecycle: "per_request", dependencyPolicy: "degrade", degradedMessage: "Not now" })
  .add("lazy", () => new AgenticWorkflow(() => "Built late"), {
    lifecycle: "lazy",
    backgroundTasks: "rule",
  });

/** A plain record. */
export const record: Record<string, unknown> = { one: agent, two: () => workflow };

/** A factory of a factory. */
export const factory = (): Promise<() => AgenticWorkflow> => Promise.resolve(() => workflow);

/** Starts and ends with its process. */
export const failing: { run(): never; start(): Promise<void> } = {
  run() {
    throw new Error("Never asked");
  },
  start: () => Promise.reject(new Error("Cannot start today", { cause: new Error("too tired") })),
};

/** What cannot be served. */
export const text: string = "text";
/** What cannot be served. */
export const nothing: Record<string, never> = {};
/** What would be needed here is the host's. */
export const withAgentForTasks: FakeModels = new FakeModels()
  .add("a", workflow, { backgroundTasks: workflow });
