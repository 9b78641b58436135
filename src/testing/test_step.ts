/**
 * A step of a run, and a call in it, for tests of tools and toolsets.
 * @module
 */
import { NO_USAGE } from "../run/result.ts";
import type { RunContext } from "../run/runner.ts";
import type { StepContext, ToolContext } from "../tools/context.ts";
import { testContext } from "./test_context.ts";

/** The first step of a run with `deps`; `overrides` replace any field. */
export function testStep<Deps = unknown>(
  overrides: Partial<StepContext<Deps>> = {},
): StepContext<Deps> {
  const run: RunContext = overrides.run ?? testContext();
  return {
    deps: undefined as Deps,
    model: "test",
    usage: NO_USAGE,
    modelCalls: 0,
    toolCalls: 0,
    limits: {},
    messages: [],
    prompt: undefined,
    step: 1,
    runId: run.runId,
    signal: run.signal,
    run,
    ...overrides,
  };
}

/** A first call of a tool; `overrides` replace any field. */
export function testCall<Deps = unknown>(
  overrides: Partial<ToolContext<Deps>> = {},
): ToolContext<Deps> {
  return {
    ...testStep<Deps>(overrides),
    retry: 0,
    maxRetries: 1,
    lastAttempt: false,
    toolCallId: "call_1",
    toolName: "?",
    approved: false,
    report: () => {},
    ...overrides,
  };
}
