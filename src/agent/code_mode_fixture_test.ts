/**
 * What the tests of code mode share: an agent whose model writes given code. Has no tests of its own.
 */
import { CodeMode } from "../code_mode/code_mode.ts";
import type { RunEvent } from "../run/event.ts";
import { Fold } from "../run/fold.ts";
import { EventGrammar } from "../run/grammar.ts";
import type { Message, RunRequest } from "../run/request.ts";
import type { RunResult } from "../run/result.ts";
import type { RunContext } from "../run/runner.ts";
import { FunctionModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { Agent } from "./agent.ts";
import type { AgentOptions } from "./plan.ts";

/** A turn that runs pieces of code, one after another. */
export function code(...pieces: readonly string[]): ScriptedTurn {
  return { toolCalls: pieces.map((piece) => ({ name: "run_code", arguments: { code: piece } })) };
}

/** An agent over a model that plays `turns`, and says what it got where there are no more. */
export function coding<Deps = unknown>(
  turns: readonly (ScriptedTurn | string)[],
  options: Omit<AgentOptions<Deps>, "model">,
): { readonly agent: Agent<Deps>; readonly model: FunctionModel } {
  const model = new FunctionModel((_, call) => turns[call] ?? "Done.");
  return { model, agent: new Agent<Deps>({ codeMode: new CodeMode(), ...options, model }) };
}

/** What a run came to. */
export interface Coded extends RunResult {
  readonly events: readonly RunEvent[];
  /** What the model read of its calls, in order. */
  readonly results: readonly string[];
}

/** Runs an agent for a client. */
export async function runs<Deps = unknown>(
  turns: readonly (ScriptedTurn | string)[],
  options: Omit<AgentOptions<Deps>, "model">,
  { request = {}, context }: {
    readonly request?: Partial<RunRequest>;
    readonly context?: RunContext;
  } = {},
): Promise<Coded> {
  const { agent, model } = coding(turns, options);
  const fold = new Fold();
  const grammar = new EventGrammar();
  const events: RunEvent[] = [];
  for await (const event of agent.run(testRequest(request), context ?? testContext())) {
    grammar.accept(event);
    fold.add(event);
    events.push(event);
  }
  grammar.end();
  return { ...fold.result(), events, results: resultsOf(model.requests.at(-1)!.messages) };
}

/** Texts of tool messages, in order. */
export function resultsOf(messages: readonly Message[]): string[] {
  return messages.flatMap((message) =>
    message.role === "tool"
      ? [message.content.map((part) => part.type === "text" ? part.text : part.type).join("|")]
      : []
  );
}

/** Traces of calls: how each was named and ended. */
export function tracesOf(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.type !== "trace") return [];
    const { trace } = event;
    if (trace.kind === "tool-call") return [`${trace.id} ${trace.name}`];
    return trace.kind === "tool-result" ? [`${trace.id} ${trace.name} ${trace.outcome}`] : [];
  });
}
