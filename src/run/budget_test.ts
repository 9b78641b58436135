import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  deadlineError,
  DEFAULT_MAX_STEPS,
  innerUsage,
  RunBudget,
  type RunBudgetOptions,
  type RunLimits,
} from "./budget.ts";
import { RunError } from "./error.ts";
import { addUsage, NO_USAGE, type Usage } from "./result.ts";

function tokens(inputTokens: number, outputTokens: number): Usage {
  return { ...NO_USAGE, inputTokens, outputTokens };
}

/** What a budget says no with. */
function refusal(work: () => void): string {
  const error = assertThrows(work, RunError);
  assertEquals([error.code, error.retryable], ["run-failed", false]);
  return error.message;
}

Deno.test("RunBudget of a run that sets no limits has fifty model calls of its own and nothing else", () => {
  const budget = new RunBudget({});
  for (let call = 0; call < DEFAULT_MAX_STEPS; call++) budget.takeModelCall();
  assertEquals(
    refusal(() => budget.takeModelCall()),
    "Run exceeded its limit: maxSteps is 50, wanted 51",
  );
  budget.takeToolCalls(1e6);
  budget.addUsage(tokens(1e9, 1e9));
  assertEquals(budget.wantedToolCalls, Infinity);
});

Deno.test("RunBudget says which limit was exceeded, and by how much", () => {
  const cases: readonly (readonly [RunLimits, (budget: RunBudget) => void, string])[] = [
    [{ maxSteps: 0 }, (budget) => budget.takeModelCall(), "maxSteps is 0, wanted 1"],
    [{ maxToolCalls: 0 }, (budget) => budget.takeToolCalls(1), "maxToolCalls is 0, wanted 1"],
    [{ maxToolCalls: 2 }, (budget) => budget.takeToolCalls(5), "maxToolCalls is 2, wanted 5"],
    [{ maxTokens: 9 }, (budget) => budget.addUsage(tokens(5, 5)), "maxTokens is 9, wanted 10"],
    [{ maxTokens: 0 }, (budget) => budget.addUsage(tokens(1, 0)), "maxTokens is 0, wanted 1"],
    [
      { maxInputTokens: 4, maxTokens: 9 },
      (budget) => budget.addUsage(tokens(5, 5)),
      "maxInputTokens is 4, wanted 5",
    ],
    [
      { maxOutputTokens: 4, maxTokens: 9 },
      (budget) => budget.addUsage(tokens(4, 6)),
      "maxOutputTokens is 4, wanted 6",
    ],
  ];
  for (const [limits, use, message] of cases) {
    assertEquals(refusal(() => use(new RunBudget(limits))), `Run exceeded its limit: ${message}`);
  }
  assertEquals(deadlineError(1.5).message, "Run exceeded its limit: maxSeconds is 1.5");
  assertEquals(deadlineError(1.5).code, "run-failed");
});

Deno.test("RunBudget takes exactly as much as its limits allow", () => {
  const budget = new RunBudget({
    maxSteps: 2,
    maxToolCalls: 3,
    maxTokens: 20,
    maxInputTokens: 12,
    maxOutputTokens: 8,
  });
  budget.takeModelCall();
  budget.takeModelCall();
  budget.takeToolCalls(2);
  budget.takeToolCalls(1);
  // Beside the answer's tokens, those of caches and thoughts are parts and count no further.
  budget.addUsage({ inputTokens: 6, cachedInputTokens: 6, outputTokens: 4, reasoningTokens: 4 });
  budget.addUsage(tokens(6, 4));
  refusal(() => budget.takeModelCall());
  refusal(() => budget.takeToolCalls(1));
  refusal(() => budget.addUsage(tokens(0, 1)));
  budget.takeToolCalls(0);
});

Deno.test("RunBudget of more than fifty model calls gives them all", () => {
  const budget = new RunBudget({ maxSteps: 60 });
  for (let call = 0; call < 60; call++) budget.takeModelCall();
  assertEquals(
    refusal(() => budget.takeModelCall()),
    "Run exceeded its limit: maxSteps is 60, wanted 61",
  );
});

