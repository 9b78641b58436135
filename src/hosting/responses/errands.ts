/**
 * What one process wants of a run that goes on in another: left in the store, found there at the
 * run's next beat.
 * @module
 */
import type { RecordStore } from "../store/record_store.ts";

/** What can be wanted of a run. */
export type Errand = "cancel" | "delete";

/** Errands older than this are for runs that are long gone. */
const TTL_MS = 60 * 60 * 1000;

/** Leaves and takes errands. */
export class Errands {
  readonly #records: RecordStore;

  /** Over the store that all processes share. */
  constructor(records: RecordStore) {
    this.#records = records;
  }

  /** Leaves an errand for whoever runs the response. */
  leave(tenant: string, responseId: string, errand: Errand): Promise<void> {
    const record = { kind: "events", id: idOf(responseId), json: JSON.stringify(errand) } as const;
    return this.#records.put(tenant, [record], TTL_MS);
  }

  /** The errand left for a response. */
  async take(tenant: string, responseId: string): Promise<Errand | undefined> {
    const [json] = await this.#records.get(tenant, "events", [idOf(responseId)]);
    return json === undefined ? undefined : JSON.parse(json);
  }
}

/** No response has an id with a slash in it. */
function idOf(responseId: string): string {
  return `${responseId}/errand`;
}
