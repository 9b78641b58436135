import { assertEquals, assertRejects } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { CollectingLogger } from "../testing/test_context.ts";
import { McpFailure } from "./failure.ts";
import { HttpServer, SERVER_URL } from "./fixture_test.ts";
import { RemoteServer } from "./remote_server.ts";
import { saying } from "./toolset_fixture_test.ts";
import { type MCPToolsetOptions, planMcp } from "./toolset_options.ts";

const { signal } = new AbortController();

function remote(
  options: Partial<MCPToolsetOptions>,
  values: () => Readonly<Record<string, string>> = () => ({}),
) {
  const logger = new CollectingLogger();
  const plan = planMcp({ id: "files", ...options });
  return { server: new RemoteServer(plan, { values, logger: () => logger }), logger };
}

Deno.test("RemoteServer works its values out for each session anew", async () => {
  const fake = new HttpServer(saying("a"));
  let token = 0;
  const { server } = remote(
    { url: SERVER_URL, fetch: fake.fetch },
    () => ({ authorization: `token ${++token}` }),
  );
  assertEquals([token, fake.received.length], [0, 0], "nobody needs it yet");
  await server.tools.list(signal);
  fake.restart();
  await server.check(signal);
  const sent = new Set(fake.received.map(({ headers }) => headers.get("authorization")));
  assertEquals([...sent], ["token 1", "token 2"]);
  assertEquals(fake.messages("initialize").length, 2);
  await server.close();
});

Deno.test("RemoteServer logs what a program says of itself, for those who look closely", async () => {
  const { server, logger } = remote({
    command: "sh",
    args: ["-c", 'echo "no licence for $WHO" >&2; exit 3'],
  }, () => ({ WHO: "größe" }));
  await assertRejects(() => server.check(signal), McpFailure, "Server ended: exit code 3");
  const said = logger.entries.find(({ message }) => message === "MCP server says")!;
  assertEquals([said.level, said.fields], ["debug", {
    server: "files",
    line: "no licence for größe",
  }]);
  await server.close();
});

Deno.test("RemoteServer.close() ends an attempt that is under way", async () => {
  const fake = new HttpServer(saying("a"));
  fake.hung = true;
  const { server } = remote({ url: SERVER_URL, fetch: fake.fetch });
  const asked = server.check(signal);
  asked.catch(() => {});
  while (fake.received.length === 0) await macrotask();
  await server.close();
  await assertRejects(() => asked, McpFailure, "Connection is closed");
  await assertRejects(() => server.check(signal), McpFailure, "Connection is closed");
});
