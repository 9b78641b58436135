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

/** A hidden call that waits for the client's consent. */
export interface AwaitedCall {
  /** The call's id as the turn's messages have it. */
  readonly callId: string;
  /** The agent's name of the tool. */
  readonly tool: string;
  /** Served name of the model that asked: the client's consent is to nobody else. */
  readonly model: string;
}

/** What a run did before it handed calls to the client, or asked it for consent. */
export interface ParkedTurn {
  /** The run's own messages in order: assistant messages with all calls, hidden results. */
  readonly messages: readonly Message[];
  /** Call id as the client knows it -> call id as `messages` has it. */
  readonly callIds: Readonly<Record<string, string>>;
  /** Approval id as the client knows it -> what waits for it. @default nothing */
  readonly approvals?: Readonly<Record<string, AwaitedCall>>;
}

/** A call that waited for consent, once its client has answered. */
export interface BegunCall {
  /** Its result, or that it was refused; absent while it runs, and when it ended with its process. */
  readonly messages?: readonly Message[];
}

/** Keeps parked turns; bounded, each owned by one tenant. Reading does not consume. */
export interface TurnStore {
  /**
   * Keeps `turn` under each id the client knows: of its calls and approvals.
   *
   * @throws when it cannot be kept
   */
  park(tenant: string, turn: ParkedTurn): Promise<void>;
  /** The turn behind the id of a call or an approval; undefined when lost or another tenant's. */
  find(tenant: string, id: string): Promise<ParkedTurn | undefined>;
  /**
   * Begins what waits for an approval, once and never again: undefined for whoever begins it; for
   * anybody else what is known of it. So the first answer of a client is the one that counts.
   *
   * @param refused what there is to know from the first, where the answer is no
   */
  begin(
    tenant: string,
    approvalId: string,
    refused?: readonly Message[],
  ): Promise<BegunCall | undefined>;
  /** Keeps the result of what was begun, so that it is there when the conversation is sent again. */
  settle(tenant: string, approvalId: string, messages: readonly Message[]): Promise<void>;
}
