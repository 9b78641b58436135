/**
 * Requests to `/responses`, and what comes back, byte for byte.
 * @module
 */
import type { App } from "../../mod.ts";

/** One event of a stream. */
export interface StreamEvent {
  readonly type: string;
  readonly "sequence_number": number;
  readonly response?: ResponseObject;
  readonly delta?: string;
}

/** What the tests read of a response. */
export interface ResponseObject {
  readonly id: string;
  readonly status: string;
  readonly error: { readonly code: string } | null;
  readonly output: readonly {
    readonly id: string;
    readonly content: readonly { readonly text: string }[];
  }[];
}

/** A request below the prefix. */
export function request(path: string, init: RequestInit & { readonly key?: string } = {}): Request {
  const { key, ...rest } = init;
  const headers = new Headers(init.headers);
  if (key !== undefined) headers.set("authorization", `Bearer ${key}`);
  return new Request(`http://localhost/v1/${path}`, { ...rest, headers });
}

/** A POST to `/responses`; `body` replaces any field. */
export function post(
  body: Readonly<Record<string, unknown>> = {},
  { path = "responses", headers, ...init }: RequestInit & {
    readonly key?: string;
    readonly path?: string;
  } = {},
): Request {
  const all = new Headers(headers);
  all.set("content-type", "application/json");
  const whole = { model: "agent", input: "Hello", ...body };
  return request(path, { ...init, method: "POST", headers: all, body: JSON.stringify(whole) });
}

/** The response object a request is answered with. */
export async function answered(app: App, asked: Request): Promise<ResponseObject> {
  const response = await app.fetch(asked);
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return await response.json();
}

/** Frames of a stream without its comments. */
export async function framesOf(response: Response): Promise<string[]> {
  return splitFrames(await response.text());
}

/** Frames of a text without comments. */
export function splitFrames(text: string): string[] {
  return text.split("\n\n").filter((frame) => frame !== "" && !frame.startsWith(":"));
}

/** The event of a frame; undefined for `[DONE]`. */
export function eventOf(frame: string): StreamEvent | undefined {
  const data = frame.slice(frame.indexOf("data: ") + "data: ".length);
  return data === "[DONE]" ? undefined : JSON.parse(data);
}

/** Reads frames until one of this type has come; the reader stays open. */
export async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  type: string,
): Promise<StreamEvent> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`Stream ended before ${type}`);
    for (const frame of splitFrames(new TextDecoder().decode(value))) {
      const event = eventOf(frame);
      if (event?.type === type) return event;
    }
  }
}
