/**
 * What requests below `/responses/{id}` are answered with.
 *
 * Source: https://developers.openai.com/api/reference/resources/responses (as typed by npm:openai 7.57.0, 2026-11-23)
 * @module
 */
import { RequestError } from "../../run/error.ts";
import { at, describeValue, isObject, wrongValue } from "../issue.ts";
import { encodeJsonLine } from "../sse.ts";
import type { StoredItem } from "../stateful.ts";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/**
 * A page of `/responses/{id}/input_items`, as JSON.
 *
 * @param items oldest first
 * @param query `limit` 1 to 100, 20 unless told; `order` `asc` or `desc`, `desc` unless told;
 *   `after`, the id of the item before the page
 * @throws {RequestError} `invalid-value` for a value that is none of these
 */
export function encodeItemList(items: readonly StoredItem[], query: URLSearchParams): string {
  const limit = readLimit(query.get("limit"));
  const ordered = readOrder(query.get("order")) === "asc" ? items : items.toReversed();
  const start = readStart(ordered, query.get("after"));
  const page = ordered.slice(start, start + limit);
  return `{"object":"list","data":[${page.map((item) => item.json).join()}]` +
    `,"first_id":${encodeJsonLine(page.at(0)?.id ?? null)}` +
    `,"last_id":${encodeJsonLine(page.at(-1)?.id ?? null)}` +
    `,"has_more":${start + limit < ordered.length}}`;
}

function readLimit(value: string | null): number {
  if (value === null) return DEFAULT_LIMIT;
  const limit = /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw wrongValue(at(null, "limit"), { got: value, expected: `1 to ${MAX_LIMIT}` });
}

function readOrder(value: string | null): "asc" | "desc" {
  if (value === null) return "desc";
  if (value === "asc" || value === "desc") return value;
  throw wrongValue(at(null, "order"), { got: value, expected: '"asc" or "desc"' });
}

function readStart(items: readonly StoredItem[], after: string | null): number {
  if (after === null) return 0;
  const index = items.findIndex((item) => item.id === after);
  if (index === -1) {
    throw wrongValue(at(null, "after"), { got: after, expected: "the id of an item of the list" });
  }
  return index + 1;
}

/**
 * The number after which a stream is to be taken up again; -1 for all of it.
 *
 * @param query `starting_after`, the number of the last event that came
 * @throws {RequestError} `invalid-value` when it is no number
 */
export function readStartingAfter(query: URLSearchParams): number {
  const name = "starting_after";
  const value = query.get(name);
  if (value === null) return -1;
  if (!/^\d{1,15}$/.test(value)) {
    throw wrongValue(at(null, name), { got: value, expected: "the number of an event" });
  }
  return Number(value);
}

/** The answer to `DELETE`, as JSON. */
export function encodeDeletion(id: string): string {
  return encodeJsonLine({ id, object: "response", deleted: true });
}

/** No response of this id is kept, or it is another's. */
export function responseNotFound(id: string): RequestError {
  return new RequestError("item-not-found", `Response with id ${describeValue(id)} not found`);
}

/** A response that somebody waits for ends with its request, not otherwise. */
export function notCancellable(id: string): RequestError {
  return new RequestError(
    "invalid-value",
    `Cannot cancel response ${describeValue(id)}: only responses with "background": true can be ` +
      "cancelled",
  );
}

/** Events are kept of responses in the background alone. */
export function notResumable(id: string): RequestError {
  return new RequestError(
    "invalid-value",
    `Cannot stream response ${describeValue(id)}: its events are not kept, expected a response ` +
      'with "background": true',
    { param: "stream" },
  );
}

const LOST = { code: "server_error", message: "The server stopped before the answer was complete" };

/**
 * The failed response of a run that ended without a word.
 *
 * @param json the response as it was kept last
 */
export function encodeLost(json: string): string {
  const response: unknown = JSON.parse(json);
  return encodeJsonLine({ ...isObject(response) ? response : {}, status: "failed", error: LOST });
}
