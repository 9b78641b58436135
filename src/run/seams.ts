/**
 * The outside world as arguments: time, ids, logging, who is calling, parked turns.
 * @module
 */
import type { Message } from "./request.ts";

/** Time. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `callback` once after `delayMs`; the returned function cancels it. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** Where ids come from. */
export interface IdSource {
  /** `prefix` followed by 128 random bits in hex. */
  mint(prefix: string): string;
}

/** How loud a log line is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Fields of a log line. Never a secret, a prompt or a tool argument. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where operators read what happened. */
export interface Logger {
  /** Writes one line. */
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

/** Who is calling. */
export interface Principal {
  /** The key's name; undefined where no keys are configured. */
  readonly name: string | undefined;
  /** Owner of stored records: key name and entrypoint together. */
  readonly tenant: string;
}

/** What a run did before it handed calls to the client. */
export interface ParkedTurn {
  /** The run's own messages in order: assistant messages with all calls, hidden results. */
  readonly messages: readonly Message[];
  /** Call id as the client knows it -> call id as `messages` has it. */
  readonly callIds: Readonly<Record<string, string>>;
}

/** Keeps parked turns; bounded, each owned by one tenant. Reading does not consume. */
export interface TurnStore {
  /** Keeps `turn` under each of its client call ids. */
  park(tenant: string, turn: ParkedTurn): Promise<void>;
  /** The turn that made the call `callId`, or undefined when lost or another tenant's. */
  find(tenant: string, callId: string): Promise<ParkedTurn | undefined>;
}