Deno.test("RunBudget of a run inside uses up all that are around it, at any depth", () => {
  const limits: RunLimits[] = [
    { maxSteps: 1 },
    { maxToolCalls: 1 },
    { maxTokens: 1 },
    { maxInputTokens: 0 },
    { maxOutputTokens: 1 },
  ];
  for (const limit of limits) {
    for (const depth of [0, 1, 2, 3]) {
      let budget: RunBudget | undefined;
      for (let level = 0; level < 4; level++) {
        budget = new RunBudget(level === depth ? limit : {}, { parent: budget });
      }
      const refused = refusal(() => {
        for (let round = 0; round < 2; round++) {
          budget!.takeModelCall();
          budget!.takeToolCalls(1);
          budget!.addUsage(tokens(1, 1));
        }
      });
      assert(refused.includes(Object.keys(limit)[0]!), refused);
    }
  }
});

Deno.test("RunBudget without a limit of its own still has its fifty, whatever those around it allow", () => {
  const outer = new RunBudget({ maxSteps: 1000 });
  const first = new RunBudget({}, { parent: outer });
  for (let call = 0; call < 50; call++) first.takeModelCall();
  assertEquals(
    refusal(() => first.takeModelCall()),
    "Run exceeded its limit: maxSteps is 50, wanted 51",
  );
  // Each run inside has fifty, and those do not count for the fifty of the one around it.
  const around = new RunBudget({});
  for (let run = 0; run < 3; run++) {
    const inner = new RunBudget({}, { parent: around });
    for (let call = 0; call < 50; call++) inner.takeModelCall();
  }
  for (let call = 0; call < 50; call++) around.takeModelCall();
  refusal(() => around.takeModelCall());
});

Deno.test("RunBudget that is refused has used nothing, at no level", () => {
  const top = new RunBudget({ maxSteps: 2, maxToolCalls: 4 });
  const middle = new RunBudget({}, { parent: top });
  const inner = new RunBudget({ maxSteps: 9, maxToolCalls: 9 }, { parent: middle });
  inner.takeToolCalls(3);
  refusal(() => inner.takeToolCalls(2));
  inner.takeToolCalls(1);
  inner.takeModelCall();
  inner.takeModelCall();
  for (let attempt = 0; attempt < 100; attempt++) refusal(() => inner.takeModelCall());
  const roomy = new RunBudget({ maxSteps: 3 });
  const strict = new RunBudget({ maxSteps: 1 }, { parent: roomy });
  strict.takeModelCall();
  for (let attempt = 0; attempt < 100; attempt++) refusal(() => strict.takeModelCall());
  roomy.takeModelCall();
  roomy.takeModelCall();
  refusal(() => roomy.takeModelCall());
});

Deno.test("RunBudget gives tool calls back to everybody they were taken from", () => {
  const outer = new RunBudget({ maxToolCalls: 3 });
  const inner = new RunBudget({ maxToolCalls: 3 }, { parent: outer, wantedToolCalls: 3 });
  inner.takeToolCalls(3);
  assertEquals(inner.wantedToolCalls, 0);
  inner.returnToolCalls(2);
  assertEquals(inner.wantedToolCalls, 2);
  outer.takeToolCalls(1);
  assertEquals(
    refusal(() => inner.takeToolCalls(2)),
    "Run exceeded its limit: maxToolCalls is 3, wanted 4",
  );
  inner.takeToolCalls(1);
});

Deno.test("RunBudget wants as many tool calls as the most modest caller around it", () => {
  const outer = new RunBudget({}, { wantedToolCalls: 3 });
  const middle = new RunBudget({}, { parent: outer });
  const [one, two] = [2, undefined].map((wantedToolCalls) =>
    new RunBudget({}, { parent: middle, wantedToolCalls })
  ) as [RunBudget, RunBudget];
  assertEquals([one, two, middle, outer].map((each) => each.wantedToolCalls), [2, 3, 3, 3]);
  two.takeToolCalls(2);
  assertEquals([one, two, middle, outer].map((each) => each.wantedToolCalls), [1, 1, 1, 1]);
  // More than wanted may be taken by whoever does not ask; there is no less than none.
  two.takeToolCalls(5);
  assertEquals([one, two, middle, outer].map((each) => each.wantedToolCalls), [0, 0, 0, 0]);
  two.returnToolCalls(7);
  assertEquals([one, two, middle, outer].map((each) => each.wantedToolCalls), [2, 3, 3, 3]);
});

