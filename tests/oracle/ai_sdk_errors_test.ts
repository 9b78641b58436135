/**
 * Vercel's AI SDK raises what goes wrong, retries what may pass, and stops what it leaves.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { APICallError, generateText, streamText } from "npm:ai@^7";
import { Agent, RunError } from "../../mod.ts";
import type { Model, ModelEvent, RunErrorCode } from "../../mod.ts";
import { FunctionModel, type ScriptedTurn } from "../../src/testing/mod.ts";
import { PROVIDERS } from "./ai_sdk.ts";
import { collect, served, servedAgent } from "./served.ts";

const STATUSES: readonly [RunErrorCode, number, boolean][] = [
  ["run-failed", 422, false],
  ["context-length-exceeded", 400, false],
  ["rate-limit-exceeded", 429, true],
  ["backend-down", 502, true],
  ["backend-overloaded", 503, true],
  ["backend-timeout", 504, true],
  ["internal", 500, true],
];

/** Answers with refusals that need not be waited for. */
function hurried(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.ok) return response;
    const headers = new Headers(response.headers);
    headers.set("retry-after-ms", "0");
    return new Response(response.body, { status: response.status, headers });
  };
}

for (const [provider, bind] of Object.entries(PROVIDERS)) {
  Deno.test(`${provider} raises APICallError with status and our words`, async () => {
    for (const [code, status, isRetryable] of STATUSES) {
      await using app = await servedAgent([{ error: new RunError(code, "secret detail") }]);
      const error = await assertRejects(
        () => generateText({ model: bind(app.live), prompt: "Hi", maxRetries: 0 }),
        APICallError,
      );
      assertEquals([error.statusCode, error.isRetryable], [status, isRetryable], code);
      assert(error.message.includes("req_") && !error.message.includes("secret"), error.message);
    }
  });

  Deno.test(`${provider} raises APICallError for a bad request and an unknown model`, async () => {
    await using app = await servedAgent([]);
    const bad = await assertRejects(
      () => generateText({ model: bind(app.live), prompt: "Hi", maxRetries: 2, temperature: 7 }),
      APICallError,
    );
    assertEquals(bad.statusCode, 400);
    assertEquals(JSON.parse(bad.responseBody!).error.param, "temperature");
    await using other = await servedAgent([], { modelName: "other" });
    const absent = await assertRejects(
      () => generateText({ model: bind(other.live), prompt: "Hi", maxRetries: 2 }),
      APICallError,
    );
    assertEquals(absent.statusCode, 404);
  });

  Deno.test(`${provider} retries what may pass`, async () => {
    const model = new FunctionModel((_, call): ScriptedTurn | string =>
      call < 2 ? { error: new RunError("backend-overloaded", "x") } : "At last"
    );
    await using app = await served(new Agent({ model }));
    const bound = bind(app.live, hurried(app.live.fetch));
    const result = await generateText({ model: bound, prompt: "Hi", maxRetries: 2 });
    assertEquals(result.text, "At last");
    assertEquals(model.requests.length, 3);
  });

  Deno.test(`${provider} does not retry a run that failed for good`, async () => {
    const model = new FunctionModel(() => ({ error: new RunError("run-failed", "x") }));
    await using app = await served(new Agent({ model }));
    await assertRejects(
      () => generateText({ model: bind(app.live), prompt: "Hi", maxRetries: 2 }),
      APICallError,
    );
    assertEquals(model.requests.length, 1);
  });

  Deno.test(`${provider} raises what comes in band, after the text so far`, async () => {
    await using app = await servedAgent([
      { text: ["So ", "far"], error: new RunError("backend-down", "secret detail") },
    ]);
    const errors: unknown[] = [];
    const result = streamText({
      model: bind(app.live),
      prompt: "Hi",
      maxRetries: 0,
      onError: ({ error }) => {
        errors.push(error);
      },
    });
    const parts = await collect(result.fullStream);
    const text = parts.map((part) => part.type === "text-delta" ? part.text : "").join("");
    assertEquals(text, "So far");
    assertEquals(parts.filter(({ type }) => type === "error").length, 1);
    assertEquals(errors.length, 1);
    assert(!JSON.stringify(parts).includes("secret"));
  });

  Deno.test(`${provider} that aborts a stream stops run and model`, async () => {
    const stopped = Promise.withResolvers<unknown>();
    const model: Model = {
      name: "endless",
      profile: {
        structuredOutput: "json-schema",
        logprobs: false,
        audioInput: false,
        fetchUrls: false,
      },
      async *call(_request, { signal }): AsyncGenerator<ModelEvent> {
        signal.addEventListener("abort", () => stopped.resolve(signal.reason), { once: true });
        yield { type: "text-start" };
        yield { type: "text-delta", text: "One" };
        await stopped.promise;
        signal.throwIfAborted();
      },
    };
    await using app = await served(new Agent({ model }));
    const leaving = new AbortController();
    const result = streamText({
      model: bind(app.live),
      prompt: "Hi",
      maxRetries: 0,
      abortSignal: leaving.signal,
    });
    const types: string[] = [];
    for await (const part of result.fullStream) {
      types.push(part.type);
      if (part.type === "text-delta") leaving.abort();
    }
    assert(types.includes("abort"), types.join());
    assert(await stopped.promise instanceof Error);
  });
}
