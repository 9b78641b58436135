import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { z } from "zod";
import { macrotask } from "../testing/macrotask.ts";
import { testCall, testStep } from "../testing/test_step.ts";
import { ToolFailed } from "../tools/outcome.ts";
import type { Tool } from "../tools/tool.ts";
import { textResult, until } from "./fixture_test.ts";
import { beginRun, inProcess, listing, saying, telling } from "./toolset_fixture_test.ts";
import type { RemoteCall } from "./remote_tools.ts";

const step = testStep();

async function toolsOf(
  setup: Parameters<typeof inProcess>[0],
  options: Parameters<typeof inProcess>[1] = {},
): Promise<readonly Tool[]> {
  await using made = await inProcess(setup, options);
  return await made.toolset.tools(step);
}

Deno.test("RemoteTools describes tools as the server does, and keeps what filters can use", async () => {
  const [tool] = await toolsOf((server) => {
    server.registerTool("read", {
      title: "Reader",
      description: "Reads a note",
      inputSchema: { path: z.string() },
      outputSchema: { text: z.string() },
      annotations: { readOnlyHint: true },
      _meta: { "x.y/scope": "notes" },
    }, () => ({ content: [], structuredContent: { text: "" } }));
  });
  const { name, description, parameters, returns, metadata } = tool!.definition;
  assertEquals([name, description], ["read", "Reads a note"]);
  assert(!("$schema" in parameters), "it costs the model tokens and says nothing");
  assertEquals([parameters.type, parameters.required], ["object", ["path"]]);
  assertEquals((returns as { required?: unknown }).required, ["text"]);
  assertEquals(metadata, {
    server: "files",
    title: "Reader",
    annotations: { readOnlyHint: true },
    meta: { "x.y/scope": "notes" },
  });
});

Deno.test("RemoteTools: a title stands in for a description", async () => {
  const list = [{ name: "a", title: "Opens doors" }, { name: "b" }];
  const tools = await toolsOf(listing(() => list));
  assertEquals(tools.map(({ definition }) => definition.description), ["Opens doors", undefined]);
});

Deno.test("RemoteTools offers what is allowed and not denied, by the server's names", async () => {
  const setup = listing(() => ["read", "write", "list", "constructor"].map((name) => ({ name })));
  const names = async (options: Parameters<typeof inProcess>[1]) =>
    (await toolsOf(setup, options)).map(({ name }) => name);
  assertEquals(await names({}), ["read", "write", "list", "constructor"]);
  assertEquals(await names({ allow: ["list", "read"] }), ["read", "list"]);
  assertEquals(await names({ deny: ["write"] }), ["read", "list", "constructor"]);
  assertEquals(await names({ allow: ["read", "write"], deny: ["write"] }), ["read"]);
  assertEquals(await names({ allow: [] }), []);
  assertEquals(await names({ prefix: "fs", allow: ["read", "fs_list"] }), ["fs_read"]);
});

Deno.test("RemoteTools: a tool that is not offered cannot be called by its name either", async () => {
  await using made = await inProcess(saying("read", "write"), { deny: ["write"], prefix: "fs" });
  await using run = await beginRun(made.toolset);
  assertEquals(await run.names(), ["fs_read"]);
  assertEquals(await run.call("fs_read"), "read says hello");
  for (const name of ["write", "fs_write", "read"]) {
    await assertRejects(() => run.call(name), Error, `no tool ${name}`);
  }
});

Deno.test("RemoteTools gives tools labels of their own or the common one", async () => {
  const setup = listing(() => ["read", "write", "constructor"].map((name) => ({ name })));
  const labels = { read: "Reading", write: "" };
  const label = async (options: Parameters<typeof inProcess>[1]) =>
    (await toolsOf(setup, options)).map((tool) => tool.label);
  assertEquals(await label({}), [undefined, undefined, undefined]);
  assertEquals(await label({ labels }), ["Reading", undefined, undefined]);
  assertEquals(await label({ label: "Working", labels, prefix: "fs" }), [
    "Reading",
    undefined,
    "Working",
  ]);
});

