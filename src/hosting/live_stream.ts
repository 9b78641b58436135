/**
 * A streamed answer: pulled by its reader, kept alive while the run is silent, stopped when nobody
 * reads any more.
 * @module
 */
import type { StreamEncoder } from "../protocols/protocol.ts";
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { GrammarError } from "../run/grammar.ts";
import { type Call, CLIENT_GONE } from "./call.ts";
import { frameBytes } from "./frame_bytes.ts";
import type { Abortable } from "./open_runs.ts";
import type { EventFilter } from "./reasoning.ts";
import type { Answer } from "./respond.ts";
import type { Ticked } from "./silence_ticker.ts";

const KEEP_ALIVE: Uint8Array<ArrayBuffer> = new TextEncoder().encode(": keep-alive\n\n");

type Next = Promise<IteratorResult<RunEvent>>;
type Controller = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;

/**
 * The source of a response's body. Until `begin` resolves the status is still open: a failure then is
 * thrown and becomes an HTTP error, a later one is written in band.
 */
export class LiveStream
  implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>>, Abortable, Ticked {
  readonly #answer: Answer;
  readonly #call: Call;
  readonly #filter: EventFilter;
  readonly #encoder: StreamEncoder;
  #events: AsyncIterator<RunEvent> | undefined;
  #controller: Controller | undefined;
  /** Resolves `begin`; undefined once it has. */
  #release: (() => void) | undefined;
  /** What came before the first pull. */
  #first: RunEvent | undefined;
  /** A `next()` under way at the first pull. */
  #pending: Next | undefined;
  #opened = false;
  /** Whether a `pull` is waiting for the run. */
  #pulling = false;
  #finished = false;
  #closed = false;
  #silentTicks = 0;

  /** Prepares the stream; the run starts with `begin`. */
  constructor(answer: Answer) {
    this.#answer = answer;
    this.#call = answer.call;
    this.#filter = answer.model.filter;
    this.#encoder = answer.exchange.streamEncoder(answer.envelope);
  }

  /**
   * Starts the run and waits for its first sign of an answer, or for as long as a client may be left
   * without one. Rejects with what the run throws by then.
   */
  async begin(): Promise<void> {
    const { model, exchange, context } = this.#answer;
    this.#call.beginRun(this);
    try {
      const events = model.run(exchange.request, context)[Symbol.asyncIterator]();
      this.#events = events;
      for (;;) {
        const next = events.next();
        const result = await this.#held(next);
        if (result === undefined) {
          this.#pending = next;
          return;
        }
        if (result.done) throw new GrammarError("Events ended without finish");
        const event = result.value;
        // A trace tells that the model is asked, not that it answers.
        if (event.type === "trace") continue;
        this.#first = event;
        return;
      }
    } catch (error) {
      this.#closed = true;
      throw error;
    } finally {
      this.#release = undefined;
      this.#silentTicks = 0;
    }
  }

  /** The outcome of `next`, or undefined when the wait has been long enough. */
  #held(next: Next): Promise<IteratorResult<RunEvent> | undefined> {
    return new Promise((resolve, reject) => {
      this.#release = () => resolve(undefined);
      next.then(resolve, reject);
    });
  }

  /** Called by the stream before anything is pulled. */
  start(controller: Controller): void {
    this.#controller = controller;
  }

  /**
   * Called by the stream when its reader wants more: takes events until the reader has enough. Each
   * round costs no more than the event's own promise.
   */
  async pull(): Promise<void> {
    this.#pulling = true;
    try {
      if (!this.#opened) this.#open();
      const events = this.#events!;
      while (!this.#closed && this.#controller!.desiredSize! > 0) {
        const result = await (this.#pending ?? events.next());
        this.#pending = undefined;
        if (this.#closed) return;
        if (result.done) this.#onEnd();
        else this.#take(result.value);
      }
    } catch (error) {
      this.#onFailure(error);
    } finally {
      this.#pulling = false;
    }
  }

  /** Stops the run; a reader that still reads is told in band. */
  abort(reason: unknown): void {
    this.#call.abort(reason);
    // While nobody pulls, the run does not get as far as to notice.
    if (this.#controller && !this.#pulling) this.#onFailure(reason);
  }

  /** Called by the stream when its reader has left. */
  cancel(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#call.abort(new RunError("cancelled", "The client went away"));
    this.#call.services.runs.track(this.#leave(), "ending a run nobody reads");
    this.#call.end(this.#finished ? 200 : CLIENT_GONE);
  }

  /** Called once a tick: breaks the silence when it has lasted long enough. */
  tick(): void {
    const silent = ++this.#silentTicks >= this.#call.services.ticker.silenceTicks;
    if (this.#release) {
      this.#call.watchClient();
      if (silent) this.#release();
    } else if (silent && this.#controller && (this.#controller.desiredSize ?? 0) > 0) {
      // A reader that is behind has something to read; it needs no sign of life.
      this.#silentTicks = 0;
      this.#controller.enqueue(KEEP_ALIVE);
    }
  }

  #open(): void {
    this.#opened = true;
    this.#encoder.open(this.#write);
    const first = this.#first;
    this.#first = undefined;
    if (first) this.#take(first);
  }

  readonly #write = (frame: string): void => {
    this.#silentTicks = 0;
    this.#controller!.enqueue(frameBytes(frame));
  };

  #take(event: RunEvent): void {
    if (event.type === "finish") this.#finished = true;
    else if (event.type === "usage") this.#call.count(event);
    if (this.#filter(event)) this.#encoder.event(event, this.#write);
  }

  #onEnd(): void {
    if (!this.#finished) throw new GrammarError("Events ended without finish");
    this.#closed = true;
    this.#controller!.close();
    this.#call.end(200);
  }

  #onFailure(error: unknown): void {
    if (this.#closed) return;
    const shown = this.#call.explain(error);
    // A failure while the run tidies up comes after a whole answer: the client need not know.
    if (!this.#finished) this.#encoder.fail(shown, this.#write);
    this.#closed = true;
    this.#controller!.close();
    this.#call.end(200);
    // Does nothing after the run's own failure; ends it after one of ours.
    this.#call.services.runs.track(this.#leave(), "ending a failed run");
  }

  #leave(): PromiseLike<unknown> | undefined {
    return this.#events?.return?.();
  }
}
