/**
 * Reads answers with OpenAI's agents framework.
 * @module
 */
import { assert } from "@std/assert";
import {
  type ModelRequest,
  OpenAIResponsesModel,
  setTracingDisabled,
  withTrace,
} from "npm:@openai/agents@^0.20";
import OpenAI from "openai";
import { type Answering, BASE_URL } from "./reading.ts";

setTracingDisabled(true);

function modelOf(server: Answering): OpenAIResponsesModel {
  const client = new OpenAI({ apiKey: "key", baseURL: BASE_URL, fetch: server, maxRetries: 0 });
  return new OpenAIResponsesModel(client as never, "alpha");
}

const REQUEST: ModelRequest = {
  input: "Hello",
  modelSettings: {},
  tools: [],
  outputType: "text",
  handoffs: [],
  tracing: false,
};

/** Readings, by their names. */
export const readByAgents = {
  async "agents unstreamed"(server: Answering): Promise<unknown> {
    return await traced(async () => {
      const { output, responseId } = await modelOf(server).getResponse(REQUEST);
      return { output, responseId };
    });
  },

  async "agents streamed"(server: Answering): Promise<unknown> {
    return await traced(async () => {
      let done: unknown;
      for await (const event of modelOf(server).getStreamedResponse(REQUEST)) {
        if (event.type !== "response_done") continue;
        const { output, id } = event.response;
        done = { output, responseId: id };
      }
      assert(done !== undefined, "no end");
      return done;
    });
  },
};

/** Models read within a trace only; what they read, without fields that are undefined. */
async function traced(read: () => Promise<unknown>): Promise<unknown> {
  return JSON.parse(JSON.stringify(await withTrace("golden", read)));
}
