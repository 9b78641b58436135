/**
 * Same request, streamed or not, same answer: text, calls, refusal, reasoning, reason, usage or error,
 * as OpenAI's own client reads them from a stream whose bytes come torn anywhere. Agents play by chance; `FAKELLM_SEED` repeats or changes it.
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import OpenAI from "openai";
import { Random, SEED } from "../secrecy/random.ts";
import { chanceModels, codeOf, NAMES } from "./chance_models.ts";
import { MESSAGES, served } from "./served.ts";
import { tornFetch } from "./torn_bytes.ts";

const CASES = 1000;

type Params = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, "stream">;

function params(random: Random): Params {
  return {
    model: random.pick(NAMES),
    messages: [{ ...MESSAGES[0]!, content: String(random.below(2 ** 30)) } as typeof MESSAGES[0]],
    ...random.chance(0.5) && {
      tools: ["ask", "show"].map((name) => ({ type: "function", function: { name } })),
      "tool_choice": random.pick(["auto", "auto", "required", "none"]),
      "parallel_tool_calls": random.chance(0.7),
    },
    ...random.chance(0.2) && { "response_format": { type: "json_object" } },
  };
}

/** Everything a client learns, but for ids. */
async function outcome(answer: () => Promise<OpenAI.ChatCompletion>): Promise<unknown> {
  try {
    const { choices: [choice], usage } = await answer();
    const { message, finish_reason: reason } = choice!;
    return {
      content: message.content ?? "",
      refusal: message.refusal ?? null,
      reasoning: (message as { reasoning_content?: string }).reasoning_content ?? "",
      calls: (message.tool_calls ?? []).map((call) => call.type === "function" && call.function),
      reason,
      usage,
    };
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return { failed: codeOf(error) };
  }
}

/** Puts a stream together the way naive clients do. */
async function assembled(
  stream: AsyncIterable<OpenAI.ChatCompletionChunk>,
): Promise<OpenAI.ChatCompletion> {
  const message = {
    role: "assistant" as const,
    content: "",
    refusal: null as string | null,
    "reasoning_content": "",
    "tool_calls": [] as {
      id: string;
      type: "function";
      function: { name: string; arguments: string };
    }[],
  };
  let reason: OpenAI.ChatCompletion.Choice["finish_reason"] | undefined;
  let usage: OpenAI.CompletionUsage | undefined;
  for await (const chunk of stream) {
    usage = chunk.usage ?? usage;
    const [choice] = chunk.choices;
    if (!choice) continue;
    const delta = choice.delta as typeof choice.delta & { reasoning_content?: string };
    message.content += delta.content ?? "";
    message.reasoning_content += delta.reasoning_content ?? "";
    if (delta.refusal) message.refusal = (message.refusal ?? "") + delta.refusal;
    for (const { index, id, function: called } of delta.tool_calls ?? []) {
      const call = message.tool_calls[index] ??= {
        id: id ?? "",
        type: "function",
        function: { name: "", arguments: "" },
      };
      call.function.name += called?.name ?? "";
      call.function.arguments += called?.arguments ?? "";
    }
    reason = choice.finish_reason ?? reason;
  }
  assert(reason, "the stream ended without a reason");
  return {
    id: "x",
    object: "chat.completion",
    created: 0,
    model: "x",
    choices: [{ index: 0, message, logprobs: null, "finish_reason": reason }],
    usage,
  };
}

Deno.test(`same request, streamed or not, same answer: ${CASES} cases, FAKELLM_SEED=${SEED}`, async () => {
  await using app = await served(chanceModels(), { responsesReasoning: { mode: "agent" } });
  const { completions } = app.openai.chat;
  const random = new Random(SEED);
  const torn = app.openai.withOptions({ fetch: tornFetch(app.live.fetch, new Random(SEED)) });
  const seen = new Map<string, number>();
  for (let index = 0; index < CASES; index++) {
    const asked = params(random);
    const usage = { "stream_options": { "include_usage": true } };
    const whole = await outcome(() => completions.create(asked));
    const label = `FAKELLM_SEED=${SEED}, case ${index}: ${JSON.stringify(asked)}`;
    const streamed = await outcome(async () =>
      await assembled(await torn.chat.completions.create({ ...asked, ...usage, stream: true }))
    );
    assertEquals(streamed, whole, label);
    const helped = await outcome(() =>
      torn.chat.completions.stream({ ...asked, ...usage }).finalChatCompletion()
    );
    assertEquals(
      { ...helped as object, reasoning: "" },
      { ...whole as object, reasoning: "" },
      label,
    );
    for (const [key, value] of Object.entries(whole as object)) {
      const kind = Array.isArray(value) ? value.length : typeof value === "object" ? "" : value;
      if (["reason", "failed", "calls"].includes(key)) {
        seen.set(`${key} ${kind}`, (seen.get(`${key} ${kind}`) ?? 0) + 1);
      }
    }
  }
  const wanted = ["stop", "length", "content_filter", "tool_calls"].map((reason) =>
    `reason ${reason}`
  )
    .concat(["run_failed", "server_error", "rate_limit_exceeded"].map((code) => `failed ${code}`))
    .concat(["calls 1", "calls 2"]);
  for (const what of wanted) assertGreaterOrEqual(seen.get(what) ?? 0, 10, `hardly any "${what}"`);
});
