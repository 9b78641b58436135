/**
 * Which reasoning clients see.
 * @module
 */
import { SetupError, type SetupProblem } from "../run/error.ts";
import type { ReasoningStart, RunEvent } from "../run/event.ts";
import type { RunContext } from "../run/runner.ts";
import { premadeDeltas, PremadeRun } from "./reasoning/premade.ts";

/**
 * Which reasoning is sent, alike on both APIs and whatever a client asks for. `disabled`: none.
 * `agent`: the model's own, as it comes. `custom`: what workflow code tells. `premade`: fixed texts
 * while the run is silent.
 */
export interface ResponsesReasoningConfig {
  /** Which reasoning is sent. */
  readonly mode: "disabled" | "agent" | "custom" | "premade";
  /**
   * Texts of `premade`, sent in turn and from the start again; at least one. A blank line goes between
   * two unless one of them brings white space there. Other modes ignore them.
   */
  readonly chunks?: readonly string[];
  /**
   * Silence before the first text of `premade` and between two of them; failures before the first one
   * keep their HTTP status. Other modes ignore it.
   *
   * @default 2000
   */
  readonly intervalMs?: number;
}

/** The same under the name deployments use: the setting is not about the Responses API alone. */
export type ReasoningConfig = ResponsesReasoningConfig;

/** Lets an event of one run through to the client or holds it back; takes every event in order. */
export type EventFilter = (event: RunEvent) => boolean;

/** What becomes of reasoning on its way from a model's runs to the client. */
export interface ReasoningPolicy {
  /** Whose reasoning the client sees; undefined: nobody's, or none that the run makes. */
  readonly source: ReasoningStart["source"] | undefined;
  /** The filter of one run. */
  readonly newFilter: () => EventFilter;
  /** Adds to a run what it does not make by itself; undefined: nothing. */
  readonly accompany:
    | ((events: AsyncIterable<RunEvent>, context: RunContext) => AsyncIterable<RunEvent>)
    | undefined;
}

/** Time between two texts of `premade`, in milliseconds. */
const INTERVAL_MS = 2000;

/** Longest time a timer of the runtime can wait, in milliseconds. */
const MAX_INTERVAL_MS = 2 ** 31 - 1;

/** Reasoning stays inside. */
function withoutReasoning({ type }: RunEvent): boolean {
  return type !== "reasoning-delta" && type !== "reasoning-start" && type !== "reasoning-end";
}

/** Of reasoning, only that of `source` gets out. */
function onlyFrom(source: ReasoningStart["source"]): EventFilter {
  let shown = false;
  return (event) => {
    switch (event.type) {
      case "reasoning-start":
        return shown = event.source === source;
      case "reasoning-delta":
      case "reasoning-end":
        return shown;
      default:
        return true;
    }
  };
}

function everything(): boolean {
  return true;
}

const NOTHING_SHOWN: ReasoningPolicy = {
  source: undefined,
  newFilter: () => withoutReasoning,
  accompany: undefined,
};

function showing(source: ReasoningStart["source"]): ReasoningPolicy {
  return { source, newFilter: () => onlyFrom(source), accompany: undefined };
}

function premade(
  { chunks, intervalMs = INTERVAL_MS }: ResponsesReasoningConfig,
  path: string,
): ReasoningPolicy {
  const problems: SetupProblem[] = [];
  if (!Array.isArray(chunks) || chunks.length === 0 || !chunks.every(isText)) {
    problems.push({
      path: `${path}.chunks`,
      message: 'Give the texts that mode "premade" shows: at least one, none of them empty',
    });
  }
  if (!(intervalMs >= 1 && intervalMs <= MAX_INTERVAL_MS)) {
    problems.push({
      path: `${path}.intervalMs`,
      message: `Cannot wait ${intervalMs} ms: expected 1 to ${MAX_INTERVAL_MS}`,
    });
  }
  if (!chunks || problems.length > 0) throw new SetupError(problems);
  const texts = { deltas: premadeDeltas(chunks), intervalMs };
  return {
    source: undefined,
    newFilter: () => everything,
    accompany: (events, context) => new PremadeRun(events, { ...texts, context }),
  };
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/**
 * What a mode means; `disabled` where there is none.
 *
 * @param path where the configuration stands, for problems with it
 * @throws {SetupError} when the mode is unknown or lacks what it needs
 */
export function reasoningPolicy(
  config: ResponsesReasoningConfig | undefined,
  path = "responsesReasoning",
): ReasoningPolicy {
  const mode = config?.mode ?? "disabled";
  switch (mode) {
    case "disabled":
      return NOTHING_SHOWN;
    case "agent":
      return showing("model");
    case "custom":
      return showing("progress");
    case "premade":
      return premade(config!, path);
    default:
      mode satisfies never;
      throw new SetupError(
        `Cannot use reasoning mode "${mode}"; accepted are "disabled", "agent", "custom" and "premade"`,
        { path: `${path}.mode` },
      );
  }
}
