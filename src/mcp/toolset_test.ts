import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RunError, SetupError } from "../run/error.ts";
import { CollectingLogger } from "../testing/test_context.ts";
import { testStep } from "../testing/test_step.ts";
import { ToolFailed } from "../tools/outcome.ts";
import { enterToolset, leaveToolset } from "../tools/toolset.ts";
import { McpFailure } from "./failure.ts";
import { type HandlerExtra, makeServer, until } from "./fixture_test.ts";
import { MCPToolset } from "./toolset.ts";
import { beginRun, inProcess, inTime, listing, overHttp, saying } from "./toolset_fixture_test.ts";
import { EnvSecret } from "./values.ts";

const step = testStep();

Deno.test("MCPToolset connects once for all who use it, and closes with the last of them", async () => {
  const made = await inProcess(saying("a"));
  const runs = await Promise.all(Array.from({ length: 20 }, () => beginRun(made.toolset)));
  for (const run of runs) assertEquals(await run.call("a"), "a says hello");
  assertEquals(made.servers.length, 1);
  await made[Symbol.asyncDispose]();
  assert(made.servers[0]!.isConnected(), "the runs are still there");
  for (const run of runs) await run[Symbol.asyncDispose]();
  assert(!made.servers[0]!.isConnected());
  assertEquals([made.toolset.knownTools, made.clock.pending], [undefined, 0]);
});

Deno.test("MCPToolset that nobody started is connected by runs, those at the same time together", async () => {
  const made = overHttp(saying("a"));
  const connects = () => made.server.messages("initialize").length;
  assertEquals([connects(), made.toolset.knownTools], [0, undefined]);
  {
    await using run = await beginRun(made.toolset);
    assertEquals(await run.call("a"), "a says hello");
  }
  assertEquals([connects(), made.server.sessions.size, made.server.openStreams], [1, 0, 0]);
  const runs = await Promise.all(Array.from({ length: 5 }, () => beginRun(made.toolset)));
  assertEquals([connects(), made.server.sessions.size], [2, 1]);
  await Promise.all(runs.map((run) => run[Symbol.asyncDispose]()));
  assertEquals([made.server.sessions.size, made.clock.pending], [0, 0]);
});

Deno.test("MCPToolset that is required fails to start without a server, and can start later", async () => {
  const { toolset, server, clock, logger } = overHttp(saying("a"));
  server.down = true;
  const error = await assertRejects(() => enterToolset(toolset), RunError);
  assertEquals(error.code, "backend-down");
  assert(/^MCP server "files" cannot be reached: .*Connection refused/.test(error.message));
  assertEquals([clock.pending, toolset.knownTools], [0, undefined]);
  assertEquals(logger.entries.map(({ message }) => message), ["MCP server cannot be reached"]);
  server.down = false;
  await enterToolset(toolset);
  assertEquals(toolset.knownTools?.map(({ name }) => name), ["a"]);
  await leaveToolset(toolset);
  assertEquals(server.sessions.size, 0);
});

Deno.test("MCPToolset that is required fails runs while its server is down, and no longer", async () => {
  await using made = await inProcess(saying("a"));
  const { toolset, clock, logger } = made;
  await made.fall();
  const error = await assertRejects(() => inTime(clock, beginRun(toolset)), RunError);
  assertEquals(error.code, "backend-down");
  made.rise();
  clock.advance(60_000);
  await using run = await inTime(clock, beginRun(toolset));
  assertEquals(await run.names(), ["a"]);
  assertEquals(logger.entries.at(-1)!.message, "MCP server is back");
});

Deno.test("MCPToolset that is not required does without its server, and heals by itself", async () => {
  const { toolset, server, clock, logger } = overHttp(saying("a"), { required: false });
  server.down = true;
  await enterToolset(toolset);
  for (let runs = 0; runs < 3; runs++) {
    await using run = await inTime(clock, beginRun(toolset));
    assertEquals(await run.names(), []);
  }
  server.down = false;
  clock.advance(60_000);
  await until(() => server.sessions.size === 1);
  {
    await using run = await beginRun(toolset);
    assertEquals(await run.names(), ["a"]);
  }
  assertEquals(logger.entries.at(-1)!.message, "MCP server is back");
  await leaveToolset(toolset);
  assertEquals(clock.pending, 0);
});

Deno.test("MCPToolset that is not required keeps no run waiting for a server that hangs", async () => {
  const { toolset, server, clock } = overHttp(saying("a"), { required: false });
  server.down = true;
  await enterToolset(toolset);
  server.down = false;
  server.hung = true;
  const begun = clock.now();
  const run = await inTime(clock, beginRun(toolset));
  assertEquals(await run.names(), []);
  const waitedMs = clock.now() - begun;
  assert(waitedMs <= 1100, `it waited ${waitedMs} ms`);
  assert(server.messages("initialize").length > 0, "an attempt is under way");
  server.hung = false;
  clock.advance(30_000);
  await inTime(clock, until(() => server.sessions.size === 1));
  assertEquals(await run.names(), [], "which tools there are was decided when the run began");
  await run[Symbol.asyncDispose]();
  await using next = await beginRun(toolset);
  assertEquals(await next.names(), ["a"]);
  await inTime(clock, leaveToolset(toolset));
});

