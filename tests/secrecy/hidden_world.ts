/**
 * Agents made by chance whose every hidden word is a canary, and models that use them every which
 * way.
 * @module
 */
import { setImmediate } from "node:timers";
import { z } from "zod";
import {
  Agent,
  AgenticWorkflow,
  type AgentOptions,
  agentTool,
  ApprovalRequired,
  FunctionToolset,
  HttpError,
  ModelRetry,
  PrefixedToolset,
  RequestError,
  RunError,
  type Runner,
  type Tool,
  tool,
  ToolContent,
  ToolFailed,
} from "../../mod.ts";
import { FunctionModel, ManualClock, type ScriptedTurn } from "../../src/testing/mod.ts";
import type { ModelRequest } from "../../src/testing/mod.ts";
import type { Canaries } from "./canary.ts";
import type { Random } from "./random.ts";

const TIMEOUT_MS = 30_000;

/** All that clients may be told of a hidden tool: the operator's words. */
export const WORDS = {
  label: "Working on it",
  prompt: { label: "Do something", text: "May something be done?" },
};

/** How a hidden call may go; the list is what the test must have seen in the end. */
export const BEHAVIOURS = [
  "text",
  "json",
  "nothing",
  "content",
  "model-retry",
  "tool-failed",
  "throw-error",
  "throw-run-error",
  "throw-request-error",
  "throw-http-error",
  "throw-string",
  "timeout",
  "approval",
  "validator",
] as const;

/** How an agent inside may end that a tool calls. */
export const INNER = [
  "answer",
  "refusal",
  "nothing",
  "error",
  "run-error",
  "request-error",
] as const;

/** What a model may do that is not a plain call. */
export const MISTAKES = [
  "unknown-tool",
  "bad-json",
  "bad-arguments",
  "model-error",
  "output-refused",
  "author-error",
] as const;

/** Counts what happened, so that a test can tell whether it has seen everything. */
export type Tally = Map<string, number>;

/** Adds one to a count. */
export function count(tally: Tally, what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1);
}

/** What a world is made from. */
export interface WorldOptions {
  readonly random: Random;
  readonly canaries: Canaries;
  readonly tally: Tally;
}

/** One agent with its hidden tools, and the client that will talk to it. */
export class HiddenWorld {
  readonly clock = new ManualClock();
  readonly runner: Runner;
  /** Names of the client's own tools; the first may be that of a hidden tool. */
  readonly clientTools: readonly string[];
  /** Executions by the backend's call id. */
  readonly executions = new Map<string, number>();
  /** What the model should have been told and was not. */
  readonly lost: string[] = [];
  readonly #random: Random;
  readonly #canaries: Canaries;
  readonly #tally: Tally;
  /** What a call returned, by its id towards the model. */
  readonly #results = new Map<string, string>();
  #calls = 0;

