/**
 * Reads answers with OpenAI's own client.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import OpenAI from "openai";
import { type Answering, BASE_URL } from "./reading.ts";

function clientOf(server: Answering): OpenAI {
  return new OpenAI({ apiKey: "key", baseURL: BASE_URL, fetch: server, maxRetries: 0 });
}

const BODY = { model: "alpha", input: "Hello" };

type Answer = OpenAI.Responses.Response;

/** All that a client is told of an answer. */
function essence({ output, output_text: text, usage, status, error }: Answer): unknown {
  assertEquals(error, null);
  return { output, text, usage, status };
}

/** Readings, by their names. */
export const readByOpenAI = {
  async "openai unstreamed"(server: Answering): Promise<unknown> {
    return essence(await clientOf(server).responses.create(BODY));
  },

  /** Event by event, as a client without a helper does; checks what one may rely on. */
  async "openai events"(server: Answering): Promise<unknown> {
    const stream = await clientOf(server).responses.create({ ...BODY, stream: true });
    const done: Answer["output"] = [];
    const deltas = new Map<string, string>();
    let number = 0;
    let last: Answer | undefined;
    for await (const event of stream) {
      assert(last === undefined, `${event.type} after the end`);
      assertEquals(event.sequence_number, number++);
      if (event.type === "response.output_item.added") {
        assertEquals(event.output_index, done.length);
      }
      if (event.type === "response.output_item.done") done.push(event.item);
      if ("delta" in event && "item_id" in event) {
        deltas.set(event.item_id, (deltas.get(event.item_id) ?? "") + event.delta);
      }
      if (event.type === "response.completed" || event.type === "response.incomplete") {
        last = event.response;
      }
    }
    assert(last !== undefined, "no end");
    assertEquals(done, last.output);
    // What was cut or failed may have come in part and be left out.
    for (const item of last.output) assertEquals(deltas.get(item.id!), textOf(item));
    // The client derives it where the answer is not streamed.
    const texts = last.output.flatMap((item) =>
      item.type === "message"
        ? item.content.flatMap((part) => part.type === "output_text" ? [part.text] : [])
        : []
    );
    return essence({ ...last, output_text: texts.join("") });
  },

  async "openai helper"(server: Answering): Promise<unknown> {
    const { output, ...rest } = await clientOf(server).responses.stream(BODY).finalResponse();
    // The helper adds what it parsed.
    const plain = JSON.parse(
      JSON.stringify(
        output,
        (key, value) => key === "parsed" || key === "parsed_arguments" ? undefined : value,
      ),
    );
    return essence({ ...rest, output: plain } as Answer);
  },
};

/** What came in deltas; undefined where nothing does. */
function textOf(item: Answer["output"][number]): string | undefined {
  switch (item.type) {
    case "message":
      return item.content.map((part) => part.type === "output_text" ? part.text : part.refusal)
        .join("");
    case "reasoning":
      return item.summary.map((part) => part.text).join("");
    case "function_call":
      return item.arguments;
    case "custom_tool_call":
      return item.input;
    case "mcp_approval_request":
      return undefined;
    default:
      throw new Error(`No client knows items of type "${item.type}"`);
  }
}
