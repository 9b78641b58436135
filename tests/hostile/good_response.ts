/**
 * What a good answer of the Responses API is, whole or streamed.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type Answer, checkWireError, type WireError } from "./answers.ts";

/** Fields that clients read without looking whether they are there. */
const FIELDS = ["id", "object", "created_at", "status", "model", "output", "tools", "usage"]
  .concat(["error", "incomplete_details", "metadata", "parallel_tool_calls", "tool_choice", "text"])
  .concat(["temperature", "top_p", "previous_response_id", "instructions", "reasoning", "store"]);

const ITEMS = ["message", "reasoning", "function_call", "custom_tool_call"];
const ENDS = ["response.completed", "response.incomplete", "response.failed"];

interface Item {
  readonly type: string;
  readonly id: string;
  readonly status: string;
}

interface Response {
  readonly status: string;
  readonly error: unknown;
  readonly output: readonly Item[];
}

interface Event {
  readonly type: string;
  readonly "sequence_number": number;
  readonly "output_index"?: number;
  readonly item?: Item;
  readonly response?: Response;
  readonly error?: WireError;
}

/**
 * Checks a good answer: a response, or a stream of events with one end.
 *
 * @returns the error in band, if there is one
 */
export function checkGoodResponse({ status, headers, text }: Answer): WireError | undefined {
  assertEquals(status, 200, text);
  assert(headers.get("x-request-id")?.startsWith("req_"), "x-request-id");
  if (headers.get("content-type") === "application/json") {
    const response = JSON.parse(text);
    checkResponse(response);
    assert(["completed", "incomplete", "queued"].includes(response.status), response.status);
    return undefined;
  }
  assertEquals(headers.get("content-type"), "text/event-stream");
  return checkEvents(text);
}

/** Checks what a stream brought from its first event on. */
export function checkEvents(text: string): WireError | undefined {
  assert(text.endsWith("\n\n"), "the last event is whole");
  const frames = text.slice(0, -2).split("\n\n").filter((frame) => !frame.startsWith(":"));
  const isDone = frames.at(-1) === "data: [DONE]";
  const events = (isDone ? frames.slice(0, -1) : frames).map((frame): Event => {
    const [, named, data = ""] = frame.match(/^event: (\S+)\ndata: (.+)$/) ?? [];
    const event: Event = JSON.parse(data);
    assertEquals(event.type, named);
    return event;
  });
  assertEquals(events.map((event) => event.sequence_number), [...events.keys()]);
  assertEquals(events.slice(0, 2).map(({ type }) => type), [
    "response.created",
    "response.in_progress",
  ]);
  const ends = events.filter(({ type }) => ENDS.includes(type));
  assertEquals(ends.length, 1, "exactly one end");
  const [end] = ends;
  assertEquals(events.at(-1), end, "nothing comes after the end");
  for (const { response } of events) if (response) checkResponse(response);
  checkItems(events, end!.response!);
  const error = events.find(({ type }) => type === "error")?.error;
  assertEquals(error !== undefined, end!.type === "response.failed");
  assertEquals(isDone, error === undefined);
  return error && checkWireError(error);
}

/** Each item is opened, and closed as it stands in the end, before the next one. */
function checkItems(events: readonly Event[], { output }: Response): void {
  const closed: Item[] = [];
  let open: Item | undefined;
  for (const { type, item, output_index: index } of events) {
    if (index !== undefined) assertEquals(index, closed.length, "indexes have gaps");
    if (type === "response.output_item.added") {
      assertEquals(open, undefined, "two items are open");
      open = item;
    } else if (type === "response.output_item.done") {
      assertEquals(item!.id, open?.id);
      closed.push(item!);
      open = undefined;
    }
  }
  assertEquals(closed, [...output]);
}

function checkResponse(response: Response): void {
  for (const field of FIELDS) assert(Object.hasOwn(response, field), `${field} is missing`);
  assertEquals((response as { object?: unknown }).object, "response");
  for (const { type, id, status } of response.output) {
    assert(ITEMS.includes(type), `an item of type ${type}`);
    assert(id !== "" && ["completed", "incomplete"].includes(status), status);
  }
  assertEquals(response.error !== null, response.status === "failed");
}
