/**
 * Responses and their items in a record store, each under the tenant that made it.
 * @module
 */
import type { References, StoredHistory, StoredItem } from "../../protocols/stateful.ts";
import { RunError } from "../../run/error.ts";
import type { RecordStore, StoredRecord } from "../store/record_store.ts";
import { decodeRecord, encodeRecord, isOver, type ResponseRecord } from "./response_record.ts";

/** As long as OpenAI keeps responses: 30 days. */
const TTL_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Most characters of a response with all that was said before, and of its frames: one conversation
 * must not take the place of all others.
 */
const MAX_RECORD_LENGTH = 16 * 1024 * 1024;
const MAX_EVENTS_LENGTH = 8 * 1024 * 1024;

/** Ids that are made here look like this; others are never looked up. */
const RESPONSE_ID = /^[A-Za-z0-9_-]{1,128}$/;

const NO_ITEMS: ReadonlyMap<string, StoredItem> = new Map();

/** What is kept along with a response. */
export interface KeptBeside {
  /** Items it refers to, to be kept as long as itself. */
  readonly referenced?: Iterable<StoredItem>;
  /** Its frames one after another; left out where they are more than 8 Mi characters. */
  readonly events?: string;
}

/** Reads and writes responses. */
export class ResponseStore {
  readonly #records: RecordStore;
  readonly #ttlMs: number;

  /**
   * Over `records`.
   *
   * @param records its `ttlMs` says how long responses are kept, 30 days unless told
   */
  constructor(records: RecordStore) {
    this.#records = records;
    this.#ttlMs = records.ttlMs ?? TTL_MS;
  }

  /** What a request refers to, as far as it is this tenant's. */
  async history(tenant: string, references: References): Promise<StoredHistory> {
    const { previousResponseId, itemIds } = references;
    if (previousResponseId === undefined && itemIds.length === 0) return { items: NO_ITEMS };
    const [record, items] = await Promise.all([
      previousResponseId === undefined ? undefined : this.find(tenant, previousResponseId),
      this.#items(tenant, itemIds),
    ]);
    if (!record) return { items };
    return {
      previous: [...record.input, ...record.output],
      previousStatus: record.status,
      items,
    };
  }

  /** The response of this id, or undefined when it is not known or another tenant's. */
  async find(tenant: string, id: string): Promise<ResponseRecord | undefined> {
    if (!RESPONSE_ID.test(id)) return undefined;
    const [json] = await this.#get(tenant, "response", [id]);
    return json === undefined ? undefined : decodeRecord(json);
  }

  /** The frames of a response one after another; undefined where they are not kept. */
  async events(tenant: string, id: string): Promise<string | undefined> {
    const [json] = await this.#get(tenant, "events", [id]);
    return json === undefined ? undefined : JSON.parse(json);
  }

  /**
   * Keeps a response as it stands, and its items under their ids: all of it or nothing.
   *
   * @throws {RunError} `internal` when it cannot be kept, or has more than 16 Mi characters
   */
  async keep(tenant: string, record: ResponseRecord, beside: KeptBeside = {}): Promise<void> {
    const json = encodeRecord(record);
    if (json.length > MAX_RECORD_LENGTH) {
      throw new RunError("internal", `Cannot keep a response of ${json.length} characters`);
    }
    const records: StoredRecord[] = [{ kind: "response", id: record.id, json }];
    if (isOver(record.status)) {
      const minted = new Set(record.minted);
      // The last of an id counts: what was answered is never mistaken for what was asked.
      const items = new Map<string, string>();
      for (const { id, json } of beside.referenced ?? []) items.set(id, json);
      for (const { id, json } of record.input) if (minted.has(id)) items.set(id, json);
      for (const { id, json } of record.output) items.set(id, json);
      for (const [id, json] of items) records.push({ kind: "item", id, json });
    }
    if (beside.events !== undefined && beside.events.length <= MAX_EVENTS_LENGTH) {
      records.push({ kind: "events", id: record.id, json: JSON.stringify(beside.events) });
    }
    await this.#records.put(tenant, records, this.#ttlMs);
  }

  /** Forgets a response, its own items and its events; resolves to whether it was there. */
  async delete(tenant: string, id: string): Promise<boolean> {
    const record = await this.find(tenant, id);
    if (!record) return false;
    const items = [...record.minted, ...record.output.map((item) => item.id)];
    // The response goes last: a deletion that was cut short can be repeated.
    await this.#records.delete(tenant, "item", items);
    await this.#records.delete(tenant, "events", [id]);
    return await this.#records.delete(tenant, "response", [id]) > 0;
  }

  async #items(
    tenant: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, StoredItem>> {
    if (ids.length === 0) return NO_ITEMS;
    const found = await this.#get(tenant, "item", ids);
    const items = new Map<string, StoredItem>();
    for (const [index, id] of ids.entries()) {
      const json = found[index];
      if (json !== undefined) items.set(id, { id, json });
    }
    return items;
  }

  async #get(
    tenant: string,
    kind: StoredRecord["kind"],
    ids: readonly string[],
  ): Promise<readonly (string | undefined)[]> {
    try {
      return await this.#records.get(tenant, kind, ids);
    } catch (cause) {
      if (cause instanceof RunError) throw cause;
      throw new RunError("internal", `Cannot read a record of kind "${kind}"`, { cause });
    }
  }
}
