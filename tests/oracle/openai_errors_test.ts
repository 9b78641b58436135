/**
 * OpenAI's own client raises the right class for each failure, and retries what is worth it.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import OpenAI from "openai";
import { Agent, AgenticWorkflow, HttpError, RunError } from "../../mod.ts";
import { FunctionModel, type ScriptedTurn } from "../../src/testing/mod.ts";
import { collect, MESSAGES, overSocket, served, servedAgent } from "./served.ts";

const ASK = { model: "agent", messages: MESSAGES };

/** Rejects with an APIError that tells everything a program needs. */
async function failure(
  call: () => PromiseLike<unknown>,
): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error = await assertRejects(async () => await call(), OpenAI.APIError);
  assert(error.requestID?.startsWith("req_"), `${error.message}: no request id`);
  assertEquals(typeof error.type, "string");
  return error;
}

Deno.test("openai raises BadRequestError with code and param", async () => {
  await using app = await servedAgent([]);
  const cases: readonly [Record<string, unknown>, string | null, string][] = [
    [{ messages: undefined }, "missing_required_parameter", "messages"],
    [{ messages: [] }, "empty_array", "messages"],
    [{ messages: "Hi" }, "invalid_type", "messages"],
    [{ model: undefined }, "missing_required_parameter", "model"],
    [{ temperature: 3 }, "invalid_value", "temperature"],
    [{ n: 2 }, "unsupported_value", "n"],
    [{ logprobs: true }, "unsupported_parameter", "logprobs"],
    [{ modalities: ["audio"] }, "unsupported_value", "modalities"],
    [{ messages: [{ role: "wizard", content: "x" }] }, "invalid_value", "messages[0].role"],
    [
      { messages: [{ role: "user", content: [{ type: "image" }] }] },
      "invalid_value",
      "messages[0].content[0].type",
    ],
    [
      { tools: [{ type: "function", function: { name: "no blanks" } }] },
      "invalid_value",
      "tools[0].function.name",
    ],
    [{ "tool_choice": "required" }, "invalid_value", "tool_choice"],
  ];
  for (const [fields, code, param] of cases) {
    const error = await failure(() =>
      app.openai.chat.completions.create({ ...ASK, ...fields } as typeof ASK)
    );
    assert(error instanceof OpenAI.BadRequestError, JSON.stringify(fields));
    assertEquals([error.code, error.param], [code, param], error.message);
  }
});

Deno.test("openai raises AuthenticationError without and with a wrong key", async () => {
  await using app = await served(new AgenticWorkflow(() => "Hi"), {
    modelName: "agent",
    apiKeys: [{ name: "k", key: "sk-right" }],
  });
  assertEquals((await app.openai.chat.completions.create(ASK)).choices.length, 1);
  for (const apiKey of ["sk-wrong", "no-key", "sk-righ", "sk-right2"]) {
    const client = app.openai.withOptions({ apiKey });
    const error = await failure(() => client.chat.completions.create(ASK));
    assert(error instanceof OpenAI.AuthenticationError);
    assertEquals(error.code, "invalid_api_key");
    assertEquals(error.headers?.get("www-authenticate"), "Bearer");
    assert(!error.message.includes(apiKey));
  }
});

Deno.test("openai finds forbidden and unknown models alike: not there", async () => {
  const runner = new AgenticWorkflow(() => "Hi");
  await using app = await served({ open: runner, closed: runner }, {
    apiKeys: [{ name: "k", key: "sk-right", models: ["open"] }],
  });
  assertEquals((await app.openai.models.list()).data.map(({ id }) => id), ["open"]);
  const messages: string[] = [];
  for (const model of ["closed", "absent"]) {
    for (
      const call of [
        () => app.openai.chat.completions.create({ model, messages: MESSAGES }),
        () => app.openai.models.retrieve(model),
      ]
    ) {
      const error = await failure(call);
      assert(error instanceof OpenAI.NotFoundError);
      assertEquals([error.code, error.param], ["model_not_found", "model"]);
      messages.push(error.message.replaceAll(model, "MODEL"));
    }
  }
  assertEquals(new Set(messages).size, 1, messages.join("\n"));
});

