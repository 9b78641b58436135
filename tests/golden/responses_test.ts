/**
 * Replays the recorded answers of the Responses API in `responses/` and lets clients read them.
 *
 * A case is a folder: `request.json`, the body; `stored.json`, what is found of its references;
 * `events.json`, what the Runner yields, between which the server may keep the connection alive,
 * absent where the request is refused; `failure.json`, what
 * it throws then. Recorded are `stream.sse`; `result.json` or `error.json`; `input_items.json`; and
 * `failed.json`, what is kept of an answer that failed. `deno task golden` records anew.
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { RunError, type RunErrorCode, toPublicError } from "../../src/run/error.ts";
import type { RunEvent } from "../../src/run/event.ts";
import { Fold } from "../../src/run/fold.ts";
import { encodeError } from "../../src/protocols/openai_error.ts";
import type {
  StatefulExchange,
  StoredHistory,
  StoredItem,
} from "../../src/protocols/stateful.ts";
import { responses } from "../../src/protocols/responses/mod.ts";
import { encodeItemList } from "../../src/protocols/responses/retrieval.ts";
import type { Answering, Reading } from "./responses/reading.ts";
import { readByAgents } from "./responses/read_by_agents.ts";
import { readByAiSdk } from "./responses/read_by_ai_sdk.ts";
import { readByOpenAI } from "./responses/read_by_openai.ts";

const UPDATE = Deno.args.includes("--update");
const FOLDER = new URL("./responses/", import.meta.url);
// Ends in 128 bits of hex, as all ids do, so that ids of items are what they are in life.
const ENVELOPE = {
  id: "resp_0123456789abcdef0123456789abcdef",
  createdAtS: 1_700_000_000,
  nowS: () => 1_700_000_007,
};
const REQUEST_ID = "req_golden";
const MIN_CASES = 20;

interface Case {
  readonly name: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly stored: StoredHistory | undefined;
  readonly events: readonly (RunEvent | { readonly type: "keep-alive" })[] | undefined;
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

function readStored(name: string): StoredHistory | undefined {
  const stored = readJson<{ previous?: StoredItem[]; items: StoredItem[] }>(name, "stored.json");
  if (!stored) return undefined;
  const { previous, items } = stored;
  return { previous, items: new Map(items.map((item) => [item.id, item])) };
}

function readCase(name: string): Case {
  const request = readJson<Case["request"]>(name, "request.json");
  assert(request !== undefined, `Case ${name} has no request.json`);
  return {
    name,
    request,
    stored: readStored(name),
    events: readJson(name, "events.json"),
    failure: readJson(name, "failure.json"),
  };
}

function errorText(error: unknown): string {
  return `${JSON.stringify(encodeError(toPublicError(error, REQUEST_ID)), null, 2)}\n`;
}

function replay({ request, stored, events, failure }: Case): Recording {
  let exchange: StatefulExchange;
  try {
    exchange = responses.decode(request, stored);
  } catch (error) {
    return { "error.json": errorText(error) };
  }
  assert(events !== undefined, "The request is good, so events.json is needed");
  const oldestFirst = new URLSearchParams({ order: "asc" });
  const inputItems = `${encodeItemList(exchange.inputItems(ENVELOPE), oldestFirst)}\n`;
  const frames: string[] = [];
  const write = (frame: string) => {
    frames.push(frame);
  };
  const fold = new Fold();
  const encoder = exchange.streamEncoder(ENVELOPE);
  encoder.open(write);
  for (const event of events) {
    if (event.type === "keep-alive") {
      encoder.keepAlive(write);
    } else {
      encoder.event(event, write);
      fold.add(event);
    }
  }
  if (failure) {
    const error = new RunError(failure.code, "detail for the log", failure);
    encoder.fail(toPublicError(error, REQUEST_ID), write);
    return {
      "stream.sse": frames.join(""),
      "error.json": errorText(error),
      "failed.json": `${encoder.response().json}\n`,
      "input_items.json": inputItems,
    };
  }
  const answer = exchange.answer(fold.result(), ENVELOPE);
  assertEquals(encoder.response(), answer, "streamed and unstreamed answers differ");
  return {
    "stream.sse": frames.join(""),
    "result.json": `${answer.json}\n`,
    "input_items.json": inputItems,
  };
}

const RECORDED_FILES = [
  "stream.sse",
  "result.json",
  "error.json",
  "failed.json",
  "input_items.json",
];

function record(name: string, recording: Recording): void {
  for (const file of RECORDED_FILES) {
    const url = new URL(`${name}/${file}`, FOLDER);
    const text = recording[file];
    if (text !== undefined) Deno.writeTextFileSync(url, text);
    else if (read(name, file) !== undefined) Deno.removeSync(url);
  }
}

/** A server that answers with what is recorded, one chunk of the body to each event. */
function serverOf(name: string): Answering {
  return (_url, init) => {
    const stream = read(name, "stream.sse");
    if (JSON.parse(String(init?.body)).stream === true && stream !== undefined) {
      const frames = stream.split(/(?<=\n\n)/);
      const body = ReadableStream.from(frames).pipeThrough(new TextEncoderStream());
      const headers = { "content-type": "text/event-stream" };
      return Promise.resolve(new Response(body, { headers }));
    }
    const json = { "content-type": "application/json" };
    const result = read(name, "result.json");
    if (result !== undefined) return Promise.resolve(new Response(result, { headers: json }));
    const { status, body, headers } = readJson<ReturnType<typeof encodeError>>(name, "error.json")!;
    return Promise.resolve(
      new Response(JSON.stringify(body), { status, headers: { ...json, ...headers } }),
    );
  };
}

const READERS: Readonly<Record<string, (server: Answering, request: Reading) => Promise<unknown>>> =
  {
    ...readByOpenAI,
    ...readByAiSdk,
    ...readByAgents,
  };
/** Whose unstreamed reading the others are compared with; by the beginning of their names. */
const UNSTREAMED = "unstreamed";

const CASES = [...Deno.readDirSync(FOLDER)].filter((entry) => entry.isDirectory)
  .map((entry) => entry.name).sort();

Deno.test("responses goldens are all there", () => {
  assert(CASES.length >= MIN_CASES, `${CASES.length} cases`);
});

for (const name of CASES) {
  Deno.test(`responses golden ${name} is what is written today`, () => {
    const recording = replay(readCase(name));
    if (UPDATE) record(name, recording);
    for (const file of RECORDED_FILES) assertEquals(read(name, file), recording[file], file);
  });

  const { request, failure, events } = readCase(name);
  const refused = events === undefined;
  const cut = events?.some((event) =>
    event.type === "finish" && event.reason !== "stop" && event.reason !== "tool-calls"
  );
  for (const [reader, readBy] of Object.entries(READERS)) {
    const client = reader.split(" ")[0];
    // That client takes an answer that was cut for a failure.
    const fails = refused || failure !== undefined || (cut && client === "agents");
    const reading: Reading = { tools: (request.tools ?? []) as Reading["tools"] };
    if (fails) {
      Deno.test(`responses golden ${name} raises in ${reader}`, async () => {
        const error = readJson<ReturnType<typeof encodeError>>(name, "error.json");
        const said = error?.body.error.message ?? "response.incomplete";
        await assertRejects(() => readBy(serverOf(name), reading), Error, said);
      });
    } else {
      Deno.test(`responses golden ${name} reads in ${reader} as unstreamed`, async () => {
        const streamed = await readBy(serverOf(name), reading);
        const unstreamed = await READERS[`${client} ${UNSTREAMED}`]!(serverOf(name), reading);
        assertEquals(streamed, unstreamed);
      });
    }
  }
}