Deno.test("RemoteTools checks arguments before they are sent", async () => {
  const [tool] = await toolsOf((server) => {
    server.registerTool("add", { inputSchema: { a: z.number() } }, () => textResult("never"));
  });
  assertEquals(await tool!.parse({ a: 1 }), { ok: true, value: { a: 1 } });
  const wrong = await tool!.parse({ a: "one" });
  assert(!wrong.ok && wrong.issues[0]!.path === "a", JSON.stringify(wrong));
  for (const args of [null, [], "text", 7, undefined]) {
    assertEquals(await tool!.parse(args), {
      ok: false,
      issues: [{ path: "", message: "Value must be an object" }],
    });
  }
});

Deno.test("RemoteTools leaves the check to a server whose schema cannot be used", async () => {
  const inputSchema = { type: "object", $ref: "https://elsewhere.test/schema" } as never;
  await using made = await inProcess(listing(() => [{ name: "odd", inputSchema }]));
  await using run = await beginRun(made.toolset);
  assertEquals(await run.call("odd", { anything: [1] }), { name: "odd", args: { anything: [1] } });
});

Deno.test("RemoteTools makes names of which every model can say them, and calls by the server's", async () => {
  const long = "x".repeat(80);
  const names = ["fs.read", "fs_read", "größe 天気", "天気", "天地", long, `${long}y`, "ok-1"];
  await using made = await inProcess(listing(() => names.map((name) => ({ name }))));
  await using run = await beginRun(made.toolset);
  const offered = await run.names();
  assertEquals(offered.length, names.length);
  assertEquals(new Set(offered).size, names.length, offered.join());
  for (const name of offered) assert(/^[a-zA-Z0-9_-]{1,64}$/.test(name), name);
  assertEquals([offered[1], offered[7]], ["fs_read", "ok-1"], "good names stay as they are");
  for (const [index, name] of offered.entries()) {
    assertEquals(await run.call(name), { name: names[index], args: {} });
  }
});

Deno.test("RemoteTools keeps one of two tools that a server calls the same", async () => {
  const list = [{ name: "a", title: "First" }, { name: "a", title: "Second" }, { name: "b" }];
  const tools = await toolsOf(listing(() => list));
  assertEquals(tools.map(({ name }) => name), ["a", "b"]);
  assertEquals(tools[0]!.definition.description, "First");
});

Deno.test("RemoteTools lists once for all who ask, and again only when something has changed", async () => {
  let lists = 0;
  const names = ["a"];
  await using made = await inProcess(listing(() => {
    lists += 1;
    return names.map((name) => ({ name }));
  }));
  await using run = await beginRun(made.toolset);
  await using other = await beginRun(made.toolset);
  await Promise.all([run.names(), other.names(), run.names()]);
  assertEquals(lists, 1);
  assertStrictEquals((await made.toolset.tools(step))[0], made.toolset.knownTools![0]);
  names.push("b");
  assertEquals(await run.names(), ["a"], "the server has not said so yet");
  made.servers[0]!.sendToolListChanged();
  await until(() => made.logger.entries.length === 0);
  await macrotask();
  const found = await Promise.all([run.names(), other.names()]);
  assertEquals([...found, lists], [["a", "b"], ["a", "b"], 2]);
  await run.names();
  assertEquals(lists, 2);
  assertEquals(made.logger.entries.map(({ message, fields }) => [message, fields.added]), [
    ["MCP server changed its tools", "b"],
  ]);
});

Deno.test("RemoteTools lists again what changed while it was listing", async () => {
  let lists = 0;
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  await using made = await inProcess(listing(async () => {
    if (++lists === 2) await held;
    return [{ name: `list-${lists}` }];
  }));
  await using run = await beginRun(made.toolset);
  made.servers[0]!.sendToolListChanged();
  await macrotask();
  const second = run.names();
  await until(() => lists === 2);
  made.servers[0]!.sendToolListChanged();
  await macrotask();
  release();
  assertEquals(await second, ["list-2"]);
  assertEquals(await run.names(), ["list-3"]);
});

