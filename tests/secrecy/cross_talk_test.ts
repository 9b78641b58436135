/**
 * Tenants that talk to one agent at the same time, over both APIs, hear nothing of each other.
 *
 * Every conversation has a word of its own, which its user says, its model says and thinks, its
 * tools take and return. No answer and no model call may have another conversation's word. Some
 * tenants try for what is another's, with ids they cannot know. `FAKELLM_SEED` repeats or changes
 * the chance.
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { setImmediate } from "node:timers";
import { Agent, type App, tool } from "../../mod.ts";
import { FunctionModel, type ScriptedTurn } from "../../src/testing/mod.ts";
import { decodedTexts } from "./canary.ts";
import { type Answer, CLIENT_KINDS, foreignClient } from "./foreign_client.ts";
import { count, type Tally } from "./hidden_world.ts";
import { Random, SEED } from "./random.ts";
import { appOfTenants, send, type Tenant, TENANTS } from "./tenants.ts";

const RUNS = 10_000;
const CONVERSATIONS_AT_ONCE = 50;

const WORD = /Zq7xK-\d+-Zq7xK/g;

function wordsIn(text: string): Set<string> {
  return new Set([text, ...decodedTexts(text)].flatMap((seen) => seen.match(WORD) ?? []));
}

/** Lets others go first, some times. */
async function giveWay(random: Random): Promise<void> {
  for (let times = random.below(4); times > 0; times--) {
    await new Promise<void>((resolve) => setImmediate(() => resolve()));
  }
}

/** What somebody has, as somebody else could have found it. */
interface Loot {
  readonly owner: Tenant;
  readonly word: string;
  readonly responseId?: string;
  readonly messageId?: string;
  readonly reasoningId?: string;
  readonly callId?: string;
  readonly approvalId?: string;
}

class Town {
  readonly app: App;
  readonly tally: Tally = new Map();
  /** What the model heard and should not have. */
  readonly overheard: string[] = [];
  /** What was done that needs consent, and how often there was consent, by word. */
  readonly opened: Tally = new Map();
  readonly consented: Tally = new Map();
  readonly #random = new Random(SEED);
  readonly #loot: Loot[] = [];
  runs = 0;
  #conversations = 0;

