/**
 * `mcps` of a deployment file: servers behind models, shared where they can be, hidden from clients.
 * @module
 */
import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { assemble } from "../../src/deploy/assemble.ts";
import { readDeployment } from "../../src/deploy/read.ts";
import { LiveClient } from "../../src/hosting/live_client.ts";
import { SetupError } from "../../src/run/error.ts";
import { CollectingLogger } from "../../src/testing/test_context.ts";
import { type FakeBackend, fakeBackend } from "../fake_backend/fake_backend.ts";
import { SpawnedCli, testFolder } from "./spawned_cli.ts";
import { toldMcpServer } from "./told_mcp_server.ts";

/** A backend that calls `tool` once in each conversation, then says what it got. */
function calling(tool: string, args = "{}"): Promise<FakeBackend> {
  return fakeBackend({
    reply: ({ body }) => {
      const last = body.messages!.at(-1)!;
      return last.role === "tool"
        ? { text: `Got: ${last.content}` }
        : { toolCalls: [{ name: tool, arguments: args }] };
    },
  });
}

/** An app of a deployment file, and what it logs. */
async function deployed(yaml: string, { prefix }: { readonly prefix?: string } = {}) {
  await using folder = await testFolder();
  const path = await folder.write("cfg.yaml", yaml);
  const logger = new CollectingLogger();
  const { deployment } = await readDeployment(path, { environment: () => undefined });
  const app = await assemble(deployment, { logger });
  const client = new LiveClient(app, { prefix });
  const ask = async (model: string, { headers, ...more }: RequestInit & object = {}) => {
    const messages = [{ role: "user", content: "Look it up" }];
    const response = await client.post("chat/completions", { model, messages, ...more }, {
      headers,
    });
    const text = await response.text();
    const { choices, error } = JSON.parse(text);
    return { status: response.status, said: choices?.[0].message.content, error, text };
  };
  const ready = async () => {
    const response = await client.get("/ready");
    return { status: response.status, body: await response.json() };
  };
  return { app, client, logger, ask, ready, [Symbol.asyncDispose]: () => app.stop() };
}

Deno.test("a deployment file gives a model a file server that runs as a process", async () => {
  await using folder = await testFolder();
  await folder.write("grüße.txt", "Grüße aus dem Keller");
  const args = JSON.stringify({ path: `${folder.path}/grüße.txt` });
  await using backend = await calling("fs_read_text_file", args);
  const server = new URL("../mcp/servers/filesystem.ts", import.meta.url).pathname;
  const path = await folder.write(
    "cfg.yaml",
    `
port: 0
backends: {main: {base_url: "${backend.baseURL}", model: m}}
mcps:
  files:
    command: deno
    args: [run, --cached-only, --allow-read, --allow-env, --allow-sys, ${server}, ${folder.path}]
    prefix: fs
    tools: {allow: [read_text_file]}
models:
  helper: {backend: main, mcps: files}
`,
  );
  await using cli = new SpawnedCli(["deploy", path]);
  const url = await cli.baseUrl();
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "helper",
      messages: [{ role: "user", content: "What does the note say?" }],
    }),
  });
  const text = await response.text();
  assertEquals(response.status, 200, text);
  assertStringIncludes(text, "Grüße aus dem Keller");
  assertFalse(text.includes("read_text_file"), text);
  const { body } = await backend.request(0);
  assertEquals(body.tools?.length, 1);
  const ready = await (await fetch(new URL("/ready", url))).json();
  assertEquals(ready.checks.files.status, "ok");
  cli.signal("SIGTERM");
  assertEquals((await cli.ended()).code, 0);
});