Deno.test("RemoteTools: who leaves while the tools are listed does not spoil it for others", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  let lists = 0;
  await using made = await inProcess(listing(async () => {
    if (++lists === 2) await held;
    return [{ name: "a" }];
  }));
  const controller = new AbortController();
  await using gone = await beginRun(made.toolset, { signal: controller.signal });
  await using stays = await beginRun(made.toolset);
  made.servers[0]!.sendToolListChanged();
  await macrotask();
  const [first, second] = [gone.names(), stays.names()];
  first.catch(() => {});
  await until(() => lists === 2);
  controller.abort(new Error("user left"));
  await assertRejects(() => first, Error, "user left");
  release();
  assertEquals([await second, lists], [["a"], 2]);
});

Deno.test("processToolCall stands around calls: arguments, _meta, result, or no call at all", async () => {
  const seen: unknown[] = [];
  await using made = await inProcess<{ user: string }>(telling, {
    prefix: "p",
    processToolCall: async (call, { ctx, name, args }) => {
      seen.push([name, args, ctx.deps.user, ctx.toolCallId]);
      if (args.skip) return "nothing was called";
      const told = await call({ changed: true }, { meta: { tenant: ctx.deps.user } });
      return { wrapped: told };
    },
  });
  await using run = await beginRun(made.toolset, { deps: { user: "ada" } });
  assertEquals(await run.call("p_tell", { skip: true }), "nothing was called");
  assertEquals(await run.call("p_tell", { a: 1 }), {
    wrapped: { meta: { tenant: "ada" }, user: "" },
  });
  assertEquals(seen, [
    ["tell", { skip: true }, "ada", "call_1"],
    ["tell", { a: 1 }, "ada", "call_1"],
  ]);
});

Deno.test("processToolCall may turn a failure into something else, and its own errors are its own", async () => {
  const failing = (server: Parameters<typeof telling>[0]) => {
    server.registerTool("fail", {}, () => ({ ...textResult("broken"), isError: true }));
  };
  const outcome = async (processToolCall: (call: RemoteCall) => unknown) => {
    await using made = await inProcess(failing, { processToolCall });
    await using run = await beginRun(made.toolset);
    return await run.call("fail");
  };
  assertEquals(await outcome((call) => call({}).catch(() => "mended")), "mended");
  await assertRejects(() => outcome(() => Promise.reject(new ToolFailed("no"))), ToolFailed, "no");
  await assertRejects(
    () =>
      outcome(() => {
        throw new TypeError("a bug");
      }),
    TypeError,
    "a bug",
  );
});

Deno.test("RemoteTools without processToolCall sends no _meta", async () => {
  await using made = await inProcess(telling);
  await using run = await beginRun(made.toolset);
  assertEquals(await run.call("tell"), { meta: {}, user: "" });
});

Deno.test("RemoteTools sets no time limit of the agent's on its tools", async () => {
  const [tool] = await toolsOf(saying("a"));
  assertEquals([tool!.timeoutMs, tool!.retries, tool!.requiresApproval], [
    Infinity,
    undefined,
    undefined,
  ]);
});

Deno.test("RemoteTools hands on the signal of the call", async () => {
  const signals: AbortSignal[] = [];
  await using made = await inProcess((server) => {
    server.registerTool("hold", {}, ({ signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    });
  });
  const [tool] = await made.toolset.tools(step);
  const controller = new AbortController();
  const call = Promise.resolve(tool!.execute!({}, testCall({ signal: controller.signal })));
  call.catch(() => {});
  await until(() => signals.length === 1);
  controller.abort(new Error("user left"));
  await assertRejects(() => call, Error, "user left");
  await until(() => signals[0]!.aborted);
});