Deno.test("RunBudget tells the tokens of a run inside once to each around it, and to nobody its own", () => {
  const told: string[] = [];
  const budgetOf = (name: string, parent?: RunBudget) =>
    new RunBudget({}, {
      parent,
      onInnerUsage: ({ inputTokens }) => told.push(`${name} ${inputTokens}`),
    });
  const top = budgetOf("top");
  const middle = budgetOf("middle", top);
  const bottom = budgetOf("bottom", middle);
  top.addUsage(tokens(1, 0));
  assertEquals(told.splice(0), []);
  middle.addUsage(tokens(2, 0));
  assertEquals(told.splice(0), ["top 2"]);
  bottom.addUsage(tokens(3, 0));
  assertEquals(told.splice(0), ["middle 3", "top 3"]);
  // Used by code inside a run rather than by a run: inner to that one as well.
  bottom.addInnerUsage(tokens(4, 0));
  assertEquals(told.splice(0), ["bottom 4", "middle 4", "top 4"]);
  // One without a listener is passed through.
  new RunBudget({}, { parent: new RunBudget({}, { parent: bottom }) }).addUsage(tokens(5, 0));
  assertEquals(told.splice(0), ["bottom 5", "middle 5", "top 5"]);
});

Deno.test("RunBudget counts and tells tokens that go beyond a limit: they are spent", () => {
  const told: Usage[] = [];
  const top = new RunBudget({ maxTokens: 10 }, { onInnerUsage: (usage) => told.push(usage) });
  const inner = new RunBudget({ maxTokens: 3 }, { parent: top });
  assertEquals(
    refusal(() => inner.addUsage(tokens(4, 5))),
    "Run exceeded its limit: maxTokens is 3, wanted 9",
  );
  assertEquals(told, [tokens(4, 5)]);
  refusal(() => top.addInnerUsage(tokens(1, 1)));
  assertEquals(told.length, 2);
});

Deno.test("runs side by side cannot take more calls together than the one around them has", async () => {
  const outer = new RunBudget({ maxSteps: 10, maxToolCalls: 7 });
  let models = 0;
  let calls = 0;
  const run = async () => {
    const budget = new RunBudget({}, { parent: outer });
    try {
      for (;;) {
        budget.takeModelCall();
        models += 1;
        await Promise.resolve();
        budget.takeToolCalls(2);
        calls += 2;
        await Promise.resolve();
      }
    } catch (error) {
      assert(error instanceof RunError);
    }
  };
  await Promise.all(Array.from({ length: 20 }, run));
  assertEquals(models, 10);
  assertEquals(calls, 6);
});

Deno.test("innerUsage counts what a run inside tells its reader alone, and nothing twice", () => {
  const told: Usage[] = [];
  const outer = new RunBudget({ maxTokens: 100 }, { onInnerUsage: (usage) => told.push(usage) });
  const quiet = innerUsage(outer);
  quiet.settle(tokens(3, 4));
  assertEquals(told.splice(0), [tokens(3, 4)]);
  const counting = innerUsage(outer);
  const agent = new RunBudget({}, { parent: counting.budget });
  agent.addUsage(tokens(1, 1));
  agent.addInnerUsage(tokens(1, 0));
  assertEquals(told.splice(0), [tokens(1, 1), tokens(1, 0)]);
  counting.settle(tokens(2, 1));
  assertEquals(told, []);
  // Some of it was counted as it was used, the rest is counted now.
  const mixed = innerUsage(outer);
  new RunBudget({}, { parent: mixed.budget }).addUsage(tokens(10, 0));
  told.length = 0;
  mixed.settle({ ...tokens(12, 5), cachedInputTokens: 2, reasoningTokens: 1 });
  assertEquals(told.splice(0), [{ ...tokens(2, 5), cachedInputTokens: 2, reasoningTokens: 1 }]);
  // Whoever tells less than was counted takes nothing back.
  const modest = innerUsage(outer);
  new RunBudget({}, { parent: modest.budget }).addUsage(tokens(10, 0));
  told.length = 0;
  modest.settle(NO_USAGE);
  assertEquals(told, []);
  assertEquals(
    refusal(() => innerUsage(outer).settle(tokens(99, 0))),
    "Run exceeded its limit: maxTokens is 100, wanted 136",
  );
});

/** The seed of this process: `FAKELLM_SEED`, or always the same one. */
const SEED = Number(Deno.env.get("FAKELLM_SEED") ?? 20_260_704) >>> 0;

/** Whole numbers from 0 to below `end` that follow from a seed (mulberry32). */
function chance(seed: number): (end: number) => number {
  let state = seed >>> 0;
  return (end) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * end);
  };
}

/** What a budget is, told by adding up what everybody below it has used. */
interface Node {
  readonly budget: RunBudget;
  readonly parent: Node | undefined;
  readonly limits: RunLimits;
  readonly wanted: number;
  own: number;
  modelCalls: number;
  toolCalls: number;
  usage: Usage;
  told: Usage;
}

