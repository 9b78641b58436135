import { assertEquals, assertStrictEquals } from "@std/assert";
import { RequestContext } from "../context/request_context.ts";
import { fold } from "../run/fold.ts";
import type { Message, RunRequest } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import type { WorkflowRequest } from "./request.ts";
import { AgenticWorkflow } from "./workflow.ts";

/** What a workflow is given for `request`. */
async function given(
  request: RunRequest,
  context: RunContext = testContext(),
): Promise<WorkflowRequest> {
  let seen: WorkflowRequest | undefined;
  const workflow = new AgenticWorkflow((request) => {
    seen = request;
    return "";
  });
  await fold(workflow.run(request, context));
  return seen!;
}

function user(...texts: string[]): Message {
  return { role: "user", content: texts.map((text) => ({ type: "text", text })) };
}

function assistant(content: string, ...ids: string[]): Message {
  const toolCalls = ids.map((
    id,
  ) => ({ id, name: "f", kind: "function", arguments: "{}" } as const));
  return { role: "assistant", content, toolCalls };
}

function tool(toolCallId: string, text: string): Message {
  return { role: "tool", toolCallId, content: [{ type: "text", text }] };
}

Deno.test("WorkflowRequest.latestUserText() is the last user message's text", async () => {
  const messages = [user("first"), assistant("hm"), user("see", "this"), assistant("ok")];
  assertEquals((await given(testRequest({ messages }))).latestUserText(), "see\nthis");
  assertEquals((await given(testRequest({ messages: [] }))).latestUserText(), "");
});

Deno.test("WorkflowRequest.conversationText() names who said what and leaves out the silent", async () => {
  const messages: Message[] = [
    { role: "system", content: "Be kind" },
    user("Weather?"),
    assistant("", "call_1"),
    tool("call_1", "Sunny"),
    assistant("It is sunny"),
    { role: "user", content: [{ type: "image", url: "https://example.com/a.png" }] },
  ];
  assertEquals(
    (await given(testRequest({ messages }))).conversationText(),
    "System: Be kind\n\nUser: Weather?\n\nTool: Sunny\n\nAssistant: It is sunny",
  );
});

Deno.test("WorkflowRequest.toolResults has parsed results by call id", async () => {
  const image = { type: "image", url: "https://example.com/a.png" } as const;
  const messages: Message[] = [
    user("a"),
    assistant("", "json", "text", "image", "same"),
    tool("json", '{"degrees":20}'),
    tool("text", "20 degrees"),
    { role: "tool", toolCallId: "image", content: [image] },
    tool("same", "1"),
    assistant("b"),
    user("c"),
    assistant("", "same", "last"),
    tool("same", "2"),
    { role: "tool", toolCallId: "last", content: [...text("[1"), ...text(",2]")] },
  ];
  const request = await given(testRequest({ messages }));
  assertEquals({ ...request.toolResults }, {
    json: { degrees: 20 },
    text: "20 degrees",
    image: [image],
    same: 2,
    last: [1, 2],
  });
  assertEquals({ ...request.latestToolResults }, { same: 2, last: [1, 2] });
  assertStrictEquals(request.toolResults, request.toolResults);
});

function text(text: string): { type: "text"; text: string }[] {
  return [{ type: "text", text }];
}

Deno.test("WorkflowRequest.toolResults cannot be poisoned by call ids", async () => {
  const messages = [assistant("", "__proto__"), tool("__proto__", '{"polluted":true}')];
  const { toolResults } = await given(testRequest({ messages }));
  assertEquals(toolResults["polluted"], undefined);
  assertEquals(toolResults["constructor"], undefined);
  assertEquals(Object.keys(toolResults), ["__proto__"]);
  assertEquals(({} as Record<string, unknown>)["polluted"], undefined);
});

Deno.test("WorkflowRequest.history is repaired, messages are as received", async () => {
  const messages = [user("a"), user("b"), assistant("", "call_1"), tool("forged", "x"), user("c")];
  const request = await given(testRequest({ messages }));
  assertStrictEquals(request.messages, messages);
  assertEquals(request.history.map((message) => message.role), [
    "user",
    "assistant",
    "tool",
    "user",
  ]);
  assertEquals(request.history[0], user("a", "b"));
});

Deno.test("WorkflowRequest shows what the client asked for", async () => {
  const asked = testRequest({
    tools: [{ name: "f", kind: "function" }],
    toolChoice: { type: "required" },
    parallelToolCalls: false,
    output: { type: "json-object" },
    settings: { temperature: 0.5 },
  });
  let seen: WorkflowRequest | undefined;
  const workflow = new AgenticWorkflow((request) => {
    seen = request;
    return {};
  });
  await fold(workflow.run(asked, testContext()));
  assertEquals(seen?.clientTools, asked.tools);
  assertEquals(seen?.toolChoice, asked.toolChoice);
  assertEquals(seen?.parallelToolCalls, false);
  assertEquals(seen?.outputType, asked.output);
  assertEquals(seen?.settings, asked.settings);
});

Deno.test("WorkflowRequest shows deps, caller and context", async () => {
  const deps = { tenant: "acme" };
  const context = testContext({
    deps,
    principal: { name: "key-1", tenant: "t" },
    headers: new Headers({ "x-trace": "1" }),
  });
  const request = await given(testRequest({ parameters: { user: "u" } }), context);
  assertStrictEquals(request.deps, deps);
  assertEquals(request.authName, "key-1");
  assertEquals(request.context instanceof RequestContext, true);
  assertEquals(request.context.header("X-Trace"), "1");
  assertEquals(request.context.parameter("user"), "u");
  assertStrictEquals(request.context, request.context);
});
