/**
 * What the tests of routers share.
 */
import { Agent } from "../agent/agent.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { Message, RunRequest, ToolSpec } from "../run/request.ts";
import type { RunResult } from "../run/result.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import { FunctionModel, ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { transcript } from "../testing/transcript.ts";
import { Route } from "./route.ts";
import { type RouterOptions, RouterWorkflow } from "./router.ts";
import { AgenticWorkflow } from "./workflow.ts";

export const WEATHER: ToolSpec = {
  name: "get_weather",
  kind: "function",
  description: "client's own",
};

export const choice = (route: string, usage = {}): ScriptedTurn => ({
  text: JSON.stringify({ route }),
  usage,
});

/** A model that names these routes, one a call. */
export function choosing(...routes: string[]): ScriptedModel {
  return new ScriptedModel(routes.map((route) => choice(route)));
}

export function saying(text: string): Runner {
  return new AgenticWorkflow(() => text);
}

/** A router over "poet" and "coder", which say their names unless given. */
export function routerOf(
  model: RouterOptions["model"],
  options: Partial<RouterOptions> & { readonly poet?: Runner; readonly coder?: Runner } = {},
): RouterWorkflow {
  const { poet = saying("poet"), coder = saying("coder"), ...others } = options;
  return new RouterWorkflow({
    model,
    routes: [
      new Route("poet", poet, "Poems", { label: "Asking the poet" }),
      new Route("coder", coder, "Programs"),
    ],
    ...others,
  });
}

export function answer(
  runner: Runner,
  request: RunRequest = testRequest(),
  context: RunContext = testContext(),
): Promise<RunResult> {
  return fold(checkGrammar(runner.run(request, context)));
}

export async function lines(
  runner: Runner,
  request: RunRequest = testRequest(),
  context: RunContext = testContext(),
): Promise<string[]> {
  return (await transcript(checkGrammar(runner.run(request, context)))).trim().split("\n");
}

/** The conversation after `result` called tools and the client ran them. */
export function resumed(request: RunRequest, result: RunResult): RunRequest {
  const messages: Message[] = [
    ...request.messages,
    { role: "assistant", content: result.text, toolCalls: result.toolCalls },
    ...result.toolCalls.map((call): Message => ({
      role: "tool",
      toolCallId: call.id,
      content: [{ type: "text", text: "Sunny" }],
    })),
  ];
  return { ...request, messages };
}

export function say(request: RunRequest, text: string): RunRequest {
  const message: Message = { role: "user", content: [{ type: "text", text }] };
  return { ...request, messages: [...request.messages, message] };
}

/** Calls the client's tool until there is a result, which it then says, after its name. */
export function caller(name: string): Agent {
  return new Agent({
    model: new FunctionModel(({ messages, tools }) => {
      const last = messages.at(-1)!;
      if (last.role === "tool") return `${name}: ${JSON.stringify(last.content)}`;
      return tools.length === 0 ? name : { toolCalls: [{ name: "get_weather" }] };
    }),
  });
}
