/** Many callers at once, each with a credential of their own. */
import { assert, assertEquals } from "@std/assert";
import type { RequestContext } from "../../mod.ts";
import { MCPToolset } from "../../src/mcp/toolset.ts";
import { ContextValue } from "../../src/mcp/values.ts";
import { MarkedProcesses, noProcFolder, until } from "./processes.ts";
import { serverProgram } from "./real_servers.ts";
import { RecordingServer } from "./recording_server.ts";
import { assertWhole, FORMS, Served } from "./served.ts";

interface Deps {
  readonly user: string | undefined;
}

const requestContextFactory = (context: RequestContext): Deps => ({
  user: context.header("x-user") ?? undefined,
});

const CALLERS = Array.from({ length: 200 }, (_, index) => `user-${index}-${crypto.randomUUID()}`);

/** A recording server behind the API. */
function recorded(options = {}) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(new RecordingServer());
  const toolset = new MCPToolset<Deps>({
    id: "srv-recording",
    url: server.url,
    headers: { "X-User": new ContextValue("user") },
    ...options,
  });
  const served = stack.use(
    new Served({
      toolsets: [toolset],
      secrets: [...server.secrets, "recording"],
      requestContextFactory,
    }),
  );
  const ask = async (user: string, index: number) => {
    const form = FORMS[index % FORMS.length];
    return await served.call("who_am_i", {}, { form, headers: { "x-user": user } });
  };
  return { server, served, ask, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Fails if any session carried requests of two callers, or any request another's credential. */
function assertApart(server: RecordingServer): void {
  for (const [session, users] of server.usersBySession()) {
    assertEquals(users.size, 1, `session ${session} has ${[...users]}`);
    assert(CALLERS.includes([...users][0] ?? ""), `${[...users]}`);
  }
}

Deno.test("two hundred callers at once: each request to the server is in its caller's name", async () => {
  await using made = recorded();
  const { server, ask } = made;
  for (let round = 0; round < 2; round++) {
    assertEquals(await Promise.all(CALLERS.map(ask)), CALLERS);
  }
  assertApart(server);
  assertEquals(server.usersBySession().size, CALLERS.length, "one session each");
  const kinds = new Set(server.requests.map(({ method }) => method));
  assert(kinds.has("GET"), [...kinds].join());
});

Deno.test("sessions of callers who stay away are closed in their name, and opened again", async () => {
  await using made = recorded({ idleMs: 100 });
  const { server, ask } = made;
  const some = CALLERS.slice(0, 20);
  assertEquals(await Promise.all(some.map(ask)), some);
  await until("idle sessions are closed", () => server.sessions === 0);
  const deletes = server.requests.filter(({ method }) => method === "DELETE");
  assertEquals(new Set(deletes.map(({ user }) => user)), new Set(some));
  assertEquals(await ask(some[0]!, 0), some[0]);
  assertApart(server);
});

Deno.test("more callers than sessions are all served, and there are never too many sessions", async () => {
  await using made = recorded({ maxSessions: 8 });
  const { server, ask } = made;
  assertEquals(await Promise.all(CALLERS.map(ask)), CALLERS);
  assertApart(server);
  assert(server.mostSessions <= 8, `${server.mostSessions} sessions at once`);
});

Deno.test("a shared session carries each call in its caller's name, and nothing else in anybody's", async () => {
  const made = recorded({ sessions: "shared" });
  const { server, ask } = made;
  assertEquals(await Promise.all(CALLERS.map(ask)), CALLERS);
  await made.served[Symbol.asyncDispose]();
  assertEquals(server.usersBySession().size, 1);
  for (const { method, user } of server.requests) {
    assertEquals(user !== undefined, method === "POST tools/call", method);
  }
  assert(server.requests.some(({ method }) => method === "DELETE"));
  await made[Symbol.asyncDispose]();
});

Deno.test("a caller without a credential is no other caller: nothing is sent", async () => {
  await using made = recorded();
  const { server, served, ask } = made;
  assertEquals(await ask(CALLERS[0]!, 0), CALLERS[0]);
  const before = server.requests.length;
  for (const form of FORMS) {
    const outcome = await served.ask([["who_am_i"]], { form });
    assert(!outcome.raw.includes("All is done.") && outcome.raw.includes("error"), outcome.raw);
    assertEquals(outcome.results, []);
  }
  assertEquals(server.requests.length, before);
});

Deno.test({
  name: "each caller has a program of their own, with their own variables and no others'",
  ignore: noProcFolder,
  async fn() {
    const processes = new MarkedProcesses();
    const program = serverProgram("everything", { args: ["stdio"], env: processes.env });
    const toolset = new MCPToolset<Deps>({
      id: "srv-everything",
      ...program,
      env: { ...program.env, CALLER: new ContextValue("user") },
      maxSessions: 2,
      idleMs: 200,
    });
    const secrets = ["everything", "CALLER"];
    await using served = new Served({ toolsets: [toolset], secrets, requestContextFactory });
    const callers = ["ada", "bob", "eve", "joe"];
    let most = 0;
    const counting = setInterval(() => most = Math.max(most, processes.list().length), 10);
    const environments = await Promise.all(callers.map(async (user) => {
      const outcome = await served.ask([["get-env"]], { headers: { "x-user": user } });
      assertWhole(outcome);
      return JSON.parse(outcome.results[0]!);
    }));
    clearInterval(counting);
    assertEquals(environments.map(({ CALLER }) => CALLER), callers);
    assert(most <= 2, `${most} programs at once`);
    await processes.gone();
  },
});
