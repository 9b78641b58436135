/**
 * Same request, streamed or not, same response: items, status, usage or error, as OpenAI's own client
 * reads them from a stream whose bytes come torn anywhere. Agents play by chance; `FAKELLM_SEED` repeats or changes it.
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import OpenAI from "openai";
import { Random, SEED } from "../secrecy/random.ts";
import { chanceModels, codeOf, NAMES } from "./chance_models.ts";
import { served } from "./served.ts";
import { tornFetch } from "./torn_bytes.ts";

const CASES = 1000;

type Params = Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, "stream">;
type Answer = OpenAI.Responses.Response;

function params(random: Random): Params {
  return {
    model: random.pick(NAMES),
    input: String(random.below(2 ** 30)),
    store: random.chance(0.5),
    ...random.chance(0.5) && {
      tools: ["ask", "show"].map((name) => ({
        type: "function" as const,
        name,
        parameters: null,
        strict: null,
      })),
      "tool_choice": random.pick(["auto", "auto", "required", "none"] as const),
      "parallel_tool_calls": random.chance(0.7),
    },
    ...random.chance(0.2) && { text: { format: { type: "json_object" } } },
  };
}

/** What differs from run to run, and what the client's helper adds. */
const OWN = new Set(["id", "call_id", "created_at", "completed_at", "output_text"])
  .union(new Set(["parsed", "parsed_arguments", "output_parsed"]));

/** Everything a client learns, but for ids and times. */
async function outcome(answer: () => Promise<Answer>): Promise<Readonly<Record<string, unknown>>> {
  try {
    const response = await answer();
    return JSON.parse(
      JSON.stringify(response, (key, value) => OWN.has(key) ? undefined : value),
    );
  } catch (error) {
    // The helper raises what is no failure of the API, as an answer that is cut, as it is.
    if (!(error instanceof OpenAI.OpenAIError)) throw error;
    return { failed: codeOf(error as InstanceType<typeof OpenAI.APIError>) };
  }
}

/** Puts a stream together from its deltas, the way clients without a helper do. */
async function assembled(
  stream: AsyncIterable<OpenAI.Responses.ResponseStreamEvent>,
): Promise<Answer> {
  const texts = new Map<string, string>();
  const output: Answer["output"] = [];
  let end: Answer | undefined;
  for await (const event of stream) {
    assert(!end, `${event.type} after the end`);
    if ("delta" in event && "item_id" in event) {
      texts.set(event.item_id, (texts.get(event.item_id) ?? "") + event.delta);
    }
    if (event.type === "response.output_item.done") output.push(event.item);
    if (event.type === "response.completed" || event.type === "response.incomplete") {
      end = event.response;
    }
  }
  assert(end, "no end");
  assertEquals(output, end.output);
  for (const item of output) assertEquals(texts.get(item.id!) ?? "", textOf(item));
  return end;
}

function textOf(item: Answer["output"][number]): string {
  if (item.type === "function_call") return item.arguments;
  if (item.type === "reasoning") return item.summary.map(({ text }) => text).join("");
  assert(item.type === "message", item.type);
  return item.content.map((part) => part.type === "refusal" ? part.refusal : part.text).join("");
}

Deno.test(`same request, streamed or not, same response: ${CASES} cases, FAKELLM_SEED=${SEED}`, async () => {
  await using app = await served(chanceModels(), { responsesReasoning: { mode: "agent" } });
  const { responses } = app.openai;
  const random = new Random(SEED);
  const torn = app.openai.withOptions({ fetch: tornFetch(app.live.fetch, new Random(SEED)) });
  const seen = new Map<string, number>();
  const see = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  for (let index = 0; index < CASES; index++) {
    const asked = params(random);
    const label = `FAKELLM_SEED=${SEED}, case ${index}: ${JSON.stringify(asked)}`;
    const whole = await outcome(() => responses.create(asked));
    const streamed = await outcome(async () =>
      await assembled(await torn.responses.create({ ...asked, stream: true }))
    );
    assertEquals(streamed, whole, label);
    const helped = await outcome(() => torn.responses.stream(asked).finalResponse());
    assertEquals(helped, whole, label);
    see(`${whole.status ?? whole.failed}`);
    for (const item of (whole.output ?? []) as { type: string }[]) see(item.type);
    const kept = random.chance(0.1) && asked.store;
    if (kept && !whole.failed) await checkKept(app.openai, asked, label);
  }
  const wanted = ["completed", "incomplete", "run_failed", "server_error", "rate_limit_exceeded"]
    .concat(["message", "reasoning", "function_call"]);
  for (const what of wanted) assertGreaterOrEqual(seen.get(what) ?? 0, 10, `hardly any "${what}"`);
});

/** What is kept of a streamed answer is what its end said. */
async function checkKept({ responses }: OpenAI, asked: Params, label: string): Promise<void> {
  const end = await assembled(await responses.create({ ...asked, stream: true }));
  const kept = await responses.retrieve(end.id);
  // Both are the same text on the wire; the client adds its own to what is whole.
  const { output_text: _, ...rest } = kept;
  const { output_text: __, ...told } = end;
  assertEquals(rest, told as typeof rest, label);
}
