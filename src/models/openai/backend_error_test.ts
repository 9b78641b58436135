import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { BackendFailure, httpError, inBandError, retryAfterMs } from "./backend_error.ts";

const STATUSES: readonly (readonly [number, string, boolean])[] = [
  [400, "backend-down", false],
  [401, "backend-down", false],
  [403, "backend-down", false],
  [404, "backend-down", false],
  [422, "backend-down", false],
  [429, "rate-limit-exceeded", true],
  [500, "backend-down", true],
  [502, "backend-down", true],
  [503, "backend-overloaded", true],
  [529, "backend-overloaded", true],
  [408, "backend-timeout", true],
  [504, "backend-timeout", true],
  [307, "backend-down", false],
];

for (const [status, code, retryable] of STATUSES) {
  Deno.test(`httpError() makes ${status} a ${retryable ? "" : "permanent "}${code}`, () => {
    const error = httpError("b", {
      status,
      headers: new Headers(),
      body: '{"error":{"message":"m"}}',
    });
    assertEquals([error.code, error.retryable], [code, retryable]);
    assertInstanceOf(error.cause, BackendFailure);
    assertEquals(error.cause.status, status);
    assertEquals(error.cause.body, '{"error":{"message":"m"}}');
  });
}

const TOO_LONG: readonly string[] = [
  '{"error":{"code":"context_length_exceeded","message":"x"}}',
  '{"message":"x","code":"context_length_exceeded"}',
  '{"error":{"message":"This model\'s maximum context length is 4096 tokens. However, you requested 5000"}}',
  '{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}',
  '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}',
  '{"error":{"message":"The input token count (1200000) exceeds the maximum number of tokens allowed"}}',
  '{"message":"Prompt contains 40000 tokens, too large for model with 32768 maximum context length"}',
  '{"error":{"message":"Please reduce the length of the messages or completion."}}',
  '{"error":"Input is too long for requested model."}',
];

for (const body of TOO_LONG) {
  Deno.test(`httpError() finds a prompt too long in ${body.slice(0, 60)}`, () => {
    const error = httpError("b", { status: 400, headers: new Headers(), body });
    assertEquals(error.code, "context-length-exceeded");
  });
}

Deno.test("httpError() keeps a 429 that speaks of context a rate limit", () => {
  const body = '{"error":{"message":"Tokens per minute of your context window are used up"}}';
  const error = httpError("b", { status: 429, headers: new Headers(), body });
  assertEquals(error.code, "rate-limit-exceeded");
});

Deno.test("httpError() makes a used-up quota a rate limit that trying again does not help", () => {
  const error = httpError("b", {
    status: 429,
    headers: new Headers(),
    body: '{"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}}',
  });
  assertEquals([error.code, error.retryable], ["rate-limit-exceeded", false]);
});

Deno.test("httpError() passes the time on at which a backend wants to be asked again", () => {
  const headers = new Headers({ "retry-after": "7" });
  assertEquals(httpError("b", { status: 503, headers, body: "" }).retryAfterMs, 7000);
});

Deno.test("retryAfterMs() reads milliseconds, seconds and dates, and nothing else", () => {
  const read = (headers: Record<string, string>) => retryAfterMs(new Headers(headers));
  assertEquals(read({ "retry-after-ms": "1500", "retry-after": "9" }), 1500);
  assertEquals(read({ "retry-after": "0.5" }), 500);
  assertEquals(read({ "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }), 0);
  const inAMinute = read({ "retry-after": new Date(Date.now() + 60_000).toUTCString() });
  assert(inAMinute !== undefined && inAMinute > 50_000 && inAMinute <= 60_000);
  assertEquals(read({ "retry-after": "soon" }), undefined);
  assertEquals(read({}), undefined);
});

Deno.test("inBandError() reads words and numbers", () => {
  const same = (text: string) => text;
  const code = (told: Parameters<typeof inBandError>[1]) => inBandError("b", told, same).code;
  assertEquals(code("broken"), "backend-down");
  assertEquals(code({ code: 429 }), "rate-limit-exceeded");
  assertEquals(code({ code: "rate_limit_exceeded" }), "rate-limit-exceeded");
  assertEquals(code({ type: "overloaded_error" }), "backend-overloaded");
  assertEquals(code({ code: 504 }), "backend-timeout");
  assertEquals(code({ code: "context_length_exceeded" }), "context-length-exceeded");
});

Deno.test("BackendFailure keeps the beginning of a long body", () => {
  assertEquals(new BackendFailure(500, "x".repeat(10_000)).body.length, 2001);
});
