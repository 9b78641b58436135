import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { RequestError, RunError, SetupError } from "../run/error.ts";
import { fold } from "../run/fold.ts";
import type { Message, RunRequest } from "../run/request.ts";
import { ScriptedModel } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { TestModel } from "../testing/test_model.ts";
import { CombinedToolset } from "../tools/combined.ts";
import type { StepContext } from "../tools/context.ts";
import { FunctionToolset } from "../tools/function_toolset.ts";
import { PrefixedToolset } from "../tools/prefixed.ts";
import { type Tool, tool } from "../tools/tool.ts";
import type { Toolset } from "../tools/toolset.ts";
import { Agent } from "./agent.ts";

const look = tool({ name: "look", execute: () => "seen" });

Deno.test("generate() gives output, new messages, usage and counts", async () => {
  const model = new ScriptedModel([
    { text: "Wait.", toolCalls: [{ id: "c", name: "look" }] },
    { text: ["Do", "ne."] },
  ]);
  const result = await new Agent({ model, tools: [look] }).generate("Hi");
  assertEquals([result.output, result.text, result.finishReason], ["Done.", "Done.", "stop"]);
  assertEquals([result.modelCalls, result.toolCalls, result.usage.inputTokens], [2, 1, 2]);
  assertEquals(result.messages.map((m) => m.role), ["user", "assistant", "tool", "assistant"]);
  assertEquals(model.requests.map((request) => request.stream), [false, false]);
});

Deno.test("generate() takes a conversation and returns only what the run added", async () => {
  const model = new ScriptedModel(["b"]);
  const messages: Message[] = [{ role: "user", content: [{ type: "text", text: "a" }] }];
  const result = await new Agent({ model }).generate(messages);
  assertEquals(result.messages, [{ role: "assistant", content: "b", toolCalls: [] }]);
});

Deno.test("generate() says why there is no output", async () => {
  const cases = [
    [{ refusal: "No." }, "the model refused"],
    [{ finishReason: "length" as const }, "the model reached its token limit"],
    [{ finishReason: "content-filter" as const }, "a content filter stopped the model"],
  ] as const;
  for (const [turn, reason] of cases) {
    const model = new ScriptedModel([turn]);
    await assertRejects(() => new Agent({ model }).generate("x"), RunError, reason);
  }
});

Deno.test("generate() stops with its signal", async () => {
  const model = new ScriptedModel(["a"]);
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => new Agent({ model }).generate("x", { signal }), Error, "enough");
});

Deno.test("an agent inside a tool runs with the caller's context", async () => {
  const inner = new Agent<string>({
    model: new ScriptedModel(["from inside"]),
    instructions: (ctx) => `For ${ctx.deps}`,
  });
  const delegate = tool({
    name: "delegate",
    execute: async (_, ctx) =>
      (await inner.generate("Go", { context: ctx.run, signal: ctx.signal })).output,
  });
  const model = new ScriptedModel([{ toolCalls: [{ name: "delegate" }] }, "done"]);
  const result = await new Agent<string>({ model, tools: [delegate] }).generate("x", {
    deps: "Ann",
  });
  assertEquals(result.messages[2], {
    role: "tool",
    toolCallId: "call_0_0",
    content: [{ type: "text", text: "from inside" }],
  });
});

Deno.test("stream() gives the events of a streamed run", async () => {
  const model = new ScriptedModel([{ text: ["a", "b"] }]);
  const events = await Array.fromAsync(new Agent({ model }).stream("x"));
  assertEquals(events.filter((event) => event.type === "text-delta").length, 2);
  assertEquals(model.requests[0]!.stream, true);
});

Deno.test("history processors change what the model sees, and must leave a request", async () => {
  const model = new ScriptedModel(["a", "b"]);
  const last = new Agent({ model, historyProcessors: [(_, messages) => messages.slice(-1)] });
  const history: Message[] = [{ role: "assistant", content: "old", toolCalls: [] }];
  await last.generate("new", { history });
  assertEquals(model.requests[0]!.messages.length, 1);
  for (const broken of [[], history]) {
    const agent = new Agent({ model, historyProcessors: [() => broken] });
    await assertRejects(() => agent.generate("x"), RunError, "must end in a user or tool message");
  }
});

