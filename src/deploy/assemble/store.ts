/**
 * Builds the store of a deployment.
 * @module
 */
import type { RecordStore } from "../../hosting/store/record_store.ts";
import { memoryStore, redisStore, sqliteStore } from "../../hosting/store/stores.ts";
import type { ResolvedStore } from "../resolved.ts";

/**
 * Where the deployment keeps its records. Nothing is opened before the app starts.
 *
 * @throws {SetupError} at `store.url` when redis cannot be found by it
 */
export function assembleStore(store: ResolvedStore): RecordStore {
  switch (store.type) {
    case "memory":
      return memoryStore({ ttlMs: store.ttlMs, maxBytes: store.maxBytes });
    case "sqlite":
      return sqliteStore(store.path, { ttlMs: store.ttlMs, maxBytes: store.maxBytes });
    case "redis":
      return redisStore(store.url, { ttlMs: store.ttlMs });
    default:
      return store satisfies never;
  }
}