Deno.test("MCPToolset that is not required does without a server that lists no tools but errors", async () => {
  for (const required of [true, false]) {
    let broken = false;
    const made = await inProcess(
      listing(() => {
        if (broken) throw new Error("out of order");
        return [{ name: "a" }];
      }),
      { required },
    );
    await made[Symbol.asyncDispose]();
    broken = true;
    const outcome = beginRun(made.toolset);
    if (required) {
      const error = await assertRejects(() => outcome, RunError, "out of order");
      assertEquals(error.code, "backend-down");
    } else {
      await using run = await outcome;
      assertEquals(await run.names(), []);
    }
  }
});

Deno.test("MCPToolset tells what is wrong with its start at once, required or not", async () => {
  const variable = "FAKELLM_TEST_MCP_UNSET";
  for (const required of [true, false]) {
    for (
      const field of [{ headers: { a: new EnvSecret(variable) }, url: "http://mcp.test/" }, {
        env: { a: new EnvSecret(variable) },
        command: "cat",
      }]
    ) {
      const toolset = new MCPToolset({ id: "files", required, ...field });
      await assertRejects(() => enterToolset(toolset), SetupError, `Set ${variable}`);
    }
    const cwd = "/no/such/folder";
    const toolset = new MCPToolset({ id: "files", required, command: "cat", cwd });
    await assertRejects(() => enterToolset(toolset), SetupError, `no folder "${cwd}"`);
  }
});

Deno.test("a server that went away in a run has no more words for it, and its tools stay", async () => {
  await using made = await inProcess(saying("a"), {
    instructions: true,
    serverInstructions: "Read before you write.",
  });
  const { clock } = made;
  await using run = await beginRun(made.toolset);
  assertEquals(await run.instructions(), "Read before you write.");
  await made.fall();
  for (let times = 0; times < 3; times++) {
    assertEquals(await run.instructions(), undefined, "nobody waits for words");
  }
  assertEquals(await inTime(clock, run.names()), ["a"]);
  await assertRejects(() => inTime(clock, run.call("a")), ToolFailed, "not available");
  made.rise();
  clock.advance(60_000);
  assertEquals(await inTime(clock, run.call("a")), "a says hello");
  assertEquals(await run.instructions(), "Read before you write.");
});

Deno.test("MCPToolset.check() tells whether the server answers", async () => {
  const { toolset, server, clock } = overHttp(saying("a"));
  const { signal } = new AbortController();
  await toolset.check(signal);
  assertEquals(server.received.length, 0, "nobody uses it");
  await enterToolset(toolset);
  await toolset.check(signal);
  assertEquals(server.messages("ping").length, 1);
  server.hung = true;
  const silent = toolset.check(signal);
  silent.catch(() => {});
  await until(() => server.messages("ping").length === 2);
  clock.advance(3000);
  await assertRejects(() => silent, McpFailure, "did not answer within 3000 ms");
  server.hung = false;
  server.restart();
  await toolset.check(signal);
  await inTime(clock, leaveToolset(toolset));
  await using made = await inProcess(saying("a"));
  await made.fall();
  await assertRejects(() => inTime(made.clock, made.toolset.check(signal)), McpFailure);
});

Deno.test("MCPToolset logs to its own logger, or else to that of the runs", async () => {
  const server = () => makeServer(saying("a"));
  const given = new CollectingLogger();
  const ofRun = new CollectingLogger();
  for (const logger of [given, undefined]) {
    const toolset = new MCPToolset({ id: "files", server, logger, allow: ["a", "misspelt"] });
    await (await beginRun(toolset, { logger: ofRun }))[Symbol.asyncDispose]();
  }
  const warnings = (logger: CollectingLogger) => logger.entries.map(({ level }) => level);
  assertEquals([warnings(given), warnings(ofRun)], [["warn"], ["warn"]]);
});

Deno.test("MCPToolset outside of a run lists its tools, and none before it is started", async () => {
  const { toolset } = overHttp(saying("a"));
  assertEquals(await toolset.tools(step), []);
  await enterToolset(toolset);
  assertEquals((await toolset.tools(step)).map(({ name }) => name), ["a"]);
  assertStrictEquals(await toolset.tools(step), toolset.knownTools);
  await leaveToolset(toolset);
  assertEquals(await toolset.tools(step), []);
});

Deno.test("MCPToolset ends open calls when it is closed", async () => {
  const calls: HandlerExtra[] = [];
  const made = await inProcess((server) => {
    server.registerTool("hold", {}, (extra: HandlerExtra) => {
      calls.push(extra);
      return new Promise<never>(() => {});
    });
  });
  const run = await beginRun(made.toolset);
  const call = run.call("hold");
  call.catch(() => {});
  await until(() => calls.length === 1);
  await made.toolset[Symbol.asyncDispose]();
  await assertRejects(() => call, Error, "The connection to the tool was lost");
  await run[Symbol.asyncDispose]();
  await made[Symbol.asyncDispose]();
});
