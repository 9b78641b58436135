import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RunError, SetupError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import type { Runner } from "../run/runner.ts";
import { FunctionModel } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { Route, type RouteFactory } from "./route.ts";
import { RouterWorkflow } from "./router.ts";
import { AgenticWorkflow } from "./workflow.ts";

const REASON = new Error("The client has left");

/** Names the route that the user's last words are. */
const naming = new FunctionModel(({ messages }) => {
  const said = JSON.stringify(messages.at(-1));
  return JSON.stringify({ route: said.match(/User: (\w+)/)![1] });
});

/** A router over these sources, by id. */
function routerOf(sources: Readonly<Record<string, Runner | RouteFactory>>): RouterWorkflow {
  const routes = Object.entries(sources).map(([id, source]) => new Route(id, source, `Is ${id}`));
  return new RouterWorkflow({ model: naming, routes });
}

async function ask(router: RouterWorkflow, route: string): Promise<string> {
  return (await fold(router.run(testRequest(route), testContext()))).text;
}

/** Logs its life. */
function living(log: string[], name: string): AgenticWorkflow {
  return new AgenticWorkflow({
    run: () => name,
    start: async () => {
      await Promise.resolve();
      log.push(`start ${name}`);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.resolve();
      log.push(`end ${name}`);
    },
  });
}

Deno.test("start() starts each Runner once, however many routes share it, and disposal ends each once", async () => {
  const log: string[] = [];
  const shared = living(log, "shared");
  {
    await using router = routerOf({ a: shared, b: shared, c: living(log, "own") });
    await router.start();
    assertEquals(log.toSorted(), ["start own", "start shared"]);
    assertEquals(await ask(router, "b"), "shared");
  }
  assertEquals(log.slice(2).toSorted(), ["end own", "end shared"]);
});

Deno.test("routers that share a Runner start it with the first and end it with the last", async () => {
  const log: string[] = [];
  const shared = living(log, "shared");
  const [one, two, idle] = [1, 2, 3].map(() => routerOf({ a: shared, b: shared }));
  await Promise.all([one!.start(), two!.start()]);
  await idle![Symbol.asyncDispose]();
  await one![Symbol.asyncDispose]();
  await one![Symbol.asyncDispose]();
  assertEquals(log, ["start shared"]);
  await two![Symbol.asyncDispose]();
  assertEquals(log, ["start shared", "end shared"]);
  await one!.start();
  await one![Symbol.asyncDispose]();
  assertEquals(log.slice(2), ["start shared", "end shared"]);
});

Deno.test("a start that fails lets go of what was started, and may be tried again", async () => {
  const log: string[] = [];
  let broken = true;
  const fragile = new AgenticWorkflow({
    run: () => "fragile",
    start: () => broken ? Promise.reject(new Error("port is taken")) : Promise.resolve(),
  });
  const router = routerOf({ a: living(log, "a"), b: fragile });
  await assertRejects(() => router.start(), Error, "port is taken");
  assertEquals(log, ["start a", "end a"]);
  await router[Symbol.asyncDispose]();
  broken = false;
  await router.start();
  assertEquals(log.slice(2), ["start a"]);
  await router[Symbol.asyncDispose]();
});

Deno.test("disposal ends all Runners, also where one fails to end", async () => {
  const log: string[] = [];
  const error = new Error("stuck door");
  const stuck = new AgenticWorkflow({
    run: () => "",
    [Symbol.asyncDispose]: () => Promise.reject(error),
  });
  const router = routerOf({ a: stuck, b: living(log, "b") });
  await router.start();
  assertStrictEquals(await assertRejects(() => router[Symbol.asyncDispose]()), error);
  assertEquals(log, ["start b", "end b"]);
});

Deno.test("a factory is called once, by start() or at first use", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const factory = (name: string): RouteFactory => async () => {
    log.push(`build ${name}`);
    await gate.promise;
    return living(log, name);
  };
  const lazy = routerOf({ a: factory("a"), b: factory("b") });
  const answers = [ask(lazy, "a"), ask(lazy, "a")];
  gate.resolve();
  assertEquals(await Promise.all(answers), ["a", "a"]);
  assertEquals(await ask(lazy, "a"), "a");
  assertEquals(log, ["build a"]);
  await lazy.start();
  assertEquals(log.slice(1).toSorted(), ["build b", "start a", "start b"]);
  await lazy[Symbol.asyncDispose]();
});

