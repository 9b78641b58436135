/** Servers that an app brings along, as real programs. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ManagedMCP } from "../../src/mcp/managed.ts";
import type { ManagedHttpOptions } from "../../src/mcp/managed_options.ts";
import { MESSAGES, served } from "../oracle/served.ts";
import { Agent } from "../../mod.ts";
import { FunctionModel } from "../../src/testing/mod.ts";
import { MarkedProcesses, noProcFolder, until } from "./processes.ts";
import { realServer, serverProgram } from "./real_servers.ts";

const TRANSPORTS = [
  { transport: "streamable-http", mode: "streamableHttp", path: "mcp" },
  { transport: "sse", mode: "sse", path: "sse" },
] as const;

/** An app whose model calls `echo` and says what it heard, and the server it brings along. */
async function echoing(
  make: (options: ManagedHttpOptions) => ManagedMCP,
  options: Partial<ManagedHttpOptions> & { readonly mode?: string } = {},
) {
  const { mode = "streamableHttp", ...rest } = options;
  const processes = new MarkedProcesses();
  const program = serverProgram("everything", { args: [mode], env: processes.env });
  const server = make({ id: "srv-managed", ...program, ...rest });
  const model = new FunctionModel(({ messages, tools }) => {
    const last = messages.at(-1)!;
    if (last.role === "tool") return `I heard ${(last.content[0] as { text: string }).text}`;
    if (tools.length === 0) return "I hear nothing";
    return { toolCalls: [{ name: "echo", arguments: { message: "hello" } }] };
  });
  const app = await served(new Agent({ model, toolsets: [server] }), { managedMcp: [server] });
  const ask = async () => {
    const answer = await app.openai.chat.completions.create({ model: "agent", messages: MESSAGES })
      .catch((error: Error) => error.message);
    return typeof answer === "string" ? answer : answer.choices[0]!.message.content;
  };
  const ready = async () => (await app.live.get("/ready")).json() as Promise<ReadyBody>;
  return { ...app, processes, ask, ready };
}

interface ReadyBody {
  readonly status: string;
  readonly checks: Readonly<Record<string, { readonly status: string }>>;
}

const HEARD = "I heard Echo: hello";

for (const { transport, mode, path } of TRANSPORTS) {
  Deno.test({
    name: `${transport}: an app starts its server, starts it again when it is killed, and ends it`,
    ignore: noProcFolder,
    async fn() {
      const url = `http://127.0.0.1:{port}/${path}`;
      await using app = await echoing(ManagedMCP.http, { mode, url, transport });
      assertEquals(app.processes.list(), [], "nobody has asked yet");
      await app.app.start();
      assertEquals(await app.ask(), HEARD);
      assertEquals((await app.ready()).checks["srv-managed"]!.status, "ok");
      const first = app.processes.only();
      Deno.kill(first, "SIGKILL");
      await until("another one answers", async () => await app.ask() === HEARD);
      assert(app.processes.only() !== first);
      await until("it is ready", async () => {
        return (await app.ready()).checks["srv-managed"]!.status === "ok";
      });
      await app.app.stop();
      assertEquals(app.processes.list(), []);
      const log = app.logger.entries.map((entry) => JSON.stringify(entry)).join("\n");
      assertStringIncludes(log, "ended by SIGKILL");
    },
  });
}

Deno.test({
  name: "over stdio an app's server is started again when it is killed, and ends with the app",
  ignore: noProcFolder,
  async fn() {
    await using app = await echoing(ManagedMCP.stdio, { mode: "stdio" });
    assertEquals(await app.ask(), HEARD);
    const first = app.processes.only();
    Deno.kill(first, "SIGKILL");
    await until("another one answers", async () => await app.ask() === HEARD);
    assert(app.processes.only() !== first);
    await app.app.stop();
    assertEquals(app.processes.list(), []);
  },
});

Deno.test({
  name: "an app that need not have its server is there without it, and with it once it comes",
  ignore: noProcFolder,
  async fn() {
    const folder = await Deno.makeTempDir();
    const { command, args } = serverProgram("everything", { args: ["streamableHttp"] });
    // Ends at once until somebody puts a file there.
    const script = 'test -e "$0" || exit 4; exec "$@"';
    await using app = await echoing(ManagedMCP.http, {
      command: "sh",
      args: ["-c", script, `${folder}/go`, command, ...args],
      required: false,
      startTimeoutMs: 300,
    });
    assertEquals(await app.ask(), "I hear nothing");
    const { checks } = await app.ready();
    assertEquals(checks["srv-managed"]!.status, "failed");
    await Deno.writeTextFile(`${folder}/go`, "");
    await until("it is heard", async () => await app.ask() === HEARD, { timeoutMs: 30_000 });
    await app.app.stop();
    assertEquals(app.processes.list(), []);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "an app uses a server that runs elsewhere, and starts none",
  ignore: noProcFolder,
  async fn() {
    await using elsewhere = await realServer("everything", "streamable-http");
    const urlEnv = "FAKELLM_TEST_ELSEWHERE";
    Deno.env.set(urlEnv, elsewhere.options.url!);
    try {
      await using app = await echoing(ManagedMCP.http, { urlEnv });
      assertEquals(await app.ask(), HEARD);
      assertEquals(app.processes.list(), []);
    } finally {
      Deno.env.delete(urlEnv);
    }
  },
});
