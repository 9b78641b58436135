import {
  type ConformanceScenario,
  runnerConformance,
} from "../../src/testing/runner_conformance.ts";
import type { Runner } from "../../src/run/runner.ts";
import type { WorkflowRequest } from "../../src/workflow/request.ts";
import { WorkflowResponse, WorkflowToolCall } from "../../src/workflow/response.ts";
import { AgenticWorkflow } from "../../src/workflow/workflow.ts";
import { untilAborted } from "./scenarios.ts";

const NO_LENGTH = "a workflow's own answer is whole by definition";

/** Every scenario that a function answering at once or later can be in. */
async function respond(
  scenario: Exclude<ConformanceScenario, { type: "endless" | "cut" }>,
  request: WorkflowRequest,
): Promise<string | WorkflowResponse> {
  switch (scenario.type) {
    case "echo":
      return request.latestUserText();
    case "client-call": {
      const results = Object.values(request.latestToolResults);
      if (results.length > 0) return String(results[0]);
      const { name } = request.clientTools[0]!;
      const call = new WorkflowToolCall({ name, arguments: scenario.arguments });
      return new WorkflowResponse({ toolCalls: [call] });
    }
    case "usage":
      return new WorkflowResponse({ content: "Done", usage: scenario.usage });
    case "fail":
      throw scenario.error;
    case "silent":
      scenario.started();
      try {
        return await untilAborted(request.signal);
      } finally {
        scenario.stopped();
      }
  }
}

function unexpected(scenario: ConformanceScenario): never {
  throw new Error(`Scenario "${scenario.type}" is skipped here`);
}

runnerConformance("AgenticWorkflow over an async function", (scenario) => {
  if (scenario.type === "endless" || scenario.type === "cut") return unexpected(scenario);
  return new AgenticWorkflow((request) => respond(scenario, request));
}, { skip: { cut: NO_LENGTH, endless: "the function answers in one piece" } });

runnerConformance("AgenticWorkflow over an object with run", (scenario) => {
  if (scenario.type === "endless" || scenario.type === "cut") return unexpected(scenario);
  return new AgenticWorkflow({ run: (request) => respond(scenario, request) });
}, { skip: { cut: NO_LENGTH, endless: "the function answers in one piece" } });

function generator(scenario: ConformanceScenario): Runner {
  return new AgenticWorkflow(async function* (request) {
    switch (scenario.type) {
      case "echo":
        yield* request.latestUserText().split(/(?= )/);
        return;
      case "fail":
        yield "It began well";
        throw scenario.error;
      case "silent":
        scenario.started();
        try {
          await untilAborted(request.signal);
        } finally {
          scenario.stopped();
        }
        return;
      case "endless":
        scenario.started();
        try {
          for (;;) yield "and on ";
        } finally {
          scenario.stopped();
        }
      default:
        unexpected(scenario);
    }
  });
}

runnerConformance("AgenticWorkflow over an async generator function", generator, {
  skip: {
    cut: NO_LENGTH,
    "client-call": "a generator only yields text",
    usage: "a generator only yields text",
  },
});

runnerConformance(
  "AgenticWorkflow over a ReadableStream of text",
  (scenario) =>
    new AgenticWorkflow((request) => {
      if (scenario.type === "echo") {
        return ReadableStream.from(request.latestUserText().split(/(?= )/));
      }
      if (scenario.type === "fail") {
        return new ReadableStream<string>({
          pull: (controller) => controller.error(scenario.error),
        });
      }
      if (scenario.type !== "endless" && scenario.type !== "silent") return unexpected(scenario);
      scenario.started();
      return new ReadableStream<string>({
        pull(controller): Promise<void> {
          if (scenario.type === "silent") return new Promise(() => {});
          controller.enqueue("and on ");
          return Promise.resolve();
        },
        cancel: () => scenario.stopped(),
      });
    }),
  {
    skip: {
      cut: NO_LENGTH,
      "client-call": "a stream only carries text",
      usage: "a stream only carries text",
    },
  },
);

runnerConformance("AgenticWorkflow over another workflow", (scenario) => {
  if (scenario.type === "endless" || scenario.type === "cut") return unexpected(scenario);
  const inner = new AgenticWorkflow((request) => respond(scenario, request));
  return new AgenticWorkflow((request) =>
    request.run(inner, undefined, { tools: request.clientTools })
  );
}, { skip: { cut: NO_LENGTH, endless: "an inner answer comes in one piece" } });
