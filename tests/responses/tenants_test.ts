/**
 * What one key made is nothing to another: not to be read, continued, cancelled, listed or deleted.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Agent, type App, createApp, type Runner } from "../../mod.ts";
import { createHost } from "../../src/hosting/host.ts";
import { gate, settle, TestRunner } from "../../src/hosting/fixture_test.ts";
import { FunctionModel } from "../../src/testing/mod.ts";
import { answered, framesOf, post, request } from "./posting.ts";

const KEYS = [{ name: "one", key: "key-one" }, { name: "two", key: "key-two" }];
const LOGGER = { log() {} };

/** Everything a stranger may try with a response. */
function attempts(
  { id, itemId }: { readonly id: string; readonly itemId: string },
  key: string,
): readonly (readonly [string, Request, number])[] {
  return [
    ["read", request(`responses/${id}`, { key }), 404],
    ["resume", request(`responses/${id}?stream=true`, { key }), 404],
    ["list", request(`responses/${id}/input_items`, { key }), 404],
    ["cancel", request(`responses/${id}/cancel`, { key, method: "POST" }), 404],
    ["delete", request(`responses/${id}`, { key, method: "DELETE" }), 404],
    ["continue", post({ "previous_response_id": id }, { key }), 400],
    ["refer", post({ input: [{ type: "item_reference", id: itemId }] }, { key }), 404],
  ];
}

async function shutOut(app: App, key: string, ids: { id: string; itemId: string }): Promise<void> {
  const unknown = { id: "resp_unknown", itemId: "msg_unknown" };
  const strangers = attempts(ids, key);
  for (const [index, [what, asked]] of attempts(unknown, key).entries()) {
    const [, theirs, status] = strangers[index]!;
    const [expected, found] = [await app.fetch(asked), await app.fetch(theirs)];
    assertEquals([what, found.status], [what, status]);
    // Nothing tells another's response from one that never was.
    const text = (await expected.text()).replaceAll(unknown.id, "ID").replaceAll(
      unknown.itemId,
      "ID",
    );
    const other = (await found.text()).replaceAll(ids.id, "ID").replaceAll(ids.itemId, "ID");
    assertEquals(other, text);
    assertEquals(found.headers.get("x-should-retry"), expected.headers.get("x-should-retry"));
  }
}

Deno.test("another key of the same API is shut out of finished responses", async () => {
  const model = new FunctionModel(() => "The secret is 7");
  await using app = createApp(new Agent({ model }), {
    modelName: "agent",
    apiKeys: KEYS,
    logger: LOGGER,
  });
  const mine = await answered(app, post({}, { key: "key-one" }));
  const ids = { id: mine.id, itemId: mine.output[0]!.id };
  await shutOut(app, "key-two", ids);
  assertEquals(await answered(app, request(`responses/${mine.id}`, { key: "key-one" })), mine);
  await answered(app, post({ "previous_response_id": mine.id }, { key: "key-one" }));
});

Deno.test("another key is shut out of responses in the making, which go on", async () => {
  const end = gate();
  const runner = new TestRunner(async function* () {
    yield { type: "text-start" };
    yield { type: "text-delta", text: "secret" };
    await end.promise;
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  });
  await using app = createApp(runner, { modelName: "agent", apiKeys: KEYS, logger: LOGGER });
  const mine = await answered(app, post({ background: true }, { key: "key-one" }));
  await settle();
  await shutOut(app, "key-two", { id: mine.id, itemId: mine.id.replace("resp_", "msg_") + "0" });
  end.resolve();
  const frames = await framesOf(
    await app.fetch(request(`responses/${mine.id}?stream=true`, { key: "key-one" })),
  );
  assert(frames.at(-2)!.includes("response.completed"));
});

Deno.test("the same key at another API is shut out", async () => {
  const runner = (): Runner => new Agent({ model: new FunctionModel(() => "Hi") });
  await using app = createHost({
    entrypoints: ["/v1", "/v2"].map((prefix) => ({
      prefix,
      models: runner(),
      modelName: "agent",
      apiKeys: [KEYS[0]!],
    })),
    logger: LOGGER,
  });
  const mine = await answered(app, post({}, { key: "key-one" }));
  const moved = await app.fetch(
    new Request(`http://localhost/v2/responses/${mine.id}`, {
      headers: { authorization: "Bearer key-one" },
    }),
  );
  assertEquals(moved.status, 404);
  await moved.body?.cancel();
});

Deno.test("keys of one name share what they made: one replaces the other", async () => {
  const keys = [{ name: "one", key: "key-old" }, { name: "one", key: "key-new" }];
  await using app = createApp(new Agent({ model: new FunctionModel(() => "Hi") }), {
    modelName: "agent",
    apiKeys: keys,
    logger: LOGGER,
  });
  const { id } = await answered(app, post({}, { key: "key-old" }));
  assertEquals((await answered(app, request(`responses/${id}`, { key: "key-new" }))).id, id);
});

Deno.test("thousands of interleaved conversations never see each other's words", async () => {
  const tenants = Array.from({ length: 20 }, (_, index) => ({
    name: `t${index}`,
    key: `key-of-${index}`,
    canary: `canary-${index}-${crypto.randomUUID()}`,
  }));
  // Says everything it was told, so that whatever leaks is seen.
  const model = new FunctionModel(async ({ messages }) => {
    await Promise.resolve();
    return messages.map((message) => JSON.stringify(message.content)).join();
  });
  await using app = createApp(new Agent({ model }), {
    modelName: "agent",
    apiKeys: tenants.map(({ name, key }) => ({ name, key })),
    logger: LOGGER,
  });
  const conversation = async ({ key, canary }: typeof tenants[number], turns: number) => {
    let previous: string | undefined;
    for (let turn = 0; turn < turns; turn++) {
      const asked = post(
        { input: `${turn} ${canary}`, "previous_response_id": previous, stream: turn % 2 === 0 },
        { key, headers: turn % 3 === 0 ? { "idempotency-key": `turn-${turn}-${turns}` } : {} },
      );
      const text = await (await app.fetch(asked)).text();
      const seen: readonly string[] = text.match(/canary-\d+-[0-9a-f-]{36}/g) ?? [];
      assert(seen.includes(canary), text.slice(0, 200));
      assertEquals(new Set(seen).difference(new Set([canary])).size, 0);
      previous = text.match(/"id":"(resp_[0-9a-f]+)"/)![1];
    }
  };
  const work = tenants.flatMap((tenant) =>
    Array.from({ length: 5 }, (_, index) => conversation(tenant, 4 + index))
  );
  await Promise.all(work);
});
