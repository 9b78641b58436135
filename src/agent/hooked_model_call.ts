/**
 * One model call with the agent's hooks around it.
 * @module
 */
import type { ModelEvent, ModelRequest } from "../models/model.ts";
import { addUsage, type Usage } from "../run/result.ts";
import { untilAborted } from "../run/until_aborted.ts";
import { ModelRetry } from "../tools/outcome.ts";
import { recover } from "./hook_chain.ts";
import { eventsOf, eventsUntilAborted } from "./hook_events.ts";
import type { ModelHookPlan } from "./hook_plan.ts";
import { inside, insideError } from "./inner_error.ts";
import { type AnswerParts, answerWith } from "./model_answer.ts";
import type { Step } from "./model_call.ts";
import type { ModelReader } from "./model_reader.ts";
import { restrictOffers } from "./offers.ts";
import { OpenPart } from "./open_part.ts";
import type { RunState } from "./run_state.ts";
import { refuseAnswer } from "./settle.ts";

/** What a hooked call works on. */
export interface HookedModelCallInput<Deps> {
  readonly step: Step<Deps>;
  /** Takes the events that come out. */
  readonly reader: ModelReader;
}

/** A model call whose events are what hooks make of the model's. */
export class HookedModelCall<Deps> implements AsyncIterable<ModelEvent> {
  /** The step, with the tools of the request that was sent last. */
  step: Step<Deps>;
  readonly #made: Step<Deps>;
  readonly #run: RunState<Deps>;
  readonly #hooks: ModelHookPlan<Deps>;
  readonly #reader: ModelReader;
  readonly #part = new OpenPart();
  #usage: Usage | undefined;
  #retry: ModelRetry | undefined;
  /** What the model threw at a request that no hook had changed. */
  #modelError: unknown;

  /** Begins nothing before the first event is wanted. */
  constructor(
    run: RunState<Deps>,
    hooks: ModelHookPlan<Deps>,
    { step, reader }: HookedModelCallInput<Deps>,
  ) {
    this.#run = run;
    this.#hooks = hooks;
    this.#reader = reader;
    this.step = step;
    this.#made = step;
  }

  /**
   * The events of the answer: parts closed, tokens of all calls of the model at the end. They just
   * end where a hook wants another answer, see `isRefused`.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ModelEvent> {
    let request: ModelRequest;
    try {
      request = await inside(this.#askBefore(), this.#run.signal);
    } catch (error) {
      this.#retry = toRetry(error);
      return;
    }
    try {
      yield* this.#follow(this.#events(request));
    } catch (error) {
      const answer = await this.#answerFailure(request, error);
      if (answer) yield* this.#follow(answerWith(answer));
    }
    yield* this.#part.close();
    if (this.#usage) yield { type: "usage", usage: this.#usage };
  }

  /**
   * Asks the hooks that see whole answers, once the reader has read this one.
   *
   * @returns whether the answer was refused: the model must try again
   * @throws {RunError} `run-failed` when the output budget is spent
   */
  async isRefused(): Promise<boolean> {
    const retry = this.#retry ?? await inside(this.#askAfter(), this.#run.signal);
    if (!retry) return false;
    refuseAnswer(this.#run, this.#reader, retry.message);
    return true;
  }

  async #askBefore(): Promise<ModelRequest> {
    const { ctx } = this.step;
    let { request } = this.step;
    for (const hook of this.#hooks.before) request = await hook(ctx, request) ?? request;
    return request;
  }

  async #askAfter(): Promise<ModelRetry | undefined> {
    const { answer } = this.#reader;
    let changed = answer;
    try {
      for (const hook of this.#hooks.after) changed = await hook(this.step.ctx, changed) ?? changed;
    } catch (error) {
      return toRetry(error);
    }
    if (changed !== answer) this.#reader.replace(changed);
    return undefined;
  }

  #events(request: ModelRequest): AsyncIterable<ModelEvent> {
    const { wrap } = this.#hooks;
    if (wrap.length === 0) return this.#callModel(request);
    const { ctx } = this.step;
    const wrapped = wrap.reduceRight<(request: ModelRequest) => AsyncIterable<ModelEvent>>(
      (next, hook) => (request) => eventsOf(() => hook(ctx, request, next)),
      (request) => this.#callModel(request),
    );
    return eventsUntilAborted(wrapped(request), this.#run.signal);
  }

  async *#callModel(request: ModelRequest): AsyncGenerator<ModelEvent> {
    const { plan, signal, context } = this.#run;
    // Hooks that ignored the abort come here when nobody waits for them any more.
    signal.throwIfAborted();
    const { offers } = this.#made;
    if (request.tools !== offers.specs) {
      this.step = { ...this.#made, offers: restrictOffers(offers, request.tools) };
    }
    try {
      yield* plan.model.call(request, { signal, logger: context.logger });
    } catch (error) {
      if (request === this.#made.request) this.#modelError = error;
      throw error;
    }
  }

  async *#follow(events: AsyncIterable<ModelEvent>): AsyncGenerator<ModelEvent> {
    for await (const event of events) {
      if (event.type === "usage") {
        this.#usage = this.#usage ? addUsage(this.#usage, event.usage) : event.usage;
        continue;
      }
      if (event.type.endsWith("-start")) yield* this.#part.close();
      this.#part.take(event);
      yield event;
    }
  }

  /** What takes the place of a failed answer; undefined when the model must try again. */
  async #answerFailure(request: ModelRequest, error: unknown): Promise<AnswerParts | undefined> {
    const { signal } = this.#run;
    const { ctx } = this.step;
    signal.throwIfAborted();
    const recoveries = this.#hooks.onError.map((hook) => (failure: unknown) =>
      hook(ctx, request, failure)
    );
    try {
      if (error instanceof ModelRetry) throw error;
      const work = recover(recoveries, { error, isOutcome: isRetry });
      const answer = await untilAborted(work, signal);
      this.#reader.discard();
      return answer;
    } catch (failure) {
      if (failure === this.#modelError) throw failure;
      this.#retry = toRetry(insideError(failure));
      return undefined;
    }
  }
}

function isRetry(error: unknown): error is ModelRetry {
  return error instanceof ModelRetry;
}

/** The error, if it is one for the model. */
function toRetry(error: unknown): ModelRetry {
  if (isRetry(error)) return error;
  throw error;
}
