/**
 * Replays the recorded chat completions of `chat/` and lets OpenAI's own client read them.
 *
 * A case is a folder: `request.json`, the body; `events.json`, what the Runner yields, absent where
 * the request is refused; `failure.json`, what it throws then. Recorded are `stream.sse`, and
 * `result.json` or `error.json`. `deno task golden` records anew.
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import OpenAI from "openai";
import type { RunEvent } from "../../src/run/event.ts";
import { RunError, type RunErrorCode, toPublicError } from "../../src/run/error.ts";
import { Fold } from "../../src/run/fold.ts";
import { chat } from "../../src/protocols/chat/mod.ts";
import { encodeError } from "../../src/protocols/openai_error.ts";
import type { Exchange } from "../../src/protocols/protocol.ts";

const UPDATE = Deno.args.includes("--update");
const FOLDER = new URL("./chat/", import.meta.url);
const ENVELOPE = { id: "chatcmpl-golden", createdAtS: 1_700_000_000 };
const REQUEST_ID = "req_golden";
const MIN_CASES = 20;

type Body = OpenAI.ChatCompletionCreateParams;

interface Case {
  readonly name: string;
  readonly request: Body;
  readonly events: readonly RunEvent[] | undefined;
  readonly failure: { readonly code: RunErrorCode; readonly retryAfterMs?: number } | undefined;
}

/** What is recorded, by file name. */
type Recording = Readonly<Record<string, string>>;