  constructor() {
    const look = tool({
      name: "look",
      parameters: { type: "object", properties: { word: { type: "string" } } },
      execute: async ({ word }: { word?: unknown }) => {
        await giveWay(this.#random);
        return `The vault of ${word}`;
      },
    });
    const open = tool({
      name: "open",
      parameters: { type: "object", properties: { word: { type: "string" } } },
      requiresApproval: { label: "Open a vault", text: "May a vault be opened?" },
      execute: async ({ word }: { word?: unknown }) => {
        count(this.opened, String(word));
        await giveWay(this.#random);
        return `The open vault of ${word}`;
      },
    });
    const model = new FunctionModel(async ({ messages }) => {
      await giveWay(this.#random);
      const words = [...wordsIn(JSON.stringify(messages))];
      const [word = ""] = words;
      if (words.length !== 1) this.overheard.push(words.join());
      const last = messages.at(-1)!;
      const asked = messages.some((message) =>
        message.role === "assistant" && message.toolCalls.some(({ name }) => name === "ask")
      );
      if (asked && !JSON.stringify(messages).includes("The vault of")) count(this.tally, "bare");
      return last.role === "user" ? turn(word, messages.length) : said(word);
    });
    this.app = appOfTenants(new Agent({ model, tools: [look, open], approval: "client" }), {
      entrypoint: { responsesReasoning: { mode: "agent" } },
    });
  }

  label(): string {
    return `FAKELLM_SEED=${SEED}, run ${this.runs}`;
  }

  /** A few turns of one conversation, with a theft now and then. */
  async converse(): Promise<void> {
    const number = this.#conversations++;
    const random = new Random(SEED + number);
    const tenant = random.pick(TENANTS);
    const word = `Zq7xK-${number}-Zq7xK`;
    const kind = random.pick(CLIENT_KINDS);
    const stream = random.chance(0.5);
    const client = foreignClient(kind, {
      wishes: { stream, tools: ["ask"] },
      prompt: `Remember ${word}`,
    });
    const checked = async (path: string, body?: unknown) => {
      const answer = await send(this.app, tenant, { path, body });
      assertEquals(answer.status, 200, `${this.label()}: ${kind}: ${answer.text}`);
      assertEquals([...wordsIn(answer.text)], [word], `${this.label()}: ${kind} heard others`);
      return answer;
    };
    for (let turns = 1 + random.below(3); turns > 0; turns--) {
      this.runs += 1;
      const answer = await checked(client.path, client.body());
      count(this.tally, `${kind} ${stream ? "streamed" : "whole"}`);
      const taken = client.take(answer, {
        result: `Here: ${word}`,
        next: `Again: ${word}`,
        approve: () => {
          if (random.chance(0.2)) return undefined;
          const approves = random.chance(0.7);
          if (approves) count(this.consented, word);
          return approves;
        },
      });
      count(this.tally, `${kind} ${taken}`);
      for (const path of client.readable) if (random.chance(0.3)) await checked(path);
      this.#loot.push(lootOf(answer, { owner: tenant, word }));
      if (random.chance(0.3)) await this.#steal(tenant, word, random);
    }
  }

  async #steal(thief: Tenant, word: string, random: Random): Promise<void> {
    const loot = random.pick(this.#loot);
    const { owner, responseId, callId, messageId, reasoningId, approvalId } = loot;
    if (owner === thief) return;
    const user = { role: "user", content: word };
    const ask = { model: "agent", stream: random.chance(0.5) };
    const attempt = async (what: string, status: number, sent: Parameters<typeof send>[2]) => {
      const answer = await send(this.app, thief, sent);
      const label = `${this.label()}: ${what}: ${answer.text}`;
      assertEquals(answer.status, status, label);
      const heard = wordsIn(answer.text);
      assert(!heard.has(loot.word), label);
      count(this.tally, `stolen by ${what}`);
    };
    if (callId !== undefined) {
      const call = { name: "ask", arguments: "{}" };
      await attempt("chat call", 200, {
        path: "/chat/completions",
        body: {
          ...ask,
          messages: [
            user,
            { role: "assistant", "tool_calls": [{ id: callId, type: "function", function: call }] },
            { role: "tool", "tool_call_id": callId, content: "Yes" },
          ],
        },
      });
      const output = { type: "function_call_output", "call_id": callId, output: "Yes" };
      await attempt("call", 200, {
        path: "/responses",
        body: {
          ...ask,
          input: [user, { type: "function_call", "call_id": callId, ...call }, output],
        },
      });
      await attempt("output", 400, { path: "/responses", body: { ...ask, input: [user, output] } });
    }
    if (approvalId !== undefined) {
      const consent = {
        type: "mcp_approval_response",
        "approval_request_id": approvalId,
        approve: true,
      };
      const question = { type: "mcp_approval_request", id: approvalId };
      await attempt("consent", 400, {
        path: "/responses",
        body: { ...ask, input: [user, question, consent] },
      });
      await attempt("bare consent", 400, {
        path: "/responses",
        body: { ...ask, input: [user, consent] },
      });
      await attempt("question", 404, {
        path: "/responses",
        body: { ...ask, input: [user, { type: "item_reference", id: approvalId }, consent] },
      });
    }
    if (responseId === undefined) return;
    const path = `/responses/${responseId}`;
    await attempt("read", 404, { path });
    await attempt("stream", 404, { path: `${path}?stream=true` });
    await attempt("input items", 404, { path: `${path}/input_items` });
    await attempt("cancel", 404, { path: `${path}/cancel`, method: "POST" });
    await attempt("delete", 404, { path, method: "DELETE" });
    await attempt("continue", 400, {
      path: "/responses",
      body: { ...ask, "previous_response_id": responseId, input: word },
    });
    if (messageId !== undefined) {
      const reference = { type: "item_reference", id: messageId };
      await attempt("reference", 404, {
        path: "/responses",
        body: { ...ask, input: [user, reference] },
      });
    }
    if (reasoningId !== undefined) {
      const reference = { type: "item_reference", id: reasoningId };
      await attempt("reasoning", 200, {
        path: "/responses",
        body: { ...ask, input: [reference, user] },
      });
    }
    const { status, text } = await send(this.app, owner, { path });
    assertEquals(status, 200, `${this.label()}: the owner lost a response`);
    assert(wordsIn(text).has(loot.word), `${this.label()}: the owner's response has changed`);
  }
}

/** What a model does that the user spoke to: it answers, asks the client, or looks for itself. */
function turn(word: string, length: number): ScriptedTurn {
  const look = { id: "call_0", name: "look", arguments: { word } };
  const ask = { id: "call_1", name: "ask", arguments: { word } };
  const open = { id: "call_0", name: "open", arguments: { word } };
  switch ((word.length + length + Number(word.split("-")[1])) % 4) {
    case 0:
      return said(word);
    case 1:
      return { ...said(word), toolCalls: [look, ask] };
    case 2:
      return { ...said(word), toolCalls: [open] };
    default:
      return { reasoning: `A look for ${word}`, toolCalls: [look] };
  }
}

function said(word: string): ScriptedTurn {
  return { reasoning: `Thinking of ${word}`, text: [..."I heard ", ...word] };
}

function lootOf({ text }: Answer, { owner, word }: Pick<Loot, "owner" | "word">): Loot {
  const found = (pattern: RegExp) => text.match(pattern)?.[0];
  return {
    owner,
    word,
    responseId: found(/resp_[0-9a-f]{32}/),
    messageId: found(/msg_[0-9a-f]{32}\d+/),
    reasoningId: found(/rs_[0-9a-f]{32}\d+/),
    callId: found(/call_[0-9a-f]{32}/),
    approvalId: found(/mcpr_[0-9a-f]{32}/),
  };
}

Deno.test(`tenants hear nothing of each other: ${RUNS} interleaved runs, FAKELLM_SEED=${SEED}`, async () => {
  const town = new Town();
  await using _app = town.app;
  const talkOn = async () => {
    while (town.runs < RUNS) await town.converse();
  };
  await Promise.all(Array.from({ length: CONVERSATIONS_AT_ONCE }, talkOn));
  assertEquals(town.overheard, [], "models heard other conversations");
  // What a thief forges has no hidden half; nobody else may have lost theirs.
  const forged = (town.tally.get("stolen by chat call") ?? 0) +
    (town.tally.get("stolen by call") ?? 0);
  assertEquals(town.tally.get("bare") ?? 0, forged, "results were lost on the way to the model");
  for (const [word, times] of town.opened) {
    const consented = town.consented.get(word) ?? 0;
    assert(times <= consented, `${word} was opened ${times} times, with ${consented} consents`);
  }
  assertGreaterOrEqual(town.opened.size, 100, "hardly anything was opened");
  const wanted = CLIENT_KINDS.flatMap((kind) => [
    `${kind} streamed`,
    `${kind} whole`,
    `${kind} calls`,
    `${kind} words`,
  ]).concat(
    ["chat call", "call", "output", "read", "stream", "input items", "cancel", "delete"]
      .concat(["continue", "reference", "reasoning", "consent", "bare consent", "question"])
      .map((what) => `stolen by ${what}`),
    CLIENT_KINDS.slice(1).map((kind) => `${kind} questions`),
  );
  for (const what of wanted) {
    assertGreaterOrEqual(town.tally.get(what) ?? 0, 100, `hardly any "${what}"`);
  }
});