Deno.test("openai finds endpoints that are not served: not there", async () => {
  await using app = await servedAgent([]);
  const error = await failure(() => app.openai.embeddings.create({ model: "agent", input: "x" }));
  assert(error instanceof OpenAI.NotFoundError);
  assertEquals(error.code, "unknown_url");
});

Deno.test("openai raises APIError 413 for a body too large", async () => {
  await using app = await servedAgent([], { limits: { maxBodyBytes: 2000 } });
  const error = await failure(() =>
    app.openai.chat.completions.create({
      model: "agent",
      messages: [{ role: "user", content: "x".repeat(3000) }],
    })
  );
  assertEquals(error.status, 413);
});

Deno.test("openai raises UnprocessableEntityError when the model fails for good, without a retry", async () => {
  await using app = await servedAgent(
    Array.from({ length: 9 }, () => ({ toolCalls: [{ name: "unknown" }] })),
    { sdk: { maxRetries: 2 } },
  );
  const error = await failure(() => app.openai.chat.completions.create(ASK));
  assert(error instanceof OpenAI.UnprocessableEntityError);
  assertEquals(error.code, "run_failed");
  assertEquals(app.model.requests.length, 2);
});

Deno.test("openai raises PermissionDeniedError and others as the app's own code says", async () => {
  await using app = await served(new AgenticWorkflow(() => "Hi"), {
    modelName: "agent",
    requestContextFactory: (context) => {
      const status = Number(context.header("x-status"));
      throw new HttpError(status, `Told with ${status}`);
    },
  });
  const classes = {
    400: OpenAI.BadRequestError,
    401: OpenAI.AuthenticationError,
    403: OpenAI.PermissionDeniedError,
    404: OpenAI.NotFoundError,
    409: OpenAI.ConflictError,
    422: OpenAI.UnprocessableEntityError,
    429: OpenAI.RateLimitError,
    503: OpenAI.InternalServerError,
  };
  for (const [status, expected] of Object.entries(classes)) {
    const error = await failure(() =>
      app.openai.chat.completions.create(ASK, { headers: { "x-status": status } })
    );
    assert(error instanceof expected, status);
    assertStringIncludes(error.message, `Told with ${status}`);
  }
});

/** Fails as told, then answers; counts. */
function flaky(...errors: RunError[]) {
  const model = new FunctionModel((_, call): ScriptedTurn | string => {
    const error = errors[call];
    return error ? { error } : "At last";
  });
  return { model, agent: new Agent({ model }) };
}

/** A fetch that notes each `Retry-After` and spares the client the wait. */
function hurried(fetch: typeof globalThis.fetch, waits: (string | null)[]): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.ok) return response;
    waits.push(response.headers.get("retry-after"));
    const headers = new Headers(response.headers);
    headers.set("retry-after-ms", "0");
    return new Response(response.body, { status: response.status, headers });
  };
}

const RETRIED: readonly [RunError, string | null][] = [
  [new RunError("rate-limit-exceeded", "x", { retryAfterMs: 2500 }), "3"],
  [new RunError("rate-limit-exceeded", "x"), "2"],
  [new RunError("backend-overloaded", "x", { retryAfterMs: 1 }), "1"],
  [new RunError("backend-overloaded", "x"), "2"],
  [new RunError("backend-down", "x"), null],
  [new RunError("backend-timeout", "x"), null],
  [new RunError("internal", "x"), null],
];

for (const stream of [false, true]) {
  Deno.test(`openai retries what may pass, and waits as told${stream ? ", streamed" : ""}`, async () => {
    for (const [error, retryAfter] of RETRIED) {
      const { model, agent } = flaky(error);
      await using app = await served(agent);
      const waits: (string | null)[] = [];
      const client = app.openai.withOptions({
        maxRetries: 2,
        fetch: hurried(app.live.fetch, waits),
      });
      const content = stream
        ? await client.chat.completions.stream(ASK).finalContent()
        : (await client.chat.completions.create(ASK)).choices[0]?.message.content;
      assertEquals(content, "At last", error.code);
      assertEquals(model.requests.length, 2);
      assertEquals(waits, [retryAfter], error.code);
    }
  });
}