Deno.test("new Agent() refuses two tools of one name, naming both toolsets", () => {
  const model = new ScriptedModel([]);
  const other = new FunctionToolset([look], { id: "other" });
  const error = assertThrows(
    () => new Agent({ model, tools: [look], toolsets: [other] }),
    SetupError,
  );
  assert(error.message.includes('"tools"') && error.message.includes('"other"'));
  assertThrows(() => new Agent({ model, tools: [look, look] }), SetupError);
  const twins = [new FunctionToolset([]), new FunctionToolset([])];
  assertThrows(() => new Agent({ model, toolsets: twins }), SetupError, "two toolsets with id");
});

async function refusal(
  request: Partial<RunRequest>,
  options: { clientTools?: "deny" } = {},
): Promise<[string, string | null]> {
  const model = new ScriptedModel(["never"]);
  const agent = new Agent({ model, ...options });
  const error = await assertRejects(
    () => fold(agent.run(testRequest(request), testContext())),
    RequestError,
  );
  assertEquals(model.requests.length, 0);
  return [error.code, error.param];
}

Deno.test("run() refuses what the model cannot do before it is called", async () => {
  const tools = [{ name: "ask", kind: "function" }] as const;
  assertEquals(await refusal({ tools }, { clientTools: "deny" }), [
    "unsupported-parameter",
    "tools",
  ]);
  assertEquals(await refusal({ settings: { logprobs: true } }), [
    "unsupported-parameter",
    "logprobs",
  ]);
  const user: Message = { role: "user", content: [] };
  const parts = [
    { type: "audio", data: "AAAA", format: "wav" },
    { type: "file", url: "https://example.com/a.pdf" },
    { type: "image", fileId: "file-1" },
  ] as const;
  for (const part of parts) {
    const messages: Message[] = [user, { role: "user", content: [part] }];
    assertEquals(await refusal({ messages }), ["unsupported-value", "messages[1]"]);
  }
});

Deno.test("run() passes on what the model can do", async () => {
  const profile = { logprobs: true, audioInput: true, fetchUrls: true };
  const model = new ScriptedModel(["fine"], { profile });
  const messages: Message[] = [{
    role: "user",
    content: [
      { type: "audio", data: "AAAA", format: "wav" },
      { type: "file", url: "https://example.com/a.pdf" },
      { type: "image", fileId: "file-1" },
    ],
  }];
  await fold(
    new Agent({ model }).run(
      testRequest({ messages, settings: { logprobs: true } }),
      testContext(),
    ),
  );
  assertEquals(model.requests[0]!.messages, messages);
});

/** A toolset that notes what happens to it. */
function notedToolset(log: string[], id = "noted"): Toolset<string> {
  return {
    id,
    start: () => {
      log.push("start");
      return Promise.resolve();
    },
    forStep: function (this: Toolset<string>, ctx: StepContext<string>) {
      log.push(`step ${ctx.step}`);
      return this;
    },
    tools: (ctx) => [tool({ name: `for_${ctx.deps}`, execute: () => 1 })],
    [Symbol.asyncDispose]: () => {
      log.push("dispose");
      return Promise.resolve();
    },
  };
}

Deno.test("a run starts its toolsets and lets go of them", async () => {
  const log: string[] = [];
  const model = new ScriptedModel([{ toolCalls: [{ name: "for_ann" }] }, "done"]);
  const agent = new Agent<string>({ model, toolsets: [notedToolset(log)] });
  await agent.generate("x", { deps: "ann" });
  assertEquals(log, ["start", "step 1", "step 2", "dispose"]);
  assertEquals(model.requests[0]!.tools.map((spec) => spec.name), ["for_ann"]);
});

