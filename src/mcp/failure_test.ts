import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { failureOf, McpFailure, type McpFailureKind } from "./failure.ts";

function kindOf(error: unknown): McpFailureKind {
  return failureOf(error).kind;
}

/** An error of the SDK with an HTTP status. */
function httpError(code: number): Error {
  return Object.assign(new Error(`Streamable HTTP error: status ${code}`), { code });
}

Deno.test("failureOf() leaves a failure as it is", () => {
  const failure = new McpFailure("timeout", "silent");
  assertStrictEquals(failureOf(failure), failure);
});

Deno.test("failureOf() knows by the HTTP status what became of the call", () => {
  for (const status of [400, 404, 409, 410, 429]) {
    assertEquals(kindOf(httpError(status)), "not-sent");
  }
  for (const status of [401, 403]) assertEquals(kindOf(httpError(status)), "refused");
  for (const status of [405, 413, 500, 502, 503, 504]) {
    assertEquals(kindOf(httpError(status)), "lost", `${status}`);
  }
  assertEquals(
    kindOf(new Error("Error POSTing to endpoint (HTTP 404): Session not found")),
    "not-sent",
  );
  assertEquals(kindOf(new Error("Error POSTing to endpoint (HTTP 500): null")), "lost");
});

Deno.test("failureOf() takes no other number for an HTTP status", () => {
  assertEquals(kindOf(Object.assign(new Error("MCP error"), { code: -32000 })), "lost");
  assertEquals(kindOf(Object.assign(new Error("x"), { code: "404" })), "lost");
  assertEquals(kindOf(Object.assign(new Error("x"), { code: 600 })), "lost");
  assertEquals(kindOf(new Error("File 404 not found (HTTP 4040)")), "lost");
});

Deno.test("failureOf() tells a connection that never was from one that broke", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const refused = await fetch(`http://127.0.0.1:${port}/`).catch((error: unknown) => error);
  assertEquals(kindOf(refused), "not-sent");
  const unknown = new Error("client error (Connect): dns error: failed to lookup address");
  assertEquals(kindOf(new TypeError("error sending request", { cause: unknown })), "not-sent");
  assertEquals(
    kindOf(
      new TypeError("error sending request", {
        cause: new Error("client error (SendRequest): connection closed before message completed"),
      }),
    ),
    "lost",
  );
});

Deno.test("failureOf() knows that without leave or a transport nothing was sent", () => {
  assertEquals(kindOf(new Deno.errors.NotCapable("Requires net access")), "not-sent");
  assertEquals(kindOf(new Error("Not connected")), "not-sent");
  assertEquals(kindOf(new Error("Not connected to what the tool needs")), "lost");
});

Deno.test("failureOf() tells an error with its causes, each once and not without end", () => {
  const inner = new Error("c", { cause: new Error("d", { cause: new Error("e") }) });
  assertEquals(
    failureOf(new Error("a", { cause: new Error("a", { cause: inner }) })).message,
    "a: c",
  );
  assertEquals(failureOf(new Error("b", { cause: inner })).message, "b: c: d");
  assertEquals(failureOf("just text").message, "just text");
  assertEquals(failureOf(null).message, "null");
  const circular = new Error("round");
  circular.cause = circular;
  assertEquals(failureOf(circular).message, "round");
  assert(failureOf(undefined) instanceof McpFailure);
});
