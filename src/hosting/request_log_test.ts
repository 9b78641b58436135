import { assert, assertEquals, assertFalse } from "@std/assert";
import { createApp } from "./app.ts";
import { chatRequest, failing, saying, testOptions } from "./fixture_test.ts";

Deno.test("one line per request: key name, model, status, time, tokens; no secret, no prompt", async () => {
  const options = testOptions();
  await using app = createApp({ a: saying("Hello there"), x: failing(() => new Error("boom")) }, {
    ...options,
    apiKeys: [{ name: "all", key: "key-all" }],
  });
  const headers = { authorization: "Bearer key-all" };
  const messages = [{ role: "user", content: "my prompt" }];
  await (await app.fetch(chatRequest({ model: "a", messages }, { headers }))).text();
  await (await app.fetch(chatRequest({ model: "a", messages, stream: true }, { headers }))).text();
  await (await app.fetch(chatRequest({ model: "x", messages }, { headers }))).text();
  await (await app.fetch(
    chatRequest({ messages }, { headers: { authorization: "Bearer key-wrong" } }),
  )).text();
  const left = await app.fetch(chatRequest({ model: "a", stream: true }, { headers }));
  await left.body?.cancel();
  const lines = options.logger.entries.filter(({ message }) => message === "request");
  assertEquals(
    lines.map(({ fields }) => [fields.key, fields.model, fields.status, fields.outputTokens]),
    [
      ["all", "a", 200, 2],
      ["all", "a", 200, 2],
      ["all", "x", 500, 0],
      [undefined, undefined, 401, undefined],
      ["all", "a", 499, 0],
    ],
  );
  assertEquals(lines[2]?.fields.error, "internal");
  assert(lines.every(({ fields }) => fields.durationMs === 0));
  const text = JSON.stringify(options.logger.entries);
  for (const secret of ["key-all", "key-wrong", "my prompt", "Hello there"]) {
    assertFalse(text.includes(secret), secret);
  }
  assert(options.logger.entries.some(({ fields }) => fields.detail === "boom"));
});
