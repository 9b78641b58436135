/**
 * Records in Redis: shared by all replicas of a server.
 * @module
 */
import type { createHash } from "node:crypto";
import { RunError } from "../../run/error.ts";
import type { Clock } from "../../run/seams.ts";
import type { RecordKind, RecordStore, StoredRecord } from "./record_store.ts";
import { RedisConnection } from "./redis_connection.ts";
import { storedText } from "./stored_text.ts";
import { wholeTtlMs } from "./ttl.ts";

/** How records are kept. */
export interface RedisRecordsOptions {
  /** Times attempts to connect. The age of records is the server's to tell. */
  readonly clock: Clock;
  /** Longest that connecting or a command may take. @default 5000 */
  readonly timeoutMs?: number;
  /** How long conversations are kept. @default whoever writes them decides */
  readonly ttlMs?: number;
}

const TIMEOUT_MS = 5000;

/** How often a claim is tried again whose rival expired in the middle of it. */
const CLAIM_ATTEMPTS = 3;

/**
 * Keeps records under keys as `fakellm:{2bd806c97f0e00af1a1fc3328fa763a9}:response:resp_1`, where
 * the braces hold a hash of the tenant: a cluster keeps a tenant in one place, so that its writes
 * are atomic. How much is kept is the server's to limit; a server that is full and evicts nothing
 * fails writes.
 */
export class RedisRecords implements RecordStore {
  /** How long conversations are kept; undefined leaves it to whoever writes them. */
  readonly ttlMs: number | undefined;
  readonly #connection: RedisConnection;
  #createHash: typeof createHash | undefined;

  /**
   * Connects to nothing yet.
   *
   * @param url as `redis://user:password@host:6379/0`, or `rediss:` for TLS
   * @throws {SetupError} when `url` is something else
   */
  constructor(url: string, options: RedisRecordsOptions) {
    const { clock, timeoutMs = TIMEOUT_MS } = options;
    this.#connection = new RedisConnection(url, { clock, timeoutMs });
    this.ttlMs = options.ttlMs;
  }

  /**
   * Connects.
   *
   * @throws {SetupError} when the server cannot be reached or refuses
   */
  async start(): Promise<void> {
    this.#createHash ??= (await import("node:crypto")).createHash;
    await this.#connection.start();
  }

  /** Writes all records or none. */
  async put(tenant: string, records: readonly StoredRecord[], ttlMs: number): Promise<void> {
    if (records.length === 0) return;
    const keyOf = this.#keysOf(tenant);
    const wholeMs = wholeTtlMs(ttlMs);
    await this.#connection.run((client) => {
      const write = client.multi();
      for (const { kind, id, json } of records) {
        if (wholeMs > 0) write.set(keyOf(kind, id), json, lasting(wholeMs));
        else write.del(keyOf(kind, id));
      }
      return write.exec();
    });
  }

  /** The texts of `ids`, undefined for what is not there. */
  async get(
    tenant: string,
    kind: RecordKind,
    ids: readonly string[],
  ): Promise<readonly (string | undefined)[]> {
    if (ids.length === 0) return [];
    const keyOf = this.#keysOf(tenant);
    const texts = await this.#connection.run((client) =>
      client.mGet(ids.map((id) => keyOf(kind, id)))
    );
    return texts.map((text) => text ?? undefined);
  }

  /** Removes records and counts them. */
  async delete(tenant: string, kind: RecordKind, ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const keyOf = this.#keysOf(tenant);
    return await this.#connection.run((client) => client.del(ids.map((id) => keyOf(kind, id))));
  }

  /** Writes the record unless there is one. */
  async claim(tenant: string, record: StoredRecord, ttlMs: number): Promise<string | undefined> {
    const key = this.#keysOf(tenant)(record.kind, record.id);
    // One millisecond at least: the server takes no less.
    const options = { ...lasting(Math.max(wholeTtlMs(ttlMs), 1)), condition: "NX" as const };
    for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt++) {
      const written = await this.#connection.run((client) => client.set(key, record.json, options));
      if (written !== null) return undefined;
      // Older servers do not tell what is there in one and the same command.
      const there = await this.#connection.run((client) => client.get(key));
      if (there !== null) return there;
    }
    throw new RunError("internal", "Cannot claim a record in redis: it comes and goes");
  }

  /** Fails while the server does not answer. */
  async check(): Promise<void> {
    await this.#connection.run((client) => client.ping());
  }

  /** Closes the connection; whoever uses the store afterwards is refused. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#connection[Symbol.asyncDispose]();
  }

  /** Makes the keys of a tenant. */
  #keysOf(tenant: string): (kind: RecordKind, id: string) => string {
    if (!this.#createHash) {
      throw new RunError("internal", "Cannot use the redis store before start");
    }
    const hash = this.#createHash("sha256").update(storedText(tenant)).digest("hex").slice(0, 32);
    return (kind, id) => `fakellm:{${hash}}:${kind}:${storedText(id)}`;
  }
}

/** Options of SET for a record that is kept for `ttlMs`. */
function lasting(
  ttlMs: number,
): { readonly expiration: { readonly type: "PX"; readonly value: number } } {
  return { expiration: { type: "PX", value: ttlMs } };
}
