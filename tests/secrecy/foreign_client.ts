/**
 * Clients that know nothing of the server but a wire format: each keeps a conversation its own way.
 * @module
 */

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What a client asks for, whatever the wire format. */
export interface Wishes {
  readonly stream: boolean;
  /** Names of the client's own tools. */
  readonly tools: readonly string[];
  /** @default left out */
  readonly toolChoice?: "auto" | "none" | "required";
  /** @default left out */
  readonly parallelToolCalls?: boolean;
  /** Whether the answer is to be an object with one text, `answer`. @default false */
  readonly json?: boolean;
}

/** What came of an answer: an error in band, questions, calls that are answered now, or words. */
export type Taken = "failed" | "questions" | "calls" | "words";

/** What a client says to an answer. */
export interface Reply {
  /** Of each call. */
  readonly result: string;
  /** What the user says after words, and to questions that are left open. */
  readonly next: string;
  /** To each question, now and as long as it is open; undefined leaves it so. @default open */
  readonly approve?: () => boolean | undefined;
}

/** One conversation of one client. */
export interface ForeignClient {
  /** Where its requests go, below the prefix. */
  readonly path: string;
  /** The body of the next request; the same until an answer is taken. */
  body(): Readonly<Record<string, unknown>>;
  /** Takes a good answer into the conversation, and what the client says to it. */
  take(answer: Answer, reply: Reply): Taken;
  /** Where what was taken last can be read again, below the prefix. */
  readonly readable: readonly string[];
}

/** The ways of keeping a conversation. */
export const CLIENT_KINDS = ["chat", "items", "references", "previous"] as const;

/** One of them. */
export type ClientKind = typeof CLIENT_KINDS[number];

/** Opens a conversation. */
export function foreignClient(
  kind: ClientKind,
  { wishes, prompt }: { readonly wishes: Wishes; readonly prompt: string },
): ForeignClient {
  return kind === "chat" ? new ChatClient(wishes, prompt) : new ResponsesClient(kind, {
    wishes,
    prompt,
  });
}

type Wire = Readonly<Record<string, unknown>>;

const ANSWER_SCHEMA = {
  name: "answer",
  schema: {
    type: "object",
    properties: { answer: { type: "string" } },
    required: ["answer"],
  },
};

function sharedFields({ stream, tools, toolChoice, parallelToolCalls }: Wishes): Wire {
  return {
    model: "agent",
    stream,
    ...tools.length > 0 && toolChoice && { "tool_choice": toolChoice },
    ...parallelToolCalls !== undefined && { "parallel_tool_calls": parallelToolCalls },
  };
}

/** The data of a stream's events, but for its end mark. */
function dataOf({ text }: Answer): readonly string[] {
  return text.split("\n").flatMap((line) => line.startsWith("data: {") ? [line.slice(6)] : []);
}

/** Sends the whole conversation every time, as chat completions need it. */
class ChatClient implements ForeignClient {
  readonly path = "/chat/completions";
  readonly readable: readonly string[] = [];
  readonly #wishes: Wishes;
  readonly #fields: Wire;
  #messages: Wire[];

  constructor(wishes: Wishes, prompt: string) {
    const { tools, json } = wishes;
    this.#wishes = wishes;
    this.#messages = [{ role: "user", content: prompt }];
    this.#fields = {
      ...sharedFields(wishes),
      "stream_options": { "include_usage": true },
      ...tools.length > 0 && {
        tools: tools.map((name) => ({ type: "function", function: { name } })),
      },
      ...json && { "response_format": { type: "json_schema", "json_schema": ANSWER_SCHEMA } },
    };
  }

  body(): Wire {
    return { ...this.#fields, messages: this.#messages };
  }

  take(answer: Answer, { result, next }: Reply): Taken {
    const message = this.#wishes.stream
      ? assembled(answer)
      : JSON.parse(answer.text).choices[0].message as Wire;
    if (!message) return "failed";
    const calls = message.tool_calls as { id: string }[] | undefined;
    this.#messages = [
      ...this.#messages,
      message,
      ...calls?.map(({ id }) => ({ role: "tool", "tool_call_id": id, content: result })) ??
        [{ role: "user", content: next }],
    ];
    return calls ? "calls" : "words";
  }
}

