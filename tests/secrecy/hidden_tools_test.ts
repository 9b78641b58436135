/**
 * Hidden tools leave no byte on the wire, whatever goes right or wrong inside.
 *
 * Every name, description, schema, argument, result, error, call id, prompt and dependency that stays
 * inside is a canary. Foreign clients of both APIs talk to agents made by chance over `app.fetch`:
 * they run the calls they get, come back in every way their API has, ask again, and read what is
 * kept. `FAKELLM_SEED` repeats or changes the chance.
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { Agent, createApp, tool } from "../../mod.ts";
import type { App } from "../../mod.ts";
import { ScriptedModel } from "../../src/testing/mod.ts";
import { CollectingLogger } from "../../src/testing/test_context.ts";
import { Canaries } from "./canary.ts";
import { type Answer, CLIENT_KINDS, foreignClient, type Wishes } from "./foreign_client.ts";
import {
  BEHAVIOURS,
  count,
  HiddenWorld,
  INNER,
  MISTAKES,
  type Tally,
  WORDS,
} from "./hidden_world.ts";
import { Random, SEED } from "./random.ts";

const RUNS = 10_000;
const KEY = "sk-Zq7xK-caller";

/** Sends a body, or reads what is kept when there is none. */
async function send(app: App, path: string, body?: unknown): Promise<Answer> {
  const response = await app.fetch(
    new Request(`http://localhost/v1${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${KEY}` },
      body: JSON.stringify(body),
    }),
  );
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function wishes(random: Random, world: HiddenWorld): Wishes {
  const stream = random.chance(0.5);
  const json = random.chance(0.2);
  if (random.chance(0.2)) return { stream, json, tools: [] };
  return {
    stream,
    json,
    tools: world.clientTools,
    toolChoice: random.pick(["auto", "auto", "auto", "none", "required"]),
    parallelToolCalls: random.chance(0.8),
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
    responsesReasoning: { mode: random.pick(["custom", "disabled"]) },
  });
  const kind = random.pick(CLIENT_KINDS);
  const wanted = wishes(random, world);
  const client = foreignClient(kind, { wishes: wanted, prompt: "Do it" });
  const checked = async (path: string, body?: unknown) => {
    const answer = await send(app, path, body);
    const leak = canaries.leakIn(answer);
    assert(leak === undefined, `${label()}: found in a response of ${path}: ${leak}`);
    if (answer.text.includes(WORDS.label)) count(tally, "labels");
    if (answer.text.includes(WORDS.prompt.text)) count(tally, "prompts");
    return answer;
  };
  // Most answer at once, some later, some never.
  const approve = () => {
    if (random.chance(0.3)) return undefined;
    const says = random.chance(0.7);
    count(tally, says ? "consented" : "refused");
    return says;
  };
  for (let turn = 0; turn < 5; turn++) {
    const ask = async () => {
      const answer = await checked(client.path, client.body());
      session.runs += 1;
      count(tally, `status ${answer.status}`);
      count(tally, wanted.stream ? "streamed" : "whole");
      return answer;
    };
    let answer = await ask();
    if (random.chance(0.15)) {
      count(tally, "regenerated");
      answer = await ask();
    }
    assert(answer.status !== 400, `${label()}: ${kind}: ${answer.text}`);
    if (answer.status !== 200) break;
    const taken = client.take(answer, {
      result: random.chance(0.5) ? "sunny" : "rainy",
      next: "And now?",
      approve,
    });
    count(tally, `${kind} ${taken}`);
    if (taken === "failed") break;
    for (const path of client.readable) {
      if (random.chance(0.5)) assertEquals((await checked(path)).status, 200, path);
    }
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
    ...INNER.map((end) => `inner ${end}`),
    ...["name-clash", "workflow", "regenerated", "labels", "prompts", "consented", "refused"],
    ...CLIENT_KINDS.flatMap((kind) => [`${kind} calls`, `${kind} words`, `${kind} failed`]),
    ...CLIENT_KINDS.slice(1).map((kind) => `${kind} questions`),
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
  const model = new ScriptedModel([...turns, ...turns, ...turns, ...turns]);
  await using app = createApp(new Agent({ model, tools: [leaky] }), { modelName: "agent" });
  for (const kind of ["chat", "items"] as const) {
    for (const stream of [true, false]) {
      const client = foreignClient(kind, { wishes: { stream, tools: [] }, prompt: "Hi" });
      const answer = await send(app, client.path, client.body());
      assertEquals(answer.status, 200);
      assert(canaries.leakIn(answer) !== undefined);
    }
  }
  const inHeader = { headers: new Headers({ "x-a": secret.slice(1, 9) }), text: "{}" };
  assert(canaries.leakIn(inHeader) !== undefined);
});
