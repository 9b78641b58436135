/**
 * One call of a backend as an iterator of model events.
 * @module
 */
import { RunError } from "../../run/error.ts";
import type { Clock } from "../../run/seams.ts";
import type { ModelEvent } from "../model.ts";
import { type BodyReader, bodyReader } from "./body_reader.ts";
import type { CompletionReader } from "./read_completion.ts";

/** How long to wait for the end of a body whose answer is complete, so the connection is reused. */
const DRAIN_MS = 100;

/** What one call needs. */
export interface BackendCallOptions {
  /** The backend's name, for error messages. */
  readonly backend: string;
  /** Sends the request, repeats it if need be, and gives the answer. */
  readonly open: (signal: AbortSignal) => Promise<Response>;
  /** Turns what `open` threw into what the call throws; errors of this project stay as they are. */
  readonly explain: (error: unknown) => unknown;
  /** Called once the whole answer has been read. */
  readonly onComplete: () => void;
  /** Reads this call's answer. */
  readonly reader: CompletionReader;
  /** The caller's. */
  readonly signal: AbortSignal;
  /** Longest duration of the whole call. */
  readonly timeoutMs: number;
  /** Longest silence within a stream. */
  readonly idleTimeoutMs: number;
  /** Measures both. */
  readonly clock: Clock;
}

type Result = IteratorResult<ModelEvent, undefined>;

const DONE: Result = { value: undefined, done: true };

/**
 * Written as an iterator that answers from callbacks, not as a generator: each `await` on the way of
 * a delta costs about as much as taking it out of its JSON. Events that came in one read are handed
 * out without another turn of the event loop, and `return()` takes effect while a `next()` is waiting.
 * One `next()` may wait at a time.
 */
export class BackendCall implements AsyncIterableIterator<ModelEvent, undefined> {
  readonly #options: BackendCallOptions;
  readonly #events: ModelEvent[];
  readonly #stop = new AbortController();
  /** Position in `#events` of what is handed out next. */
  #next = 0;
  /** `complete`: all is read. `failed`: the failure is still to be thrown. `over`: nothing more. */
  #state: "new" | "open" | "complete" | "failed" | "over" = "new";
  #failure: unknown;
  /** The `next()` that has no event yet. */
  #waiting: PromiseWithResolvers<Result> | undefined;
  #body: BodyReader | undefined;
  #spent: Uint8Array<ArrayBuffer> | undefined;
  #cancelTimeout: (() => void) | undefined;
  #cancelIdleTimeout: (() => void) | undefined;
  #lastReadAt = 0;

  /**
   * A call; nothing is sent before the first `next()`.
   *
   * @param options stay the same for one call
   */
  constructor(options: BackendCallOptions) {
    this.#options = options;
    this.#events = options.reader.events;
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * The next event.
   *
   * @throws {RunError} when the backend failed
   * @throws the signal's reason when it is aborted
   */
  next(): Promise<Result> {
    const ready = this.#take();
    if (ready) return Promise.resolve(ready);
    const waiting = this.#waiting = Promise.withResolvers<Result>();
    this.#advance();
    return waiting.promise;
  }

  /** Stops the request and the reading; a waiting `next()` ends without an event. */
  async return(): Promise<Result> {
    this.#events.length = this.#next = 0;
    if (this.#state === "complete") return await this.#drain();
    if (this.#state !== "over") {
      this.#state = "over";
      this.#answer(DONE);
      await this.#halt(undefined);
    }
    return DONE;
  }

  /** Answers the waiting `next()`, now or when more has been read. */
  #advance(): void {
    const ready = this.#take();
    if (ready) return this.#answer(ready);
    switch (this.#state) {
      case "new":
        return this.#begin();
      case "open":
        this.#body?.read(this.#spent).then(this.#onPiece, this.#onBroken);
        return;
      case "complete":
        this.#drain().then((done) => this.#answer(done));
        return;
      case "failed":
        this.#state = "over";
        this.#waiting?.reject(this.#failure);
        this.#waiting = undefined;
        return;
      case "over":
        return this.#answer(DONE);
      default:
        this.#state satisfies never;
    }
  }

  /** The next event that has been read, if any. */
  #take(): Result | undefined {
    const event = this.#events[this.#next];
    if (event !== undefined) {
      this.#next += 1;
      return { value: event, done: false };
    }
    this.#events.length = this.#next = 0;
    return undefined;
  }