Deno.test("a factory that failed is called again, one that makes no Runner is the author's fault", async () => {
  let calls = 0;
  const flaky: RouteFactory = () => {
    if (calls++ === 0) throw new RunError("backend-down", "Not yet");
    return new AgenticWorkflow(() => "built");
  };
  const router = routerOf({ a: flaky, b: (() => ({})) as unknown as RouteFactory });
  await assertRejects(() => ask(router, "a"), RunError, "Not yet");
  assertEquals(await ask(router, "a"), "built");
  await assertRejects(() => ask(router, "b"), SetupError, 'Route "b" cannot answer');
});

/** What a run may wait in: its choice, the building of its route, the route itself. */
const WAITING: Readonly<Record<string, (started: () => void) => RouterWorkflow>> = {
  "its model chooses": (started) => {
    const model = new FunctionModel(() => ({
      before: (signal) => {
        started();
        return new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      },
    }));
    const route = (id: string) => new Route(id, new AgenticWorkflow(() => ""), id);
    return new RouterWorkflow({ model, routes: [route("a"), route("b")], fallback: "a" });
  },
  "a deaf model chooses": (started) => {
    const model = new FunctionModel(() => {
      started();
      return new Promise<string>(() => {});
    });
    const route = (id: string) => new Route(id, new AgenticWorkflow(() => ""), id);
    return new RouterWorkflow({ model, routes: [route("a"), route("b")], fallback: "a" });
  },
  "its route is built": (started) =>
    routerOf({
      Hello: () => {
        started();
        return new Promise<Runner>(() => {});
      },
    }),
  "its route is silent": (started) =>
    routerOf({
      Hello: new AgenticWorkflow((request) => {
        started();
        return new Promise<string>((_, reject) => {
          request.signal.addEventListener("abort", () => reject(request.signal.reason));
        });
      }),
      other: new AgenticWorkflow(() => ""),
    }),
};

for (const [where, make] of Object.entries(WAITING)) {
  Deno.test(`RouterWorkflow ends at once when aborted while ${where}`, async () => {
    const started = Promise.withResolvers<void>();
    const controller = new AbortController();
    const context = testContext({ signal: controller.signal });
    const run = fold(make(started.resolve).run(testRequest(), context));
    run.catch(() => {});
    await started.promise;
    controller.abort(REASON);
    assertStrictEquals(await assertRejects(() => run), REASON);
    // Nobody is to look for a fault of the model.
    assertEquals(context.logger.entries.filter(({ level }) => level === "warn"), []);
  });

  Deno.test(`RouterWorkflow returns at once while ${where}`, async () => {
    const started = Promise.withResolvers<void>();
    const events = make(started.resolve).run(testRequest(), testContext());
    const seen = (async () => {
      for (;;) {
        const step = await events.next();
        if (step.done) return step;
      }
    })();
    await started.promise;
    assertEquals(await events.return?.(), { done: true, value: undefined });
    assertEquals(await seen, { done: true, value: undefined });
  });
}

Deno.test("RouterWorkflow waits for a route that cleans up when its reader returns", async () => {
  let cleaned = false;
  const route: Runner = {
    async *run(_, { signal }): AsyncGenerator<RunEvent> {
      try {
        yield { type: "text-start" };
        yield { type: "text-delta", text: "a" };
      } finally {
        await Promise.resolve();
        cleaned = !signal.aborted || signal.reason instanceof RunError;
      }
    },
  };
  for await (const event of routerOf({ Hello: route }).run(testRequest(), testContext())) {
    if (event.type === "text-start") break;
  }
  assert(cleaned);
});

Deno.test("RouterWorkflow leaves no listener on a signal that outlives the run", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  Object.assign(signal, {
    addEventListener: (...args: Parameters<typeof add>) => (listeners++, add(...args)),
    removeEventListener: (...args: Parameters<typeof remove>) => (listeners--, remove(...args)),
  });
  const router = routerOf({
    a: new AgenticWorkflow(() => "a"),
    b: new AgenticWorkflow(() => Promise.reject(new Error("asked for"))),
  });
  await fold(router.run(testRequest("a"), testContext({ signal })));
  await assertRejects(() => fold(router.run(testRequest("b"), testContext({ signal }))));
  const stopped = router.run(testRequest("a"), testContext({ signal }));
  await stopped.next();
  await stopped.return?.();
  await router.run(testRequest("a"), testContext({ signal })).return?.();
  assertEquals(listeners, 0);
});