Deno.test("models of several entrypoints share one session, and can do without the default", async () => {
  await using server = toldMcpServer(["look"]);
  await using backend = await calling("look");
  const yaml = `
backends: {main: {base_url: "${backend.baseURL}", model: m}}
mcps: {desk: {url: "${server.url}"}, spare: {url: "http://127.0.0.1:1/mcp"}}
entrypoints:
  /a:
    mcps: [desk]
    models:
      first: {backend: main}
      second: {backend: main, lifecycle: per_request}
      bare: {backend: main, mcps: []}
  /b: {models: {third: {backend: main, mcps: desk}}}
`;
  await using made = await deployed(yaml, { prefix: "/a" });
  assertEquals((await made.ask("first")).said, "Got: look for nobody");
  assertEquals((await made.ask("second")).said, "Got: look for nobody");
  const other = new LiveClient(made.app, { prefix: "/b" });
  const messages = [{ role: "user", content: "Hi" }];
  const third = await (await other.post("chat/completions", { model: "third", messages })).json();
  assertEquals(third.choices[0].message.content, "Got: look for nobody");
  assertEquals(server.sessions, 1);
  const before = backend.requests.length;
  await made.ask("bare");
  assertEquals(backend.requests[before]!.body.tools, undefined);
  // A server that no model uses is neither contacted nor checked.
  const { status, body } = await made.ready();
  assertEquals([status, Object.keys(body.checks).sort()], [200, ["desk", "store"]]);
});

Deno.test("headers from the client's request: a session for each, and 400 where one is missing", async () => {
  await using server = toldMcpServer(["look"]);
  await using backend = await calling("look");
  await using made = await deployed(`
backends: {main: {base_url: "${backend.baseURL}", model: m}}
mcps:
  desk:
    url: "${server.url}"
    headers:
      Authorization: Bearer desk-token
      X-User: {from_header: X-On-Behalf-Of}
      X-Tenant: {from_extra: metadata.tenant, optional: true}
models:
  helper: {backend: main, mcps: desk}
  plain: {backend: main}
`);
  const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
  const answers = await Promise.all(
    users.map((user) => made.ask("helper", { headers: { "x-on-behalf-of": user } })),
  );
  assertEquals(
    answers.map(({ said, text }) => said ?? text),
    users.map((user) => `Got: look for ${user}`),
  );
  assertEquals(server.sessions, 20);
  const tokens = new Set(server.requests.map(({ headers }) => headers.get("authorization")));
  assertEquals([...tokens], ["Bearer desk-token"]);
  const refused = await made.ask("helper");
  assertEquals([refused.status, refused.error.message], [400, 'Send the header "X-On-Behalf-Of"']);
  assertEquals((await made.ask("plain")).status, 200);
});

Deno.test("one session for all, with each call's own headers, where the file says so", async () => {
  await using server = toldMcpServer(["look"]);
  await using backend = await calling("look");
  await using made = await deployed(`
backends: {main: {base_url: "${backend.baseURL}", model: m}}
mcps:
  desk:
    url: "${server.url}"
    sessions: shared
    headers: {X-User: {from_extra: metadata.user}}
models: {helper: {backend: main, mcps: desk}}
`);
  const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
  const said = await Promise.all(
    users.map(async (user) => (await made.ask("helper", { metadata: { user } } as object)).said),
  );
  assertEquals(said, users.map((user) => `Got: look for ${user}`));
  assertEquals(server.sessions, 1);
});