Deno.test("a started agent keeps its toolsets over runs until it is disposed", async () => {
  const log: string[] = [];
  const model = new ScriptedModel(["a", "b"]);
  const agent = new Agent<string>({ model, toolsets: [notedToolset(log)] });
  await agent.start();
  await Promise.all([agent.generate("x", { deps: "a" }), agent.generate("x", { deps: "b" })]);
  await agent[Symbol.asyncDispose]();
  assertEquals(log.filter((entry) => !entry.startsWith("step")), ["start", "dispose"]);
});

Deno.test("forRun makes a toolset for one run", async () => {
  const model = new ScriptedModel(["a", "b"]);
  const perUser: Toolset<string> = {
    id: "per_user",
    forRun: (ctx) => new FunctionToolset([tool({ name: `mail_${ctx.deps}`, execute: () => 1 })]),
    tools: () => [],
  };
  const agent = new Agent<string>({ model, toolsets: [perUser] });
  await agent.generate("x", { deps: "ann" });
  await agent.generate("x", { deps: "bob" });
  assertEquals(model.requests.map((request) => request.tools[0]!.name), ["mail_ann", "mail_bob"]);
});

Deno.test("errors meant for clients do not leave from inside", async () => {
  const told = new RequestError("invalid-value", "Customer 4711 owes money");
  const fail = () => {
    throw told;
  };
  const loud = (after: number) => {
    const model = new ScriptedModel([{ toolCalls: [{ name: "look" }] }, "done"]);
    const call = model.call.bind(model);
    model.call = (request, options) =>
      model.requests.length === after ? fail() : call(request, options);
    return model;
  };
  const ending = () => new ScriptedModel(["done"]);
  const inner = [
    new Agent({ model: loud(1), tools: [look] }),
    new Agent({ model: ending(), instructions: fail }),
    new Agent({ model: ending(), outputValidators: [fail] }),
    new Agent({ model: loud(9), tools: [tool({ name: "look", execute: fail })] }),
  ];
  for (const agent of inner) {
    const error = await assertRejects(
      () => fold(agent.run(testRequest(), testContext())),
      RunError,
    );
    assertEquals([error.code, error.cause], ["internal", told]);
  }
  // The client's own message, refused by the model, is the client's business.
  const refused = new Agent({ model: loud(0) }).run(testRequest(), testContext());
  assertEquals(await assertRejects(() => fold(refused)), told);
});

/** A toolset that learns of its tool when it starts. */
function discovering(id: string, name: string): Toolset & { readonly calls: string[] } {
  const calls: string[] = [];
  let known: readonly Tool[] | undefined;
  return {
    id,
    calls,
    start: () => {
      calls.push("start");
      known = [tool({ name, execute: () => id })];
      return Promise.resolve();
    },
    get knownTools() {
      return known;
    },
    tools: () => known ?? [],
    [Symbol.asyncDispose]: () => {
      calls.push("close");
      return Promise.resolve();
    },
  };
}

Deno.test("Agent.start() finds two toolsets with a tool of one name, and lets go of both", async () => {
  const [files, disk] = [discovering("files", "read"), discovering("disk", "read")];
  const model = new TestModel();
  const error = await assertRejects(
    () => new Agent({ model, toolsets: [files, disk] }).start(),
    SetupError,
    'Toolsets "files" and "disk" both have a tool named "read"',
  );
  assertStringIncludes(error.message, "prefix");
  assertEquals([files.calls, disk.calls], [["start", "close"], ["start", "close"]]);
  const fixed = tool({ name: "read", execute: () => "" });
  await assertRejects(
    () => new Agent({ model, tools: [fixed], toolsets: [disk] }).start(),
    SetupError,
    "both have a tool",
  );
  await using prefixed = new Agent({
    model,
    toolsets: [files, new PrefixedToolset(disk, "disk")],
  });
  await prefixed.start();
  await assertRejects(
    () => new Agent({ model, toolsets: [new CombinedToolset([files, disk])] }).start(),
    SetupError,
    "both have a tool",
  );
});
