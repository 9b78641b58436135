/**
 * RouterWorkflow over agents, over hand-written Runners and over itself: whatever is chosen, the
 * route's own answer must come through as if nobody stood before it.
 */
import { Agent } from "../../src/agent/agent.ts";
import type { Model } from "../../src/models/model.ts";
import type { Runner } from "../../src/run/runner.ts";
import {
  type ConformanceFactory,
  type ConformanceScenario,
  runnerConformance,
} from "../../src/testing/runner_conformance.ts";
import { FunctionModel } from "../../src/testing/scripted_model.ts";
import { Route } from "../../src/workflow/route.ts";
import { RouterWorkflow } from "../../src/workflow/router.ts";
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

/** Names one route or the other, and uses nothing. */
function chooser(): Model {
  return new FunctionModel((_, call) => ({
    text: JSON.stringify({ route: call % 2 === 0 ? "even" : "odd" }),
    usage: { inputTokens: 0, outputTokens: 0 },
  }));
}

function over(runner: Runner): RouterWorkflow {
  const routes = ["even", "odd"].map((id) =>
    new Route(id, runner, `Chosen every other time: ${id}`)
  );
  return new RouterWorkflow({ model: chooser(), routes });
}

/**
 * Without traces: where a check stops at the third event, the route's model is to have begun, and not
 * only to have been announced by everyone before it.
 */
function untraced(runner: Runner): Runner {
  return {
    async *run(request, context) {
      for await (const event of runner.run(request, context)) {
        if (event.type !== "trace") yield event;
      }
    },
  };
}

const handWritten: ConformanceFactory = (scenario) => ({
  run: (request, { signal, ids }) =>
    play(scenario, request, { signal, callId: () => ids.mint("call_") }),
});

runnerConformance(
  "RouterWorkflow over Agents",
  (scenario) => untraced(over(new Agent({ model: modelOf(scenario) }))),
);

runnerConformance(
  "RouterWorkflow over hand-written Runners",
  (scenario) => over(handWritten(scenario)),
);

runnerConformance(
  "RouterWorkflow with one route",
  (scenario) => {
    const build = () => Promise.resolve(handWritten(scenario));
    return new RouterWorkflow({
      model: chooser(),
      routes: [new Route("only", build, "Everything")],
    });
  },
);

runnerConformance(
  "RouterWorkflow over a RouterWorkflow",
  (scenario) => untraced(over(over(new Agent({ model: modelOf(scenario) })))),
);
