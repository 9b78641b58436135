/**
 * The native Agent, over models that play the scenarios and reuse the same call id each time.
 */
import { Agent } from "../../src/agent/agent.ts";
import type { Model } from "../../src/models/model.ts";
import {
  type ConformanceScenario,
  runnerConformance,
} from "../../src/testing/runner_conformance.ts";
import { AgenticWorkflow } from "../../src/workflow/workflow.ts";
import { play } from "./scenarios.ts";

function modelOf(scenario: ConformanceScenario): Model {
  return {
    name: "playing",
    profile: {
      structuredOutput: "json-schema",
      logprobs: false,
      audioInput: false,
      fetchUrls: false,
    },
    call: (request, { signal }) => play(scenario, request, { signal, callId: () => "call_0" }),
  };
}

runnerConformance("Agent", (scenario) => new Agent({ model: modelOf(scenario) }));

runnerConformance("AgenticWorkflow over an Agent", (scenario) => {
  const agent = new Agent({ model: modelOf(scenario) });
  return new AgenticWorkflow((request) =>
    request.run(agent, undefined, { tools: request.clientTools })
  );
}, { skip: { endless: "an inner answer comes in one piece" } });