function path(node: Node): Node[] {
  return node.parent ? [node, ...path(node.parent)] : [node];
}

function nodeOf(pick: (end: number) => number, parent: Node | undefined): Node {
  const maybe = (most: number) => pick(2) === 0 ? undefined : pick(most);
  const limits: RunLimits = {
    maxSteps: maybe(60),
    maxToolCalls: maybe(30),
    maxTokens: maybe(400),
    maxInputTokens: maybe(300),
    maxOutputTokens: maybe(300),
  };
  const wantedToolCalls = maybe(30);
  const options: RunBudgetOptions = {
    parent: parent?.budget,
    wantedToolCalls,
    onInnerUsage: (usage) => node.told = addUsage(node.told, usage),
  };
  const node: Node = {
    budget: new RunBudget(limits, options),
    parent,
    limits,
    wanted: wantedToolCalls ?? Infinity,
    own: 0,
    modelCalls: 0,
    toolCalls: 0,
    usage: NO_USAGE,
    told: NO_USAGE,
  };
  return node;
}

function within(limit: number | undefined, value: number): boolean {
  return limit === undefined || value <= limit;
}

/** Does one thing by chance; fails when budget and model disagree. */
function act(pick: (end: number) => number, node: Node): void {
  const around = path(node);
  const expected = (allowed: boolean, use: () => void) => {
    if (allowed) use();
    else refusal(use);
    return allowed;
  };
  switch (pick(4)) {
    case 0: {
      const allowed = (node.limits.maxSteps !== undefined || node.own < DEFAULT_MAX_STEPS) &&
        around.every(({ limits, modelCalls }) => within(limits.maxSteps, modelCalls + 1));
      if (!expected(allowed, () => node.budget.takeModelCall())) return;
      node.own += 1;
      for (const each of around) each.modelCalls += 1;
      return;
    }
    case 1: {
      const count = pick(4);
      const allowed = count === 0 ||
        around.every(({ limits, toolCalls }) => within(limits.maxToolCalls, toolCalls + count));
      if (!expected(allowed, () => node.budget.takeToolCalls(count))) return;
      for (const each of around) each.toolCalls += count;
      return;
    }
    case 2: {
      const count = Math.min(pick(3), node.toolCalls);
      node.budget.returnToolCalls(count);
      for (const each of around) each.toolCalls -= count;
      return;
    }
    default: {
      const usage = tokens(pick(5), pick(5));
      const inner = pick(2) === 0;
      for (const each of around) {
        each.usage = addUsage(each.usage, usage);
      }
      const allowed = around.every(({ limits, usage: { inputTokens, outputTokens } }) =>
        within(limits.maxInputTokens, inputTokens) &&
        within(limits.maxOutputTokens, outputTokens) &&
        within(limits.maxTokens, inputTokens + outputTokens)
      );
      const toldBefore = around.map(({ told }) => told);
      expected(allowed, () => {
        if (inner) node.budget.addInnerUsage(usage);
        else node.budget.addUsage(usage);
      });
      for (const [index, each] of around.entries()) {
        const more = index > 0 || inner ? usage : NO_USAGE;
        assertEquals(each.told, addUsage(toldBefore[index]!, more));
      }
    }
  }
}

Deno.test(`RunBudget agrees with adding up, in any tree of runs, FAKELLM_SEED=${SEED}`, () => {
  let refused = 0;
  for (let tree = 0; tree < 300; tree++) {
    const pick = chance(SEED + tree);
    const nodes: Node[] = [nodeOf(pick, undefined)];
    for (let step = 0; step < 120; step++) {
      if (nodes.length < 8 && pick(10) === 0) nodes.push(nodeOf(pick, nodes[pick(nodes.length)]));
      const node = nodes[pick(nodes.length)]!;
      try {
        act(pick, node);
        for (const each of nodes) {
          const wanted = path(each).map((one) => Math.max(0, one.wanted - one.toolCalls));
          assertEquals(each.budget.wantedToolCalls, Math.min(...wanted));
        }
      } catch (error) {
        throw new Error(`FAKELLM_SEED=${SEED}, tree ${tree}, step ${step}`, { cause: error });
      }
      if (
        path(node).some(({ limits, usage }) => !within(limits.maxInputTokens, usage.inputTokens))
      ) {
        refused += 1;
      }
    }
  }
  assert(refused > 100, "hardly anything was refused");
});
