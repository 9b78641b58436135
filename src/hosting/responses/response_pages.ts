/**
 * Requests below `/responses/{id}`. What is another tenant's is not there.
 * @module
 */
import {
  encodeDeletion,
  encodeItemList,
  encodeLost,
  notCancellable,
  notResumable,
  readStartingAfter,
  responseNotFound,
} from "../../protocols/responses/mod.ts";
import { HttpError } from "../../run/error.ts";
import type { Clock } from "../../run/seams.ts";
import { type Call, CLIENT_GONE } from "../call.ts";
import { EventLog } from "../event_log.ts";
import { streamed } from "../respond.ts";
import type { BackgroundRuns } from "./background_runs.ts";
import type { Errands } from "./errands.ts";
import { isOver, type ResponseRecord } from "./response_record.ts";
import type { ResponseStore } from "./response_store.ts";

/** What is asked of a response. */
export type ResponseAction = "read" | "cancel" | "input-items";

/** What the pages are made of. */
export interface ResponsePagesOptions {
  /** Where responses are kept. */
  readonly store: ResponseStore;
  /** Those that are still being made here. */
  readonly runs: BackgroundRuns;
  /** For those that are being made elsewhere. */
  readonly errands: Errands;
  /** Tells who can still be alive. */
  readonly clock: Clock;
}

/** How long another process may take to do as it is told: it looks once a second. */
const ERRAND_MS = 3000;
const ERRAND_POLL_MS = 100;

/** Answers requests about responses. */
export class ResponsePages {
  readonly #options: ResponsePagesOptions;

  /** Over everything that knows of responses. */
  constructor(options: ResponsePagesOptions) {
    this.#options = options;
  }

  /**
   * Answers one request.
   *
   * @throws {RequestError} `item-not-found`, and whatever is wrong with the query
   */
  async answer(
    call: Call,
    { tenant, id, action }: {
      readonly tenant: string;
      readonly id: string;
      readonly action: ResponseAction;
    },
  ): Promise<Response> {
    switch (action) {
      case "input-items": {
        const { input } = await this.#record(tenant, id);
        return call.answer(encodeItemList(input, queryOf(call)));
      }
      case "cancel":
        return call.answer(await this.#cancel(tenant, id));
      case "read":
        if (call.request.method === "DELETE") {
          await this.#delete(tenant, id);
          return call.answer(encodeDeletion(id));
        }
        return call.request.method === "GET" && queryOf(call).get("stream") === "true"
          ? await this.#stream(call, tenant, id)
          : call.answer(await this.#read(tenant, id));
      default:
        return action satisfies never;
    }
  }

  async #read(tenant: string, id: string): Promise<string> {
    const { runs } = this.#options;
    return runs.find(tenant, id)?.json ?? this.#jsonOf(await this.#record(tenant, id));
  }

  async #stream(call: Call, tenant: string, id: string): Promise<Response> {
    const from = readStartingAfter(queryOf(call)) + 1;
    const log = this.#options.runs.find(tenant, id)?.log ?? await this.#keptLog(tenant, id);
    return streamed(call, log.read(from, (left) => call.end(left ? CLIENT_GONE : 200)));
  }

  async #keptLog(tenant: string, id: string): Promise<EventLog> {
    const { store } = this.#options;
    const record = await this.#record(tenant, id);
    const events = await store.events(tenant, id);
    if (events !== undefined) return EventLog.of(events);
    if (record.background && !isOver(record.status) && !this.#isLost(record)) {
      throw new HttpError(
        409,
        `Poll response ${JSON.stringify(id)}: it is being made by another server, which has its ` +
          "events until it is complete",
      );
    }
    throw notResumable(id);
  }

  async #cancel(tenant: string, id: string): Promise<string> {
    const run = this.#options.runs.find(tenant, id);
    if (run) {
      await run.cancel();
      return run.json;
    }
    const record = await this.#record(tenant, id);
    if (!record.background) throw notCancellable(id);
    if (isOver(record.status) || this.#isLost(record)) return this.#jsonOf(record);
    return this.#jsonOf(await this.#cancelElsewhere(tenant, record) ?? record);
  }

  async #delete(tenant: string, id: string): Promise<void> {
    const { runs, store, errands } = this.#options;
    const run = runs.find(tenant, id);
    if (run) return await run.discard();
    const { status } = await this.#record(tenant, id);
    if (!isOver(status)) await errands.leave(tenant, id, "delete");
    if (!await store.delete(tenant, id)) throw responseNotFound(id);
  }

  /** Has another process cancel its run; the response afterwards, undefined when it is gone. */
  async #cancelElsewhere(
    tenant: string,
    record: ResponseRecord,
  ): Promise<ResponseRecord | undefined> {
    const { store, errands, clock } = this.#options;
    await errands.leave(tenant, record.id, "cancel");
    const until = clock.now() + ERRAND_MS;
    for (let found: ResponseRecord | undefined = record;;) {
      if (!found || isOver(found.status) || clock.now() >= until) return found;
      await new Promise<void>((resolve) => clock.schedule(ERRAND_POLL_MS, resolve));
      found = await store.find(tenant, record.id);
    }
  }

  async #record(tenant: string, id: string): Promise<ResponseRecord> {
    const record = await this.#options.store.find(tenant, id);
    if (!record) throw responseNotFound(id);
    return record;
  }

  #jsonOf(record: ResponseRecord): string {
    return this.#isLost(record) ? encodeLost(record.json) : record.json;
  }

  /** Whether nobody goes on making the response, though nobody has said so. */
  #isLost({ status, leaseUntilMs }: ResponseRecord): boolean {
    return !isOver(status) && leaseUntilMs <= this.#options.clock.now();
  }
}

function queryOf({ request: { url } }: Call): URLSearchParams {
  const start = url.indexOf("?");
  const end = url.indexOf("#");
  if (start < 0) return new URLSearchParams();
  return new URLSearchParams(url.slice(start + 1, end < 0 ? undefined : end));
}
