import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CodeMode } from "../code_mode/code_mode.ts";
import { RunError, SetupError } from "../run/error.ts";
import { ScriptedModel } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ApprovalRequired } from "../tools/outcome.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import { assertAsked, Client, seen } from "./approval_fixture_test.ts";
import { code, coding, runs } from "./code_mode_fixture_test.ts";

/** Whether a process is there; zombies that nobody has waited for yet do not count. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** Tools that tell the test which process calls them. */
function watched() {
  const pids: number[] = [];
  const { promise: waiting, resolve: wait } = Promise.withResolvers<AbortSignal>();
  return {
    pids,
    /** Settles once `hold` is called. */
    waiting,
    tools: [
      tool({
        name: "note",
        parameters: { type: "object" },
        execute: (args) => {
          pids.push((args as { pid: number }).pid);
        },
      }),
      tool({
        name: "hold",
        execute: (_, { signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
            wait(signal);
          }),
      }),
      tool({
        name: "ignore",
        execute: (_, { signal }) => {
          wait(signal);
          return new Promise(() => {});
        },
      }),
      tool({
        name: "fail",
        execute: () => {
          throw new Error("broken");
        },
      }),
    ],
  };
}

const NOTE = "await note({ pid: Deno.pid });";

Deno.test("the process of code ends with its run, well or not", async () => {
  const { pids, tools } = watched();
  await runs([code(NOTE), code(NOTE)], { tools });
  assertEquals(pids[0], pids[1]);
  await assertRejects(() => runs([code(`${NOTE} await fail()`)], { tools }), RunError);
  await assertRejects(() => runs([code(NOTE), { error: new Error("model") }], { tools }), Error);
  assertEquals(pids.map(isAlive), [false, false, false, false]);
});

Deno.test("an abort while a call of code runs ends call, code and process", async () => {
  for (const name of ["hold", "ignore"]) {
    const { pids, waiting, tools } = watched();
    const controller = new AbortController();
    const { agent } = coding(
      [code(`${NOTE} try { await ${name}() } finally { await ${name}() }`)],
      { tools },
    );
    const running = assertRejects(
      async () => {
        for await (const _ of agent.run(testRequest(), testContext({ signal: controller.signal })));
      },
      Error,
      "left",
    );
    const signal = await waiting;
    controller.abort(new Error("left"));
    assert(signal.aborted);
    await running;
    assertEquals(pids.map(isAlive), [false]);
  }
});

Deno.test("an abort while code computes, or while its process starts, ends it", async () => {
  const { pids, tools } = watched();
  const controller = new AbortController();
  const { promise: noted, resolve: tell } = Promise.withResolvers<void>();
  const computing = assertRejects(
    () =>
      runs([code(`${NOTE} begin(); for (;;);`)], {
        tools: [...tools, tool({ name: "begin", execute: () => tell() })],
      }, { context: testContext({ signal: controller.signal }) }),
    Error,
    "left",
  );
  await noted;
  controller.abort(new Error("left"));
  await computing;
  assertEquals(pids.map(isAlive), [false]);
  const early = new AbortController();
  const { agent } = coding([code("1")], { tools });
  const events = agent.run(testRequest(), testContext({ signal: early.signal }));
  await assertRejects(
    async () => {
      for await (const event of events) {
        if (event.type === "trace" && event.trace.kind === "tool-call") {
          early.abort(new Error("early"));
        }
      }
    },
    Error,
    "early",
  );
});

Deno.test("a reader that goes away ends code and process", async () => {
  const { pids, tools } = watched();
  const { agent } = coding([code(`${NOTE} await hold()`)], { tools });
  const events = agent.run(testRequest(), testContext());
  for await (const event of events) {
    if (event.type === "trace" && event.trace.kind === "tool-result") break;
  }
  assertEquals(pids.length, 1);
  assertEquals(pids.map(isAlive), [false]);
});

Deno.test("a deadline ends code", async () => {
  const { pids, waiting, tools } = watched();
  const context = testContext();
  const running = assertRejects(
    () => runs([code(`${NOTE} await hold()`)], { tools, limits: { maxSeconds: 5 } }, { context }),
    RunError,
    "maxSeconds is 5",
  );
  await waiting;
  context.clock.advance(5000);
  await running;
  assertEquals(pids.map(isAlive), [false]);
});

