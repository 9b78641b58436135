import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { testContext, testRequest } from "../testing/test_context.ts";
import { RequestContext } from "./request_context.ts";

Deno.test("RequestContext.header() finds headers in any case", () => {
  const context = new RequestContext(
    testRequest(),
    testContext({ headers: new Headers({ "X-Trace-Id": "abc" }) }),
  );
  assertEquals(context.header("x-trace-id"), "abc");
  assertEquals(context.header("X-TRACE-ID"), "abc");
  assertEquals(context.header("x-other"), undefined);
  assertThrows(() => context.header("no header name"), TypeError);
});

Deno.test("RequestContext.header() never shows credentials, even if a host passes them", () => {
  const headers = new Headers({
    "Authorization": "Bearer secret",
    "Proxy-Authorization": "Basic secret",
    "X-API-Key": "secret",
    "api-key": "secret",
    "Cookie": "session=secret",
  });
  const context = new RequestContext(testRequest(), testContext({ headers }));
  for (const name of headers.keys()) {
    assertEquals(context.header(name), undefined, name);
    assertEquals(context.header(name.toUpperCase()), undefined, name);
  }
});

Deno.test("RequestContext.parameter() has what the client sent and nothing inherited", () => {
  const parameters: Record<string, unknown> = JSON.parse(
    '{"user":"u","temperature":1,"nothing":null,"__proto__":{"polluted":true}}',
  );
  const context = new RequestContext(
    testRequest({ parameters, extraParameters: { user: "u" } }),
    testContext(),
  );
  assertEquals(context.parameter("user"), "u");
  assertEquals(context.parameter("nothing"), null);
  assertEquals(context.parameter("__proto__"), { polluted: true });
  for (const name of ["polluted", "constructor", "toString", "hasOwnProperty"]) {
    assertEquals(context.parameter(name), undefined, name);
  }
  assertEquals(context.extraParameter("user"), "u");
  assertEquals(context.extraParameter("temperature"), undefined);
  assertEquals(context.extraParameter("__proto__"), undefined);
});

Deno.test("RequestContext shows the caller, the model, the signal and the deps", () => {
  const deps = { tenant: "acme" };
  const run = testContext({
    principal: { name: "key-1", tenant: "t" },
    modelId: "alpha",
    deps,
  });
  const context = new RequestContext<typeof deps>(testRequest(), run);
  assertEquals(context.authName, "key-1");
  assertEquals(context.modelId, "alpha");
  assertStrictEquals(context.signal, run.signal);
  assertStrictEquals(context.deps, deps);
  assertEquals(new RequestContext(testRequest(), testContext()).authName, undefined);
});