Deno.test("openai gives up after maxRetries and raises the last failure", async () => {
  const { model, agent } = flaky(
    ...Array.from({ length: 9 }, () => new RunError("rate-limit-exceeded", "x")),
  );
  await using app = await served(agent);
  const client = app.openai.withOptions({ maxRetries: 2, fetch: hurried(app.live.fetch, []) });
  const error = await failure(() => client.chat.completions.create(ASK));
  assert(error instanceof OpenAI.RateLimitError);
  assertEquals(error.code, "rate_limit_exceeded");
  assertEquals(model.requests.length, 3);
});

Deno.test("openai does not retry what cannot pass", async () => {
  for (
    const error of [
      new RunError("run-failed", "x"),
      new RunError("context-length-exceeded", "x"),
      new RunError("insufficient-quota", "x"),
      new RunError("backend-down", "x", { retryable: false }),
      new RunError("rate-limit-exceeded", "x", { retryable: false }),
    ]
  ) {
    const { model, agent } = flaky(error, error, error);
    await using app = await served(agent);
    const client = app.openai.withOptions({ maxRetries: 2, fetch: hurried(app.live.fetch, []) });
    const raised = await failure(() => client.chat.completions.create(ASK));
    assertEquals(raised.headers?.get("x-should-retry"), "false");
    assertEquals(model.requests.length, 1, error.code);
  }
});

const STATUSES: readonly [RunError, number, string][] = [
  [new RunError("run-failed", "x"), 422, "run_failed"],
  [new RunError("context-length-exceeded", "x"), 400, "context_length_exceeded"],
  [new RunError("rate-limit-exceeded", "x"), 429, "rate_limit_exceeded"],
  [new RunError("insufficient-quota", "x"), 429, "insufficient_quota"],
  [new RunError("backend-down", "x"), 502, "server_error"],
  [new RunError("backend-overloaded", "x"), 503, "server_error"],
  [new RunError("model-unavailable", "x"), 503, "server_error"],
  [new RunError("backend-timeout", "x"), 504, "server_error"],
  [new RunError("internal", "x"), 500, "server_error"],
];

for (const [error, status, code] of STATUSES) {
  Deno.test(`openai raises a run that fails with ${error.code} as ${status} before the stream, in band after`, async () => {
    const { agent } = flaky(error, error);
    await using app = await served(agent);
    for (const stream of [false, true]) {
      const raised = await failure(() => app.openai.chat.completions.create({ ...ASK, stream }));
      assertEquals([raised.status, raised.code], [status, code]);
    }
    await using late = await servedAgent([{ text: ["So", " far"], error }]);
    const stream = await late.openai.chat.completions.create({ ...ASK, stream: true });
    const seen: string[] = [];
    const raised = await assertRejects(async () => {
      for await (const chunk of stream) seen.push(chunk.choices[0]?.delta.content ?? "");
    }, OpenAI.APIError);
    assertEquals(seen.join(""), "So far");
    assertEquals(raised.code, code === "run_failed" ? "invalid_prompt" : code);
  });
}

Deno.test("openai's stream() helper raises what comes in band", async () => {
  await using app = await servedAgent([
    { text: "So far", error: new RunError("backend-down", "secret detail") },
  ]);
  const stream = app.openai.chat.completions.stream(ASK);
  const raised = await assertRejects(() => stream.finalContent(), OpenAI.OpenAIError);
  assertStringIncludes(raised.message, "could not be reached");
  assert(!raised.message.includes("secret"));
});

Deno.test("openai over a socket raises the same as in process", async () => {
  const { agent } = flaky(new RunError("backend-overloaded", "x"));
  await using app = await served(agent);
  await using server = await overSocket(app.app);
  const error = await failure(() => server.openai.chat.completions.create(ASK));
  assertEquals([error.status, error.code], [503, "server_error"]);
  assertEquals((await collect(server.openai.models.list())).length, 1);
});
