import { assert, assertEquals, assertRejects } from "@std/assert";
import { RunError } from "../run/error.ts";
import { macrotask } from "../testing/macrotask.ts";
import { enterToolset, leaveToolset } from "../tools/toolset.ts";
import { type HandlerExtra, type McpServer, textResult, until } from "./fixture_test.ts";
import { beginRun, inTime, overHttp, telling } from "./toolset_fixture_test.ts";
import type { MCPToolsetOptions } from "./toolset_options.ts";
import { ContextValue } from "./values.ts";

interface Deps {
  readonly user?: unknown;
}

const headers = { "x-user": new ContextValue<never>("user"), "x-app": "fixed" };

/** A toolset whose header depends on the request, started. */
async function identities(options: Partial<MCPToolsetOptions<Deps>> = {}) {
  const made = overHttp<Deps>(telling, { headers, ...options });
  await enterToolset(made.toolset);
  return {
    ...made,
    as: (user: unknown, signal?: AbortSignal) =>
      beginRun<Deps>(made.toolset, { deps: { user }, signal }),
    /** Users by session, as the server saw them; undefined where there was no session yet. */
    users: () => {
      const found = new Map<string | null, Set<string | null>>();
      for (const { headers } of made.server.received) {
        const session = headers.get("mcp-session-id");
        found.set(session, (found.get(session) ?? new Set()).add(headers.get("x-user")));
      }
      return found;
    },
    [Symbol.asyncDispose]: () => leaveToolset(made.toolset),
  };
}

const told = (user: string) => ({ meta: {}, user });

Deno.test("each identity has a session of its own, and all its requests carry its values", async () => {
  await using made = await identities();
  assertEquals(made.server.received.length, 0, "nobody has come yet");
  const [ada, bob, again] = await Promise.all([made.as("ada"), made.as("bob"), made.as("ada")]);
  assertEquals(await Promise.all([ada, bob, again].map((run) => run.call("tell"))), [
    told("ada"),
    told("bob"),
    told("ada"),
  ]);
  for (const run of [ada, bob, again]) await run[Symbol.asyncDispose]();
  assertEquals(made.server.sessions.size, 2);
  const users = made.users();
  assertEquals(users.get(null), new Set(["ada", "bob"]));
  users.delete(null);
  assertEquals(Array.from(users.values(), (set) => [...set]).sort(), [["ada"], ["bob"]]);
  assert(made.server.received.every(({ headers }) => headers.get("x-app") === "fixed"));
});

Deno.test("identities have no tools in common, and none outside of a run", async () => {
  await using made = await identities();
  await using ada = await made.as("ada");
  assertEquals(await ada.names(), ["tell"]);
  assertEquals(made.toolset.knownTools, undefined);
  await made.toolset.check(new AbortController().signal);
  assertEquals(made.server.messages("ping").length, 0);
});

Deno.test("a session that nobody uses is closed after a while, in its identity's name", async () => {
  await using made = await identities({ idleMs: 5000 });
  const first = await made.as("ada");
  await first.call("tell");
  await first[Symbol.asyncDispose]();
  made.clock.advance(4999);
  const second = await made.as("ada");
  assertEquals(made.server.messages("initialize").length, 1);
  made.clock.advance(60_000);
  assertEquals(await second.call("tell"), told("ada"), "it is in use");
  await second[Symbol.asyncDispose]();
  made.clock.advance(5000);
  await until(() => made.server.sessions.size === 0);
  const goodbye = made.server.received.find(({ method }) => method === "DELETE")!;
  assertEquals(goodbye.headers.get("x-user"), "ada");
  await using third = await made.as("ada");
  assertEquals(await third.call("tell"), told("ada"));
});

Deno.test("there are never more sessions than allowed; who waits for one can leave", async () => {
  await using made = await identities({ maxSessions: 2 });
  const [ada, bob] = [await made.as("ada"), await made.as("bob")];
  const controller = new AbortController();
  const gone = made.as("eve", controller.signal);
  const waiting = made.as("dan");
  gone.catch(() => {});
  await macrotask();
  assertEquals(made.server.messages("initialize").length, 2);
  controller.abort(new Error("user left"));
  await assertRejects(() => gone, Error, "user left");
  await ada[Symbol.asyncDispose]();
  const dan = await waiting;
  assertEquals(await dan.call("tell"), told("dan"));
  assertEquals(made.server.sessions.size, 2);
  await bob[Symbol.asyncDispose]();
  await dan[Symbol.asyncDispose]();
});

