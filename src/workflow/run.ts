/**
 * One run of a workflow: calls the author's function and turns what it answers into events.
 *
 * An iterator by hand, since an async generator cannot be stopped while it waits for the author's
 * code.
 *
 * @module
 */
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import { type FinishReason, NO_USAGE } from "../run/result.ts";
import type { RunContext } from "../run/runner.ts";
import { contentText, isAsyncIterable, openSource } from "./content.ts";
import { InnerResult } from "./inner_run.ts";
import { DONE, Outlet, type Step } from "./outlet.ts";
import { makeOutputCheck, type OutputCheck } from "./output.ts";
import { WorkflowRequest } from "./request.ts";
import { type WorkflowAnswer, WorkflowResponse } from "./response.ts";
import { RunScope } from "./scope.ts";
import { toolCallEvents } from "./tool_calls.ts";

/** Answers one request. */
export type Answer<Deps> = (
  request: WorkflowRequest<Deps>,
) => WorkflowAnswer | PromiseLike<WorkflowAnswer>;

/** The events of one run. Work begins with the first `next()`; text is taken only when wanted. */
export class WorkflowRun<Deps> implements AsyncIterableIterator<RunEvent, undefined, void> {
  readonly #answer: Answer<Deps>;
  readonly #request: RunRequest;
  readonly #context: RunContext;
  readonly #outlet: Outlet = new Outlet(() => this.#onWanted());
  readonly #scope: RunScope;
  #state: "new" | "working" | "ended" = "new";

  /** Text as the author's code makes it. */
  #source: AsyncIterator<unknown> | undefined;
  #pulling = false;
  #textOpen = false;
  /** Set where the client asked for JSON; then the text is gathered for it. */
  #check: OutputCheck | undefined;
  #text = "";
  /** What comes after the content. */
  #tail: readonly RunEvent[] = [];
  #finishReason: FinishReason = "stop";

  /** Prepares a run of the author's function; nothing runs yet. */
  constructor(answer: Answer<Deps>, request: RunRequest, context: RunContext) {
    this.#answer = answer;
    this.#request = request;
    this.#context = context;
    this.#scope = new RunScope(request, context, (event) => this.#outlet.emit(event));
  }

  /** Itself: a run can be read once. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next event; rejects with what the author's code threw, or with the signal's reason. */
  next(): Promise<Step> {
    return this.#outlet.next();
  }

