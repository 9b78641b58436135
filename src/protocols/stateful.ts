/**
 * What a protocol brings whose answers are kept, and whose requests refer to them.
 *
 * A protocol does no I/O, so a request is read in two phases: `references` says what must be looked
 * up, `decode` is given what was found. Whatever is kept is JSON text that is sent again as it is.
 * @module
 */
import type { RunResult } from "../run/result.ts";
import type { PublicError } from "../run/error.ts";
import type { Envelope, Exchange, FrameSink, Protocol, StreamEncoder } from "./protocol.ts";

/** One item of a conversation as it is kept. */
export interface StoredItem {
  /** Unique among the items of its response. */
  readonly id: string;
  /** The wire item, with its id. */
  readonly json: string;
}

/** One item of a request's input as it is kept. */
export interface InputItem extends StoredItem {
  /** Whether its id was made for it here: no other item of the tenant has it. */
  readonly minted: boolean;
}

/** What a request refers to. */
export interface References {
  readonly previousResponseId?: string;
  /** Each id once. */
  readonly itemIds: readonly string[];
}

/** What was found of a request's references. */
export interface StoredHistory {
  /** Input and then output of the previous response; undefined when it is not known. */
  readonly previous?: readonly StoredItem[];
  /** Where the previous response stands: only a whole answer can be continued. */
  readonly previousStatus?: ResponseStatus;
  /** Items by id; those that are not known are absent. */
  readonly items: ReadonlyMap<string, StoredItem>;
}

/** Where an answer stands. */
export type ResponseStatus =
  | "queued"
  | "in_progress"
  | "completed"
  | "incomplete"
  | "failed"
  | "cancelled";

/** A response object, to be kept and sent. */
export interface ResponseSnapshot {
  readonly id: string;
  readonly status: ResponseStatus;
  /** The whole object, byte for byte what the client gets. */
  readonly json: string;
  /** The items of `output`. */
  readonly items: readonly StoredItem[];
}

/** Names an answer and knows the time. */
export interface ResponseEnvelope extends Envelope {
  /**
   * The time now, in whole seconds since 1970; read when the answer is complete.
   *
   * @default `createdAtS`
   */
  readonly nowS?: () => number;
}

/** A stream encoder that can tell where the answer stands. */
export interface StatefulStreamEncoder extends StreamEncoder {
  /** Where the answer stands now; final once the stream has ended. */
  response(): ResponseSnapshot;
  /** Writes a frame that says nothing new, for clients that give up on silent streams. */
  keepAlive(write: FrameSink): void;
  /** Writes the failure in band and closes. `cancelled` leaves a cancelled response. */
  fail(error: PublicError, write: FrameSink): void;
}

/** One decoded call whose answer can be kept. */
export interface StatefulExchange extends Exchange {
  /** Whether response and items are to be kept. */
  readonly store: boolean;
  /** Whether the client polls for the answer instead of waiting; implies `store`. */
  readonly background: boolean;
  /** All input items, those of earlier turns first: what a later turn continues from. */
  inputItems(envelope: ResponseEnvelope): readonly InputItem[];
  streamEncoder(envelope: ResponseEnvelope): StatefulStreamEncoder;
  /** The unstreamed answer; `encodeResult` gives its JSON alone. */
  answer(result: RunResult, envelope: ResponseEnvelope): ResponseSnapshot;
}

/** A protocol whose answers can be kept. */
export interface StatefulProtocol extends Protocol {
  /**
   * What must be looked up before `decode`, which is what refuses a body that is none.
   *
   * @throws {RequestError} when the body refers to more items than are ever looked up
   */
  references(body: unknown): References;
  /**
   * Reads a parsed JSON body.
   *
   * @param stored what was found; absent where nothing is ever kept
   * @throws {RequestError} naming the offending field
   */
  decode(body: unknown, stored?: StoredHistory): StatefulExchange;
}

/** Whether answers of a protocol can be kept. */
export function isStateful(protocol: Protocol): protocol is StatefulProtocol {
  return "references" in protocol;
}