Deno.test("code that is ended is told of calls that began, not of those that waited", async () => {
  const { tools } = watched();
  const later: string[] = [];
  const { results } = await runs([code("hold(); later(); for (;;);"), "Done."], {
    codeMode: new CodeMode({ maxCpuS: 1 }),
    tools: [
      ...tools,
      tool({ name: "later", sequential: true, execute: () => void later.push("called") }),
    ],
  });
  assertStringIncludes(results[0]!, "since it used too much processor time or memory.");
  assertStringIncludes(results[0]!, "Functions called until then: hold.");
  assertEquals(later, []);
});

Deno.test("a client can be asked about a piece of code, and only its consent runs it", async () => {
  const { tools, pids } = watched();
  const { agent, model } = coding([code(`${NOTE} 6 * 7`), "Done."], {
    tools,
    approval: "client",
    hooks: [{
      beforeToolExecute: ({ approved }, { ownName }) => {
        if (ownName === "run_code" && !approved) {
          throw new ApprovalRequired(undefined, { label: "Run code", text: "May I?" });
        }
      },
    }],
  });
  const client = new Client(agent);
  await client.ask();
  assertAsked(client, "Run code");
  assertEquals(pids, []);
  assertEquals((await client.answer(true).ask()).text, "Done.");
  assertEquals([pids.length, seen(model).at(-1)], [1, "tool#call_0_0 42"]);
});

Deno.test("an agent that is started has a sandbox ready, and none once it is let go", async () => {
  const { pids, tools } = watched();
  const agent = new Agent({
    model: new ScriptedModel([code(NOTE), "Done."]),
    tools,
    codeMode: new CodeMode({ ready: 2 }),
  });
  await agent.start();
  await agent.generate("Hi");
  await agent[Symbol.asyncDispose]();
  assertEquals(pids.map(isAlive), [false]);
});

Deno.test("agents that share a code mode keep it open until the last is let go", async () => {
  const codeMode = new CodeMode();
  const made = (name: string) =>
    new Agent({
      name,
      model: new ScriptedModel([code("1"), "Done."]),
      tools: watched().tools,
      codeMode,
    });
  const [one, other] = [made("one"), made("other")];
  await one.start();
  await other.start();
  await one[Symbol.asyncDispose]();
  assertEquals(await other.generate("Hi").then(({ output }) => output), "Done.");
  await other[Symbol.asyncDispose]();
});

Deno.test("an agent that cannot start leaves a code mode to those that have", async () => {
  let [started, ended] = [0, 0];
  class Counted extends CodeMode {
    override async start(agent: string) {
      if (agent === "bad") throw new SetupError("No Deno");
      await super.start(agent);
      started += 1;
    }
    override async [Symbol.asyncDispose]() {
      ended += 1;
      await super[Symbol.asyncDispose]();
    }
  }
  const codeMode = new Counted();
  const { tools } = watched();
  const good = new Agent({ model: new ScriptedModel([code("1"), "Done."]), tools, codeMode });
  await good.start();
  const bad = new Agent({ name: "bad", model: new ScriptedModel([]), tools, codeMode });
  await assertRejects(() => bad.start(), SetupError);
  assertEquals([started, ended], [1, 0]);
  assertEquals(await good.generate("Hi").then(({ output }) => output), "Done.");
  await good[Symbol.asyncDispose]();
  assertEquals([started, ended], [1, 1]);
});

Deno.test("an agent that was never started takes its code mode from no other", async () => {
  await using codeMode = new CodeMode();
  await codeMode.start("other");
  const agent = new Agent({ model: new ScriptedModel(["Hi"]), codeMode });
  await agent[Symbol.asyncDispose]();
  await agent.start();
  await agent[Symbol.asyncDispose]();
  await agent[Symbol.asyncDispose]();
  // Whoever still uses it finds a sandbox that is ready.
  const session = codeMode.session();
  const value = await session.run("1 + 1", {
    restart: false,
    signal: new AbortController().signal,
    functions: [],
    call: () => Promise.reject(new Error("Nothing to call")),
  });
  assertEquals(value, 2);
  await session[Symbol.asyncDispose]();
});
