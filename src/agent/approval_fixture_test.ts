/**
 * What the tests of approvals share: an agent that must ask, and a client that is asked. Has no tests
 * of its own.
 */
import { assertEquals } from "@std/assert";
import type { RunEvent } from "../run/event.ts";
import { Fold } from "../run/fold.ts";
import { EventGrammar } from "../run/grammar.ts";
import type { ApprovalAnswer, AssistantMessage, Message, RunRequest } from "../run/request.ts";
import type { RunResult } from "../run/result.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import type { BegunCall, ParkedTurn, TurnStore } from "../run/seams.ts";
import { FunctionModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { type Tool, tool, type ToolOptions } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import type { AgentOptions } from "./plan.ts";

export const USER: Message = { role: "user", content: [{ type: "text", text: "Hello" }] };

/** Executions of tools, in order: name and arguments. */
export type Executions = string[];

/** A tool that asks before it does what it is told. */
export function careful(
  name: string,
  executions: Executions,
  options: Partial<ToolOptions<Record<string, unknown>, unknown>> = {},
): Tool {
  return tool({
    name,
    parameters: { type: "object" },
    requiresApproval: { label: `Do ${name}`, text: `May I ${name}?` },
    ...options,
    execute: async (args, ctx) => {
      executions.push(`${name} ${JSON.stringify(args)}`);
      return options.execute ? await options.execute(args, ctx) : `${name} done`;
    },
  });
}

/** An agent whose client is asked, over a model that plays `turns` one after another. */
export function asking(
  turns: readonly (ScriptedTurn | string)[],
  options: Omit<AgentOptions, "model">,
): { readonly agent: Agent; readonly model: FunctionModel } {
  const model = new FunctionModel((_, call) => turns[call] ?? `turn ${call}`);
  return { model, agent: new Agent({ approval: "client", ...options, model }) };
}

/** A client of the Responses API without the wire: sends everything again, and its answers. */
export class Client {
  readonly runner: Runner;
  readonly context: RunContext;
  messages: Message[] = [USER];
  approvals: ApprovalAnswer[] = [];
  /** Of the last answer. */
  questions: readonly { readonly id: string; readonly label: string; readonly text: string }[] = [];

  constructor(runner: Runner, context: RunContext = testContext()) {
    this.runner = runner;
    this.context = context;
  }

  /** Sends the conversation; what came, as it was. */
  async send(
    overrides: Partial<RunRequest> = {},
    context: Partial<RunContext> = {},
  ): Promise<RunResult & { readonly events: readonly RunEvent[] }> {
    const { messages, approvals } = this;
    const request = testRequest({ messages, approvals, ...overrides });
    const events: RunEvent[] = [];
    const [fold, grammar] = [new Fold(), new EventGrammar()];
    for await (const event of this.runner.run(request, { ...this.context, ...context })) {
      grammar.accept(event);
      fold.add(event);
      events.push(event);
    }
    grammar.end();
    return { ...fold.result(), events };
  }

  /** Sends the conversation and takes the answer into it. */
  async ask(
    overrides: Partial<RunRequest> = {},
    context: Partial<RunContext> = {},
  ): Promise<RunResult & { readonly events: readonly RunEvent[] }> {
    const result = await this.send(overrides, context);
    this.take(result);
    return result;
  }

  /** Takes an answer into the conversation. */
  take(result: RunResult): void {
    this.questions = result.parts.flatMap((part) => part.type === "approval-request" ? [part] : []);
    const message: AssistantMessage = {
      role: "assistant",
      content: result.text,
      toolCalls: result.toolCalls,
      ...this.questions.length > 0 && { approvalIds: this.questions.map(({ id }) => id) },
    };
    this.messages.push(message);
  }

  /** Answers the last answer's questions, yes unless a reason is given; the others stay open. */
  answer(...answers: readonly (boolean | string | undefined)[]): this {
    for (const [index, answer] of answers.entries()) {
      if (answer === undefined) continue;
      const { id } = this.questions[index]!;
      this.approvals.push(
        typeof answer === "string"
          ? { id, approve: false, reason: answer }
          : { id, approve: answer },
      );
    }
    return this;
  }

  say(text: string): this {
    this.messages.push({ role: "user", content: [{ type: "text", text }] });
    return this;
  }
}

/** The conversation the model saw at a call, a line a message. */
export function seen(model: FunctionModel, call = model.requests.length - 1): string[] {
  return model.requests[call]!.messages.map((message) => {
    if (message.role === "system") return `system ${message.content}`;
    if (message.role === "assistant") {
      const calls = message.toolCalls.map((made) => `${made.name}#${made.id}`);
      return ["assistant", message.content, ...calls].filter((text) => text).join(" ");
    }
    const text = message.content.map((part) => part.type === "text" ? part.text : part.type).join();
    return message.role === "tool" ? `tool#${message.toolCallId} ${text}` : `user ${text}`;
  });
}

/** A turn store whose every step can be watched, held up or broken. */
export class WatchedTurns implements TurnStore {
  readonly #turns: TurnStore = testContext().turns;
  /** What was done, in order. */
  readonly log: string[] = [];
  /** Called before each step; may wait or throw. */
  before: (step: string, id: string) => void | Promise<void> = () => {};

  async park(tenant: string, turn: ParkedTurn): Promise<void> {
    await this.#step("park", "");
    // As it would be after a journey through a store.
    await this.#turns.park(tenant, JSON.parse(JSON.stringify(turn)));
  }

  async find(tenant: string, id: string): Promise<ParkedTurn | undefined> {
    await this.before("find", id);
    return await this.#turns.find(tenant, id);
  }

  async begin(
    tenant: string,
    id: string,
    refused?: readonly Message[],
  ): Promise<BegunCall | undefined> {
    await this.#step("begin", id);
    return await this.#turns.begin(tenant, id, refused);
  }

  async settle(tenant: string, id: string, messages: readonly Message[]): Promise<void> {
    await this.#step("settle", id);
    await this.#turns.settle(tenant, id, messages);
  }

  async #step(step: string, id: string): Promise<void> {
    this.log.push(`${step} ${id}`.trimEnd());
    await this.before(step, id);
  }
}

/** Checks what the client was asked, by label. */
export function assertAsked(client: Client, ...labels: readonly string[]): void {
  assertEquals(client.questions.map(({ label }) => label), labels);
}

/** An answer of the model that calls tools by these names, under `b0`, `b1` and so on. */
export function calls(...names: readonly string[]): ScriptedTurn {
  return { toolCalls: names.map((name, index) => ({ id: `b${index}`, name })) };
}

/** A client that has its first answer, the questions before it, and all that is behind it. */
export async function asked(
  turns: readonly (ScriptedTurn | string)[],
  options: Omit<AgentOptions, "model"> = {},
  context: RunContext = testContext(),
): Promise<{
  readonly agent: Agent;
  readonly model: FunctionModel;
  readonly client: Client;
  /** Of the tool `act`, where `options` bring no others. */
  readonly executions: Executions;
}> {
  const executions: Executions = [];
  const { agent, model } = asking(turns, { tools: [careful("act", executions)], ...options });
  const client = new Client(agent, context);
  await client.ask();
  return { agent, model, client, executions };
}