  #answer(result: Result): void {
    this.#waiting?.resolve(result);
    this.#waiting = undefined;
  }

  #begin(): void {
    const { signal, clock, timeoutMs, backend } = this.#options;
    this.#state = "open";
    if (signal.aborted) return this.#failWith(signal.reason);
    signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#cancelTimeout = clock.schedule(timeoutMs, () => {
      this.#failWith(
        new RunError("backend-timeout", `Backend "${backend}" took longer than ${timeoutMs} ms`),
      );
    });
    this.#open();
  }

  /** Events not handed out yet are dropped; an answer handed out whole stays well. */
  readonly #onAbort = (): void => {
    if (this.#state === "complete" && this.#next < this.#events.length) this.#state = "open";
    if (this.#state !== "open") return;
    this.#events.length = this.#next = 0;
    this.#failWith(this.#options.signal.reason);
  };

  async #open(): Promise<void> {
    try {
      const response = await this.#options.open(this.#stop.signal);
      if (this.#state !== "open") return void response.body?.cancel().catch(() => {});
      const type = response.headers.get("content-type") ?? "";
      if (type.includes("json") || response.body === null) {
        const text = await response.text().catch((cause) => {
          throw this.#brokenOff(cause);
        });
        if (this.#state !== "open") return;
        this.#options.reader.whole(text);
        this.#complete();
      } else {
        this.#body = bodyReader(response.body);
        this.#watchSilence();
      }
    } catch (error) {
      return this.#failWith(this.#options.explain(error));
    }
    this.#advance();
  }

  readonly #onPiece = (piece: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>): void => {
    if (this.#state !== "open") return;
    const { reader, clock, explain } = this.#options;
    try {
      if (piece.done) {
        this.#body = undefined;
        reader.end();
      } else {
        this.#lastReadAt = clock.now();
        reader.feed(piece.value);
        this.#spent = piece.value;
      }
    } catch (error) {
      return this.#failWith(explain(error));
    }
    if (reader.complete) this.#complete();
    this.#advance();
  };

  readonly #onBroken = (cause: unknown): void => {
    // Cut after the answer was complete: nothing is lost but perhaps the token counts.
    if (this.#options.reader.decoder.finished) this.#onPiece({ value: undefined, done: true });
    else this.#failWith(this.#brokenOff(cause));
  };

  #brokenOff(cause: unknown): RunError {
    const { backend } = this.#options;
    return new RunError("backend-down", `Backend "${backend}" broke off its answer`, { cause });
  }

  #complete(): void {
    this.#options.onComplete();
    this.#state = "complete";
    this.#cancelTimers();
  }

  /** Lets the body end by itself for a moment: a body that is cancelled costs its connection. */
  async #drain(): Promise<Result> {
    this.#state = "over";
    this.#release();
    const body = this.#body;
    this.#body = undefined;
    if (!body) return DONE;
    const cancel = this.#options.clock.schedule(DRAIN_MS, () => {
      body.cancel().catch(() => {});
    });
    try {
      while (!(await body.read()).done);
    } catch {
      // The answer is complete; how its connection ended does not matter.
    } finally {
      cancel();
    }
    return DONE;
  }

  /** Fails the call unless it has come to an end; what was read before goes out first. */
  #failWith(error: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "failed";
    this.#failure = error;
    this.#halt(error);
    if (this.#waiting) this.#advance();
  }

  async #halt(reason: unknown): Promise<void> {
    this.#release();
    this.#stop.abort(reason);
    const body = this.#body;
    this.#body = undefined;
    await body?.cancel().catch(() => {});
  }

  #release(): void {
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#cancelTimers();
  }

  #cancelTimers(): void {
    this.#cancelTimeout?.();
    this.#cancelIdleTimeout?.();
  }

  /** One timer watches the whole stream; setting one for each read would cost more than the read. */
  #watchSilence(): void {
    const { clock, idleTimeoutMs, backend } = this.#options;
    this.#lastReadAt = clock.now();
    const check = (): void => {
      const restMs = this.#lastReadAt + idleTimeoutMs - clock.now();
      if (restMs > 0) {
        this.#cancelIdleTimeout = clock.schedule(restMs, check);
        return;
      }
      this.#failWith(
        new RunError("backend-timeout", `Backend "${backend}" was silent for ${idleTimeoutMs} ms`),
      );
    };
    this.#cancelIdleTimeout = clock.schedule(idleTimeoutMs, check);
  }
}
