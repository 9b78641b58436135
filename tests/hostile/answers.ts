/**
 * What every answer to a broken request must be.
 * @module
 */
import { assert, assertEquals } from "@std/assert";

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The error of a body; all four keys are there. */
export interface WireError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

/** Something a server's inside looks like: stacks, paths, unnamed values. */
const INSIDE = /\n\s+at |file:\/\/|\.ts:\d|node_modules|\[object |\bundefined\b|\bNaN\b|ZodError/;

/** Reads an answer. */
export async function read(response: Response): Promise<Answer> {
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Checks that an answer is an OpenAI error with one of the 4xx statuses. */
export function checkRefusal(answer: Answer): WireError {
  assert(answer.status >= 400 && answer.status < 500, `status ${answer.status}: ${answer.text}`);
  return checkError(answer);
}

/** Checks that an answer is an OpenAI error that tells nothing of the server's inside. */
export function checkError({ headers, text }: Answer): WireError {
  assert(headers.get("x-request-id")?.startsWith("req_"), "x-request-id");
  assert(/^\d+$/.test(headers.get("openai-processing-ms") ?? ""), "openai-processing-ms");
  assertEquals(headers.get("content-type"), "application/json");
  const body = JSON.parse(text);
  assertEquals(Object.keys(body), ["error"]);
  return checkWireError(body.error);
}

/** Checks the four keys of an error. */
export function checkWireError(error: WireError): WireError {
  assertEquals(Object.keys(error).sort(), ["code", "message", "param", "type"]);
  assert(typeof error.message === "string" && error.message !== "", "message");
  assert(typeof error.type === "string" && error.type !== "", "type");
  assert(error.param === null || typeof error.param === "string", "param");
  assert(error.code === null || typeof error.code === "string", "code");
  assert(error.message.length < 2000, `an answer as long as the attack: ${error.message.length}`);
  assert(!INSIDE.test(error.message), `tells of the inside: ${error.message}`);
  return error;
}

/**
 * Checks a good answer: a completion, or a stream of chunks with its end or an error in its place.
 *
 * @returns the error in band, if there is one
 */
export function checkGood({ status, headers, text }: Answer): WireError | undefined {
  assertEquals(status, 200, text);
  assert(headers.get("x-request-id")?.startsWith("req_"), "x-request-id");
  if (headers.get("content-type") === "application/json") {
    const completion = JSON.parse(text);
    assertEquals(completion.object, "chat.completion");
    assertEquals(completion.choices.length, 1);
    assert(typeof completion.choices[0].finish_reason === "string");
    return undefined;
  }
  assertEquals(headers.get("content-type"), "text/event-stream");
  assert(text.endsWith("\n\n"), "the last event is whole");
  const events = text.slice(0, -2).split("\n\n").filter((event) => !event.startsWith(":"));
  assert(events.every((event) => event.startsWith("data: ") && !event.includes("\n")));
  const last = events.pop()!.slice("data: ".length);
  const chunks = events.map((event) => JSON.parse(event.slice("data: ".length)));
  for (const chunk of chunks) assertEquals(chunk.object, "chat.completion.chunk");
  if (last === "[DONE]") {
    assert(chunks.some((chunk) => chunk.choices[0]?.finish_reason), "no finish chunk");
    return undefined;
  }
  assert(chunks.every((chunk) => !chunk.choices[0]?.finish_reason), "an end and an error");
  return checkWireError(JSON.parse(last).error);
}
