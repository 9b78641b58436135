/**
 * Conformance scenarios as events, for what answers with events of its own making.
 * @module
 */
import type { ModelEvent } from "../../src/models/model.ts";
import type { Message, ToolSpec } from "../../src/run/request.ts";
import type { ConformanceScenario } from "../../src/testing/runner_conformance.ts";

/** What Runners and Models are both given. */
export interface Asked {
  readonly messages: readonly Message[];
  readonly tools: readonly ToolSpec[];
}

/** What a scenario happens in. */
export interface Around {
  readonly signal: AbortSignal;
  /** Id of the call that the scenario makes. */
  readonly callId: () => string;
}

/** Plays a scenario; keeps the grammar of Runners and of Models. */
export async function* play(
  scenario: ConformanceScenario,
  asked: Asked,
  { signal, callId }: Around,
): AsyncGenerator<ModelEvent> {
  signal.throwIfAborted();
  switch (scenario.type) {
    case "echo":
      yield* text(lastText(asked).split(/(?= )/));
      yield { type: "finish", reason: "stop" };
      return;
    case "cut":
      yield* text([scenario.text]);
      yield { type: "finish", reason: "length" };
      return;
    case "client-call":
      if (asked.messages.at(-1)?.role === "tool") {
        yield* text([lastText(asked)]);
        yield { type: "finish", reason: "stop" };
        return;
      }
      yield {
        type: "tool-call-start",
        id: callId(),
        name: asked.tools[0]!.name,
        kind: "function",
      };
      yield { type: "tool-call-delta", arguments: JSON.stringify(scenario.arguments) };
      yield { type: "tool-call-end" };
      yield { type: "finish", reason: "tool-calls" };
      return;
    case "usage":
      yield* text(["Done"]);
      yield { type: "usage", usage: scenario.usage };
      yield { type: "finish", reason: "stop" };
      return;
    case "fail":
      throw scenario.error;
    case "silent":
      scenario.started();
      try {
        await untilAborted(signal);
      } finally {
        scenario.stopped();
      }
      return;
    case "endless":
      scenario.started();
      try {
        yield { type: "text-start" };
        for (;;) {
          signal.throwIfAborted();
          yield { type: "text-delta", text: "and on " };
        }
      } finally {
        scenario.stopped();
      }
  }
}

/** One span of text. */
export function* text(deltas: readonly string[]): Generator<ModelEvent> {
  yield { type: "text-start" };
  for (const text of deltas) yield { type: "text-delta", text };
  yield { type: "text-end" };
}

/** The text of the last message. */
export function lastText({ messages }: { readonly messages: readonly Message[] }): string {
  const content = messages.at(-1)?.content ?? "";
  if (typeof content === "string") return content;
  return content.map((part) => part.type === "text" ? part.text : "").join("");
}

/** Waits until `signal` is aborted, then throws its reason. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
