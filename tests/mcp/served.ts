/**
 * MCP servers behind an agent behind the API, asked by a client, who must hear nothing of them.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Agent, createApp, liveClient } from "../../mod.ts";
import type { AppOptions, LiveClient } from "../../mod.ts";
import type { InputPart } from "../../src/run/request.ts";
import { FunctionModel, type ModelRequest, type ScriptedTurn } from "../../src/testing/mod.ts";
import { CollectingLogger } from "../../src/testing/test_context.ts";
import type { Toolset } from "../../src/tools/toolset.ts";

/** How a client can ask. */
export const FORMS = [
  { path: "chat/completions", stream: false },
  { path: "chat/completions", stream: true },
  { path: "responses", stream: false },
  { path: "responses", stream: true },
] as const;

/** One of them. */
export type Form = typeof FORMS[number];

/** Calls that the model shall make, at once. */
export type Calls = readonly (readonly [name: string, args?: Readonly<Record<string, unknown>>])[];

/** Who asks, and how. */
export interface AskOptions {
  /** @default chat, not streamed */
  readonly form?: Form;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came of one request. */
export interface Outcome {
  readonly status: number;
  /** The whole answer as the client got it. */
  readonly raw: string;
  /** What the model read of each call. */
  readonly results: readonly string[];
  /** Files the model was shown. */
  readonly files: readonly InputPart[];
  /** Names of the tools that the model was offered first. */
  readonly offered: readonly string[];
}

/** What the model says when it has the results. */
const ANSWER = "All is done.";

/** What is behind the API. */
export interface ServedOptions extends Pick<AppOptions, "requestContextFactory"> {
  readonly toolsets: readonly Toolset<never>[];
  /** What no client may ever hear, besides what the toolsets are called. */
  readonly secrets?: readonly string[];
}

/** A running app; disposing it stops it. */
export class Served implements AsyncDisposable {
  /** What operators read. */
  readonly logger: CollectingLogger = new CollectingLogger();
  readonly client: LiveClient;
  readonly #plans = new Map<string, Calls>();
  readonly #requests = new Map<string, ModelRequest[]>();
  readonly #secrets: readonly string[];
  #asked = 0;

  constructor({ toolsets, secrets = [], ...options }: ServedOptions) {
    const agent = new Agent({
      model: new FunctionModel((request) => this.#turn(request)),
      toolsets: toolsets as readonly Toolset[],
      retries: 3,
    });
    this.#secrets = [...secrets, ...toolsets.map(({ id }) => id)];
    this.client = liveClient(
      createApp(agent, { modelName: "assistant", logger: this.logger, ...options }),
    );
  }

  /** Asks for some calls and checks that the answer tells nothing of them. */
  async ask(calls: Calls, options: AskOptions = {}): Promise<Outcome> {
    const { form = FORMS[0], headers = {}, signal } = options;
    const task = `task-${++this.#asked}`;
    this.#plans.set(task, calls);
    const requests: ModelRequest[] = [];
    this.#requests.set(task, requests);
    const question = form.path === "responses"
      ? { input: task }
      : { messages: [{ role: "user", content: task }] };
    try {
      const response = await this.client.post(
        form.path,
        { model: "assistant", stream: form.stream, ...question },
        { headers, signal },
      );
      const raw = await response.text();
      this.#checkSecrecy(raw, calls);
      return { status: response.status, raw, ...readOf(requests) };
    } finally {
      this.#plans.delete(task);
      this.#requests.delete(task);
    }
  }

  /** Asks for one call, which must go through; what the model read of it. */
  async call(
    name: string,
    args: Readonly<Record<string, unknown>> = {},
    options: AskOptions = {},
  ): Promise<string> {
    const outcome = await this.ask([[name, args]], options);
    assertWhole(outcome, options.form);
    return outcome.results.at(-1)!;
  }

  /** The log as text. */
  get log(): string {
    return this.logger.entries.map((entry) => JSON.stringify(entry)).join("\n");
  }

  /** Stops the app. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
  }

  #turn(request: ModelRequest): ScriptedTurn | string {
    const task = request.messages.flatMap((message) =>
      message.role === "user"
        ? message.content.flatMap((part) => part.type === "text" ? [part.text] : [])
        : []
    ).find((text) => this.#plans.has(text));
    if (task === undefined) return ANSWER;
    this.#requests.get(task)!.push(request);
    if (request.messages.some(({ role }) => role === "tool")) return ANSWER;
    const calls = this.#plans.get(task)!;
    if (calls.length === 0) return ANSWER;
    return { toolCalls: calls.map(([name, args = {}]) => ({ name, arguments: args })) };
  }

  #checkSecrecy(raw: string, calls: Calls): void {
    const told = [...this.#secrets, ...calls.map(([name]) => name), "MCP", `"tool_calls":[`];
    const leaks = told.filter((secret) => raw.includes(secret));
    assertEquals(leaks, [], `found in what a client got: ${raw.slice(0, 2000)}`);
  }
}

/** Fails unless the client got the whole answer of the model. */
export function assertWhole({ status, raw }: Outcome, form: Form = FORMS[0]): void {
  assertEquals(status, 200, raw);
  assert(raw.includes(ANSWER), raw);
  const end = form.path === "responses" ? '"completed"' : '"finish_reason":"stop"';
  assert(raw.replaceAll(" ", "").includes(end), raw);
  if (form.stream && form.path !== "responses") assert(raw.trimEnd().endsWith("data: [DONE]"), raw);
}

function readOf(requests: readonly ModelRequest[]): Omit<Outcome, "status" | "raw"> {
  const messages = requests.at(-1)?.messages ?? [];
  return {
    offered: requests[0]?.tools.map(({ name }) => name) ?? [],
    results: messages.flatMap((message) =>
      message.role === "tool"
        ? [message.content.map((part) => "text" in part ? part.text : "").join("")]
        : []
    ),
    files: messages.flatMap((message) =>
      message.role === "user" ? message.content.filter((part) => part.type !== "text") : []
    ),
  };
}