/** The message of a stream of chunks; undefined when it ends in an error. */
function assembled(answer: Answer): Wire | undefined {
  const calls: { id: string; type: string; function: { name: string; arguments: string } }[] = [];
  let content = "";
  for (const data of dataOf(answer)) {
    const chunk = JSON.parse(data);
    if (chunk.error) return undefined;
    const delta = chunk.choices[0]?.delta ?? {};
    content += delta.content ?? "";
    for (const { index, function: called, ...rest } of delta.tool_calls ?? []) {
      const call = calls[index] ??= { ...rest, function: { name: called.name, arguments: "" } };
      call.function.arguments += called.arguments;
    }
  }
  return { role: "assistant", content, ...(calls.length > 0 && { "tool_calls": calls }) };
}

interface OutputItem extends Wire {
  readonly id: string;
  readonly type: string;
  readonly "call_id"?: string;
}

/** Sends all items again, refers to those it got, or names the response it goes on from. */
class ResponsesClient implements ForeignClient {
  readonly path = "/responses";
  readonly #kind: Exclude<ClientKind, "chat">;
  readonly #wishes: Wishes;
  readonly #fields: Wire;
  #input: Wire[];
  #previous: string | undefined;
  /** Questions that have no answer yet. */
  #open: readonly string[] = [];

  constructor(
    kind: Exclude<ClientKind, "chat">,
    { wishes, prompt }: { readonly wishes: Wishes; readonly prompt: string },
  ) {
    const { tools, json } = wishes;
    this.#kind = kind;
    this.#wishes = wishes;
    this.#input = [{ role: "user", content: prompt }];
    this.#fields = {
      ...sharedFields(wishes),
      ...tools.length > 0 && { tools: tools.map((name) => ({ type: "function", name })) },
      ...json && { text: { format: { type: "json_schema", ...ANSWER_SCHEMA } } },
    };
  }

  get readable(): readonly string[] {
    if (this.#previous === undefined) return [];
    const path = `/responses/${this.#previous}`;
    return [path, `${path}/input_items?limit=100`];
  }

  body(): Wire {
    return {
      ...this.#fields,
      input: this.#input,
      ...this.#kind === "previous" && this.#previous !== undefined && {
        "previous_response_id": this.#previous,
      },
    };
  }

  take(answer: Answer, { result, next, approve }: Reply): Taken {
    const response = this.#wishes.stream ? lastResponse(answer) : JSON.parse(answer.text);
    if (response?.status !== "completed") return "failed";
    const output: readonly OutputItem[] = response.output;
    const calls = output.filter(({ type }) => type === "function_call");
    const fresh: Wire[] = calls.map((call) => ({
      type: "function_call_output",
      "call_id": call.call_id,
      output: result,
    }));
    const questions = output.filter(({ type }) => type === "mcp_approval_request");
    this.#open = [...this.#open, ...questions.map(({ id }) => id)].filter((id) => {
      const says = approve?.();
      if (says === undefined) return true;
      fresh.push({
        type: "mcp_approval_response",
        "approval_request_id": id,
        approve: says,
        ...says ? {} : { reason: next },
      });
      return false;
    });
    if (fresh.length === 0) fresh.push({ role: "user", content: next });
    this.#previous = response.id;
    this.#input = this.#kind === "previous"
      ? fresh
      : [...this.#input, ...output.map((item) => this.#repeated(item)), ...fresh];
    if (questions.length > 0) return "questions";
    return calls.length > 0 ? "calls" : "words";
  }

  #repeated(item: OutputItem): Wire {
    return this.#kind === "references" ? { type: "item_reference", id: item.id } : item;
  }
}

function lastResponse(answer: Answer): { status: string; id: string; output: OutputItem[] } {
  return JSON.parse(dataOf(answer).at(-1)!).response;
}
