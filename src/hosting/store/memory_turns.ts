/**
 * Parked turns in memory: bounded by number, size and age.
 * @module
 */
import type { Clock, ParkedTurn, TurnStore } from "../../run/seams.ts";

/** How much is kept, and for how long. */
export interface MemoryTurnsOptions {
  /** Tells the age of turns. */
  readonly clock: Clock;
  /** Most turns. @default 10000 */
  readonly maxTurns?: number;
  /** Of all turns together, each counted as its JSON text. @default 67108864 (64 MiB) */
  readonly maxBytes?: number;
  /** How long a turn is kept after it was parked. @default 86400000 (a day) */
  readonly ttlMs?: number;
}

interface StoredTurn {
  readonly turn: ParkedTurn;
  readonly keys: readonly string[];
  readonly bytes: number;
  readonly expiresAtMs: number;
}

/** Keeps parked turns; the oldest make room for new ones. */
export class MemoryTurns implements TurnStore {
  readonly #clock: Clock;
  readonly #maxTurns: number;
  readonly #maxBytes: number;
  readonly #ttlMs: number;
  /** Oldest first. */
  readonly #records = new Set<StoredTurn>();
  /** Tenant and client call id to record. */
  readonly #byCall = new Map<string, StoredTurn>();
  #bytes = 0;

  /** Keeps nothing yet. */
  constructor(options: MemoryTurnsOptions) {
    this.#clock = options.clock;
    this.#maxTurns = options.maxTurns ?? 10_000;
    this.#maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
    this.#ttlMs = options.ttlMs ?? 24 * 60 * 60 * 1000;
  }

  /** Number of turns kept. */
  get size(): number {
    return this.#records.size;
  }

  /** Keeps a turn; one too large for the whole store is not kept. */
  park(tenant: string, turn: ParkedTurn): Promise<void> {
    const keys = Object.keys(turn.callIds).map((callId) => keyOf(tenant, callId));
    const bytes = sizeOf(turn);
    this.#dropExpired();
    if (keys.length === 0 || bytes > this.#maxBytes) return Promise.resolve();
    // A call id that comes again belongs to the newer turn.
    for (const key of keys) this.#forgetCall(key);
    const expiresAtMs = this.#clock.now() + this.#ttlMs;
    const record: StoredTurn = { turn, keys, bytes, expiresAtMs };
    this.#records.add(record);
    this.#bytes += bytes;
    for (const key of keys) this.#byCall.set(key, record);
    while (this.#records.size > this.#maxTurns || this.#bytes > this.#maxBytes) {
      this.#drop(first(this.#records));
    }
    return Promise.resolve();
  }

  /** The turn behind a call, while it is kept and if it is this tenant's. */
  find(tenant: string, callId: string): Promise<ParkedTurn | undefined> {
    this.#dropExpired();
    return Promise.resolve(this.#byCall.get(keyOf(tenant, callId))?.turn);
  }

  /** All turns live equally long, so the oldest expire first. */
  #dropExpired(): void {
    const nowMs = this.#clock.now();
    for (const record of this.#records) {
      if (record.expiresAtMs > nowMs) return;
      this.#drop(record);
    }
  }

  #forgetCall(key: string): void {
    const record = this.#byCall.get(key);
    if (!record) return;
    this.#byCall.delete(key);
    if (record.keys.every((other) => this.#byCall.get(other) !== record)) this.#drop(record);
  }

  #drop(record: StoredTurn): void {
    if (!this.#records.delete(record)) return;
    this.#bytes -= record.bytes;
    for (const key of record.keys) {
      if (this.#byCall.get(key) === record) this.#byCall.delete(key);
    }
  }
}

/** No tenant and call id together read like another pair. */
function keyOf(tenant: string, callId: string): string {
  return JSON.stringify([tenant, callId]);
}

function sizeOf(turn: ParkedTurn): number {
  return JSON.stringify(turn).length;
}

function first(records: ReadonlySet<StoredTurn>): StoredTurn {
  for (const record of records) return record;
  throw new RangeError("Cannot take the first of nothing");
}