  constructor({ random, canaries, tally }: WorldOptions) {
    this.#random = random;
    this.#canaries = canaries;
    this.#tally = tally;
    const clash = random.chance(0.3) ? `clash_${random.below(1e6)}` : undefined;
    if (clash) {
      canaries.watch(`${clash}_2`);
      count(tally, "name-clash");
    }
    this.clientTools = [
      ...clash ? [clash] : [],
      ...random.list(clash ? 0 : 1, 2, (index) => `client_${index}`),
    ];
    const hidden = random.list(1, 3, () => this.#tool(canaries.mint("tool")));
    if (random.chance(0.2)) hidden.push(this.#agentTool());
    if (clash) hidden.push(this.#tool(clash));
    const agent = new Agent(this.#agentOptions(hidden));
    this.runner = random.chance(0.15) ? this.#wrapped(agent) : agent;
  }

  #agentOptions(hidden: readonly Tool[]): AgentOptions {
    const random = this.#random;
    const canaries = this.#canaries;
    const split = random.below(hidden.length + 1);
    const prefixed = random.chance(0.3);
    const rest = new FunctionToolset(hidden.slice(split), { id: canaries.mint("toolset") });
    return {
      name: canaries.mint("agent"),
      model: new FunctionModel((request) => this.#answer(request), {
        name: canaries.mint("model"),
      }),
      instructions: [canaries.text("instructions"), () => this.#instruct()],
      systemPrompt: canaries.text("system"),
      tools: hidden.slice(0, split),
      toolsets: [prefixed ? new PrefixedToolset(rest, "p") : rest],
      retries: random.below(3),
      outputRetries: random.below(3),
      limits: random.chance(0.1) ? { maxToolCalls: 2, maxSteps: 3 } : {},
      outputValidators: random.chance(0.2) ? [(_ctx, value) => this.#checkOutput(value)] : [],
      approve: random.chance(0.3) ? () => random.chance(0.5) : undefined,
      approval: random.chance(0.7) ? "client" : undefined,
      approvalPrompt: WORDS.prompt,
    };
  }

  #wrapped(agent: Runner): Runner {
    count(this.#tally, "workflow");
    return new AgenticWorkflow((request) =>
      request.run(agent, undefined, { tools: request.clientTools, output: request.outputType })
    );
  }

  #instruct(): string {
    if (this.#random.chance(0.02)) this.#failOutsideTools();
    return this.#canaries.text("instructions");
  }

  /** Code around the tools fails, even with errors that would be told to the client. */
  #failOutsideTools(): never {
    count(this.#tally, "author-error");
    const secret = this.#canaries.text("author-error");
    throw this.#random.pick([
      () => new Error(secret),
      () => new RequestError("invalid-value", secret),
      () => new HttpError(400, secret),
    ])();
  }

  #checkOutput(value: string): string {
    if (this.#random.chance(0.05)) this.#failOutsideTools();
    if (this.#random.chance(0.3)) {
      count(this.#tally, "output-refused");
      throw new ModelRetry(this.#canaries.text("validator"));
    }
    return value;
  }

  #tool(name: string): Tool {
    const canaries = this.#canaries;
    return tool({
      name,
      description: canaries.text("description"),
      parameters: z.object({
        [canaries.mint("property")]: z.string().optional(),
        count: z.number().optional().describe(canaries.text("description")),
      }),
      returns: z.string().describe(canaries.text("returns")),
      metadata: { secret: canaries.text("metadata") },
      timeoutMs: TIMEOUT_MS,
      sequential: this.#random.chance(0.2),
      requiresApproval: this.#random.chance(0.15) && WORDS.prompt,
      label: this.#random.chance(0.5) ? WORDS.label : undefined,
      retries: this.#random.chance(0.3) ? this.#random.below(3) : undefined,
      validate: () => {
        if (!this.#random.chance(0.04)) return;
        count(this.#tally, "validator");
        throw new ModelRetry(canaries.text("validate"));
      },
      execute: (_args, ctx) => {
        return this.#behave(ctx.toolCallId, ctx.approved);
      },
    });
  }

  /** An agent whose every word is hidden, as a tool of the agent. */
  #agentTool(): Tool {
    const random = this.#random;
    const canaries = this.#canaries;
    const look = tool({
      name: canaries.mint("inner-tool"),
      label: canaries.text("inner-label"),
      execute: () => canaries.text("inner-result"),
    });
    const model = new FunctionModel(({ messages }) => {
      const usage = { inputTokens: 1 + random.below(9), outputTokens: 1 + random.below(9) };
      const reasoning = canaries.text("inner-reasoning");
      const text = canaries.text("inner-text");
      if (messages.at(-1)!.role !== "tool" && random.chance(0.5)) {
        return { usage, reasoning, text, toolCalls: [{ name: look.name }] };
      }
      // Fatal ends are rarer, as those of other tools are.
      const end = random.chance(0.6) ? "answer" : random.pick(INNER);
      count(this.#tally, `inner ${end}`);
      switch (end) {
        case "answer":
          return { usage, reasoning, text };
        case "refusal":
          return { usage, reasoning, refusal: text };
        case "nothing":
          return { usage, finishReason: "length" };
        case "error":
          return { usage, error: new Error(text) };
        case "run-error":
          return { usage, error: new RunError("rate-limit-exceeded", text) };
        case "request-error":
          return { usage, error: new RequestError("invalid-value", text) };
      }
    }, { name: canaries.mint("inner-model") });
    const inner = new Agent({
      name: canaries.mint("inner-agent"),
      model,
      tools: [look],
      instructions: canaries.text("inner-instructions"),
      approval: "client",
    });
    return agentTool(inner, {
      name: canaries.mint("agent-tool"),
      description: canaries.text("description"),
      label: WORDS.label,
      parameters: z.object({ [canaries.mint("property")]: z.string().optional() }),
      prompt: () => canaries.text("inner-prompt"),
    });
  }

  #behave(callId: string, approved: boolean): unknown {
    const canaries = this.#canaries;
    // Fatal ends are rarer, or no run would get far.
    const behaviour = this.#random.chance(0.6)
      ? this.#random.pick(BEHAVIOURS.slice(0, 4))
      : this.#random.pick(BEHAVIOURS.slice(0, -1));
    count(this.#tally, behaviour);
    // A call that asks for consent has not run yet.
    if (behaviour !== "approval" || approved) {
      this.executions.set(callId, (this.executions.get(callId) ?? 0) + 1);
    }
    const secret = canaries.text(behaviour);
    switch (behaviour) {
      case "text":
        this.#results.set(callId, secret);
        return secret;
      case "json":
        this.#results.set(callId, JSON.stringify({ [secret]: [secret] }));
        return { [secret]: [secret] };
      case "nothing":
        return undefined;
      case "content":
        return new ToolContent([
          { type: "text", text: secret },
          { type: "image", url: `https://example.com/${canaries.mint("image")}` },
          { type: "file", data: btoa(canaries.mint("file")), filename: canaries.mint("file") },
        ]);
      case "model-retry":
        throw new ModelRetry(secret);
      case "tool-failed":
        throw new ToolFailed(secret);
      case "throw-error":
        throw new Error(secret, { cause: new Error(canaries.text("cause")) });
      case "throw-run-error":
        throw new RunError(
          this.#random.pick(["backend-down", "rate-limit-exceeded", "run-failed", "internal"]),
          secret,
          { retryAfterMs: 1000 },
        );
      case "throw-request-error":
        throw new RequestError("invalid-value", secret, { param: canaries.mint("param") });
      case "throw-http-error":
        throw new HttpError(this.#random.pick([400, 403, 409, 500]), secret);
      case "throw-string":
        throw secret;
      case "timeout":
        // Once everything that does not wait for time is done: a neighbour's result comes first.
        setImmediate(() => this.clock.advance(TIMEOUT_MS));
        return new Promise(() => {});
      case "approval":
        if (approved) return secret;
        throw new ApprovalRequired(secret);
      default:
        throw new Error(`No behaviour "${behaviour}"`);
    }
  }

  /** What the model does next; the conversation so far must have all earlier results. */
  #answer(request: ModelRequest): ScriptedTurn {
    this.#checkResults(request);
    const random = this.#random;
    const canaries = this.#canaries;
    const text = random.chance(0.4) ? ["Let me ", "see."] : undefined;
    const usage = { inputTokens: 1 + random.below(9), outputTokens: 1 + random.below(9) };
    const reasoning = random.chance(0.2) ? canaries.text("reasoning") : undefined;
    if (random.chance(0.01)) {
      count(this.#tally, "model-error");
      const error = random.chance(0.5)
        ? new Error(canaries.text("model-error"))
        : new RunError("backend-down", canaries.text("model-error"));
      return { text, reasoning, error, usage };
    }
    if (this.#calls++ > 8 || random.chance(0.25)) {
      return { reasoning, usage, ...this.#final(request) };
    }
    const names = request.tools.map((spec) => spec.name);
    return { text, reasoning, usage, toolCalls: random.list(1, 4, () => this.#call(names)) };
  }

  #final({ output }: ModelRequest): ScriptedTurn {
    const random = this.#random;
    if (random.chance(0.05)) return { refusal: "I will not." };
    if (random.chance(0.05)) return { text: "" };
    if (output.type === "text") return { text: ["All ", "done."] };
    return { text: random.chance(0.8) ? '{"answer":"done"}' : "no JSON" };
  }

  #call(names: readonly string[]): NonNullable<ScriptedTurn["toolCalls"]>[number] {
    const random = this.#random;
    const canaries = this.#canaries;
    const id = canaries.mint("backend-id");
    if (names.length === 0 || random.chance(0.04)) {
      count(this.#tally, "unknown-tool");
      return { id, name: canaries.mint("unknown"), arguments: { a: canaries.mint("argument") } };
    }
    const name = random.pick(names);
    // What the client's tools are called with is for the client.
    if (this.clientTools.includes(name)) return { id, name, arguments: { x: 1 } };
    if (random.chance(0.04)) {
      count(this.#tally, "bad-json");
      return { id, name, arguments: `{"${canaries.text("argument")}` };
    }
    if (random.chance(0.04)) {
      count(this.#tally, "bad-arguments");
      return { id, name, arguments: { count: canaries.text("argument") } };
    }
    return { id, name, arguments: { [canaries.mint("argument")]: canaries.text("argument") } };
  }

  /** A call that returned is followed by its result, whoever came in between. */
  #checkResults({ messages }: ModelRequest): void {
    const told = new Map(
      messages.flatMap((message) =>
        message.role === "tool"
          ? [[
            message.toolCallId,
            message.content.map((part) => part.type === "text" ? part.text : "").join(""),
          ]]
          : []
      ),
    );
    for (const message of messages) {
      if (message.role !== "assistant") continue;
      for (const { id } of message.toolCalls) {
        const result = this.#results.get(id);
        if (result !== undefined && told.get(id) !== result) {
          this.lost.push(`${id}: ${told.get(id)}`);
        }
      }
    }
  }
}
