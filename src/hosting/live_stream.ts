/**
 * A streamed answer: pulled by its reader, kept alive while the run is silent, stopped when nobody
 * reads any more.
 * @module
 */
import type { FrameSink, StreamEncoder } from "../protocols/protocol.ts";
import { type PublicError, RunError, toPublicError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { GrammarError } from "../run/grammar.ts";
import { type Call, CLIENT_GONE } from "./call.ts";
import type { EventLog } from "./event_log.ts";
import { frameBytes } from "./frame_bytes.ts";
import type { Abortable } from "./open_runs.ts";
import type { EventFilter } from "./reasoning.ts";
import type { Answer } from "./respond.ts";
import type { KeptAnswer } from "./responses/kept_answer.ts";
import type { Ticked } from "./silence_ticker.ts";

type Next = Promise<IteratorResult<RunEvent>>;
type Bytes = Uint8Array<ArrayBuffer>;

const KEEP_ALIVE: Bytes = new TextEncoder().encode(": keep-alive\n\n");

/** Where frames go: the controller of a response's body, or a log. */
interface Outlet {
  readonly desiredSize: number | null;
  enqueue(bytes: Bytes): void;
}

/**
 * The source of a response's body, or of a log that several readers share. Until `begin` resolves the
 * status is still open: a failure then is thrown and becomes an HTTP error, a later one is written in
 * band. What is to be kept is kept before its client can know of it.
 */
export class LiveStream implements UnderlyingDefaultSource<Bytes>, Abortable, Ticked {
  readonly #answer: Answer;
  readonly #call: Call;
  readonly #filter: EventFilter;
  readonly #encoder: StreamEncoder;
  readonly #kept: KeptAnswer | undefined;
  #events: AsyncIterator<RunEvent> | undefined;
  #outlet: Outlet | undefined;
  /** Ends the outlet. */
  #endOutlet: () => void = () => {};
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
  /** Settles once the end of the answer is kept. */
  #keeping: Promise<void> | undefined;
  #closed = false;
  /** Whether the reader has left. */
  #left = false;
  /** Since anything was sent. */
  #silentTicks = 0;
  /** Since a frame was sent. */
  #idleTicks = 0;

  /** Prepares the stream; the run starts with `begin`. */
  constructor(answer: Answer) {
    this.#answer = answer;
    this.#call = answer.call;
    this.#filter = answer.model.reasoning.newFilter();
    this.#kept = answer.kept;
    this.#encoder = answer.kept?.encoder ?? answer.exchange.streamEncoder(answer.envelope);
  }

  /**
   * Starts the run and waits for its first sign of an answer, or for as long as a client may be left
   * without one. Rejects with what the run throws by then.
   */
  async begin(): Promise<void> {
    try {
      const events = this.#run();
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
      if (this.#answer.exchange.runFailuresInBand && isForGood(error)) {
        this.#pending = Promise.reject(error);
        // The first pull tells it.
        this.#pending.catch(() => {});
        return;
      }
      this.#closed = true;
      throw error;
    } finally {
      this.#release = undefined;
      this.#silentTicks = this.#idleTicks = 0;
    }
  }

  /**
   * Runs to the end whether anybody reads or not. Resolves when the run has ended and never rejects;
   * a run that does not heed `stop` ends later than the log.
   */
  drive(log: EventLog): Promise<void> {
    this.#outlet = log;
    this.#endOutlet = () => log.close({ whole: this.#finished });
    this.#write = (frame) => {
      this.#silentTicks = this.#idleTicks = 0;
      log.append(frame);
      if (log.full && !this.#finished && !this.#closed) {
        throw new RunError("run-failed", `Answer is longer than any may be: ${log.size} frames`);
      }
    };
    return this.pull();
  }

  #run(): AsyncIterator<RunEvent> {
    const { model, exchange, context, task } = this.#answer;
    this.#call.beginRun(this);
    const events = model.run(exchange.request, context, { task });
    return this.#events = events[Symbol.asyncIterator]();
  }

  /** The outcome of `next`, or undefined when the wait has been long enough. */
  #held(next: Next): Promise<IteratorResult<RunEvent> | undefined> {
    return new Promise((resolve, reject) => {
      this.#release = () => resolve(undefined);
      next.then(resolve, reject);
    });
  }

  /** Called by the stream before anything is pulled. */
  start(controller: ReadableStreamDefaultController<Bytes>): void {
    this.#outlet = controller;
    this.#endOutlet = () => controller.close();
  }

  /**
   * Called by the stream when its reader wants more: takes events until the reader has enough. Each
   * round costs no more than the event's own promise.
   */
  async pull(): Promise<void> {
    this.#pulling = true;
    try {
      if (!this.#opened) {
        const keeping = this.#open();
        if (keeping) await keeping;
      }
      const events = this.#events ?? this.#run();
      while (!this.#closed && this.#outlet!.desiredSize! > 0) {
        const result = await (this.#pending ?? events.next());
        this.#pending = undefined;
        if (this.#closed) return;
        if (result.done) this.#onEnd();
        else {
          const keeping = this.#take(result.value);
          if (keeping) await keeping;
        }
      }
    } catch (error) {
      await this.#onFailure(error);
    } finally {
      this.#pulling = false;
    }
  }

  /** Stops the run; a reader that still reads is told in band. */
  abort(reason: unknown): void {
    this.#call.abort(reason);
    // While nobody pulls, the run does not get as far as to notice.
    if (this.#outlet && !this.#pulling) {
      this.#follow(this.#onFailure(reason), "ending a stopped run");
    }
  }

  /** Ends the answer at once, whether or not the run heeds it. Resolves when what came is kept. */
  async stop(reason: unknown): Promise<void> {
    if (!this.#closed && !this.#finished) {
      this.#call.abort(reason);
      this.#onFailure(reason);
    }
    await this.#keeping;
  }

  /** Called by the stream when its reader has left. */
  cancel(): void {
    this.#left = true;
    if (this.#closed) return;
    this.#closed = true;
    const reason = new RunError("cancelled", "The client went away");
    this.#call.abort(reason);
    if (this.#kept && !this.#finished) {
      this.#encoder.fail(toPublicError(reason, this.#call.requestId), () => {});
      this.#follow(this.#kept.keep([]), "keeping an answer nobody reads");
    }
    this.#follow(this.#leave(), "ending a run nobody reads");
    this.#call.end(this.#finished ? 200 : CLIENT_GONE);
  }

  /** Called once a tick: breaks the silence when it has lasted long enough. */
  tick(): void {
    this.#idleTicks += 1;
    const silent = ++this.#silentTicks >= this.#call.services.ticker.silenceTicks;
    if (this.#release) {
      this.#call.watchClient();
      if (silent) this.#release();
    } else if (silent && this.#outlet && !this.#closed && (this.#outlet.desiredSize ?? 0) > 0) {
      // A reader that is behind has something to read; it needs no sign of life.
      this.#breakSilence();
    }
  }

  /** Comments keep connections open; every other time a frame also keeps the client waiting. */
  #breakSilence(): void {
    this.#silentTicks = 0;
    const { silenceTicks } = this.#call.services.ticker;
    if (this.#idleTicks >= 2 * silenceTicks && this.#encoder.keepAlive) {
      this.#encoder.keepAlive(this.#write);
    } else {
      this.#outlet!.enqueue(KEEP_ALIVE);
    }
  }

  #open(): Promise<void> | undefined {
    this.#opened = true;
    this.#encoder.open(this.#write);
    const first = this.#first;
    this.#first = undefined;
    return first && this.#take(first);
  }

  #write: FrameSink = (frame) => {
    this.#silentTicks = this.#idleTicks = 0;
    this.#outlet!.enqueue(frameBytes(frame));
  };

  /** Encodes an event; a promise where that has to wait for the answer to be kept. */
  #take(event: RunEvent): Promise<void> | undefined {
    if (event.type === "finish") {
      this.#finished = true;
      if (this.#kept) return this.#keeping = this.#keepFinished(event, this.#kept);
    } else if (event.type === "usage") {
      this.#call.count(event);
    }
    if (this.#filter(event)) this.#encoder.event(event, this.#write);
    return undefined;
  }

  async #keepFinished(event: RunEvent, kept: KeptAnswer): Promise<void> {
    const frames: string[] = [];
    this.#encoder.event(event, (frame) => frames.push(frame));
    await kept.keep(frames);
    if (this.#closed) return;
    for (const frame of frames) this.#write(frame);
  }

  #onEnd(): void {
    if (!this.#finished) throw new GrammarError("Events ended without finish");
    this.#closed = true;
    this.#endOutlet();
    this.#call.end(200);
  }

  /** Ends the answer in band; a promise where that has to wait for the answer to be kept. */
  #onFailure(error: unknown): Promise<void> | undefined {
    if (this.#closed) return undefined;
    const shown = this.#call.explain(error);
    this.#closed = true;
    // A failure while the run tidies up comes after a whole answer: the client need not know.
    if (this.#finished) {
      this.#close();
    } else if (this.#kept) {
      return this.#keeping = this.#keepFailed(shown, this.#kept);
    } else {
      this.#encoder.fail(shown, this.#write);
      this.#close();
    }
    return undefined;
  }

  async #keepFailed(shown: PublicError, kept: KeptAnswer): Promise<void> {
    const frames: string[] = [];
    this.#encoder.fail(shown, (frame) => frames.push(frame));
    await kept.keep(frames);
    for (const frame of this.#left ? [] : frames) this.#write(frame);
    this.#close();
  }

  #close(): void {
    if (!this.#left) this.#endOutlet();
    this.#call.end(200);
    // Does nothing after the run's own failure; ends it after one of ours.
    this.#follow(this.#leave(), "ending a failed run");
  }

  #leave(): PromiseLike<unknown> | undefined {
    return this.#events?.return?.();
  }

  #follow(work: PromiseLike<unknown> | undefined, what: string): void {
    this.#call.services.runs.track(work, what);
  }
}

/** Whether repeating the request could not help, and no status but that of a failed run fits. */
function isForGood(error: unknown): boolean {
  return error instanceof RunError && error.code === "run-failed";
}
