/**
 * What a guest sees of requests and of its host: no key, no credential, nothing that is for others.
 */
import { assert, assertEquals } from "@std/assert";
import { OpenAICompatibleBackend } from "../../src/models/openai_compatible.ts";
import type { Message } from "../../src/run/request.ts";
import { FunctionModel } from "../../src/testing/scripted_model.ts";
import { fakeBackend } from "../fake_backend/fake_backend.ts";
import { answer, ask, MODEL_REQUEST, services } from "./host_services.ts";
import { TestGuest } from "./test_guest.ts";

Deno.test("no key and no credential reaches a guest, wherever it looks", async () => {
  await using backend = await fakeBackend({ reply: { text: "From upstream" } });
  const main = new OpenAICompatibleBackend({
    baseURL: backend.baseURL,
    apiKey: "s3cr3t-key",
    model: "upstream",
    headers: { "x-upstream": "s3cr3t-header" },
  });
  await using guest = await TestGuest.start({
    services: services({
      backends: { main },
      hiddenHeaders: ["X-User-Token"],
      hiddenFields: ["token", "metadata.token", "metadata.absent.deep", "absent"],
    }),
  });
  const headers = new Headers({
    authorization: "Bearer s3cr3t",
    "proxy-authorization": "s3cr3t",
    "x-api-key": "s3cr3t",
    "api-key": "s3cr3t",
    cookie: "s3cr3t",
    "x-user-token": "s3cr3t",
    "x-kept": "kept",
  });
  const fields = { token: "s3cr3t", metadata: { token: "s3cr3t", kept: "kept" } };
  const code = String(async (request: object) => {
    const host = (globalThis as unknown as Record<symbol, { ask: typeof ask }>)[
      Symbol.for("fakellm.host")
    ]!;
    const events: unknown[] = [];
    await (host.ask as (request: object, options: object) => Promise<unknown>)(request, {
      onEvents: (more: unknown[]) => void events.push(...more),
    });
    const reach = new Set<unknown>();
    const texts: string[] = [JSON.stringify(events), JSON.stringify(Deno.env.toObject())];
    const visit = (value: unknown, depth: number) => {
      if (typeof value === "string") texts.push(value);
      if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
      if (reach.has(value) || depth > 6) return;
      reach.add(value);
      for (const key of Reflect.ownKeys(value)) {
        texts.push(String(key));
        try {
          visit((value as Record<PropertyKey, unknown>)[key], depth + 1);
        } catch {
          // Some getters throw.
        }
      }
      if (value instanceof Headers || value instanceof Map) {
        for (const entry of value) visit(entry, depth + 1);
      }
    };
    visit(globalThis, 0);
    const { lastRun } = globalThis as unknown as { lastRun: unknown[] };
    visit(lastRun, 0);
    const all = texts.join("\n");
    return {
      secret: /.{0,80}s3[c]r3t.{0,20}/.exec(all),
      kept: all.match(/\bkept\b/g)?.length,
      all: all.length,
    };
  });
  const messages: Message[] = [{
    role: "user",
    content: [{
      type: "text",
      text: JSON.stringify({
        code,
        args: [{ service: "model", backend: "main", request: MODEL_REQUEST }],
      }),
    }],
  }];
  const request = { messages, parameters: fields, extraParameters: fields };
  const text = await answer(
    guest,
    { headers, principal: { name: "key-name", tenant: "s3cr3t" } },
    request,
  );
  const { value } = JSON.parse(text);
  assertEquals(value.secret, null);
  assert(value.kept >= 2, `only ${value.kept} were seen of what is not secret`);
  assert(value.all > 5000);
  // The key did its work all the same.
  const { headers: sent } = await backend.request(0);
  assertEquals(sent.get("authorization"), "Bearer s3cr3t-key");
  assertEquals(sent.get("x-upstream"), "s3cr3t-header");
});

Deno.test("a guest cannot put fields of its own into a backend's request", async () => {
  const main = new FunctionModel(() => "fine");
  await using guest = await TestGuest.start({ services: services({ backends: { main } }) });
  const request = {
    ...MODEL_REQUEST,
    settings: { temperature: 0.5, extraBody: { model: "expensive" } },
    extraBody: { model: "expensive" },
    __proto__: null,
  };
  await guest.value(ask, { service: "model", backend: "main", request });
  assertEquals(main.requests[0]!.settings, { temperature: 0.5 });
  assertEquals(Object.keys(main.requests[0]!).includes("extraBody"), false);
});
