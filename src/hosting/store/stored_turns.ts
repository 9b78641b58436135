/**
 * Parked turns as records.
 * @module
 */
import { RunError } from "../../run/error.ts";
import type { Message } from "../../run/request.ts";
import type { BegunCall, ParkedTurn, TurnStore } from "../../run/seams.ts";
import type { RecordStore, StoredRecord } from "./record_store.ts";

/** How large turns may be, and how long they are kept. */
export interface StoredTurnsOptions {
  /** Most characters of a turn, or of a result, as JSON; a larger one is not kept. @default 16777216 */
  readonly maxChars?: number;
  /** How long a turn is kept after it was parked. @default the store's, else 86400000 (a day) */
  readonly ttlMs?: number;
}

/** What is kept under an id: the turn, or where it is. */
type TurnRecord = { readonly turn: ParkedTurn } | { readonly at: string };

const MAX_CHARS = 16 * 1024 * 1024;
const TTL_MS = 24 * 60 * 60 * 1000;

/** Keeps parked turns in a record store. */
export class StoredTurns implements TurnStore {
  readonly #records: RecordStore;
  readonly #maxChars: number;
  readonly #ttlMs: number;

  /** Writes to `records`, which the caller starts and closes. */
  constructor(records: RecordStore, options: StoredTurnsOptions = {}) {
    this.#records = records;
    this.#maxChars = options.maxChars ?? MAX_CHARS;
    this.#ttlMs = options.ttlMs ?? records.ttlMs ?? TTL_MS;
  }

  /**
   * Keeps a turn under each id its client knows.
   *
   * @throws {RunError} `internal` when it is too large, or the store cannot take it
   */
  async park(tenant: string, turn: ParkedTurn): Promise<void> {
    const [first, ...others] = idsOf(turn);
    if (first === undefined) return;
    const json = this.#bounded({ turn } satisfies TurnRecord);
    // With one id, as is usual, the turn is one record. With several it is kept once, under a
    // name of its own, so that an id that comes again takes nothing from the others.
    const at = others.length === 0 ? first : `turn of ${first}`;
    const records: StoredRecord[] = [{ kind: "turn", id: at, json }];
    if (others.length > 0) {
      const pointer = JSON.stringify({ at } satisfies TurnRecord);
      for (const id of [first, ...others]) records.push({ kind: "turn", id, json: pointer });
    }
    await this.#records.put(tenant, records, this.#ttlMs);
  }

  /** The turn behind an id, while it is kept and if it is this tenant's. */
  async find(tenant: string, id: string): Promise<ParkedTurn | undefined> {
    const record = await this.#read(tenant, id);
    const found = record && "at" in record ? await this.#read(tenant, record.at) : record;
    if (!found || !("turn" in found)) return undefined;
    // Another turn may have taken the place the pointer led to.
    return idsOf(found.turn).includes(id) ? found.turn : undefined;
  }

  /** Begins what waits for an approval, unless it was begun before, here or at another replica. */
  async begin(
    tenant: string,
    approvalId: string,
    refused?: readonly Message[],
  ): Promise<BegunCall | undefined> {
    const json = this.#bounded({ messages: refused } satisfies BegunCall);
    const record: StoredRecord = { kind: "approval", id: approvalId, json };
    const known = await this.#records.claim(tenant, record, this.#ttlMs);
    return known === undefined ? undefined : JSON.parse(known);
  }

  /**
   * Keeps the result of what was begun.
   *
   * @throws {RunError} `internal` when it is too large, or the store cannot take it
   */
  async settle(
    tenant: string,
    approvalId: string,
    messages: readonly Message[],
  ): Promise<void> {
    const json = this.#bounded({ messages } satisfies BegunCall);
    const record: StoredRecord = { kind: "approval", id: approvalId, json };
    await this.#records.put(tenant, [record], this.#ttlMs);
  }

  #bounded(value: TurnRecord | BegunCall): string {
    const json = JSON.stringify(value);
    if (json.length <= this.#maxChars) return json;
    throw new RunError(
      "internal",
      `Cannot keep a turn of ${json.length} characters: at most ${this.#maxChars} are kept`,
    );
  }

  async #read(tenant: string, id: string): Promise<TurnRecord | undefined> {
    const [json] = await this.#records.get(tenant, "turn", [id]);
    return json === undefined ? undefined : JSON.parse(json);
  }
}

function idsOf({ callIds, approvals = {} }: ParkedTurn): readonly string[] {
  return [...Object.keys(callIds), ...Object.keys(approvals)];
}
