/**
 * Hidden tools leave no byte on the wire, whatever goes right or wrong inside.
 *
 * Every name, description, schema, argument, result, error, call id, prompt and dependency that stays
 * inside is a canary. A foreign client talks to agents made by chance over `app.fetch`: it runs the
 * calls it gets, comes back, asks again and branches off. `FAKELLM_SEED` repeats or changes the
 * chance.
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { Agent, createApp, tool } from "../../mod.ts";
import type { App } from "../../mod.ts";
import { ScriptedModel } from "../../src/testing/mod.ts";
import { CollectingLogger } from "../../src/testing/test_context.ts";
import { Canaries } from "./canary.ts";
import { BEHAVIOURS, count, HiddenWorld, MISTAKES, type Tally } from "./hidden_world.ts";
import { Random, SEED } from "./random.ts";

const RUNS = 10_000;
const KEY = "sk-Zq7xK-caller";

/** A chat message as a client keeps it. */
type Message = Readonly<Record<string, unknown>>;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function post(app: App, body: unknown): Promise<Answer> {
  const response = await app.fetch(
    new Request("http://localhost/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${KEY}` },
      body: JSON.stringify(body),
    }),
  );
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The assistant message of a good answer, as a client puts it into its history. */
function messageOf({ text }: Answer, stream: boolean): Message | undefined {
  if (!stream) return JSON.parse(text).choices[0].message;
  const calls: { id: string; type: string; function: { name: string; arguments: string } }[] = [];
  let content = "";
  for (const line of text.split("\n")) {
    if (!line.startsWith("data: {")) continue;
    const chunk = JSON.parse(line.slice("data: ".length));
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

/** What a client sends beside its messages. */
function requestFields(random: Random, world: HiddenWorld): Record<string, unknown> {
  const offers = random.chance(0.8);
  return {
    model: "agent",
    stream: random.chance(0.5),
    "stream_options": { "include_usage": true },
    ...offers && {
      tools: world.clientTools.map((name) => ({ type: "function", function: { name } })),
      "tool_choice": random.pick(["auto", "auto", "auto", "none", "required"]),
      "parallel_tool_calls": random.chance(0.8),
    },
    ...random.chance(0.2) && {
      "response_format": {
        type: "json_schema",
        "json_schema": {
          name: "answer",
          schema: {
            type: "object",
            properties: { answer: { type: "string" } },
            required: ["answer"],
          },
        },
      },
    },
  };
}

interface Session {
  readonly random: Random;
  readonly tally: Tally;
  /** Runs so far, of all sessions. */
  runs: number;
  planted: number;
}

/** One client's conversation: up to a few turns, some asked twice, some branched. */
async function converse(session: Session, label: () => string): Promise<void> {
  const { random, tally } = session;
  const canaries = new Canaries();
  const world = new HiddenWorld({ random, canaries, tally });
  const logger = new CollectingLogger();
  const app = createApp(world.runner, {
    modelName: "agent",
    logger,
    clock: world.clock,
    apiKeys: [{ name: "caller", key: KEY }],
    requestContextFactory: () => ({ secret: canaries.text("deps") }),
  });
  const fields = requestFields(random, world);
  let messages: Message[] = [{ role: "user", content: "Do it" }];
  for (let turn = 0; turn < 4; turn++) {
    const ask = async () => {
      const answer = await post(app, { ...fields, messages });
      session.runs += 1;
      count(tally, `status ${answer.status}`);
      count(tally, fields.stream ? "streamed" : "whole");
      const leak = canaries.leakIn(answer);
      assert(leak === undefined, `${label()}: found in a response: ${leak}`);
      return answer;
    };
    let answer = await ask();
    if (random.chance(0.15)) {
      count(tally, "regenerated");
      answer = await ask();
    }
    if (answer.status !== 200) break;
    const message = messageOf(answer, fields.stream === true);
    if (!message) {
      count(tally, "failed in band");
      break;
    }
    const calls = message.tool_calls as { id: string }[] | undefined;
    if (!calls) {
      messages = [...messages, message, { role: "user", content: "And now?" }];
      continue;
    }
    count(tally, "resumed");
    const result = random.chance(0.5) ? "sunny" : "rainy";
    messages = [
      ...messages,
      message,
      ...calls.map(({ id }) => ({ role: "tool", "tool_call_id": id, content: result })),
    ];
  }
  await app.stop();
  session.planted += canaries.minted;
  const twice = [...world.executions].filter(([, times]) => times > 1);
  assertEquals(twice, [], `${label()}: calls of hidden tools ran more than once`);
  assertEquals(world.lost, [], `${label()}: results were lost on the way back to the model`);
  const log = JSON.stringify(logger.entries);
  for (const kind of ["argument", "deps", "text", "json", "instructions", "system", "sk"]) {
    assert(!log.includes(`Zq7xK-${kind}-`), `${label()}: found in the log: ${kind}: ${log}`);
  }
}

Deno.test(`hidden tools leave no byte on the wire: ${RUNS} runs, FAKELLM_SEED=${SEED}`, async () => {
  const tally: Tally = new Map();
  const session: Session = { random: new Random(SEED), tally, runs: 0, planted: 0 };
  const label = () => `FAKELLM_SEED=${SEED}, run ${session.runs}`;
  while (session.runs < RUNS) await converse(session, label);
  assertGreaterOrEqual(session.planted, RUNS * 3, "too few canaries to prove anything");
  const seen = [
    ...BEHAVIOURS,
    ...MISTAKES,
    ...["name-clash", "workflow", "regenerated", "resumed", "failed in band"],
    ...["streamed", "whole", "status 200", "status 422", "status 500", "status 502"],
  ];
  for (const what of seen) {
    assertGreaterOrEqual(tally.get(what) ?? 0, 20, `hardly any "${what}" in ${label()}`);
  }
});

Deno.test("the search for canaries finds one that a model says, streamed and not", async () => {
  const canaries = new Canaries();
  const secret = canaries.text("result");
  const leaky = tool({ name: "look", execute: () => secret });
  const turns = [{ toolCalls: [{ name: "look" }] }, { text: [...secret] }];
  const model = new ScriptedModel([...turns, ...turns]);
  await using app = createApp(new Agent({ model, tools: [leaky] }), { modelName: "agent" });
  for (const stream of [true, false]) {
    const answer = await post(app, {
      model: "agent",
      messages: [{ role: "user", content: "Hi" }],
      stream,
    });
    assertEquals(answer.status, 200);
    assert(canaries.leakIn(answer) !== undefined);
  }
  const inHeader = { headers: new Headers({ "x-a": secret.slice(1, 9) }), text: "{}" };
  assert(canaries.leakIn(inHeader) !== undefined);
});
