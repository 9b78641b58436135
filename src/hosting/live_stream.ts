/**
 * A streamed answer: pulled by its reader, kept alive while the run is silent, stopped when nobody
 * reads any more.
 * @module
 */
import type { StreamEncoder } from "../protocols/protocol.ts";
import { type PublicError, RunError, toPublicError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { GrammarError } from "../run/grammar.ts";
import { type Call, CLIENT_GONE } from "./call.ts";
import type { EventLog } from "./event_log.ts";
import { FrameOutlet } from "./frame_outlet.ts";
import type { Abortable } from "./open_runs.ts";
import { PulledRun } from "./pulled_run.ts";
import type { EventFilter } from "./reasoning.ts";
import type { Answer } from "./respond.ts";
import type { KeptAnswer } from "./responses/kept_answer.ts";
import type { Ticked } from "./silence_ticker.ts";

type Bytes = Uint8Array<ArrayBuffer>;

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
  readonly #run: PulledRun;
  readonly #outlet: FrameOutlet;
  #opened = false;
  /** Whether a `pull` is waiting for the run. */
  #pulling = false;
  #finished = false;
  /** Settles once the end of the answer is kept. */
  #keeping: Promise<void> | undefined;
  #closed = false;
  /** Whether the reader has left. */
  #left = false;

  /** Prepares the stream; the run starts with `begin`. */
  constructor(answer: Answer) {
    this.#answer = answer;
    this.#call = answer.call;
    this.#filter = answer.model.reasoning.newFilter();
    this.#kept = answer.kept;
    this.#encoder = answer.kept?.encoder ?? answer.exchange.streamEncoder(answer.envelope);
    this.#run = new PulledRun(() => {
      const { model, exchange, context, task } = answer;
      this.#call.beginRun(this);
      return model.run(exchange.request, context, { task });
    });
    const { silenceTicks } = answer.call.services.ticker;
    this.#outlet = new FrameOutlet({ encoder: this.#encoder, silenceTicks });
  }

  /**
   * Starts the run and waits for its first sign of an answer, or for as long as a client may be left
   * without one. Rejects with what the run throws by then.
   */
  async begin(): Promise<void> {
    try {
      await this.#run.firstSign();
    } catch (error) {
      if (this.#answer.exchange.runFailuresInBand && isForGood(error)) {
        this.#run.failNext(error);
        return;
      }
      this.#closed = true;
      throw error;
    } finally {
      this.#outlet.restartSilence();
    }
  }

  /**
   * Runs to the end whether anybody reads or not. Resolves when the run has ended and never rejects;
   * a run that does not heed `stop` ends later than the log.
   */
  drive(log: EventLog): Promise<void> {
    this.#outlet.openLog(log, () => {
      if (this.#finished || this.#closed) return;
      throw new RunError("run-failed", `Answer is longer than any may be: ${log.size} frames`);
    });
    return this.pull();
  }

  /** Called by the stream before anything is pulled. */
  start(controller: ReadableStreamDefaultController<Bytes>): void {
    this.#outlet.openBody(controller);
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
      while (!this.#closed && this.#outlet.wanting) {
        const result = await this.#run.next();
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
    if (this.#outlet.opened && !this.#pulling) {
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
    this.#follow(this.#run.leave(), "ending a run nobody reads");
    this.#call.end(this.#finished ? 200 : CLIENT_GONE);
  }

  /** Called once a tick: breaks the silence when it has lasted long enough. */
  tick(): void {
    const silent = this.#outlet.tick();
    if (this.#run.waiting) {
      this.#call.watchClient();
      if (silent) this.#run.release();
    } else if (silent && !this.#closed) {
      this.#outlet.breakSilence();
    }
  }

  #open(): Promise<void> | undefined {
    this.#opened = true;
    this.#encoder.open(this.#outlet.write);
    const first = this.#run.takeFirst();
    return first && this.#take(first);
  }

  /** Encodes an event; a promise where that has to wait for the answer to be kept. */
  #take(event: RunEvent): Promise<void> | undefined {
    if (event.type === "finish") {
      this.#finished = true;
      if (this.#kept) return this.#keeping = this.#keepFinished(event, this.#kept);
    } else if (event.type === "usage") {
      this.#call.count(event);
    }
    if (this.#filter(event)) this.#encoder.event(event, this.#outlet.write);
    return undefined;
  }

  async #keepFinished(event: RunEvent, kept: KeptAnswer): Promise<void> {
    const frames: string[] = [];
    this.#encoder.event(event, (frame) => frames.push(frame));
    await kept.keep(frames);
    if (this.#closed) return;
    for (const frame of frames) this.#outlet.write(frame);
  }

  #onEnd(): void {
    if (!this.#finished) throw new GrammarError("Events ended without finish");
    this.#closed = true;
    this.#outlet.end(true);
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
      this.#encoder.fail(shown, this.#outlet.write);
      this.#close();
    }
    return undefined;
  }

  async #keepFailed(shown: PublicError, kept: KeptAnswer): Promise<void> {
    const frames: string[] = [];
    this.#encoder.fail(shown, (frame) => frames.push(frame));
    await kept.keep(frames);
    for (const frame of this.#left ? [] : frames) this.#outlet.write(frame);
    this.#close();
  }

  #close(): void {
    if (!this.#left) this.#outlet.end(this.#finished);
    this.#call.end(200);
    // Does nothing after the run's own failure; ends it after one of ours.
    this.#follow(this.#run.leave(), "ending a failed run");
  }

  #follow(work: PromiseLike<unknown> | undefined, what: string): void {
    this.#call.services.runs.track(work, what);
  }
}

/** Whether repeating the request could not help, and no status but that of a failed run fits. */
function isForGood(error: unknown): boolean {
  return error instanceof RunError && error.code === "run-failed";
}
