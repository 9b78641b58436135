/**
 * Approvals by chance: answers that come late, twice, at once and contradict each other, stores that
 * fail, clients that leave, tools that break. `FAKELLM_SEED` repeats or changes the chance.
 */
import { assert, assertEquals } from "@std/assert";
import { RequestError } from "../run/error.ts";
import type { Message } from "../run/request.ts";
import type { ParkedTurn } from "../run/seams.ts";
import { macrotask } from "../testing/macrotask.ts";
import { FunctionModel } from "../testing/scripted_model.ts";
import { testContext } from "../testing/test_context.ts";
import { ModelRetry, ToolFailed } from "../tools/outcome.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import { Client, WatchedTurns } from "./approval_fixture_test.ts";
import { NOT_RUN_TEXT, UNANSWERED_TEXT, UNKNOWN_RESULT_TEXT } from "./retry_text.ts";

const CONVERSATIONS = 400;
const TURNS = 8;

/** The seed of this process: `FAKELLM_SEED`, or always the same one. */
const SEED = Number(Deno.env.get("FAKELLM_SEED") ?? 20_260_704) >>> 0;

/** Numbers from 0 to below 1 that follow from a seed (mulberry32). */
function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What everybody saw of one conversation. */
class Witness {
  readonly random: () => number;
  /** How often each call was executed. */
  readonly executions = new Map<string, number>();
  /** Questions that the client has said yes to, at least once. */
  readonly consented = new Set<string>();
  /** What the models were told of each call, but for what is not known. */
  readonly told = new Map<string, Set<string>>();
  /** The question about each call. */
  readonly questions = new Map<string, string>();
  #made = 0;

  constructor(seed: number) {
    this.random = chanceFrom(seed);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  /** Reads what a model is given: each result is followed back to its call's argument. */
  read(messages: readonly Message[]): void {
    const names = new Map<string, string>();
    for (const message of messages) {
      if (message.role === "assistant") {
        // Ids are reused; results come right after their calls.
        for (const { id, arguments: args } of message.toolCalls) names.set(id, args);
      } else if (message.role === "tool") {
        const [part] = message.content;
        const text = part?.type === "text" ? part.text : "";
        const call = names.get(message.toolCallId);
        assert(call !== undefined, `A result without a call: ${text}`);
        if (text === UNKNOWN_RESULT_TEXT || text === UNANSWERED_TEXT) continue;
        const known = this.told.get(call) ?? new Set();
        this.told.set(call, known.add(text));
      }
    }
  }

  agent(): Agent {
    const act = tool({
      name: "act",
      parameters: { type: "object", properties: { n: { type: "number" } } },
      requiresApproval: true,
      retries: 3,
      execute: async (args, ctx) => {
        const call = JSON.stringify(args);
        this.executions.set(call, (this.executions.get(call) ?? 0) + 1);
        for (let waits = Math.floor(this.random() * 3); waits > 0; waits--) await macrotask();
        ctx.signal.throwIfAborted();
        if (this.chance(0.1)) throw new ModelRetry(`again ${call}`);
        if (this.chance(0.1)) throw new ToolFailed(`failed ${call}`);
        if (this.chance(0.1)) throw new Error("broken");
        return `done ${call}`;
      },
    });
    const model = new FunctionModel(({ messages }) => {
      this.read(messages);
      if (this.chance(0.05)) throw new Error("model is away");
      if (this.chance(0.4)) return "Well.";
      const count = 1 + Math.floor(this.random() * 3);
      return {
        toolCalls: Array.from({ length: count }, (_, index) => ({
          id: `call_${index}`,
          name: "act",
          arguments: { n: this.#made++ },
        })),
      };
    });
    return new Agent({ model, tools: [act], approval: "client" });
  }
}

/** Turns of which the witness learns which question is about which call. */
class SeenTurns extends WatchedTurns {
  readonly #witness: Witness;

  constructor(witness: Witness) {
    super();
    this.#witness = witness;
  }

  override async park(tenant: string, turn: ParkedTurn): Promise<void> {
    const calls = turn.messages.flatMap((message) =>
      message.role === "assistant" ? message.toolCalls : []
    );
    for (const [id, { callId }] of Object.entries(turn.approvals ?? {})) {
      const call = calls.findLast((made) => made.id === callId)!;
      this.#witness.questions.set(call.arguments, id);
    }
    await super.park(tenant, turn);
  }
}

/** A client that answers as it likes, as often as it likes. */
async function converse(witness: Witness): Promise<void> {
  const turns = new SeenTurns(witness);
  turns.before = async () => {
    if (witness.chance(0.1)) await macrotask();
    if (witness.chance(0.03)) throw new Error("store is down");
  };
  const client = new Client(witness.agent(), testContext({ turns }));
  const open: string[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const fresh = client.questions.map(({ id }) => id);
    const asked = client.messages.at(-1);
    const late: string[] = [];
    for (const id of [...open.splice(0), ...fresh]) {
      if (witness.chance(0.3)) {
        open.push(id);
        continue;
      }
      client.approvals.push({ id, approve: witness.chance(0.7) });
      if (!fresh.includes(id)) late.push(id);
    }
    if (late.length > 0) {
      client.messages.push({ role: "assistant", content: "", toolCalls: [], approvalIds: late });
    }
    if (asked?.role === "assistant" && (late.length === 0 || witness.chance(0.2))) {
      client.say("Go on");
    }
    client.questions = [];
    const sends = 1 + Math.floor(witness.random() * 3);
    const results = await Promise.allSettled(
      Array.from({ length: sends }, () => send(client, witness)),
    );
    const good = results.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
    for (const each of results) {
      // Every question is known: whatever else went wrong, that did not.
      if (each.status === "rejected") assert(!(each.reason instanceof RequestError), each.reason);
    }
    if (good.length > 0) client.take(good[0]!);
  }
  await macrotask();
}

async function send(client: Client, witness: Witness) {
  const approvals = client.approvals.map((answer) => {
    // Now and then a client changes its mind, for one of several requests at the same time.
    const approve = witness.chance(0.1) ? !answer.approve : answer.approve;
    return { ...answer, approve };
  });
  for (const { id, approve } of approvals) if (approve) witness.consented.add(id);
  const controller = new AbortController();
  if (witness.chance(0.1)) {
    void macrotask().then(() => controller.abort(new Error("client left")));
  }
  return await client.send({ approvals }, { signal: controller.signal });
}

Deno.test(`no call runs twice or without consent, whatever happens, FAKELLM_SEED=${SEED}`, async () => {
  let executed = 0;
  for (let number = 0; number < CONVERSATIONS; number++) {
    const witness = new Witness(SEED + number);
    try {
      await converse(witness);
      for (const [call, times] of witness.executions) {
        executed += times;
        assertEquals(times, 1, `${call} ran ${times} times`);
        const question = witness.questions.get(call);
        assert(question && witness.consented.has(question), `${call} ran without consent`);
      }
      for (const [call, texts] of witness.told) {
        const ran = witness.executions.has(call);
        if (texts.has(NOT_RUN_TEXT)) assert(!ran, `${call} was said not to have run`);
        assert(texts.size === 1, `${call} was told as ${[...texts].join(" and as ")}`);
      }
    } catch (error) {
      throw new Error(`FAKELLM_SEED=${SEED}, conversation ${number}`, { cause: error });
    }
  }
  assert(executed > CONVERSATIONS, `only ${executed} calls ran`);
});
