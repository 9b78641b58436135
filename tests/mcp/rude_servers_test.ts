/** Servers over stdio that do not behave. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MCPToolset } from "../../src/mcp/toolset.ts";
import { MarkedProcesses, noProcFolder, until } from "./processes.ts";
import { serverProgram } from "./real_servers.ts";
import { assertWhole, Served } from "./served.ts";

/** The server `rude` behind the API. */
function rude(mode: string, options = {}) {
  const processes = new MarkedProcesses();
  const program = serverProgram("rude", { args: [mode], env: processes.env });
  const toolset = new MCPToolset({ id: "srv-rude", timeoutMs: 5000, ...program, ...options });
  const served = new Served({ toolsets: [toolset], secrets: ["rude", "licence"] });
  return { processes, served };
}

Deno.test("what a server prints besides its messages is passed over", async () => {
  const { served } = rude("chatty");
  await using _served = served;
  for (let times = 0; times < 3; times++) assertEquals(await served.call("greet"), "Good day");
});

Deno.test({
  name: "a server that prints a line without end is ended, and a new one is started",
  ignore: noProcFolder,
  async fn() {
    const { served, processes } = rude("endless", { maxMessageBytes: 1_000_000 });
    await using _served = served;
    await served.ask([]);
    const first = processes.only();
    const outcome = await served.ask([["greet"]]);
    assertWhole(outcome);
    assertStringIncludes(outcome.results[0]!, "The connection to the tool was lost.");
    assertStringIncludes(served.log, "Line is longer than 1000000 bytes");
    await until("another one runs", () => {
      const pids = processes.list();
      return pids.length === 1 && pids[0] !== first;
    });
    assertEquals((await served.ask([])).offered, ["greet"]);
    await served[Symbol.asyncDispose]();
    await processes.gone();
  },
});

Deno.test({
  name: "a server that ignores its input's end and SIGTERM is gone when the app has stopped",
  ignore: noProcFolder,
  async fn() {
    const { served, processes } = rude("stubborn");
    assertEquals(await served.call("greet"), "Good day");
    processes.only();
    const startedAt = performance.now();
    await served[Symbol.asyncDispose]();
    assertEquals(processes.list(), []);
    assert(performance.now() - startedAt < 3000);
  },
});

Deno.test({
  name: "a server that never greets fails the start in time and leaves no process",
  ignore: noProcFolder,
  async fn() {
    const { served, processes } = rude("silent", { startTimeoutMs: 700 });
    await using _served = served;
    const error = await assertRejects(() => served.ask([]), Error);
    assertStringIncludes(error.message, "did not answer within 700 ms");
    assertEquals(processes.list(), []);
  },
});

Deno.test("a server that ends at once is told to the operator, and runs go on where they can", async () => {
  const needed = rude("dying");
  await using _needed = needed.served;
  const error = await assertRejects(() => needed.served.ask([]), Error);
  assertStringIncludes(error.message, "Server ended: exit code 3");
  const optional = rude("dying", { required: false });
  await using _optional = optional.served;
  const outcome = await optional.served.ask([["greet"]]);
  assertWhole(outcome);
  assertEquals(outcome.offered, []);
  assertStringIncludes(optional.served.log, "no licence found");
});

Deno.test("a program that is not there is named to the operator", async () => {
  const toolset = new MCPToolset({ id: "srv-none", command: "no-such-program-anywhere" });
  await using served = new Served({ toolsets: [toolset] });
  const error = await assertRejects(() => served.ask([]), Error);
  assertStringIncludes(error.message, "Server ended: no such program");
});
