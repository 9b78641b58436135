/**
 * Records in memory: bounded by number, size and age, gone with the process.
 * @module
 */
import { RunError } from "../../run/error.ts";
import type { Clock } from "../../run/seams.ts";
import { ExpiryQueue } from "./expiry_queue.ts";
import type { RecordKind, RecordStore, StoredRecord } from "./record_store.ts";
import { wholeTtlMs } from "./ttl.ts";

/** How much is kept. */
export interface MemoryRecordsOptions {
  /** Tells the age of records. */
  readonly clock: Clock;
  /** Most records. @default 100000 */
  readonly maxRecords?: number;
  /**
   * Of all records together, each counted as what its text and its key take up and a fixed share
   * for keeping it. @default 67108864 (64 MiB)
   */
  readonly maxBytes?: number;
  /** How long conversations are kept. @default whoever writes them decides */
  readonly ttlMs?: number;
}

interface Entry {
  readonly key: string;
  readonly json: string;
  readonly bytes: number;
  readonly expiresAtMs: number;
  /** Number of the write it came with. */
  readonly write: number;
}

const MAX_RECORDS = 100_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** What a record takes up besides its texts: its entry, its places in map and queue. */
const ENTRY_BYTES = 200;

/** Forgotten entries the queue may hold before it is made anew, besides one for each record. */
const QUEUE_SLACK = 1024;

/**
 * Keeps records and never refuses one: what was written longest ago makes room, together with what
 * was written in the same breath, so that no half of it stays. A write too large for the whole
 * store leaves nothing behind.
 *
 * Records that have expired are dropped whenever the store is used. There is no timer, so an idle
 * store holds what it held, within its bounds.
 */
export class MemoryRecords implements RecordStore {
  /** How long conversations are kept; undefined leaves it to whoever writes them. */
  readonly ttlMs: number | undefined;
  readonly #clock: Clock;
  readonly #maxRecords: number;
  readonly #maxBytes: number;
  /** By key, in the order of their writes. */
  readonly #entries = new Map<string, Entry>();
  readonly #queue = new ExpiryQueue<Entry>();
  #bytes = 0;
  #writes = 0;
  #closed = false;

  /** Keeps nothing yet. */
  constructor(options: MemoryRecordsOptions) {
    this.#clock = options.clock;
    this.#maxRecords = options.maxRecords ?? MAX_RECORDS;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.ttlMs = options.ttlMs;
  }

  /** Number of records kept. */
  get size(): number {
    return this.#entries.size;
  }

  /** What the records take up, as `maxBytes` counts. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing to open. */
  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Writes records, the oldest ones making room. */
  // deno-lint-ignore require-await -- async so that a closed store rejects
  async put(tenant: string, records: readonly StoredRecord[], ttlMs: number): Promise<void> {
    this.#ready();
    this.#write(tenant, records, ttlMs);
  }

  /** The texts of `ids`, undefined for what is not kept. */
  // deno-lint-ignore require-await -- async so that a closed store rejects
  async get(
    tenant: string,
    kind: RecordKind,
    ids: readonly string[],
  ): Promise<readonly (string | undefined)[]> {
    this.#ready();
    return ids.map((id) => this.#entries.get(keyOf(tenant, kind, id))?.json);
  }

  /** Removes records and counts them. */
  // deno-lint-ignore require-await -- async so that a closed store rejects
  async delete(tenant: string, kind: RecordKind, ids: readonly string[]): Promise<number> {
    this.#ready();
    const before = this.#entries.size;
    for (const id of ids) this.#drop(this.#entries.get(keyOf(tenant, kind, id)));
    return before - this.#entries.size;
  }

  /** Writes the record unless there is one. */
  // deno-lint-ignore require-await -- async so that a closed store rejects
  async claim(tenant: string, record: StoredRecord, ttlMs: number): Promise<string | undefined> {
    this.#ready();
    const there = this.#entries.get(keyOf(tenant, record.kind, record.id));
    if (there) return there.json;
    this.#write(tenant, [record], ttlMs);
    return undefined;
  }

  /** Forgets everything; whoever uses the store afterwards is refused. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#entries.clear();
    this.#queue.refill([]);
    this.#bytes = 0;
    return Promise.resolve();
  }

  /** Makes sure that nothing is there that has expired. */
  #ready(): void {
    if (this.#closed) throw new RunError("internal", "Cannot use the memory store: it is closed");
    const nowMs = this.#clock.now();
    for (let entry; (entry = this.#queue.takeExpired(nowMs));) {
      // An entry that was replaced is in the queue still, and not to be confused with its heir.
      if (this.#entries.get(entry.key) === entry) this.#drop(entry);
    }
  }

  #write(tenant: string, records: readonly StoredRecord[], ttlMs: number): void {
    const expiresAtMs = this.#clock.now() + wholeTtlMs(ttlMs);
    const write = ++this.#writes;
    for (const { kind, id, json } of records) {
      const key = keyOf(tenant, kind, id);
      this.#drop(this.#entries.get(key));
      const bytes = ENTRY_BYTES + sizeOf(key) + sizeOf(json);
      const entry: Entry = { key, json, bytes, expiresAtMs, write };
      this.#entries.set(key, entry);
      this.#queue.add(entry);
      this.#bytes += bytes;
    }
    while (this.#entries.size > this.#maxRecords || this.#bytes > this.#maxBytes) {
      this.#dropOldestWrite();
    }
    if (this.#queue.size > 2 * this.#entries.size + QUEUE_SLACK) {
      this.#queue.refill(this.#entries.values());
    }
  }

  #dropOldestWrite(): void {
    let write: number | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.write !== (write ??= entry.write)) return;
      this.#drop(entry);
    }
  }

  #drop(entry: Entry | undefined): void {
    if (entry && this.#entries.delete(entry.key)) this.#bytes -= entry.bytes;
  }
}

/** No tenant, kind and id together read like others: the tenant's length says where it ends. */
function keyOf(tenant: string, kind: RecordKind, id: string): string {
  return `${kind}:${tenant.length}:${tenant}${id}`;
}

/** Bytes of a text in memory: one a character where all are Latin-1, else two. */
function sizeOf(text: string): number {
  // deno-lint-ignore no-control-regex -- the range is all of Latin-1
  return /[^\x00-\xff]/.test(text) ? 2 * text.length : text.length;
}
