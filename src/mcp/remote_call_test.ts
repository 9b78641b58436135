// @ts-types="@modelcontextprotocol/sdk/types"
import { CallToolRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { RunError } from "../run/error.ts";
import { macrotask } from "../testing/macrotask.ts";
import { enterToolset, leaveToolset } from "../tools/toolset.ts";
import { ModelRetry, ToolFailed } from "../tools/outcome.ts";
import { type HandlerExtra, type McpServer, textResult, until } from "./fixture_test.ts";
import type { ToolErrorPolicy } from "./remote_call.ts";
import { beginRun, inProcess, listing, overHttp, type RunUse } from "./toolset_fixture_test.ts";
import type { MCPToolsetOptions } from "./toolset_options.ts";
import { EnvSecret } from "./values.ts";

/** Tools of each kind, whose calls are counted and end when the test says. */
function heldTools() {
  const calls: (HandlerExtra & { readonly tool: string; readonly end: (text: string) => void })[] =
    [];
  const setup = (server: McpServer) => {
    const kinds = {
      write: {},
      read: { readOnlyHint: true },
      put: { idempotentHint: true },
      destroy: { readOnlyHint: false, destructiveHint: true },
    };
    for (const [tool, annotations] of Object.entries(kinds)) {
      server.registerTool(tool, { annotations }, async (extra: HandlerExtra) => {
        const { promise, resolve } = Promise.withResolvers<string>();
        calls.push({ ...extra, tool, end: resolve });
        return textResult(await promise);
      });
    }
  };
  return { calls, setup };
}

/** A run that uses a fake server over HTTP. */
async function httpRun(options: Partial<MCPToolsetOptions> = {}) {
  const { calls, setup } = heldTools();
  const made = overHttp(setup, options);
  await enterToolset(made.toolset);
  const run = await beginRun(made.toolset);
  return {
    ...made,
    calls,
    run,
    async [Symbol.asyncDispose]() {
      await run[Symbol.asyncDispose]();
      await leaveToolset(made.toolset);
    },
  };
}

/** Starts a call without waiting for it. */
function begin(run: RunUse, name: string): Promise<unknown> {
  const call = run.call(name);
  call.catch(() => {});
  return call;
}

Deno.test("a call that the server never got is repeated with another session, whatever it does", async () => {
  await using made = await httpRun();
  // A server that was started anew knows no session; the stream that would tell is not open here.
  made.server.restart();
  const call = begin(made.run, "destroy");
  await until(() => made.calls.length === 1);
  made.calls[0]!.end("done");
  assertEquals(await call, "done");
  assertEquals(made.server.messages("tools/call").length, 2);
  assertEquals(made.logger.entries.filter(({ message }) => message === "MCP call failed"), []);
});

Deno.test("a call that was lost is repeated only where that can do no harm", async () => {
  for (
    const [tool, repeated] of [["read", true], ["put", true], ["write", false], [
      "destroy",
      false,
    ]] as const
  ) {
    await using made = await httpRun();
    const call = begin(made.run, tool);
    await until(() => made.calls.length === 1 && made.server.openStreams === 2);
    made.server.breakStreams();
    if (repeated) {
      await until(() => made.calls.length === 2);
      made.calls[1]!.end("second");
      assertEquals(await call, "second", tool);
    } else {
      await assertRejects(() => call, ToolFailed, "Whether the call took effect is not known");
      assertEquals(made.calls.length, 1, tool);
    }
  }
});

Deno.test("a call is repeated once and no more", async () => {
  await using made = await httpRun();
  const call = begin(made.run, "read");
  for (const count of [1, 2]) {
    await until(() => made.calls.length === count && made.server.openStreams > 0);
    await macrotask();
    made.server.breakStreams();
  }
  await assertRejects(() => call, ToolFailed, "The connection to the tool was lost");
  assertEquals(made.calls.length, 2);
});

Deno.test("a call that takes too long is not repeated, and told to the model", async () => {
  await using made = await httpRun({ timeoutMs: 5000 });
  for (const tool of ["read", "write"]) {
    const call = begin(made.run, tool);
    const count = made.calls.length + 1;
    await until(() => made.calls.length === count);
    made.clock.advance(4999);
    await macrotask();
    made.clock.advance(1);
    await assertRejects(() => call, ToolFailed, "The tool did not answer in time");
    assertEquals(made.calls.length, count);
  }
  assertEquals(made.server.sessions.size, 1, "a server that is alive keeps its session");
});

Deno.test("a server that let a call wait and gives no sign of life is given up", async () => {
  await using made = await httpRun({ timeoutMs: 5000 });
  const call = begin(made.run, "write");
  await until(() => made.calls.length === 1);
  made.server.hung = true;
  made.clock.advance(5000);
  await assertRejects(() => call, ToolFailed, "in time");
  await until(() => made.server.messages("ping").length === 1);
  made.clock.advance(5000);
  await until(() => made.logger.entries.some(({ message }) => /cannot be reached/.test(message)));
  made.server.hung = false;
  made.server.restart();
  const next = begin(made.run, "write");
  await until(() => made.calls.length === 2);
  made.calls[1]!.end("alive");
  assertEquals(await next, "alive");
  // The farewell to the first session is waited for, for a moment.
  made.clock.advance(500);
});

Deno.test("the model is told what it can know, and the log what has happened", async () => {
  await using made = await httpRun();
  made.server.down = true;
  made.server.restart();
  const error = await assertRejects(() => made.run.call("write"), ToolFailed);
  assertEquals(error.message, "The tool is not available at the moment.");
  const line = made.logger.entries.find(({ message }) => message === "MCP call failed")!;
  assertEquals([line.level, line.fields.server, line.fields.tool], ["warn", "files", "write"]);
  assert(/Connection refused/.test(`${line.fields.detail}`), `${line.fields.detail}`);
});

Deno.test("who leaves ends the call and hears nothing of the server", async () => {
  const { calls, setup } = heldTools();
  const made = overHttp(setup);
  await enterToolset(made.toolset);
  const controller = new AbortController();
  {
    await using run = await beginRun(made.toolset, { signal: controller.signal });
    const call = begin(run, "read");
    await until(() => calls.length === 1);
    controller.abort(new Error("user left"));
    await assertRejects(() => call, Error, "user left");
    await until(() => calls[0]!.signal.aborted);
    assertEquals(calls.length, 1, "not repeated either");
  }
  await leaveToolset(made.toolset);
  assertEquals(made.logger.entries, []);
});

/** What comes of an error result, and of an error that a server answers instead of a result. */
async function errorsUnder(toolErrors: ToolErrorPolicy | undefined) {
  await using made = await inProcess((server) => {
    server.registerTool("fail", {}, () => ({ ...textResult("no such file"), isError: true }));
  }, { toolErrors });
  await using run = await beginRun(made.toolset);
  const result = await run.call("fail").catch((error: unknown) => error);
  await using refusing = await inProcess(
    listing(() => [{ name: "refuse" }], () => {
      throw new Error("bad arguments");
    }),
    { toolErrors },
  );
  await using other = await beginRun(refusing.toolset);
  const answer = await other.call("refuse").catch((error: unknown) => error);
  return { result, answer };
}

Deno.test("toolErrors: an error result asks the model again, tells it, or ends the run", async () => {
  for (const policy of [undefined, "retry"] as const) {
    const { result } = await errorsUnder(policy);
    assert(result instanceof ModelRetry);
    assertEquals(result.message, "no such file");
  }
  const { result: failed } = await errorsUnder("failed");
  assert(failed instanceof ToolFailed);
  assertEquals(failed.message, "no such file");
  const { result: error } = await errorsUnder("error");
  assert(error instanceof RunError);
  assertEquals([error.code, error.message], ["internal", 'Tool "fail" of "files" failed']);
});

Deno.test("toolErrors: what a server answers instead of a result the model can always mend", async () => {
  for (const policy of [undefined, "retry", "failed"] as const) {
    const { answer } = await errorsUnder(policy);
    assert(answer instanceof ModelRetry, `${policy}: ${answer}`);
    assert(/bad arguments/.test(answer.message), answer.message);
  }
  const { answer } = await errorsUnder("error");
  assert(answer instanceof RunError);
});

Deno.test("a server that an operator has to mend is told to the model like one that is down", async () => {
  const variable = "FAKELLM_TEST_MCP_CALL_TOKEN";
  Deno.env.set(variable, "secret");
  try {
    await using made = await httpRun({ headers: { authorization: new EnvSecret(variable) } });
    assertEquals(made.server.received.at(-1)!.headers.get("authorization"), "secret");
    Deno.env.delete(variable);
    made.server.restart();
    const error = await assertRejects(() => made.run.call("write"), ToolFailed);
    assertEquals(error.message, "The tool is not available at the moment.");
    const line = made.logger.entries.find(({ message }) => message === "MCP call failed")!;
    assertEquals(line.fields.detail, `Set ${variable}: an MCP server needs it`);
  } finally {
    Deno.env.delete(variable);
  }
});

Deno.test("a long error that a server answers is cut for the model", async () => {
  await using made = await inProcess((server) => {
    listing(() => [{ name: "refuse" }])(server);
    server.server.setRequestHandler(CallToolRequestSchema, () => {
      throw new Error("x".repeat(10_000));
    });
  }, { maxResultChars: 100 });
  await using run = await beginRun(made.toolset);
  const error = await assertRejects(() => run.call("refuse"), ModelRetry);
  assert(error.message.length < 200 && error.message.includes("[cut here: "), error.message);
});
