/** Servers that were away and come back, or do not, over each transport. */
import { assert, assertEquals } from "@std/assert";
import { MCPToolset } from "../../src/mcp/toolset.ts";
import { GONE, journalled, LATE, timed } from "./journalled.ts";
import { until } from "./processes.ts";
import { realServer, TRANSPORTS } from "./real_servers.ts";
import { assertWhole, FORMS, Served } from "./served.ts";

for (const kind of ["streamable-http", "sse"] as const) {
  Deno.test(`${kind}: a server that is down fails runs that need it, and others go on without`, async () => {
    await Promise.all([true, false].map(async (required) => {
      await using made = await journalled(kind, { required });
      const { server, served } = made;
      assertEquals((await served.ask([])).offered.length, 3);
      await server.kill();
      // Runs that began with its tools go on with them.
      await until("the loss is known", async () => {
        const { status, offered } = await served.ask([]);
        return required ? status === 502 : offered.length === 0;
      });
      await Promise.all(FORMS.map(async (form) => {
        const outcome = await served.ask([], { form });
        if (!required) assertWhole(outcome, form);
        else assert(!outcome.raw.includes("All is done.") && outcome.raw.includes("error"));
      }));
      await server.resume();
      await until("the server is found", async () => {
        const { offered } = await served.ask([]);
        return offered.length === 3;
      }, { timeoutMs: 20_000 });
    }));
  });
}

for (const kind of TRANSPORTS) {
  Deno.test(`${kind}: a server that is restarted between calls is found again by the next call`, async () => {
    await using made = await journalled(kind);
    const { journal, server, served } = made;
    await served.call("write_page");
    for (const name of ["read_page", "write_page"]) {
      const before = journal.count(name);
      await server.kill();
      await server.resume();
      // At once, unless the server was away for so long that it is asked with pauses only.
      await until(
        "the call goes through",
        async () => (await served.ask([[name]])).results[0] === `${name} done`,
      );
      assertEquals(journal.count(name), before + 1, "once");
    }
  });

  Deno.test(`${kind}: health tells of a server that is gone, and that it is back, without any call`, async () => {
    await using made = await journalled(kind);
    const { server, served, toolset } = made;
    await served.ask([]);
    const { signal } = new AbortController();
    const healthy = () => toolset.check(signal).then(() => true, () => false);
    assert(await healthy());
    await server.kill();
    if (kind !== "stdio") {
      assert(!await healthy());
      await server.resume();
    }
    // Which may take the pause between two attempts.
    await until("it is back", healthy, { timeoutMs: 3000 });
  });
}

Deno.test("streamable-http: a server that lets streams be taken up again is given up after a few attempts", async () => {
  // The SDK makes two, after one second and one and a half.
  await using server = await realServer("everything", "streamable-http");
  const done: string[] = [];
  const toolset = new MCPToolset({
    id: "srv-everything",
    timeoutMs: 10_000,
    ...server.options,
    processToolCall: async (call, { name, args }) => {
      const result = await call(args);
      done.push(name);
      return result;
    },
  });
  await using served = new Served({ toolsets: [toolset], secrets: server.secrets });
  const asked = served.ask([
    ["trigger-long-running-operation", { duration: 60, steps: 1 }],
    ["trigger-long-running-operation", { duration: 60, steps: 1 }],
    ["echo", { message: "hi" }],
  ]);
  // It was sent after the others.
  await until("the short call is over", () => done.length === 1);
  await server.kill();
  const [outcome, ms] = await timed(asked);
  assertWhole(outcome);
  assert(ms < 5000, `it took ${ms} ms`);
  // Both could do no harm and were tried once more.
  assertEquals(outcome.results, [GONE, GONE, "Echo: hi"]);
  await server.resume();
  await until(
    "calls go through again",
    async () => (await served.ask([["echo", { message: "back" }]])).results[0] === "Echo: back",
  );
});

Deno.test("stdio: a server that hangs for good is given up and replaced", async () => {
  // It has five seconds for a sign of life.
  await using made = await journalled("stdio", { timeoutMs: 300 });
  const { server, served } = made;
  assertEquals(await served.call("read_page"), "read_page done");
  server.freeze();
  const outcome = await served.ask([["write_page"]]);
  assertEquals(outcome.results, [LATE]);
  await until("another one has taken its place", async () => {
    const [result] = (await served.ask([["read_page"]])).results;
    return result === "read_page done";
  });
  assert(!served.log.includes(GONE), "that is for the model");
});
