/**
 * The stores an app can be given.
 * @module
 */
import { systemClock } from "../../context/system.ts";
import type { Clock } from "../../run/seams.ts";
import { DependencyHealth } from "../health.ts";
import { MemoryRecords } from "./memory_records.ts";
import type { RecordStore } from "./record_store.ts";
import { RedisRecords } from "./redis_records.ts";
import { SqliteRecords } from "./sqlite_records.ts";

/** What every store takes. */
export interface StoreOptions {
  /** How long conversations are kept, in milliseconds. @default 30 days; a day for open tool calls */
  readonly ttlMs?: number;
  /** Time. @default the runtime's */
  readonly clock?: Clock;
}

/** What `memoryStore` takes. */
export interface MemoryStoreOptions extends StoreOptions {
  /** Most records. @default 100000 */
  readonly maxRecords?: number;
  /** Most bytes of all records together. @default 67108864 (64 MiB) */
  readonly maxBytes?: number;
}

/** What `sqliteStore` takes. */
export interface SqliteStoreOptions extends StoreOptions {
  /** Most bytes the records take up of the file. @default unlimited */
  readonly maxBytes?: number;
}

/** What `redisStore` takes. */
export interface RedisStoreOptions extends StoreOptions {
  /** Longest that connecting or a command may take, in milliseconds. @default 5000 */
  readonly timeoutMs?: number;
}

/** Keeps conversations in memory, within bounds; they end with the process. */
export function memoryStore(options: MemoryStoreOptions = {}): RecordStore {
  const { clock = systemClock, maxRecords, maxBytes, ttlMs } = options;
  return new MemoryRecords({ clock, maxRecords, maxBytes, ttlMs });
}

/**
 * Keeps conversations in one file of SQLite; they outlive the process.
 *
 * @param path of the file, made when the app starts; its folder must exist
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): RecordStore {
  const { clock = systemClock, maxBytes, ttlMs } = options;
  return new SqliteRecords(path, { clock, maxBytes, ttlMs });
}

/**
 * Keeps conversations in Redis, shared by all replicas of a server.
 *
 * @param url as `redis://user:password@host:6379/0`, or `rediss:` for TLS
 * @throws {SetupError} when `url` is something else
 */
export function redisStore(url: string, options: RedisStoreOptions = {}): RecordStore {
  const { clock = systemClock, timeoutMs, ttlMs } = options;
  return new RedisRecords(url, { clock, timeoutMs, ttlMs });
}

/** The check behind `/ready` for a store: its own, or that it can be read. */
export function storeHealth(store: RecordStore): DependencyHealth {
  return new DependencyHealth(
    "store",
    () => store.check ? store.check() : store.get("", "response", ["ready"]),
  );
}
