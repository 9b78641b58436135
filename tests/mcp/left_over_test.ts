/** No server outlives what started it. */
import { assert, assertEquals } from "@std/assert";
import { MCPToolset } from "../../src/mcp/toolset.ts";
import { Journal } from "./journal.ts";
import { MarkedProcesses, noProcFolder } from "./processes.ts";
import { serverProgram } from "./real_servers.ts";
import { Served } from "./served.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const HOST = new URL("abandoned_host.ts", import.meta.url).pathname;

Deno.test({
  name: "no server is left when the app has stopped, in the middle of calls as well",
  ignore: noProcFolder,
  async fn() {
    await using journal = await Journal.make();
    const processes = new MarkedProcesses();
    const toolsets = ["journal", "everything"].map((name) => {
      const env = { ...processes.env, ...journal.env };
      const program = serverProgram(name, { args: ["stdio"], env });
      return new MCPToolset({ id: `srv-${name}`, ...program });
    });
    const served = new Served({ toolsets });
    const asked = served.ask([["write_page", { hangs: 1000 }]]);
    await journal.has("write_page");
    assertEquals(processes.list().length, 2);
    await served[Symbol.asyncDispose]();
    assertEquals(processes.list(), []);
    const { status, raw } = await asked;
    assertEquals([status, raw.includes("All is done.")], [503, false], raw);
  },
});

for (const end of ["crash", "kill"] as const) {
  Deno.test({
    name: `no server outlives a host that ends by ${end}`,
    ignore: noProcFolder,
    async fn() {
      const processes = new MarkedProcesses();
      const mark = processes.env.FAKELLM_TEST_MARK!;
      const run = ["run", "-A", "--no-check", "--cached-only", "--config", CONFIG, HOST];
      const host = new Deno.Command(Deno.execPath(), {
        args: [...run, end, mark],
        stdin: "null",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const reader = host.stdout.pipeThrough(new TextDecoderStream()).getReader();
      assertEquals((await reader.read()).value, "ready\n");
      if (end === "kill") {
        assertEquals(processes.list().length, 2);
        host.kill("SIGKILL");
      }
      const { success } = await host.status;
      assert(!success);
      await reader.cancel();
      await processes.gone();
    },
  });
}