Deno.test("a request without the value is nobody: nothing is sent", async () => {
  await using made = await identities();
  for (const user of [undefined, null, {}, "line\nbreak", "größe\u0000"]) {
    const error = await assertRejects(() => made.as(user), RunError);
    assertEquals(error.code, "internal");
    assert(error.message.includes('"user"'), error.message);
    assert(!error.message.includes("line"), "values are secrets");
  }
  for (const deps of [undefined, null, "text"] as never[]) {
    await assertRejects(() => beginRun(made.toolset, { deps }), RunError);
  }
  assertEquals([made.server.received.length, made.clock.pending], [0, 0]);
});

Deno.test("a value may leave its header out, which is an identity of its own", async () => {
  const optional = new ContextValue<string | undefined>("user", (user) => user);
  await using made = await identities({ headers: { "x-user": optional as never } });
  await using nobody = await made.as(undefined);
  await using ada = await made.as("ada");
  await using empty = await made.as("");
  assertEquals(await nobody.call("tell"), told(""));
  assertEquals(await ada.call("tell"), told("ada"));
  assertEquals(await empty.call("tell"), told(""));
  assertEquals(made.server.sessions.size, 3);
});

Deno.test("one identity's trouble is no other's", async () => {
  const calls: unknown[] = [];
  const made = overHttp<Deps>((server: McpServer) => {
    server.registerTool("hold", {}, async (extra: HandlerExtra) => {
      const user = extra.requestInfo?.headers["x-user"];
      calls.push(user);
      if (user === "ada") await new Promise<never>(() => {});
      return textResult("done");
    });
  }, { headers, timeoutMs: 1000 });
  await enterToolset(made.toolset);
  const [ada, bob] = await Promise.all(
    ["ada", "bob"].map((user) => beginRun<Deps>(made.toolset, { deps: { user } })),
  );
  const hung = ada!.call("hold");
  hung.catch(() => {});
  await until(() => calls.length === 1);
  assertEquals(await bob!.call("hold"), "done");
  made.clock.advance(1000);
  await assertRejects(() => hung, Error, "did not answer in time");
  assertEquals(await bob!.call("hold"), "done");
  for (const run of [ada!, bob!]) await run[Symbol.asyncDispose]();
  await inTime(made.clock, leaveToolset(made.toolset));
});

Deno.test("a shared session carries each call in its caller's name, and nothing else in anybody's", async () => {
  await using made = await identities({ sessions: "shared" });
  assertEquals(made.toolset.knownTools?.map(({ name }) => name), ["tell"]);
  const users = ["ada", "bob", "eve"];
  const runs = await Promise.all(users.map((user) => made.as(user)));
  assertEquals(await Promise.all(runs.map((run) => run.call("tell"))), users.map(told));
  assertEquals(made.server.messages("initialize").length, 1);
  for (const { message, headers } of made.server.received) {
    const user = headers.get("x-user");
    if (message?.method === "tools/call") assert(users.includes(user!), `${user}`);
    else assertEquals(user, null, message?.method);
  }
  for (const run of runs) await run[Symbol.asyncDispose]();
});

Deno.test("a shared session sends no call for a request without the value", async () => {
  await using made = await identities({ sessions: "shared" });
  await using nobody = await made.as(undefined);
  await assertRejects(() => nobody.call("tell"), RunError, '"user"');
  assertEquals(made.server.messages("tools/call").length, 0);
});

Deno.test("an optional server that is down for an identity is done without, and asked again", async () => {
  await using made = await identities({ required: false });
  made.server.down = true;
  const without = await inTime(made.clock, made.as("ada"));
  assertEquals(await without.names(), []);
  await without[Symbol.asyncDispose]();
  made.server.down = false;
  await using back = await inTime(made.clock, made.as("ada"));
  assertEquals(await back.call("tell"), told("ada"));
});

Deno.test("identities' sessions end with the toolset, those in use too", async () => {
  const made = await identities();
  const [ada, bob] = [await made.as("ada"), await made.as("bob")];
  await bob[Symbol.asyncDispose]();
  await made.toolset[Symbol.asyncDispose]();
  assertEquals([made.server.sessions.size, made.server.openStreams, made.clock.pending], [0, 0, 0]);
  await ada[Symbol.asyncDispose]();
  await made[Symbol.asyncDispose]();
});