function read(name: string, file: string): string | undefined {
  try {
    return Deno.readTextFileSync(new URL(`${name}/${file}`, FOLDER));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function readJson<T>(name: string, file: string): T | undefined {
  const text = read(name, file);
  return text === undefined ? undefined : JSON.parse(text);
}

function readCase(name: string): Case {
  const request = readJson<Body>(name, "request.json");
  assert(request !== undefined, `Case ${name} has no request.json`);
  return {
    name,
    request,
    events: readJson(name, "events.json"),
    failure: readJson(name, "failure.json"),
  };
}

function errorText(error: unknown): string {
  return `${JSON.stringify(encodeError(toPublicError(error, REQUEST_ID)), null, 2)}\n`;
}

function replay({ request, events, failure }: Case): Recording {
  let exchange: Exchange;
  try {
    exchange = chat.decode(request);
  } catch (error) {
    return { "error.json": errorText(error) };
  }
  assert(events !== undefined, "The request is good, so events.json is needed");
  const frames: string[] = [];
  const write = (frame: string) => {
    frames.push(frame);
  };
  const fold = new Fold();
  const encoder = exchange.streamEncoder(ENVELOPE);
  encoder.open(write);
  for (const event of events) {
    encoder.event(event, write);
    fold.add(event);
  }
  if (!failure) {
    const result = exchange.encodeResult(fold.result(), ENVELOPE);
    return { "stream.sse": frames.join(""), "result.json": `${result}\n` };
  }
  const error = new RunError(failure.code, "detail for the log", failure);
  encoder.fail(toPublicError(error, REQUEST_ID), write);
  return { "stream.sse": frames.join(""), "error.json": errorText(error) };
}

const RECORDED_FILES = ["stream.sse", "result.json", "error.json"];

function record(name: string, recording: Recording): void {
  for (const file of RECORDED_FILES) {
    const url = new URL(`${name}/${file}`, FOLDER);
    const text = recording[file];
    if (text !== undefined) Deno.writeTextFileSync(url, text);
    else if (read(name, file) !== undefined) Deno.removeSync(url);
  }
}

interface ClientOptions {
  /** @default 0 */
  readonly maxRetries?: number;
  /** Called for each request. */
  readonly onRequest?: () => void;
}

/** A client whose server answers with what is recorded, one chunk of the body to each event. */
function clientOf(name: string, { maxRetries = 0, onRequest }: ClientOptions = {}): OpenAI {
  const answer = (_url: unknown, init?: RequestInit): Promise<Response> => {
    onRequest?.();
    const stream = read(name, "stream.sse");
    if (JSON.parse(String(init?.body)).stream === true && stream !== undefined) {
      const frames = stream.split(/(?<=\n\n)/);
      const body = ReadableStream.from(frames).pipeThrough(new TextEncoderStream());
      return Promise.resolve(
        new Response(body, { headers: { "content-type": "text/event-stream" } }),
      );
    }
    const json = { "content-type": "application/json" };
    const result = read(name, "result.json");
    if (result !== undefined) return Promise.resolve(new Response(result, { headers: json }));
    const error = readJson<ReturnType<typeof encodeError>>(name, "error.json")!;
    return Promise.resolve(
      new Response(JSON.stringify(error.body), {
        status: error.status,
        headers: { ...json, ...error.headers },
      }),
    );
  };
  return new OpenAI({ apiKey: "key", baseURL: "http://localhost/v1", fetch: answer, maxRetries });
}

type Message = OpenAI.ChatCompletionMessage;

/** What both forms of an answer must agree on. */
function essence(message: Message, finishReason: string | null): unknown {
  return {
    content: message.content ?? "",
    refusal: message.refusal ?? null,
    finishReason,
    functionCall: message.function_call ?? null,
    toolCalls: (message.tool_calls ?? []).map((call) =>
      call.type === "function"
        ? [call.id, call.type, call.function.name, call.function.arguments]
        : [call.id, call.type, call.custom.name, call.custom.input]
    ),
  };
}

async function readUnstreamed(name: string, request: Body): Promise<unknown> {
  const completion = await clientOf(name).chat.completions.create({ ...request, stream: false });
  assertEquals(completion.model, request.model);
  const [choice] = completion.choices;
  return essence(choice!.message, choice!.finish_reason);
}

/** Reads chunk by chunk, as a client without a helper does. */
async function readChunks(name: string, request: Body): Promise<unknown> {
  const stream = await clientOf(name).chat.completions.create({ ...request, stream: true });
  const text = { content: "", refusal: "" };
  let finishReason: string | null = null;
  let functionCall: { name: string; arguments: string } | null = null;
  const calls: [string, string, string, string][] = [];
  for await (const { choices: [choice] } of stream) {
    if (choice === undefined) continue;
    finishReason ??= choice.finish_reason;
    const { delta } = choice;
    text.content += delta.content ?? "";
    text.refusal += delta.refusal ?? "";
    if (delta.function_call) {
      functionCall ??= { name: delta.function_call.name ?? "", arguments: "" };
      functionCall.arguments += delta.function_call.arguments ?? "";
    }
    for (const call of delta.tool_calls ?? []) {
      const name = call.function?.name ?? call.custom?.name ?? "";
      if (call.id !== undefined) calls[call.index] = [call.id, call.type ?? "", name, ""];
      calls[call.index]![3] += call.function?.arguments ?? call.custom?.input ?? "";
    }
  }
  const refusal = text.refusal === "" ? null : text.refusal;
  return { content: text.content, refusal, finishReason, functionCall, toolCalls: calls };
}

async function readHelper(name: string, request: Body): Promise<unknown> {
  const stream = clientOf(name).chat.completions.stream({ ...request, stream: true });
  const completion = await stream.finalChatCompletion();
  const [choice] = completion.choices;
  if (request.stream_options?.include_usage) assert(completion.usage !== undefined);
  return essence(choice!.message as Message, choice!.finish_reason);
}

const CASES = [...Deno.readDirSync(FOLDER)].filter((entry) => entry.isDirectory)
  .map((entry) => entry.name).sort();

Deno.test("chat goldens are all there", () => {
  assert(CASES.length >= MIN_CASES, `${CASES.length} cases`);
});

for (const name of CASES) {
  Deno.test(`chat golden ${name} is what is written today`, () => {
    const recording = replay(readCase(name));
    if (UPDATE) record(name, recording);
    for (const file of RECORDED_FILES) assertEquals(read(name, file), recording[file], file);
  });

  const { request, failure, events } = readCase(name);
  const fails = failure !== undefined || events === undefined;
  const { headers } = readJson<ReturnType<typeof encodeError>>(name, "error.json") ?? {};
  if (headers?.["x-should-retry"] === "false") {
    Deno.test(`chat golden ${name} is not asked for again by a client that retries`, async () => {
      let requests = 0;
      const client = clientOf(name, { maxRetries: 2, onRequest: () => requests += 1 });
      await assertRejects(() => client.chat.completions.create({ ...request, stream: false }));
      assertEquals(requests, 1);
    });
  }
  const readers = { readUnstreamed, readChunks, readHelper };
  for (const [reader, readBy] of Object.entries(readers)) {
    if (fails) {
      Deno.test(`chat golden ${name} raises in ${reader}() of the openai client`, async () => {
        await assertRejects(() => readBy(name, request), OpenAI.APIError);
      });
    } else if (reader !== "readUnstreamed") {
      Deno.test(`chat golden ${name} reads in ${reader}() as in readUnstreamed()`, async () => {
        assertEquals(await readBy(name, request), await readUnstreamed(name, request));
      });
    }
  }
}