Deno.test("a model stays up without a server that it need not have, and heals", async () => {
  await using backend = await calling("look");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using made = await deployed(`
backends: {main: {base_url: "${backend.baseURL}", model: m}}
mcps:
  desk: {url: "http://127.0.0.1:${port}/mcp", required: false}
models:
  helper: {backend: main, mcps: desk}
`);
  const down = await made.ask("helper");
  assertEquals(down.status, 200, down.text);
  const { status, body } = await made.ready();
  assertEquals([status, body.checks.desk.status], [200, "failed"]);
  await using _server = toldMcpServer(["look"], { port });
  // The connection is tried again by the clock; runs ask for it as well.
  for (let attempt = 0;; attempt++) {
    const { said } = await made.ask("helper");
    if (said === "Got: look for nobody") break;
    assert(attempt < 100, `${said}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

Deno.test("under degrade a model says that its server is gone, and heals", async () => {
  await using backend = await calling("look");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using made = await deployed(`
backends: {main: {base_url: "${backend.baseURL}", model: m}}
mcps:
  desk: {url: "http://127.0.0.1:${port}/mcp"}
models:
  helper: {backend: main, mcps: desk, dependency_policy: degrade}
`);
  const down = await made.ask("helper");
  assertStringIncludes(down.said, "cannot be reached");
  assertFalse(down.text.includes("desk") || down.text.includes(`:${port}`), down.text);
  const { status, body } = await made.ready();
  assertEquals([status, body.checks.desk.status], [200, "failed"]);
  assertEquals(body.entrypoints["/v1"].helper.state, "degraded");
  await using _server = toldMcpServer(["look"], { port });
  for (let attempt = 0;; attempt++) {
    const { said } = await made.ask("helper");
    if (said === "Got: look for nobody") break;
    assert(attempt < 100, `${said}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

Deno.test("a model that needs its server keeps the app from starting without it, named", async () => {
  await using made = await deployed(`
backends: {main: {type: demo}}
mcps: {desk: {url: "http://127.0.0.1:1/mcp"}}
models: {helper: {backend: main, mcps: desk}}
`);
  await assertRejects(() => made.app.start(), Error, 'MCP server "desk" cannot be reached');
});

Deno.test("deploy ends with what is missing, and no trace, where a model's server does not start", async () => {
  await using folder = await testFolder();
  const path = await folder.write(
    "cfg.yaml",
    `
port: 0
backends: {main: {type: demo}}
mcps: {files: {command: no-such-program}}
models: {helper: {backend: main, mcps: files}}
`,
  );
  await using cli = new SpawnedCli(["deploy", path]);
  const { code, stderr } = await cli.ended();
  assertEquals(code, 1);
  assertStringIncludes(
    stderr.trimEnd().split("\n").at(-1)!,
    'Cannot start model "helper": MCP server "files" cannot be reached: Server ended: no such program',
  );
});

Deno.test("two servers with a tool of one name keep the app from starting, unless one has a prefix", async () => {
  await using first = toldMcpServer(["look"]);
  await using second = toldMcpServer(["look"]);
  const yaml = (prefix: string) => `
backends: {main: {type: demo}}
mcps: {desk: {url: "${first.url}"}, shelf: {url: "${second.url}"${prefix}}}
models: {helper: {backend: main, mcps: [desk, shelf], dependency_policy: degrade}}
`;
  await using clash = await deployed(yaml(""));
  await assertRejects(() => clash.app.start(), SetupError, '"desk" and "shelf" both have a tool');
  await using fine = await deployed(yaml(", prefix: shelf"));
  await fine.app.start();
});

Deno.test("a tool that needs approval is denied where nobody is asked, and asked for where the client is", async () => {
  await using server = toldMcpServer(["look", "delete"]);
  await using backend = await calling("delete");
  const yaml = (approval: string) => `
backends: {main: {base_url: "${backend.baseURL}", model: m}}
mcps: {desk: {url: "${server.url}"}}
models: {helper: {backend: main, mcps: desk, approval: ${approval}}}
`;
  await using denied = await deployed(yaml("[delete]"));
  assertStringIncludes((await denied.ask("helper")).said, "needs the consent of a person");
  await using asked = await deployed(
    yaml("{ask: client, tools: [delete], label: Remove it, text: 'Shall I remove it?'}"),
  );
  const openai = await asked.client.openai();
  const first = await openai.responses.create({ model: "helper", input: "Clean up" });
  const [item] = first.output;
  assert(item?.type === "mcp_approval_request", JSON.stringify(first));
  assertEquals([item.name, item.arguments], ["Remove it", '{"text":"Shall I remove it?"}']);
  assertFalse(JSON.stringify(first).includes("delete"));
  const second = await openai.responses.create({
    model: "helper",
    previous_response_id: first.id,
    input: [{ type: "mcp_approval_response", approval_request_id: item.id, approve: true }],
  });
  assertEquals(second.output_text, "Got: delete for nobody");
});

Deno.test("approval for a tool that is not there keeps the app from starting", async () => {
  await using server = toldMcpServer(["look", "delete"]);
  await using made = await deployed(`
backends: {main: {type: demo}}
mcps: {desk: {url: "${server.url}", prefix: desk}}
models: {helper: {backend: main, mcps: desk, approval: [delete]}}
`);
  await assertRejects(
    () => made.app.start(),
    SetupError,
    'No tool is named "delete"; there are "desk_look", "desk_delete"',
  );
});
