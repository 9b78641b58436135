import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { testContext } from "../testing/test_context.ts";
import { testStep } from "../testing/test_step.ts";
import { CombinedToolset } from "./combined.ts";
import { DynamicToolset } from "./dynamic.ts";
import { FilteredToolset } from "./filtered.ts";
import { tool } from "./tool.ts";
import { enterToolset, leaveToolset, type Toolset } from "./toolset.ts";

/** A toolset that writes down when it starts and is disposed of. */
function logged(id: string, log: string[], more: Partial<Toolset> = {}): Toolset {
  return {
    id,
    start: () => {
      log.push(`+${id}`);
      return Promise.resolve();
    },
    tools: () => [tool({ name: id, execute: () => id })],
    [Symbol.asyncDispose]: () => {
      log.push(`-${id}`);
      return Promise.resolve();
    },
    ...more,
  };
}

async function toolsAt(toolset: Toolset, step: number): Promise<string[]> {
  const ctx = testStep({ step });
  return (await (await toolset.forStep!(ctx)).tools(ctx)).map(({ name }) => name);
}

Deno.test("DynamicToolset makes one toolset for a run", async () => {
  const made = logged("a", []);
  const dynamic = new DynamicToolset(({ runId }) => runId === "r" ? made : undefined);
  assertEquals([dynamic.id, dynamic.tools()], ["dynamic", []]);
  assertStrictEquals(await dynamic.forRun(testStep({ runId: "r" })), made);
  const none = await dynamic.forRun(testStep({ runId: "other" }));
  assertEquals([none.id, await none.tools(testStep())], ["dynamic", []]);
});

Deno.test("DynamicToolset uses what the toolset it made is for the run", async () => {
  const inner = logged("inner", []);
  const outer: Toolset = { id: "outer", forRun: () => inner, tools: () => [] };
  const perRun = new DynamicToolset(() => Promise.resolve(outer), { id: "d" });
  assertStrictEquals(await perRun.forRun(testStep()), inner);
  const perStep = await new DynamicToolset(() => outer, { per: "step" }).forRun(testStep());
  assertEquals(await toolsAt(perStep, 1), ["inner"]);
});

Deno.test("DynamicToolset per step leaves a toolset once another took its place", async () => {
  const log: string[] = [];
  const a = logged("a", log);
  const b = logged("b", log, { forStep: ({ step }) => logged(`b${step}`, []) });
  const plan = [a, a, b, undefined, a];
  const dynamic = new DynamicToolset(({ step }) => plan[step - 1], { per: "step", id: "d" });
  const run = await dynamic.forRun(testStep());
  assertEquals(run.id, "d");
  await enterToolset(run);
  const seen: string[] = [];
  for (const step of plan.keys()) seen.push(...await toolsAt(run, step + 1), log.join(""));
  assertEquals(seen, ["a", "+a", "a", "+a", "b3", "+a+b-a", "+a+b-a-b", "a", "+a+b-a-b+a"]);
  await leaveToolset(run);
  assertEquals(log.join(""), "+a+b-a-b+a-a");
});

Deno.test("DynamicToolset per step asks a toolset it is given again for its run only once", async () => {
  const log: string[] = [];
  const outer: Toolset = { id: "outer", forRun: () => logged("inner", log), tools: () => [] };
  const run = await new DynamicToolset(() => outer, { per: "step" }).forRun(testStep());
  await enterToolset(run);
  for (const step of [1, 2]) await toolsAt(run, step);
  await leaveToolset(run);
  assertEquals(log, ["+inner", "-inner"]);
});

Deno.test("DynamicToolset per step keeps what two toolsets in a row are made of", async () => {
  const log: string[] = [];
  const server = logged("server", log);
  const dynamic = new DynamicToolset(() => new FilteredToolset(server, () => true), {
    per: "step",
  });
  const run = await dynamic.forRun(testStep());
  await enterToolset(run);
  await toolsAt(run, 1);
  await toolsAt(run, 2);
  assertEquals(log, ["+server"]);
  await leaveToolset(run);
  assertEquals(log, ["+server", "-server"]);
});

Deno.test("DynamicToolset per step keeps runs apart", async () => {
  const log: string[] = [];
  const dynamic = new DynamicToolset<string>(({ deps }) => logged(deps, log), { per: "step" });
  const runs = await Promise.all(["x", "y"].map((deps) => dynamic.forRun(testStep({ deps }))));
  for (const [index, run] of runs.entries()) {
    await enterToolset(run as Toolset);
    await run.forStep!(testStep({ deps: "xy"[index]! }));
  }
  await leaveToolset(runs[0] as Toolset);
  assertEquals(log, ["+x", "+y", "-x"]);
  await leaveToolset(runs[1] as Toolset);
});

Deno.test("DynamicToolset per step keeps the former toolset when the next one fails to start", async () => {
  const log: string[] = [];
  const good = logged("good", log);
  const bad = logged("bad", log, { start: () => Promise.reject(new Error("down")) });
  const dynamic = new DynamicToolset(({ step }) => step === 1 ? good : bad, { per: "step" });
  const run = await dynamic.forRun(testStep());
  await enterToolset(run);
  await toolsAt(run, 1);
  await assertRejects(() => toolsAt(run, 2), Error, "down");
  await leaveToolset(run);
  assertEquals(log, ["+good", "-good"]);
});

Deno.test("DynamicToolset per step goes on when the former toolset does not close", async () => {
  const stuck = logged("stuck", [], {
    [Symbol.asyncDispose]: () => Promise.reject(new Error("stuck")),
  });
  const next = logged("next", []);
  const dynamic = new DynamicToolset(({ step }) => step === 1 ? stuck : next, { per: "step" });
  const context = testContext();
  const run = await dynamic.forRun(testStep());
  await enterToolset(run);
  for (const step of [1, 2]) await run.forStep!(testStep({ step, run: context }));
  await leaveToolset(run);
  assertEquals(context.logger.entries.map(({ message }) => message), ["Toolset did not close"]);
});

Deno.test("DynamicToolset lets go of a toolset that starts after its run ended", async () => {
  const log: string[] = [];
  const starting = Promise.withResolvers<void>();
  const slow = logged("slow", log, { start: () => starting.promise });
  const run = await new DynamicToolset(() => slow, { per: "step" }).forRun(testStep());
  await enterToolset(run);
  const step = toolsAt(run, 1);
  await leaveToolset(run);
  starting.resolve();
  assertEquals(await step, []);
  assertEquals(log, ["-slow"]);
});

Deno.test("DynamicToolset works inside a combined and a wrapped toolset", async () => {
  const log: string[] = [];
  const dynamic = new DynamicToolset(({ step }) => logged(`t${step}`, log), { per: "step" });
  const combined = new CombinedToolset([new FilteredToolset(dynamic, () => true)]);
  const run = await combined.forRun!(testStep());
  await enterToolset(run);
  assertEquals([await toolsAt(run, 1), await toolsAt(run, 2)], [["t1"], ["t2"]]);
  await leaveToolset(run);
  assertEquals(log, ["+t1", "+t2", "-t1", "-t2"]);
});
