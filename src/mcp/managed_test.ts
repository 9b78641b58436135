import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { RunError, SetupError } from "../run/error.ts";
import { CollectingLogger } from "../testing/test_context.ts";
import { testStep } from "../testing/test_step.ts";
import { ToolFailed } from "../tools/outcome.ts";
import { enterToolset, leaveToolset } from "../tools/toolset.ts";
import { ManagedMCP } from "./managed.ts";
import { gone, program, type ProgramBehaviour, type ProgramTold } from "./managed_fixture_test.ts";
import type { ManagedHttpOptions } from "./managed_options.ts";
import { beginRun, type RunUse } from "./toolset_fixture_test.ts";
import { ContextValue, EnvSecret } from "./values.ts";

const { signal } = new AbortController();

/** A managed server over HTTP; its program behaves as told. */
function managed(
  behaviour: ProgramBehaviour = {},
  options: Partial<ManagedHttpOptions> = {},
) {
  const logger = new CollectingLogger();
  const given = { id: "search", logger, ...program(behaviour), ...options };
  return { server: ManagedMCP.http(given), logger };
}

async function told(run: RunUse): Promise<ProgramTold> {
  return await run.call("tell") as ProgramTold;
}

function messages({ entries }: CollectingLogger): string[] {
  return entries.filter(({ level }) => level !== "debug").map(({ message }) => message);
}

/** A variable that is set for as long as it is used. */
function variable(name: string, value: string): Disposable & { readonly name: string } {
  Deno.env.set(name, value);
  return { name, [Symbol.dispose]: () => Deno.env.delete(name) };
}

Deno.test("ManagedMCP.http() waits for its program, serves runs with it and ends it", async () => {
  const { server, logger } = managed({ listenAfterMs: 100, say: "Ready soon" }, {
    prefix: "s",
    allow: ["tell"],
  });
  assertEquals(server.knownTools, undefined);
  await assertRejects(() => server.check(signal), RunError, "is not started");
  await enterToolset(server);
  assertEquals(server.knownTools?.map(({ name }) => name), ["s_tell"]);
  await server.check(signal);
  const run = await beginRun(server);
  const { pid, port } = await run.call("s_tell") as ProgramTold;
  await run[Symbol.asyncDispose]();
  assertMatch(port!, /^\d+$/);
  await leaveToolset(server);
  await gone(pid);
  assertEquals(messages(logger), []);
  const said = logger.entries.filter(({ fields }) => fields.line === "Ready soon");
  assertEquals(said.map(({ message, fields }) => [message, fields.server]), [
    ["MCP server says", "search"],
    ["MCP server says", "search"],
  ]);
  assertEquals(server.knownTools, undefined);
});

Deno.test("ManagedMCP that nobody started is started by runs, shared by them, and ends with the last", async () => {
  const { server } = managed();
  const runs = await Promise.all([beginRun(server), beginRun(server)]);
  const [first, second] = await Promise.all(runs.map(told));
  assertEquals(first!.pid, second!.pid);
  await runs[0]![Symbol.asyncDispose]();
  assertEquals((await told(runs[1]!)).pid, first!.pid);
  await runs[1]![Symbol.asyncDispose]();
  await gone(first!.pid);
});

Deno.test("ManagedMCP waits for a program that listens before it can answer, with pauses", async () => {
  const { server, logger } = managed({ unready: 5 });
  await enterToolset(server);
  const run = await beginRun(server);
  assertEquals(await run.names(), ["tell", "die"]);
  await run[Symbol.asyncDispose]();
  await leaveToolset(server);
  assertEquals(messages(logger), [], "what every program goes through is worth no warning");
});

Deno.test("ManagedMCP gives a program up that never answers, listens or stays, and leaves nothing", async () => {
  const cases: [ProgramBehaviour, string][] = [
    [{ unready: -1 }, "Server did not answer within 1500 ms"],
    [{ unready: 1e9 }, "Starting"],
    [{ listenAfterMs: 60_000 }, "Server did not answer within 1500 ms"],
    [{ exit: 7 }, "exit code 7"],
  ];
  await Promise.all(cases.map(async ([behaviour, reason]) => {
    const { server } = managed(behaviour, { startTimeoutMs: 1500 });
    const error = await assertRejects(() => enterToolset(server), RunError);
    assertEquals(error.code, "backend-down");
    assert(error.message.startsWith('MCP server "search" cannot be used: '), error.message);
    assert(error.message.endsWith(reason), error.message);
    await assertRejects(() => server.check(signal), RunError, "is not started");
  }));
});

