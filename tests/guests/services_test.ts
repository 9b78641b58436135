/**
 * What a guest uses of its host: by name, and under the identity and the limits of whoever asked.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RunBudget } from "../../src/run/budget.ts";
import { RequestError } from "../../src/run/error.ts";
import { FunctionModel, ScriptedModel } from "../../src/testing/scripted_model.ts";
import { FunctionToolset } from "../../src/tools/function_toolset.ts";
import { ModelRetry, ToolFailed } from "../../src/tools/outcome.ts";
import { tool } from "../../src/tools/tool.ts";
import { answer, ask, MODEL_REQUEST, services } from "./host_services.ts";
import { failsWith, TestGuest } from "./test_guest.ts";

Deno.test("an agent in a guest calls backends and tools of its host, as whoever asked", async () => {
  const seen: unknown[] = [];
  const files = new FunctionToolset([
    tool({
      name: "read_note",
      description: "Reads a note",
      parameters: {
        type: "object",
        properties: { name: { type: "string" } },
        required: ["name"],
      },
      execute: ({ name }, { run, deps, runId }) => {
        seen.push([name, run.principal.name, run.principal.tenant, deps, runId]);
        return `The note of ${run.principal.name}`;
      },
    }),
  ]);
  const demo = new FunctionModel(({ messages }) => {
    const last = messages.at(-1)!;
    if (last.role !== "tool") {
      return { toolCalls: [{ name: "read_note", arguments: { name: "a" } }] };
    }
    return `Says: ${last.content[0]?.type === "text" && last.content[0].text}`;
  });
  await using guest = await TestGuest.start({
    specifier: "hosted.ts",
    services: services({ backends: { demo }, mcps: { files } }),
  });
  const callers = ["alice", "bob"].map((name) => ({
    principal: { name, tenant: `tenant of ${name}` },
    deps: { token: `token of ${name}` },
    runId: `run_${name}`,
  }));
  const texts = await Promise.all(callers.map((context) => answer(guest, context)));
  assertEquals(texts, ["Says: The note of alice", "Says: The note of bob"]);
  assertEquals(seen.sort(), [
    ["a", "alice", "tenant of alice", { token: "token of alice" }, "run_alice"],
    ["a", "bob", "tenant of bob", { token: "token of bob" }, "run_bob"],
  ]);
  assertEquals(demo.requests[0]!.messages[0], { role: "system", content: "Be brief." });
});

Deno.test("a guest is refused what it was not given, by whichever name", async () => {
  const model = new ScriptedModel([]);
  await using guest = await TestGuest.start({
    services: services({ backends: { main: model }, mcps: { files: new FunctionToolset([]) } }),
  });
  for (const name of ["other", "__proto__", "constructor", ""]) {
    for (
      const request of [
        { service: "model", backend: name, request: MODEL_REQUEST },
        { service: "tools", mcp: name },
        { service: "tool-call", mcp: name, tool: "a", arguments: {} },
      ]
    ) {
      const outcome = await guest.does(ask, request);
      assertEquals(outcome, { error: "RunError: A service of the host failed" });
    }
  }
  assertEquals(
    await guest.does(ask, { service: "tool-call", mcp: "files", tool: "__proto__", arguments: {} }),
    { error: 'RequestError: No tool is named "__proto__"' },
  );
  assertEquals(model.requests, []);
  const told = guest.logger.entries.filter(({ message }) =>
    message === "Service of a guest failed"
  );
  assert(told.some(({ fields }) => fields.detail === 'Guest may not use backend "other"'));
});

Deno.test("a module that names what it was not given cannot be served, and is told what it was given", async () => {
  await failsWith(
    TestGuest.start({
      specifier: "hosted.ts",
      services: services({ backends: { main: new ScriptedModel([]) } }),
    }),
    /^SetupError: Cannot serve module "hosted.ts": .*Cannot use backend "demo" of the host; granted are "main"/,
  );
  await failsWith(
    TestGuest.start({
      specifier: "hosted.ts",
      services: services({ backends: { demo: new ScriptedModel([]) } }),
    }),
    /Cannot use MCP server "files" of the host; granted are none/,
  );
});

Deno.test("the walls of a run hold for what its guest uses", async () => {
  const main = new FunctionModel(() => ({
    text: "x",
    usage: { inputTokens: 60, outputTokens: 0 },
  }));
  const files = new FunctionToolset([
    tool({ name: "t", description: "t", parameters: { type: "object" }, execute: () => "did" }),
  ]);
  await using guest = await TestGuest.start({
    services: services({
      backends: { main },
      mcps: { files },
      limits: { maxSteps: 3, maxToolCalls: 2 },
    }),
  });
  const counts = (await guest.value(
    async (model, tool) => {
      const host = (globalThis as unknown as Record<symbol, { ask: typeof ask }>)[
        Symbol.for("fakellm.host")
      ]!;
      const did = async (request: object) => {
        let count = 0;
        for (let tries = 0; tries < 5; tries++) {
          await host.ask(request).then(() => count++, () => {});
        }
        return count;
      };
      return [await did(model), await did(tool)];
    },
    { service: "model", backend: "main", request: MODEL_REQUEST },
    {
      service: "tool-call",
      mcp: "files",
      tool: "t",
      arguments: {},
    },
  )) as number[];
  assertEquals(counts, [3, 2]);
  assertEquals(main.requests.length, 3);

  // Those of the run around it as well, and what was used counts there.
  const parent = new RunBudget({ maxTokens: 100 });
  const order = JSON.stringify({
    code: String(ask),
    args: [{ service: "model", backend: "main", request: MODEL_REQUEST }],
  });
  const outcomes: unknown[] = [];
  for (let tries = 0; tries < 3; tries++) {
    outcomes.push(JSON.parse(await guest.asks(order, { budget: parent })));
  }
  assertMatch(JSON.stringify(outcomes[0]), /done/);
  assertMatch(JSON.stringify(outcomes[1]), /service of the host failed/);
  assertMatch(JSON.stringify(outcomes[2]), /service of the host failed/);
});

Deno.test("a caller who leaves stops what the guest had its host do, within a second", async () => {
  const began = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const main = new FunctionModel(() => ({
    before: async (signal) => {
      began.resolve();
      await new Promise<void>((resolve) =>
        signal.addEventListener("abort", () => resolve(), { once: true })
      );
      stopped.resolve();
    },
  }));
  await using guest = await TestGuest.start({ services: services({ backends: { main } }) });
  const leave = new AbortController();
  const order = JSON.stringify({
    code: String(ask),
    args: [{ service: "model", backend: "main", request: MODEL_REQUEST }],
  });
  const run = guest.asks(order, { signal: leave.signal }).catch((error) => error);
  await began.promise;
  const left = performance.now();
  leave.abort(new Error("left"));
  await stopped.promise;
  assert(performance.now() - left < 1000);
  assertEquals((await run).message, "left");
});

Deno.test("a service asked for once its run is over is refused, and costs nothing", async () => {
  const main = new FunctionModel(() => "late");
  await using guest = await TestGuest.start({ services: services({ backends: { main } }) });
  await guest.value((request) => {
    const host = (globalThis as unknown as Record<symbol, { ask: typeof ask }>)[
      Symbol.for("fakellm.host")
    ]!;
    const late = globalThis as unknown as { late: Promise<string> };
    late.late = new Promise((resolve) =>
      setTimeout(
        () => host.ask(request).then(() => resolve("worked"), (error) => resolve(`${error}`)),
        20,
      )
    );
  }, { service: "model", backend: "main", request: MODEL_REQUEST });
  const outcome = await guest.value(() =>
    (globalThis as unknown as { late: Promise<string> }).late
  );
  assertMatch(`${outcome}`, /The run is over/);
  assertEquals(main.requests, []);
});

Deno.test("a tool's own words reach the model in the guest, and nobody else's do", async () => {
  const failing = (error: Error) =>
    new FunctionToolset([
      tool({
        name: "t",
        description: "t",
        parameters: { type: "object" },
        execute: () => {
          throw error;
        },
      }),
    ]);
  await using guest = await TestGuest.start({
    services: services({
      mcps: {
        retry: failing(new ModelRetry("Say it again")),
        failed: failing(new ToolFailed("No such note")),
        broken: failing(new Error("password s3cr3t")),
        refusing: failing(new RequestError("invalid-value", "Not like this")),
      },
    }),
  });
  const outcomes = await Promise.all(
    ["retry", "failed", "broken", "refusing"].map((mcp) =>
      guest.does(ask, { service: "tool-call", mcp, tool: "t", arguments: {} })
    ),
  );
  assertEquals(outcomes, [
    { error: "ModelRetry: Say it again" },
    { error: "ToolFailed: No such note" },
    { error: "RunError: A service of the host failed" },
    { error: "RequestError: Not like this" },
  ]);
});

Deno.test("a tool of the host that needs consent is not the guest's to call", async () => {
  let acted = 0;
  const files = new FunctionToolset([
    tool({
      name: "act",
      description: "Acts",
      requiresApproval: true,
      parameters: { type: "object" },
      execute: () => ++acted,
    }),
  ]);
  await using guest = await TestGuest.start({ services: services({ mcps: { files } }) });
  const request = { service: "tool-call", mcp: "files", tool: "act", arguments: {} };
  assertEquals(await guest.does(ask, request), {
    error: "RunError: A service of the host failed",
  });
  assertEquals(acted, 0);
});

Deno.test("a run has its host keep so much and no more, whatever else is kept there", async () => {
  await using guest = await TestGuest.start({ services: services({}) });
  const parked = await guest.value(async () => {
    const host = (globalThis as unknown as Record<symbol, { ask: typeof ask }>)[
      Symbol.for("fakellm.host")
    ]!;
    const messages = [{ role: "system", content: "x".repeat(1_000_000) }];
    const outcomes: string[] = [];
    for (let count = 0; count < 6; count++) {
      const turn = { messages, callIds: { [`call${count}`]: "c" } };
      await host.ask({ service: "turn-park", turn })
        .then(() => outcomes.push("parked"), ({ name, code }) => outcomes.push(`${name} ${code}`));
    }
    return outcomes;
  });
  const refused = "RunError run-failed";
  assertEquals(parked, ["parked", "parked", "parked", "parked", refused, refused]);
});