  /** Stops everything the run started; waits for the cleanup of a text source that is idle. */
  async return(): Promise<Step> {
    const source = this.#source;
    this.#outlet.clear();
    this.#end(() => new RunError("cancelled", "The run's reader has stopped reading"));
    if (source) {
      const closed = this.#close(source);
      if (!this.#pulling) await closed;
    }
    return DONE;
  }

  #onWanted(): void {
    if (this.#state === "new") this.#start();
    else if (this.#source && !this.#pulling) this.#pull(this.#source);
  }

  #start(): void {
    const { signal } = this.#context;
    if (signal.aborted) return this.#fail(signal.reason);
    this.#state = "working";
    signal.addEventListener("abort", this.#onAbort, { once: true });
    const { output } = this.#request;
    if (output.type === "text") return this.#call();
    makeOutputCheck(output).then((check) => {
      this.#check = check;
      if (this.#state !== "ended") this.#call();
    }, this.#onError);
  }

  #call(): void {
    try {
      const answer = this.#answer(new WorkflowRequest(this.#request, this.#context, this.#scope));
      if (isPromiseLike(answer)) answer.then(this.#onAnswer, this.#onError);
      else this.#onAnswer(answer);
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #onAnswer = (answer: WorkflowAnswer): void => {
    try {
      if (this.#state === "ended") this.#discard(answer);
      else if (answer instanceof InnerResult) this.#passOn(answer);
      else if (answer instanceof WorkflowResponse) this.#respond(answer);
      else this.#say(answer);
    } catch (error) {
      this.#fail(error);
    }
  };

  /** Too late; what the answer would be read from must not stay open. */
  #discard(answer: WorkflowAnswer): void {
    const content = answer instanceof WorkflowResponse ? answer.content : answer;
    if (isAsyncIterable(content)) void this.#close(openSource(content));
  }

  #respond(response: WorkflowResponse): void {
    const { content, toolCalls, usage } = response;
    const tail = toolCallEvents(toolCalls, this.#request, this.#context.ids);
    if (tail.length > 0) this.#finishReason = "tool-calls";
    if (usage) tail.push({ type: "usage", usage: { ...NO_USAGE, ...usage } });
    this.#tail = tail;
    this.#say(content ?? "");
  }

  /** Passes an inner answer on as if it were the workflow's own; its usage is counted already. */
  #passOn(result: InnerResult): void {
    this.#tail = toolCallEvents(result.toolCalls, this.#request, this.#context.ids);
    this.#finishReason = result.finishReason;
    if (result.refusal === "") return this.#sayWhole(result.text);
    if (result.text !== "") this.#delta(result.text);
    this.#closeText();
    this.#scope.reasoning?.end();
    this.#outlet.emit({ type: "refusal-start" });
    this.#outlet.emit({ type: "refusal-delta", text: result.refusal });
    this.#outlet.emit({ type: "refusal-end" });
    this.#finish();
  }

  #say(content: unknown): void {
    if (isAsyncIterable(content)) {
      this.#source = openSource(content);
      // What was reported or told may have served the reader; then the next `next()` pulls.
      if (this.#outlet.wanted) this.#pull(this.#source);
      return;
    }
    this.#sayWhole(contentText(content));
  }

  #sayWhole(text: string): void {
    this.#verify(text);
    if (text !== "") this.#delta(text);
    this.#finish();
  }

  #pull(source: AsyncIterator<unknown>): void {
    this.#pulling = true;
    try {
      source.next().then(this.#onPiece, this.#onError);
    } catch (error) {
      this.#onError(error);
    }
  }

  readonly #onPiece = (piece: IteratorResult<unknown>): void => {
    this.#pulling = false;
    if (this.#state === "ended") return;
    try {
      this.#take(piece);
    } catch (error) {
      this.#fail(error);
    }
  };

  #take(piece: IteratorResult<unknown>): void {
    if (piece.done) {
      this.#source = undefined;
      this.#verify(this.#text);
      this.#finish();
    } else if (typeof piece.value !== "string") {
      throw new RunError("run-failed", `Workflow must yield text, got ${typeof piece.value}`);
    } else if (piece.value !== "") {
      this.#delta(piece.value);
    } else if (this.#source && this.#outlet.wanted) {
      this.#pull(this.#source);
    }
  }

  #delta(text: string): void {
    if (!this.#textOpen) {
      this.#textOpen = true;
      this.#scope.reasoning?.end();
      this.#outlet.emit({ type: "text-start" });
    }
    if (this.#check) this.#text += text;
    this.#outlet.emit({ type: "text-delta", text });
  }

  /** Checks the final answer; what comes with calls or was cut short is none. */
  #verify(text: string): void {
    if (this.#finishReason === "stop") this.#check?.(text);
  }

  #closeText(): void {
    if (!this.#textOpen) return;
    this.#textOpen = false;
    const interim = this.#finishReason === "tool-calls";
    this.#outlet.emit(interim ? { type: "text-end", phase: "interim" } : { type: "text-end" });
  }

  #finish(): void {
    this.#closeText();
    this.#scope.reasoning?.end();
    for (const event of this.#tail) this.#outlet.emit(event);
    this.#outlet.emit({ type: "finish", reason: this.#finishReason });
    this.#end(() => new RunError("cancelled", "The workflow has answered"));
  }

  /** The text source failed: it has closed itself. */
  readonly #onError = (error: unknown): void => {
    this.#source = undefined;
    this.#fail(error);
  };

  readonly #onAbort = (): void => {
    this.#outlet.clear();
    this.#fail(this.#context.signal.reason);
  };

  #fail(error: unknown): void {
    if (this.#state === "ended") return;
    const source = this.#source;
    this.#outlet.fail(error);
    this.#end(() => error);
    if (source) void this.#close(source);
  }

  #end(reason: () => unknown): void {
    if (this.#state === "working") {
      this.#context.signal.removeEventListener("abort", this.#onAbort);
    }
    this.#state = "ended";
    this.#outlet.close();
    this.#scope.close(reason);
  }

  /** Lets the author's code clean up; its failure cannot change a run that has ended. */
  async #close(source: AsyncIterator<unknown>): Promise<void> {
    try {
      await source.return?.();
    } catch (error) {
      this.#context.logger.log("warn", "Workflow failed to clean up its text source", {
        error: String(error),
      });
    }
  }
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
