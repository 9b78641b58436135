import { assertEquals, assertStrictEquals } from "@std/assert";
import { testContext, testRequest } from "../testing/test_context.ts";
import { contextFor, requestFor } from "./guest_context.ts";
import { NO_SERVICES } from "./guest_services.ts";

Deno.test("contextFor() leaves out credentials, deps, and the tenant", () => {
  const headers = new Headers({
    Authorization: "a",
    "Proxy-Authorization": "a",
    "X-API-Key": "a",
    "api-key": "a",
    Cookie: "a",
    "X-Auth-Token": "a",
    "X-Goog-Api-Key": "a",
    "Cf-Access-Jwt-Assertion": "a",
    "X-Amzn-Oidc-Data": "a",
    "X-User-Token": "a",
    "X-Kept": "kept",
  });
  const context = testContext({
    headers,
    deps: { token: "a" },
    principal: { name: "alice", tenant: "secret tenant" },
    reasoning: "model",
  });
  const services = { ...NO_SERVICES, hiddenHeaders: ["X-User-Token", "X-Absent"] };
  assertEquals(contextFor(context, services), {
    runId: context.runId,
    modelId: "test-model",
    callerName: "alice",
    headers: [["x-kept", "kept"]],
    reasoning: "model",
  });
});

Deno.test("requestFor() leaves out the fields that are for others, and changes nothing else", () => {
  const fields = {
    token: "s",
    nested: { token: "s", deep: { token: "s", kept: 1 }, kept: 2 },
    list: [{ token: "kept" }],
    kept: null,
  };
  const request = testRequest({ parameters: fields, extraParameters: { token: "s", kept: 1 } });
  const before = structuredClone(request);
  const hiddenFields = [
    "token",
    "nested.token",
    "nested.deep.token",
    "list.token",
    "kept.token",
    "absent.token",
    "__proto__",
    "constructor.name",
  ];
  const shown = requestFor(request, { ...NO_SERVICES, hiddenFields });
  assertEquals(shown.parameters, {
    nested: { deep: { kept: 1 }, kept: 2 },
    list: [{ token: "kept" }],
    kept: null,
  });
  assertEquals(shown.extraParameters, { kept: 1 });
  assertEquals(shown.messages, request.messages);
  assertEquals(request, before);
  assertStrictEquals(requestFor(request, NO_SERVICES), request);
});
