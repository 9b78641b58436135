/**
 * A response as it is kept: JSON text of our own, which the wire format may change without.
 * @module
 */
import type { ResponseStatus, StoredItem } from "../../protocols/stateful.ts";

/** A response with everything a later turn or look-up needs. */
export interface ResponseRecord {
  /** The response's id. */
  readonly id: string;
  /** Where it stands. */
  readonly status: ResponseStatus;
  /** Whether it runs on without its client. */
  readonly background: boolean;
  /** The whole object, byte for byte what the client gets. */
  readonly json: string;
  /** What was said before, earlier turns first. */
  readonly input: readonly StoredItem[];
  /** Ids among `input` that were made for this response. */
  readonly minted: readonly string[];
  /** The items of the answer. */
  readonly output: readonly StoredItem[];
  /**
   * Until when whoever runs it vouches for it, in milliseconds since 1970; a run that is not over by
   * then has ended without a word. 0 for one that is over.
   */
  readonly leaseUntilMs: number;
}

/** Whether a response changes no more. */
export function isOver(status: ResponseStatus): boolean {
  return status !== "queued" && status !== "in_progress";
}

/** Pairs of id and JSON: half the text of objects. */
type Pairs = readonly (readonly [id: string, json: string])[];

interface Stored extends Omit<ResponseRecord, "input" | "output"> {
  readonly input: Pairs;
  readonly output: Pairs;
}

/** JSON text of a record. */
export function encodeRecord(record: ResponseRecord): string {
  const { input, output } = record;
  const stored: Stored = { ...record, input: input.map(pairOf), output: output.map(pairOf) };
  return JSON.stringify(stored);
}

/** The record of a JSON text that `encodeRecord` made. */
export function decodeRecord(json: string): ResponseRecord {
  const stored: Stored = JSON.parse(json);
  return { ...stored, input: stored.input.map(itemOf), output: stored.output.map(itemOf) };
}

function pairOf({ id, json }: StoredItem): readonly [string, string] {
  return [id, json];
}

function itemOf([id, json]: readonly [string, string]): StoredItem {
  return { id, json };
}
