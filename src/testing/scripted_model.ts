/**
 * Models that answer from a script or a function; no network.
 * @module
 */
import type {
  Model,
  ModelCallOptions,
  ModelEvent,
  ModelProfile,
  ModelRequest,
} from "../models/model.ts";
import { RunError } from "../run/error.ts";
import type { ToolKind } from "../run/request.ts";
import type { FinishReason, Usage } from "../run/result.ts";

/** One answer of a scripted model. */
export interface ScriptedTurn {
  /** Comes first, as one delta. */
  readonly reasoning?: string;
  /** One string is one delta; an array is one delta each. */
  readonly text?: string | readonly string[];
  /** Comes after the text, as one delta. */
  readonly refusal?: string;
  /** Calls of tools, one after another. */
  readonly toolCalls?: readonly {
    /** The call's id. @default made of the numbers of turn and call */
    readonly id?: string;
    /** The tool's name. */
    readonly name: string;
    /** What the arguments are. @default "function" */
    readonly kind?: ToolKind;
    /** JSON text, or any value to be serialised. @default `{}` */
    readonly arguments?: unknown;
  }[];
  /** Fields left out are those of one token in and one out. */
  readonly usage?: Partial<Usage>;
  /** Why the turn ended. @default `tool-calls` when there are any, else `stop` */
  readonly finishReason?: FinishReason;
  /** Thrown after everything above has been yielded, instead of finishing. */
  readonly error?: Error;
  /** Awaited before the first event. */
  readonly before?: (signal: AbortSignal) => void | Promise<void>;
}

const PROFILE: ModelProfile = {
  structuredOutput: "json-schema",
  logprobs: false,
  audioInput: false,
  fetchUrls: false,
};

/** Settings of the doubles. */
export interface ModelDoubleOptions {
  /** The model's name. @default "scripted", or "test" for a TestModel */
  readonly name?: string;
  /** What the model says it can do; the rest is JSON Schema and nothing else. */
  readonly profile?: Partial<ModelProfile>;
}

/** Answers with whatever a function makes of each request. */
export class FunctionModel implements Model {
  /** As given. */
  readonly name: string;
  /** As given, with defaults. */
  readonly profile: ModelProfile;
  /** Every request received, oldest first. */
  readonly requests: ModelRequest[] = [];
  readonly #answer: (
    request: ModelRequest,
    call: number,
  ) => ScriptedTurn | string | Promise<ScriptedTurn | string>;

  /**
   * A model that answers as `answer` says.
   *
   * @param answer makes a turn of a request; `call` counts from 0
   */
  constructor(
    answer: (
      request: ModelRequest,
      call: number,
    ) => ScriptedTurn | string | Promise<ScriptedTurn | string>,
    options: ModelDoubleOptions = {},
  ) {
    this.#answer = answer;
    this.name = options.name ?? "scripted";
    this.profile = { ...PROFILE, ...options.profile };
  }

  /** Plays the turn the function makes. */
  async *call(request: ModelRequest, options: ModelCallOptions): AsyncGenerator<ModelEvent> {
    const call = this.requests.push(request) - 1;
    options.signal.throwIfAborted();
    const answer = await this.#answer(request, call);
    const turn = typeof answer === "string" ? { text: answer } : answer;
    await turn.before?.(options.signal);
    options.signal.throwIfAborted();
    yield* playTurn(turn, call);
  }
}

/** Answers with the given turns, one a call; a further call fails the run. */
export class ScriptedModel extends FunctionModel {
  /**
   * A model that plays `turns`.
   *
   * @param turns answers in order; a string is a text answer
   */
  constructor(turns: readonly (ScriptedTurn | string)[], options: ModelDoubleOptions = {}) {
    super((_, call) => {
      const turn = turns[call];
      if (turn === undefined) {
        throw new RunError("internal", `Script has ${turns.length} turns, call ${call + 1} came`);
      }
      return turn;
    }, options);
  }
}

/** The events of a turn; `call` goes into the ids of tool calls that have none. */
export function* playTurn(turn: ScriptedTurn, call: number): Generator<ModelEvent> {
  if (turn.reasoning !== undefined) {
    yield { type: "reasoning-start", source: "model" };
    yield { type: "reasoning-delta", text: turn.reasoning };
    yield { type: "reasoning-end" };
  }
  if (turn.text !== undefined) {
    yield { type: "text-start" };
    for (const text of typeof turn.text === "string" ? [turn.text] : turn.text) {
      yield { type: "text-delta", text };
    }
    yield { type: "text-end" };
  }
  if (turn.refusal !== undefined) {
    yield { type: "refusal-start" };
    yield { type: "refusal-delta", text: turn.refusal };
    yield { type: "refusal-end" };
  }
  const calls = turn.toolCalls ?? [];
  for (const [index, { id, name, kind = "function", arguments: args }] of calls.entries()) {
    yield { type: "tool-call-start", id: id ?? `call_${call}_${index}`, name, kind };
    yield {
      type: "tool-call-delta",
      arguments: typeof args === "string" ? args : JSON.stringify(args ?? {}),
    };
    yield { type: "tool-call-end" };
  }
  if (turn.error) throw turn.error;
  yield {
    type: "usage",
    usage: {
      inputTokens: 1,
      cachedInputTokens: 0,
      outputTokens: 1,
      reasoningTokens: 0,
      ...turn.usage,
    },
  };
  yield { type: "finish", reason: turn.finishReason ?? (calls.length > 0 ? "tool-calls" : "stop") };
}
