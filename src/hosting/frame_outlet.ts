/**
 * Where the frames of a streamed answer go, and what goes there while none comes.
 * @module
 */
import type { FrameSink, StreamEncoder } from "../protocols/protocol.ts";
import type { EventLog } from "./event_log.ts";
import { frameBytes } from "./frame_bytes.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const KEEP_ALIVE: Bytes = new TextEncoder().encode(": keep-alive\n\n");

/** The controller of a response's body, or a log. */
interface Target {
  readonly desiredSize: number | null;
  enqueue(bytes: Bytes): void;
}

/** What an outlet needs of its stream. */
export interface FrameOutletOptions {
  /** Writes the answer; knows what keeps its clients waiting. */
  readonly encoder: StreamEncoder;
  /** Ticks that make up the longest silence. */
  readonly silenceTicks: number;
}

/** Takes frames once it is opened, and counts how long none came. */
export class FrameOutlet {
  readonly #encoder: StreamEncoder;
  readonly #silenceTicks: number;
  #target: Target | undefined;
  #end: (whole: boolean) => void = () => {};
  /** Since anything was sent. */
  #silentTicks = 0;
  /** Since a frame was sent. */
  #idleTicks = 0;
  #write: FrameSink = (frame) => {
    this.#silentTicks = this.#idleTicks = 0;
    this.#target!.enqueue(frameBytes(frame));
  };

  /** Leads nowhere yet. */
  constructor({ encoder, silenceTicks }: FrameOutletOptions) {
    this.#encoder = encoder;
    this.#silenceTicks = silenceTicks;
  }

  /** Leads to a response's body. */
  openBody(controller: ReadableStreamDefaultController<Bytes>): void {
    this.#target = controller;
    this.#end = () => controller.close();
  }

  /**
   * Leads to a log that several readers share.
   *
   * @param onFull called after each frame that the log has no room for; may throw
   */
  openLog(log: EventLog, onFull: () => void): void {
    this.#target = log;
    this.#end = (whole) => log.close({ whole });
    this.#write = (frame) => {
      this.#silentTicks = this.#idleTicks = 0;
      log.append(frame);
      if (log.full) onFull();
    };
  }

  /** Whether it leads anywhere. */
  get opened(): boolean {
    return this.#target !== undefined;
  }

  /** Whether the reader wants more. */
  get wanting(): boolean {
    return (this.#target?.desiredSize ?? 0) > 0;
  }

  /** Takes a frame; only once it is opened. */
  get write(): FrameSink {
    return this.#write;
  }

  /**
   * Takes nothing more.
   *
   * @param whole whether the answer is
   */
  end(whole: boolean): void {
    this.#end(whole);
  }

  /** Counts the silence from now on. */
  restartSilence(): void {
    this.#silentTicks = this.#idleTicks = 0;
  }

  /** Called once a tick: whether the silence has lasted long enough. */
  tick(): boolean {
    this.#idleTicks += 1;
    return ++this.#silentTicks >= this.#silenceTicks;
  }

  /** Comments keep connections open; every other time a frame also keeps the client waiting. */
  breakSilence(): void {
    // A reader that is behind has something to read; it needs no sign of life.
    if (!this.wanting) return;
    this.#silentTicks = 0;
    if (this.#idleTicks >= 2 * this.#silenceTicks && this.#encoder.keepAlive) {
      this.#encoder.keepAlive(this.#write);
    } else {
      this.#target!.enqueue(KEEP_ALIVE);
    }
  }
}
