import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { HttpError, RequestError, RunError, SetupError } from "../run/error.ts";
import { createApp } from "./app.ts";
import { DependencyErrorPolicy } from "./dependency_error_policy.ts";
import { FakeModels } from "./fake_models.ts";
import { chatRequest, failing, saying, testOptions, TestRunner } from "./fixture_test.ts";

const MESSAGE = "The warehouse cannot be reached. Please try again in a minute.";
const refused = () => new Deno.errors.ConnectionRefused("tcp connect to warehouse.internal:5432");

async function failedWith(
  error: () => unknown,
  policy = new DependencyErrorPolicy({ message: MESSAGE }),
) {
  const options = testOptions();
  const app = createApp(failing(error), { ...options, dependencyErrors: policy });
  const response = await app.fetch(chatRequest());
  const body = await response.json();
  await app.stop();
  return { status: response.status, headers: response.headers, body, logger: options.logger };
}

Deno.test("a failed dependency is answered in the operator's words, its cause logged", async () => {
  const { status, headers, body, logger } = await failedWith(refused);
  assertEquals(status, 503);
  assertEquals(body, {
    error: { message: MESSAGE, type: "server_error", param: null, code: "server_error" },
  });
  assert(headers.get("x-request-id"));
  assert(headers.get("retry-after"));
  const line = logger.entries.find(({ message }) => message === "run failed")!;
  assert(String(line.fields.detail).includes("warehouse.internal"));
});

Deno.test("a policy leaves alone what is no failure of a dependency", async () => {
  for (
    const [error, expected] of [
      [new Error("a bug"), 500],
      [new HttpError(502, "Told by the app"), 502],
      [new RequestError("invalid-value", "Told by a check"), 400],
      [new RunError("run-failed", "no answer"), 422],
      [new RunError("rate-limit-exceeded", "slow down"), 429],
    ] as const
  ) {
    const { status, body } = await failedWith(() => error);
    assertEquals(status, expected);
    assertFalse(JSON.stringify(body).includes("warehouse"));
  }
});

Deno.test("a policy's status and its own idea of a failed dependency hold", async () => {
  class LedgerError extends Error {}
  const policy = new DependencyErrorPolicy({
    message: MESSAGE,
    status: 502,
    isDependencyError: (error) => error instanceof LedgerError,
  });
  const own = await failedWith(() => new LedgerError("x"), policy);
  assertEquals([own.status, own.body.error.message], [502, MESSAGE]);
  const other = await failedWith(refused, policy);
  assertEquals(other.status, 500);
  assertFalse(JSON.stringify(other.body).includes("warehouse"));
});

Deno.test("a stream that has begun ends with the operator's words", async () => {
  const runner = new TestRunner(async function* () {
    yield { type: "text-start" };
    yield { type: "text-delta", text: "Let me look" };
    await Promise.resolve();
    throw refused();
  });
  const app = createApp(runner, {
    ...testOptions(),
    dependencyErrors: new DependencyErrorPolicy({ message: MESSAGE }),
  });
  const response = await app.fetch(chatRequest({ stream: true }));
  assertEquals(response.status, 200);
  const text = await response.text();
  assert(text.includes("Let me look") && text.includes(MESSAGE));
  assertFalse(text.includes("warehouse.internal"));
  await app.stop();
});

Deno.test("a context that cannot be made for want of a dependency counts as well", async () => {
  const app = createApp(saying("Hi"), {
    ...testOptions(),
    requestContextFactory: () => {
      throw new Error("lookup failed", { cause: refused() });
    },
    dependencyErrors: new DependencyErrorPolicy({ message: MESSAGE }),
  });
  const response = await app.fetch(chatRequest());
  assertEquals([response.status, (await response.json()).error.message], [503, MESSAGE]);
  await app.stop();
});

Deno.test("degraded models say the policy's message, unless they have their own", async () => {
  class LedgerError extends Error {}
  const down = () => failing(() => new LedgerError("x"));
  const models = new FakeModels()
    .add("plain", down(), { dependencyPolicy: "degrade" })
    .add("own", down(), { dependencyPolicy: "degrade", degradedMessage: "Come back later." });
  const app = createApp(models, {
    ...testOptions(),
    dependencyErrors: new DependencyErrorPolicy({
      message: MESSAGE,
      isDependencyError: (error) => error instanceof LedgerError,
    }),
  });
  const said = async (model: string) => {
    const response = await app.fetch(chatRequest({ model }));
    return (await response.json()).choices[0].message.content;
  };
  assertEquals([await said("plain"), await said("own")], [MESSAGE, "Come back later."]);
  await app.stop();
});

Deno.test("a client that leaves is no failed dependency", () => {
  const policy = new DependencyErrorPolicy({ message: MESSAGE, isDependencyError: () => true });
  assertFalse(policy.matches(new RunError("cancelled", "The client went away")));
  assert(policy.matches(new Error("anything else")));
});

Deno.test("DependencyErrorPolicy refuses an empty message and statuses that blame the client", () => {
  assertThrows(() => new DependencyErrorPolicy({ message: " " }), SetupError, "message");
  for (const status of [200, 404, 600, 503.5, NaN]) {
    assertThrows(
      () => new DependencyErrorPolicy({ message: MESSAGE, status }),
      SetupError,
      "500 to 599",
    );
  }
});
