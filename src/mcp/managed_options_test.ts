import { assertEquals, assertThrows } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { ManagedMCP } from "./managed.ts";
import { type ManagedHttpOptions, readEnvironment } from "./managed_options.ts";
import { ContextValue } from "./values.ts";

function problems(kind: "http" | "stdio", options: Partial<ManagedHttpOptions>): string[] {
  const given = { id: "search", command: "search-mcp", ...options };
  const error = assertThrows(() => ManagedMCP[kind](given), SetupError);
  return error.problems.map(({ path }) => path);
}

/** Reads with variables that no other test has. */
function read(
  variables: Readonly<Record<string, string>>,
  options: Partial<ManagedHttpOptions> = {},
) {
  const named = (name: string) => `FAKELLM_TEST_MANAGED_${name}`;
  for (const [name, value] of Object.entries(variables)) Deno.env.set(named(name), value);
  try {
    return readEnvironment({
      id: "search",
      command: "search-mcp",
      urlEnv: named("URL"),
      timeoutEnv: named("TIMEOUT"),
      startTimeoutEnv: named("START"),
      ...options,
    });
  } finally {
    for (const name of Object.keys(variables)) Deno.env.delete(named(name));
  }
}

Deno.test("ManagedMCP tells everything that is wrong at once", () => {
  assertEquals(problems("http", { id: "", command: "", url: "no url" }), [
    "ManagedMCP.id",
    "ManagedMCP.command",
    "ManagedMCP.url",
  ]);
  assertEquals(problems("stdio", { id: "", command: "" }), ["ManagedMCP.id", "ManagedMCP.command"]);
});

Deno.test("ManagedMCP: a program that all share cannot depend on the request", () => {
  const env = { USER_NAME: new ContextValue("user") };
  assertEquals(problems("http", { env }), ["search.env"]);
  // Over its input and output there is a program for each identity.
  ManagedMCP.stdio({ id: "search", command: "search-mcp", env });
});

Deno.test("ManagedMCP over stdio takes headers only for a server that runs elsewhere", () => {
  const headers = { authorization: "Bearer x" };
  assertEquals(problems("stdio", { headers }), ["search.headers"]);
  ManagedMCP.stdio({ id: "search", command: "search-mcp", headers, urlEnv: "SEARCH_MCP_URL" });
  ManagedMCP.http({ id: "search", command: "search-mcp", headers });
});

Deno.test("ManagedMCP checks what the toolset behind it would, before it starts", () => {
  for (const options of [{ prefix: "a b" }, { timeoutMs: 0 }, { maxSessions: -1 }]) {
    assertEquals(problems("http", options), [`search.${Object.keys(options)[0]}`]);
    assertEquals(problems("stdio", options), [`search.${Object.keys(options)[0]}`]);
  }
});

Deno.test("readEnvironment() takes what is set, and the options where nothing is", () => {
  const nothing = { url: undefined, timeoutMs: undefined, startTimeoutMs: undefined };
  assertEquals(read({}), nothing);
  assertEquals(read({ URL: "", TIMEOUT: "", START: "" }), nothing);
  assertEquals(read({}, { timeoutMs: 7, startTimeoutMs: 8 }), {
    ...nothing,
    timeoutMs: 7,
    startTimeoutMs: 8,
  });
  assertEquals(
    read({ URL: "https://mcp.test/x", TIMEOUT: "500ms", START: "2.5" }, {
      timeoutMs: 7,
      startTimeoutMs: 8,
    }),
    { url: "https://mcp.test/x", timeoutMs: 500, startTimeoutMs: 2500 },
  );
  assertEquals(read({ TIMEOUT: "1.5m", START: "10" }).timeoutMs, 90_000);
});

Deno.test("readEnvironment() names the variable it cannot use", () => {
  const cases: Record<string, readonly string[]> = {
    URL: ["search.internal", "ftp://x", "/mcp", "localhost:8080"],
    TIMEOUT: ["soon", "0", "-1", "0s", "1 fortnight"],
    START: ["NaN", "Infinity"],
  };
  for (const [name, values] of Object.entries(cases)) {
    for (const value of values) {
      const error = assertThrows(() => read({ [name]: value }), SetupError, "accepted: ");
      assertEquals(error.problems[0]!.path, `FAKELLM_TEST_MANAGED_${name}`, value);
    }
  }
});
