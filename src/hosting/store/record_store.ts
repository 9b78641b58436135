/**
 * What is kept between requests, whatever keeps it: small JSON texts under a tenant, a kind and an id.
 *
 * Parked turns, stored responses and their items, event logs and idempotency keys are all records;
 * what they mean is decided by whoever writes them. A tenant never sees another's records.
 *
 * @module
 */

/** What a record is. */
export type RecordKind = "turn" | "approval" | "response" | "item" | "events" | "idempotency";

/** One record to be written. */
export interface StoredRecord {
  /** What it is. */
  readonly kind: RecordKind;
  /** Unique among the tenant's records of this kind. */
  readonly id: string;
  /** JSON text; an existing record is replaced. */
  readonly json: string;
}

/** Keeps records. Safe for concurrent use; every write is bounded in time by its own `ttlMs`. */
export interface RecordStore extends AsyncDisposable {
  /** How long the operator wants conversations kept; undefined leaves it to whoever writes them. */
  readonly ttlMs?: number;
  /**
   * Opens files and connections. Called before anything else, and again when it failed.
   *
   * @throws {SetupError} when the file or the server cannot be used
   */
  start(): Promise<void>;
  /**
   * Writes all records or none, each kept for `ttlMs` at most.
   *
   * @throws {RunError} `internal` when the store cannot take them
   */
  put(tenant: string, records: readonly StoredRecord[], ttlMs: number): Promise<void>;
  /** The JSON texts of `ids` in their order; undefined for what is not there or has expired. */
  get(
    tenant: string,
    kind: RecordKind,
    ids: readonly string[],
  ): Promise<readonly (string | undefined)[]>;
  /** Removes records; resolves to how many were there. */
  delete(tenant: string, kind: RecordKind, ids: readonly string[]): Promise<number>;
  /**
   * Writes the record unless there is one already, atomically among all replicas; resolves to the
   * JSON text that is there already, or undefined when the record was written.
   */
  claim(tenant: string, record: StoredRecord, ttlMs: number): Promise<string | undefined>;
  /** Fails while the store cannot be used. Absent where nothing can come between. */
  check?(): Promise<void>;
}
