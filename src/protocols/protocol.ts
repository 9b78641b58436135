/**
 * What every wire format brings.
 * @module
 */
import type { PublicError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunResult } from "../run/result.ts";

/** Names an answer; the same in every frame of it. */
export interface Envelope {
  /** The answer's id, made from the protocol's `idPrefix`. */
  readonly id: string;
  /** Whole seconds since 1970. */
  readonly createdAtS: number;
}

/** Takes one finished frame (`data: …\n\n`); one call is one write to the client. */
export type FrameSink = (frame: string) => void;

/** Writes one streamed answer. Deterministic; owns its grammar. */
export interface StreamEncoder {
  /** Writes what comes before any event. */
  open(write: FrameSink): void;
  /** Writes the frames of one event: none, one or several. */
  event(event: RunEvent, write: FrameSink): void;
  /** Writes the failure in band and closes; nothing may follow. */
  fail(error: PublicError, write: FrameSink): void;
  /** Writes a frame that says nothing new, for clients that give up on streams without frames. */
  keepAlive?(write: FrameSink): void;
}

/** One decoded call: what is asked and how to answer it. */
export interface Exchange {
  /** The served name the client asked for. */
  readonly model: string;
  readonly request: RunRequest;
  /** Encoder of a streamed answer. */
  streamEncoder(envelope: Envelope): StreamEncoder;
  /** JSON text of an unstreamed answer. */
  encodeResult(result: RunResult, envelope: Envelope): string;
  /**
   * The client's name for what a Runner names in the `param` of an error. Runners say what chat
   * completions say, as `response_format`.
   *
   * @default the same
   */
  readonly paramOf?: (param: string) => string;
  /**
   * Whether a streamed run that failed for good is told in band also before its first event, instead of
   * by a status.
   *
   * @default false
   */
  readonly runFailuresInBand?: boolean;
}

/** One wire format. */
export interface Protocol {
  readonly name: string;
  /** Path below the prefix, as `/chat/completions`; always POST. */
  readonly path: string;
  /** Beginning of the ids of its answers, as `chatcmpl-`. */
  readonly idPrefix: string;
  /**
   * Reads a parsed JSON body.
   *
   * @throws {RequestError} naming the offending field
   */
  decode(body: unknown): Exchange;
}
