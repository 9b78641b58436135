/**
 * A file with every key: accepted, described with its defaults and without its secrets.
 * @module
 */
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { Validator } from "@cfworker/json-schema";
import { parse } from "@std/yaml/parse";
import { runCommandLine } from "../../src/cli/main.ts";

const ENV: Readonly<Record<string, string>> = {
  LLM_ENDPOINT: "https://llm.example.com/v1",
  LLM_KEY: "c4n4ry-llm",
  TEAM_TOKEN: "c4n4ry-team",
  ALICE_KEY: "c4n4ry-alice",
  CAROL_KEY: "c4n4ry-carol",
};

async function run(args: readonly string[]): Promise<string> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommandLine(args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    env: (name) => ENV[name],
    colour: false,
  });
  assertEquals({ code, err }, { code: 0, err: [] });
  return out.join("\n");
}

const FULL = new URL("full.yaml", import.meta.url).pathname;

Deno.test("check describes every key with its default and masks every secret", async () => {
  const report = await run(["check", FULL]);
  assertFalse(report.includes("c4n4ry"), report);
  const described = parse(report, { schema: "core" }) as Record<string, Record<string, unknown>>;
  assertEquals(described.port as unknown, 9000);
  assertEquals(described.shutdown_grace as unknown, "10s");
  assertEquals(described.backends, {
    main: {
      type: "openai-compatible",
      base_url: "https://llm.example.com/v1",
      api_key: "***",
      model: "large",
      headers: { "x-team": "***" },
      timeout: "1m",
      max_retries: 2,
      fetch_urls: true,
      fallback: ["spare"],
    },
    spare: { type: "demo" },
  });
  assertEquals(described.mcps?.docs, {
    transport: "sse",
    url: "https://docs.example.com/mcp?***",
    headers: {
      authorization: "***",
      "x-user": { from_header: "x-on-behalf-of" },
      "x-tenant": { from_extra: "metadata.tenant", optional: true },
      "x-caller": { from_auth: "name" },
    },
    sessions: "shared",
    timeout: "10s",
    required: false,
  });
  assertEquals(described.mcps?.files, {
    transport: "stdio",
    command: "mcp-files",
    args: ["--token", "***"],
    env: { TOKEN: "***" },
    cwd: "/srv",
    start_timeout: "1m",
    prefix: "fs",
    label: "Looking at files",
    tools: { allow: ["read", "write"], labels: { write: "Changing a file" } },
    required: true,
  });
  const alpha = described.entrypoints?.["/alpha/v1"] as Record<string, unknown[]>;
  assertEquals(alpha.api_keys?.[0], {
    name: "alice",
    key: "***",
    models: ["writer"],
    expires_at: "2099-01-01T00:00:00.000Z",
  });
});

Deno.test("check prints what each model can reach", async () => {
  const report = await run(["check", FULL]);
  for (
    const line of [
      "# /alpha/v1 writer",
      "#   runs in the server; no code of its own",
      "#   backend main: calls https://llm.example.com/v1; fetches URLs of clients",
      "#   backend spare: the built-in demo, no network",
      "#   MCP server files: starts mcp-files",
      "#   MCP server files: only its tools read, write",
      "#   MCP server docs: calls https://docs.example.com/mcp?***",
      "#   MCP server docs: sends x-user from the caller's header x-on-behalf-of",
      "#   MCP server docs: sends x-tenant from the caller's field metadata.tenant",
      "#   MCP server docs: sends x-caller from the caller's key name",
      "#   asks the client before it calls fs_write",
      "# /beta/v1 guest",
      "#   runs https://example.com/agent.ts in a process of its own",
      "#   net api.example.com",
      "#   read none",
      "#   env all",
      '# Not in force in this version: entrypoints["/alpha/v1"].models.writer.limits.queue',
    ]
  ) {
    assertStringIncludes(report, `${line}\n`.trimEnd());
  }
});

Deno.test("schema describes every key of the full file", async () => {
  const schema = JSON.parse(await run(["schema"]));
  assertEquals(schema.type, "object");
  assertEquals(schema.additionalProperties, false);
  const text = JSON.stringify(schema);
  const keys = (await Deno.readTextFile(FULL)).matchAll(/(?<![\w/-])([a-z_0-9]+):(?=[ \n])/g);
  const ownNames = new Set([
    "main",
    "spare",
    "files",
    "docs",
    "writer",
    "token",
    "authorization",
    "fs_write",
    "write",
  ]);
  for (const [, key = ""] of keys) {
    if (!ownNames.has(key)) assert(text.includes(`"${key}":`), key);
  }
  undescribed(schema, "");
});

Deno.test("the JSON Schema takes the full file as it is written, and refuses broken ones", async () => {
  const validator = new Validator(JSON.parse(await run(["schema"])), "7");
  const accepts = (text: string) => validator.validate(parse(text, { schema: "core" })).valid;
  const full = await Deno.readTextFile(FULL);
  assert(accepts(full));
  assert(accepts("models: [{model_id: a, backend: b}]\nport: 0\n"));
  for (
    const broken of [
      full.replace("workers:", "wrokers:"),
      full.replace("port: ${PORT:-9000}", "port: 70000"),
      full.replace("timeout: 60s", "timeout: 60"),
      full.replace("client_tools: deny", "client_tools: never"),
    ]
  ) {
    assert(broken !== full);
    assertFalse(accepts(broken), broken);
  }
});

/** Fails where a key of the language has no description. */
function undescribed(node: unknown, path: string): void {
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "properties") {
      for (const [name, property] of Object.entries(value as Record<string, object>)) {
        const named = name === "name" || name === "model_id";
        assert("description" in property || named, `${path}.${name} has no description`);
      }
    }
    undescribed(value, `${path}.${key}`);
  }
}
