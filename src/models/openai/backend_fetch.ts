/**
 * The fetch the OpenAI package sends with: no redirects, bounded error bodies, sensible retries.
 * @module
 */
import { isQuotaAnswer, retryAfterMs } from "./backend_error.ts";

/** The type of `fetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Most bytes read of an error answer. */
const MAX_ERROR_BYTES = 64 * 1024;
/** A backend that asks for a longer pause is not asked again: the caller hears of it instead. */
const MAX_RETRY_WAIT_MS = 10_000;

/**
 * Wraps `fetch` for one client. Redirects are not followed, since headers with credentials would
 * follow too. Error bodies are cut and cleaned of secrets by `redact`. Answers that say that trying
 * again is useless or only later useful get `x-should-retry: false`, which the OpenAI package obeys.
 */
export function backendFetch(fetch: Fetch, redact: (text: string) => string): Fetch {
  return async (input, init) => {
    const response = await fetch(input, { ...init, redirect: "manual" });
    if (response.ok) return response;
    const body = redact(await readStart(response));
    const answered = new Headers(response.headers);
    answered.delete("content-encoding");
    answered.delete("content-length");
    if (isQuotaAnswer(body) || (retryAfterMs(answered) ?? 0) > MAX_RETRY_WAIT_MS) {
      answered.set("x-should-retry", "false");
    }
    // A status that allows no body, or none at all, cannot be made anew.
    const status = response.status < 300 || response.status === 304 ? 502 : response.status;
    return new Response(body, { status, headers: answered });
  };
}

async function readStart(response: Response): Promise<string> {
  if (!response.body) return "";
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = "";
  for (let bytes = 0; bytes < MAX_ERROR_BYTES;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel().catch(() => {});
  return text.slice(0, MAX_ERROR_BYTES);
}

/** Makes a function that takes secrets out of text; short ones are left, they would be everywhere. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const known = secrets.filter((secret) => secret.length >= 8)
    .sort((a, b) => b.length - a.length);
  if (known.length === 0) return (text) => text;
  return (text) => known.reduce((clean, secret) => clean.replaceAll(secret, "[secret]"), text);
}
