import { assertEquals, assertThrows } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { MCPToolset } from "./toolset.ts";
import { type MCPToolsetOptions, planMcp } from "./toolset_options.ts";
import { ContextValue } from "./values.ts";

const url = "https://mcp.test/mcp";
const user = new ContextValue("user");

function problems(options: Partial<MCPToolsetOptions>): string[] {
  const error = assertThrows(() => planMcp({ id: "files", ...options }), SetupError);
  return error.problems.map(({ path }) => path);
}

Deno.test("planMcp() wants exactly one place where the server is", () => {
  const server = { connect: () => Promise.resolve() };
  for (const options of [{}, { url, command: "cat" }, { url, server }]) {
    assertEquals(problems(options), ["files.url"]);
  }
  for (const options of [{ url }, { command: "cat" }, { server }]) planMcp({ id: "x", ...options });
});

Deno.test("planMcp() tells everything that is wrong at once", () => {
  const found = problems({
    url: "ftp://mcp.test",
    args: ["x"],
    prefix: "a b",
    timeoutMs: 0,
    maxSessions: -1,
    maxMessageBytes: NaN,
  });
  assertEquals(found, [
    "files.url",
    "files.args",
    "files.prefix",
    "files.timeoutMs",
    "files.maxSessions",
    "files.maxMessageBytes",
  ]);
  assertThrows(() => new MCPToolset({ id: "", url }), SetupError, "MCPToolset.id: Give");
});

Deno.test("planMcp() refuses what belongs to another kind of server", () => {
  assertEquals(problems({ command: "cat", headers: {} }), ["files.headers"]);
  assertEquals(problems({ command: "cat", transport: "sse" }), ["files.transport"]);
  assertEquals(problems({ url, env: {}, cwd: "/" }), ["files.env", "files.cwd"]);
  assertEquals(problems({ command: "cat", sessions: "shared" }), ["files.sessions"]);
});

Deno.test("planMcp() refuses times that no timer can wait for", () => {
  for (const key of ["timeoutMs", "startTimeoutMs", "idleMs"] as const) {
    for (const value of [Infinity, 2 ** 31, -1, NaN]) {
      assertEquals(problems({ url, [key]: value }), [`files.${key}`], `${value}`);
    }
    planMcp({ id: "x", url, [key]: 2 ** 31 - 1 });
  }
  planMcp({ id: "x", url, idleMs: 0 });
});

Deno.test("planMcp() refuses headers that cannot be sent, without telling their values", () => {
  const headers = { "X-Good": "fine", "X Bad": "hush", "": "hush", "X-Worse": "hush\nhush" };
  const error = assertThrows(() => planMcp({ id: "files", url, headers }), SetupError);
  assertEquals(error.problems.map(({ path }) => path), [
    "files.headers.X Bad",
    "files.headers.",
    "files.headers.X-Worse",
  ]);
  assertEquals(error.message.includes("hush"), false);
});

Deno.test("planMcp() wants the program's name", () => {
  assertEquals(problems({ command: "", args: ["x"] }), ["files.command"]);
});

Deno.test("planMcp() takes prefixes that stand in a tool's name", () => {
  for (const prefix of ["", "a.b", "größe", "x".repeat(33)]) {
    assertEquals(problems({ url, prefix }), ["files.prefix"]);
  }
  for (const prefix of ["a", "A-b_1", "x".repeat(32)]) planMcp({ id: "x", url, prefix });
});

Deno.test("planMcp() knows where values depend on the request", () => {
  const of = (options: Partial<MCPToolsetOptions>) => {
    const { perIdentity, valuesPerCall, valueUse } = planMcp({ id: "x", ...options });
    return [perIdentity, valuesPerCall, valueUse];
  };
  assertEquals(of({ url }), [false, false, "header"]);
  assertEquals(of({ url, headers: { a: "b" }, sessions: "shared" }), [false, false, "header"]);
  assertEquals(of({ url, headers: { a: user } }), [true, false, "header"]);
  assertEquals(of({ url, headers: { a: user }, sessions: "shared" }), [false, true, "header"]);
  assertEquals(of({ command: "cat", env: { a: user } }), [true, false, "variable"]);
});

Deno.test("planMcp() fills in what is left out", () => {
  const { maxSessions, idleMs, timeoutMs, startTimeoutMs, required, toolErrors, deny } = planMcp({
    id: "x",
    url,
  });
  assertEquals([maxSessions, idleMs, timeoutMs, startTimeoutMs], [500, 60_000, 300_000, 30_000]);
  assertEquals([required, toolErrors, deny], [true, "retry", []]);
  assertEquals(planMcp({ id: "x", command: "cat" }).maxSessions, 16);
  assertEquals(planMcp({ id: "x", url, transport: "sse" }).target, { type: "sse", url });
});
