/**
 * Which reasoning clients see.
 * @module
 */
import { SetupError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";

/**
 * Which reasoning is sent. `disabled`: none. `agent`: the model's own, as it comes. `custom`: what
 * workflow code tells. `premade`: fixed texts while the run is going.
 */
export interface ResponsesReasoningConfig {
  /** Which reasoning is sent. */
  readonly mode: "disabled" | "agent" | "custom" | "premade";
  /** Texts of `premade`, sent in turn. */
  readonly chunks?: readonly string[];
  /** Time between two texts of `premade`. */
  readonly intervalMs?: number;
}

/** The same under the name deployments use: the setting is not about the Responses API alone. */
export type ReasoningConfig = ResponsesReasoningConfig;

/** Lets an event through to the client or holds it back. */
export type EventFilter = (event: RunEvent) => boolean;

/** Reasoning stays inside. */
function withoutReasoning(event: RunEvent): boolean {
  const { type } = event;
  return type !== "reasoning-delta" && type !== "reasoning-start" && type !== "reasoning-end";
}

function everything(): boolean {
  return true;
}

/**
 * The filter of a mode.
 *
 * @default `disabled`
 * @throws {SetupError} for a mode this version cannot serve
 */
export function reasoningFilter(config: ResponsesReasoningConfig | undefined): EventFilter {
  const mode = config?.mode ?? "disabled";
  switch (mode) {
    case "disabled":
      return withoutReasoning;
    case "agent":
      return everything;
    case "custom":
    case "premade":
      throw new SetupError(
        `Cannot use reasoning mode "${mode}" in this version; accepted are "disabled" and "agent"`,
      );
    default:
      mode satisfies never;
      throw new SetupError(`Cannot use reasoning mode "${mode}"`);
  }
}