Deno.test("ManagedMCP asks a program that cannot answer yet now and then, not all the time", async () => {
  let requests = 0;
  const { server } = managed({ unready: 1e9 }, {
    startTimeoutMs: 1500,
    fetch: (url, init) => {
      requests += 1;
      return fetch(url, init);
    },
  });
  await assertRejects(() => enterToolset(server), RunError);
  assert(requests > 0 && requests < 60, `${requests} requests`);
});

Deno.test("ManagedMCP that is not required starts without its program, and heals", async () => {
  const { server } = managed({ listenAfterMs: 700 }, { required: false, startTimeoutMs: 100 });
  await enterToolset(server);
  const early = await beginRun(server);
  assertEquals(await early.names(), []);
  await early[Symbol.asyncDispose]();
  for (let attempts = 0;; attempts++) {
    assert(attempts < 500, "it never heals");
    await using run = await beginRun(server);
    if ((await run.names()).length > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await leaveToolset(server);
});

Deno.test("ManagedMCP starts a program again that died in a call, and the model is told", async () => {
  const { server, logger } = managed();
  await enterToolset(server);
  const run = await beginRun(server);
  const before = await told(run);
  await assertRejects(() => run.call("die"), ToolFailed, "The connection to the tool was lost");
  let after: ProgramTold | undefined;
  for (let attempts = 0; !after; attempts++) {
    assert(attempts < 500, "it never comes back");
    try {
      after = await told(run);
    } catch (error) {
      if (!(error instanceof ToolFailed)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  assertNotEquals(after.pid, before.pid);
  assertEquals(after.port, before.port, "clients find it where it was");
  const end = logger.entries.find(({ message }) => message === "MCP server ended")!;
  assertEquals([end.level, end.fields.server, end.fields.detail], [
    "warn",
    "search",
    "exit code 3",
  ]);
  await run[Symbol.asyncDispose]();
  await leaveToolset(server);
  for (const { pid } of [before, after]) await gone(pid);
});

Deno.test("ManagedMCP uses a server that the environment names, and starts nothing", async () => {
  const requests: Headers[] = [];
  const other = managed();
  await enterToolset(other.server);
  const elsewhere = await beginRun(other.server);
  const { port, pid } = await told(elsewhere);
  using url = variable("FAKELLM_TEST_MANAGED_AT", `http://127.0.0.1:${port}/mcp`);
  for (const kind of ["http", "stdio"] as const) {
    const server = ManagedMCP[kind]({
      id: "search",
      command: "no-such-program-anywhere",
      urlEnv: url.name,
      headers: { "x-key": "secret" },
      fetch: (url, init) => {
        requests.push(new Headers(init?.headers));
        return fetch(url, init);
      },
    });
    await enterToolset(server);
    await using run = await beginRun(server);
    assertEquals((await told(run)).pid, pid);
    await server.check(signal);
    await leaveToolset(server);
  }
  assert(requests.length > 0 && requests.every((headers) => headers.get("x-key") === "secret"));
  await elsewhere[Symbol.asyncDispose]();
  await leaveToolset(other.server);
});

Deno.test("ManagedMCP reads its variables at each start", async () => {
  const names = { startTimeoutEnv: "FAKELLM_TEST_MANAGED_WAIT", urlEnv: "FAKELLM_TEST_MANAGED_GO" };
  const { server } = managed({ unready: -1 }, { ...names, startTimeoutMs: 60_000 });
  {
    using _wrong = variable(names.urlEnv, "not a url");
    const error = await assertRejects(() => enterToolset(server), SetupError);
    assertEquals(error.problems[0]!.path, names.urlEnv);
  }
  using _short = variable(names.startTimeoutEnv, "300ms");
  await assertRejects(() => enterToolset(server), RunError, "Server did not answer within 300 ms");
});

Deno.test("ManagedMCP holds calls to the time that the environment allows", async () => {
  using limit = variable("FAKELLM_TEST_MANAGED_LIMIT", "0.2");
  const script = 'while read -r line; do id=${line##*\\"id\\":}; case $line in ' +
    '*tools/call*) ;; *initialize\\"*) reply=\'{"protocolVersion":"2025-06-18",' +
    '"capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}\'; ' +
    'printf \'{"jsonrpc":"2.0","result":%s,"id":%s\\n\' "$reply" "$id" ;; ' +
    '*tools/list*) printf \'{"jsonrpc":"2.0","result":{"tools":[{"name":"hang",' +
    '"inputSchema":{"type":"object"}}]},"id":%s\\n\' "$id" ;; ' +
    '*ping*) printf \'{"jsonrpc":"2.0","result":{},"id":%s\\n\' "$id" ;; esac; done';
  const server = ManagedMCP.stdio({
    id: "search",
    command: "sh",
    args: ["-c", script],
    timeoutEnv: limit.name,
  });
  await enterToolset(server);
  const run = await beginRun(server);
  await assertRejects(() => run.call("hang"), ToolFailed, "did not answer in time");
  await run[Symbol.asyncDispose]();
  await leaveToolset(server);
});

Deno.test("ManagedMCP tells at once what an operator has to mend, required or not", async () => {
  const key = { KEY: new EnvSecret("FAKELLM_TEST_MANAGED_UNSET") };
  for (const required of [true, false]) {
    for (const kind of ["http", "stdio"] as const) {
      const common = { id: "search", command: "sh", args: ["-c", "sleep 60"], required };
      const secret = ManagedMCP[kind]({ ...common, env: key });
      await assertRejects(() => enterToolset(secret), SetupError, "Set FAKELLM_TEST_MANAGED_UNSET");
      const nowhere = ManagedMCP[kind]({ ...common, cwd: "/no/such/folder" });
      await assertRejects(() => enterToolset(nowhere), SetupError, "/no/such/folder");
    }
  }
});

Deno.test("ManagedMCP: two of them in one app have ports of their own", async () => {
  const servers = [managed().server, managed().server];
  await Promise.all(servers.map((server) => enterToolset(server)));
  const runs = await Promise.all(servers.map((server) => beginRun(server)));
  const [first, second] = await Promise.all(runs.map(told));
  assertNotEquals(first!.port, second!.port);
  for (const run of runs) await run[Symbol.asyncDispose]();
  await Promise.all(servers.map((server) => leaveToolset(server)));
});

Deno.test("ManagedMCP.check() knows of a server that hangs", async () => {
  const { server } = managed();
  assertEquals(await server.tools(testStep()), []);
  await enterToolset(server);
  const run = await beginRun(server);
  const { pid } = await told(run);
  await server.check(signal);
  Deno.kill(pid, "SIGSTOP");
  await assertRejects(() => server.check(AbortSignal.timeout(200)));
  Deno.kill(pid, "SIGCONT");
  await server.check(signal);
  await run[Symbol.asyncDispose]();
  await leaveToolset(server);
  await assertRejects(() => server.check(signal), RunError, "is not started");
});

Deno.test("ManagedMCP.check() knows of a program that is gone, though callers have sessions of their own", async () => {
  const folder = await Deno.makeTempDir();
  const { command, args = [], env } = program();
  const script = 'test -e "$0" && exit 5; : >"$0"; exec "$@"';
  const server = ManagedMCP.http<{ readonly user: string }>({
    id: "search",
    command: "sh",
    args: ["-c", script, `${folder}/started`, command, ...args],
    env,
    headers: { "x-user": new ContextValue("user") },
  });
  await enterToolset(server);
  await server.check(signal);
  {
    await using run = await beginRun(server, { deps: { user: "ada" } });
    await assertRejects(() => run.call("die"), ToolFailed);
  }
  for (let looks = 0; looks < 500; looks++) {
    // While it is started again it may seem to be there.
    const error = await server.check(signal).catch((error: unknown) => error);
    if (error instanceof RunError && error.message.endsWith("exit code 5")) break;
    assert(looks < 499, `${error}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await leaveToolset(server);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("ManagedMCP tells of names that are misspelt, though it had to wait", async () => {
  const { server, logger } = managed({ unready: 2 }, { allow: ["tell", "misspelt"] });
  await enterToolset(server);
  await leaveToolset(server);
  assertEquals(messages(logger), ["MCP server lacks tools that are allowed or denied"]);
});

Deno.test("ManagedMCP that is stopped while it starts leaves nothing", async () => {
  const { server, logger } = managed({ unready: -1, say: "here" });
  const starting = enterToolset(server);
  starting.catch(() => {});
  while (!logger.entries.some(({ fields }) => fields.line === "here")) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await server[Symbol.asyncDispose]();
  await assertRejects(() => starting, RunError, "It was stopped");
});
