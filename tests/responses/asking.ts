/**
 * An app whose agent asks its clients for consent, and clients that keep the conversation their way.
 * @module
 */
import { Agent, type AgentOptions, type App, type AppOptions, createApp, tool } from "../../mod.ts";
import type { AppSource, Tool, ToolContext } from "../../mod.ts";
import { FunctionModel, type ModelRequest, type ScriptedTurn } from "../../src/testing/mod.ts";
import { CollectingLogger } from "../../src/testing/test_context.ts";
import { eventOf, framesOf, post } from "./posting.ts";

/** An item of input or output. */
export type Item = Readonly<Record<string, unknown>>;

/** What the operator lets clients see of a transfer. */
export const QUESTION = { label: "Move money", text: "May money be moved?" };

/** Must never be seen by a client. No random id may contain one by chance: none is hexadecimal. */
export const SECRETS = ["transfer", "savings", "amount", "moved all of it", "backend_id"];

/** A response, as far as these tests read it. */
export interface Told {
  readonly id: string;
  readonly status: string;
  readonly output: readonly Item[];
  readonly usage: { readonly "input_tokens": number; readonly "output_tokens": number } | null;
}

/** How an agent that asks is made. */
export interface BankOptions extends Omit<AgentOptions, "model"> {
  /** What a transfer does. @default says that it is done */
  readonly execute?: (args: Record<string, unknown>, ctx: ToolContext) => unknown;
  /** What the model does; by default it transfers once, then tells what it was told. */
  readonly answer?: (request: ModelRequest, call: number) => ScriptedTurn | string;
}

/** An agent that moves money where its client consents. */
export interface Bank {
  readonly agent: Agent;
  readonly model: FunctionModel;
  /** Arguments of each transfer that was made. */
  readonly transfers: string[];
}

/** Calls the hidden tool. */
export function transferring(...amounts: readonly number[]): ScriptedTurn {
  return {
    toolCalls: amounts.map((amount, index) => ({
      id: `backend_id_${index}`,
      name: "transfer",
      arguments: { amount, account: "savings" },
    })),
  };
}

/** Transfers once, then says whether it was let. */
export function once({ messages }: ModelRequest): ScriptedTurn | string {
  const results = resultsIn({ messages });
  return results.length === 0 ? transferring(100) : verdicts(results);
}

/** The results of tools that the model was told, in order. */
export function resultsIn({ messages }: Pick<ModelRequest, "messages">): string[] {
  return messages.flatMap((message) =>
    message.role === "tool"
      ? [message.content.map((part) => part.type === "text" ? part.text : "").join("")]
      : []
  );
}

/** One word for each result, which is safe to be told. */
export function verdicts(results: readonly string[]): string {
  return results.map((result) =>
    result.includes("moved all of it")
      ? "moved"
      : result.includes("denied")
      ? "denied"
      : result.includes("not known")
      ? "unknown"
      : result.includes("waits for the consent")
      ? "waiting"
      : "other"
  ).join(", ");
}

/** Makes an agent that asks. */
export function bank({ execute, answer = once, ...options }: BankOptions = {}): Bank {
  const transfers: string[] = [];
  const transfer: Tool = tool({
    name: "transfer",
    parameters: { type: "object" },
    requiresApproval: QUESTION,
    execute: async (args, ctx) => {
      transfers.push(JSON.stringify(args));
      return execute ? await execute(args, ctx) : "moved all of it";
    },
  });
  const model = new FunctionModel((request, call) => answer(request, call));
  const agent = new Agent({ approval: "client", tools: [transfer], ...options, model });
  return { agent, model, transfers };
}

/** Serves it as `agent`. */
export function serve(
  source: AppSource,
  options: AppOptions = {},
): App & { readonly logger: CollectingLogger } {
  const logger = new CollectingLogger();
  const app = createApp(source, { modelName: "agent", logger, ...options });
  return Object.assign(app, { logger });
}

/** How an answer is asked for. */
export interface Asked {
  readonly stream?: boolean;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a body; the response's object, the last of a stream. */
export async function told(app: App, body: Item, asked: Asked = {}): Promise<Told> {
  const { stream = false, ...init } = asked;
  const response = await app.fetch(post({ ...body, stream }, init));
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  if (!stream) return await response.json();
  const events = (await framesOf(response)).map(eventOf);
  return events.findLast((event) => event?.response)!.response as unknown as Told;
}

/** Sends a body that is refused; status and error. */
export async function refused(
  app: App,
  body: Item,
  asked: Asked = {},
): Promise<{ readonly status: number; readonly error: Item }> {
  const response = await app.fetch(post(body, asked));
  const { error } = await response.json();
  return { status: response.status, error };
}

/** The questions of an answer. */
export function questionsIn({ output }: Told): readonly (Item & { readonly id: string })[] {
  return output.flatMap((item) =>
    item.type === "mcp_approval_request" ? [{ ...item, id: String(item.id) }] : []
  );
}

/** The words of an answer. */
export function wordsIn({ output }: Told): string {
  return output.flatMap(({ content }) =>
    Array.isArray(content) ? content.map(({ text }) => text) : []
  ).join("");
}

/** An answer to a question. */
export function say(id: string, approve: boolean, reason?: string): Item {
  return {
    type: "mcp_approval_response",
    "approval_request_id": id,
    approve,
    ...reason === undefined ? {} : { reason },
  };
}

/** The ways of keeping a conversation. */
export const WAYS = ["previous", "items", "items without store", "references"] as const;

/** One conversation, kept in one of the ways. */
export class Conversation {
  readonly #app: App;
  readonly #way: typeof WAYS[number];
  readonly #asked: Asked;
  #input: Item[] = [{ role: "user", content: "Pay the bill" }];
  #previous: Told | undefined;

  constructor(app: App, way: typeof WAYS[number] = "previous", asked: Asked = {}) {
    this.#app = app;
    this.#way = way;
    this.#asked = asked;
  }

  /** What it would send now. */
  get body(): Item {
    return {
      input: this.#input,
      ...this.#way === "items without store" && { store: false },
      ...this.#way === "previous" && this.#previous && {
        "previous_response_id": this.#previous.id,
      },
    };
  }

  /** Ids of the last answer's questions. */
  get questions(): readonly string[] {
    return this.#previous ? questionsIn(this.#previous).map(({ id }) => id) : [];
  }

  /** Sends more, and takes what comes. */
  async send(...more: readonly Item[]): Promise<Told> {
    this.add(...more);
    const answer = await told(this.#app, this.body, this.#asked);
    this.#previous = answer;
    const repeated = answer.output.map((item): Item =>
      this.#way === "references" ? { type: "item_reference", id: item.id } : item
    );
    this.#input = this.#way === "previous" ? [] : [...this.#input, ...repeated];
    return answer;
  }

  /** Adds to what will be sent. */
  add(...more: readonly Item[]): void {
    this.#input = [...this.#input, ...more];
  }
}
