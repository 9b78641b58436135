/**
 * One answer that is kept as soon as it is complete.
 * @module
 */
import type {
  InputItem,
  ResponseEnvelope,
  ResponseSnapshot,
  StatefulExchange,
  StatefulStreamEncoder,
  StoredItem,
} from "../../protocols/stateful.ts";
import type { RunResult } from "../../run/result.ts";
import type { Logger } from "../../run/seams.ts";
import type { EventLog } from "../event_log.ts";
import { isOver } from "./response_record.ts";
import type { ResponseStore } from "./response_store.ts";

/** What a kept answer is made of. */
export interface KeptAnswerOptions {
  /** Where it is kept. */
  readonly store: ResponseStore;
  /** Whose it is. */
  readonly tenant: string;
  /** What was asked. */
  readonly exchange: StatefulExchange;
  /** Names the answer. */
  readonly envelope: ResponseEnvelope;
  /** Items the request refers to. */
  readonly referenced: readonly StoredItem[];
  /** Told of an answer that could not be kept. */
  readonly logger: Logger;
}

interface Beside {
  readonly events?: string;
  readonly leaseUntilMs?: number;
}

/**
 * An answer on its way into the store. It is kept before its client gets the end of it, so that the
 * client's next request finds it. A store that fails costs the next turn, not this answer.
 */
export class KeptAnswer {
  /** Has every frame of the answer where they are kept, too. */
  log: EventLog | undefined;
  readonly #options: KeptAnswerOptions;
  #encoder: StatefulStreamEncoder | undefined;
  #input: readonly InputItem[] | undefined;
  #discarded = false;
  /** Writes come one after another, so that none overtakes the last. */
  #written: Promise<void> = Promise.resolve();

  /** Nothing is kept yet. */
  constructor(options: KeptAnswerOptions) {
    this.#options = options;
  }

  /** Writes the streamed answer. */
  get encoder(): StatefulStreamEncoder {
    const { exchange, envelope } = this.#options;
    return this.#encoder ??= exchange.streamEncoder(envelope);
  }

  /** The response's id. */
  get id(): string {
    return this.#options.envelope.id;
  }

  /** Whether its client polls for it instead of waiting. */
  get background(): boolean {
    return this.#options.exchange.background;
  }

  /** Whose it is. */
  get tenant(): string {
    return this.#options.tenant;
  }

  /**
   * Keeps what the stream has come to.
   *
   * @param lastFrames those that are not in the log yet
   */
  async keep(lastFrames: readonly string[]): Promise<void> {
    const events = this.log && this.log.text + lastFrames.join("");
    await this.#keepOrLog(this.encoder.response(), events);
  }

  /** Keeps an unstreamed answer; its JSON. */
  async keepWhole(result: RunResult): Promise<string> {
    const { exchange, envelope } = this.#options;
    const snapshot = exchange.answer(result, envelope);
    await this.#keepOrLog(snapshot);
    return snapshot.json;
  }

  /**
   * Keeps an answer that is still being made.
   *
   * @param leaseUntilMs until when this process vouches for it, in milliseconds since 1970
   * @throws {RunError} `internal` when it cannot be kept
   */
  async keepUnfinished(leaseUntilMs: number): Promise<void> {
    const snapshot = this.encoder.response();
    // Half an answer is nothing to be found by its items.
    if (!isOver(snapshot.status)) await this.#keep(snapshot, { leaseUntilMs });
  }

  /** Forgets what was kept; from now on nothing is. */
  async discard(): Promise<void> {
    this.#discarded = true;
    await this.#written;
    await this.#options.store.delete(this.tenant, this.id);
  }

  async #keepOrLog(snapshot: ResponseSnapshot, events?: string): Promise<void> {
    try {
      await this.#keep(snapshot, { events });
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.#options.logger.log("error", "response could not be kept", {
        response: snapshot.id,
        detail,
      });
    }
  }

  #keep(snapshot: ResponseSnapshot, beside: Beside): Promise<void> {
    const written = this.#written.then(() => this.#write(snapshot, beside));
    this.#written = written.catch(() => {});
    return written;
  }

  async #write(snapshot: ResponseSnapshot, { events, leaseUntilMs = 0 }: Beside): Promise<void> {
    if (this.#discarded) return;
    const { store, tenant, exchange, envelope, referenced } = this.#options;
    const { id, status, json, items: output } = snapshot;
    const { background } = exchange;
    const input = this.#input ??= exchange.inputItems(envelope);
    const minted = input.flatMap((item) => item.minted ? [item.id] : []);
    const record = { id, status, background, json, input, minted, output, leaseUntilMs };
    await store.keep(tenant, record, { referenced, events });
  }
}
