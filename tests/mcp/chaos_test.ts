/**
 * Calls, kills, freezes, changes of the tools and clients that leave, in an order made by chance. Every
 * answer is whole, nothing hangs and nothing is left. `FAKELLM_SEED` repeats or changes the chance.
 */
import { assert, assertEquals } from "@std/assert";
import { MCPToolset } from "../../src/mcp/toolset.ts";
import { Random, SEED } from "../secrecy/random.ts";
import { MarkedProcesses, noProcFolder, until } from "./processes.ts";
import { serverProgram } from "./real_servers.ts";
import { assertWhole, type Calls, FORMS, Served } from "./served.ts";

const STEPS = 100;

/** What a call may come to, as the model reads it. */
const RESULTS = [
  /^"?gizmo_\d is (?:there|gone)"?$/,
  /^gizmo_\d was called$/,
  /^\{"error":"The tool is not available at the moment\."\}$/,
  /^\{"error":"The (?:connection to the tool was lost|tool did not answer in time)\. .*"\}$/,
  /^Unknown tool name: '\w+'\. .*\n\nFix the errors and try again\.$/,
  // The server has taken a tool away that the model still knew.
  /^.*(?:not found|disabled).*\n\nFix the errors and try again\.$/s,
];

function signal(pid: number | undefined, name: Deno.Signal): void {
  try {
    if (pid !== undefined) Deno.kill(pid, name);
  } catch {
    // It has just ended.
  }
}

Deno.test({
  name: `a server over stdio survives what chance brings: ${STEPS} steps, FAKELLM_SEED=${SEED}`,
  ignore: noProcFolder,
  // Takes about ten seconds: a server that is killed again and again is started with growing pauses.
  async fn() {
    const random = new Random(SEED);
    const processes = new MarkedProcesses();
    const toolset = new MCPToolset({
      id: "srv-changing",
      ...serverProgram("changing", { env: processes.env }),
      timeoutMs: 1000,
      required: false,
    });
    const served = new Served({ toolsets: [toolset], secrets: ["changing", "gizmo_"] });
    const open = new Set<Promise<void>>();
    const faults: unknown[] = [];
    const tally = { whole: 0, left: 0, results: 0 };

    const calls = (): Calls =>
      random.list(1, 3, () => {
        const name = `gizmo_${random.below(4)}`;
        const args = { name };
        return random.pick(
          [
            ["add_tool", args],
            ["remove_tool", args],
            [name],
            [name],
            ["wait_long"],
          ] as const,
        );
      });

    const ask = () => {
      const form = random.pick(FORMS);
      const controller = new AbortController();
      const leaves = random.chance(0.3);
      const timer = leaves && setTimeout(() => controller.abort(), random.below(60));
      const made = calls();
      const asked = served.ask(made, { form, signal: controller.signal }).then((outcome) => {
        assertWhole(outcome, form);
        tally.whole += 1;
        assertEquals(outcome.results.length, made.length);
        for (const result of outcome.results) {
          tally.results += 1;
          assert(RESULTS.some((known) => known.test(result)), `the model read: ${result}`);
        }
      }, (error) => {
        if (!controller.signal.aborted) throw error;
        tally.left += 1;
      }).catch((error) => faults.push(error)).then(() => {}).finally(() => {
        if (timer !== false) clearTimeout(timer);
        open.delete(asked);
      });
      open.add(asked);
    };

    try {
      await served.ask([]);
      for (let step = 1; step <= STEPS; step++) {
        const pid = processes.list()[0];
        // Now and then, or the server would be down for most of the time.
        if (step % 30 === 0) signal(pid, "SIGKILL");
        else if (step % 30 === 15) {
          signal(pid, "SIGSTOP");
          setTimeout(() => signal(pid, "SIGCONT"), 20);
        } else ask();
        if (open.size >= 8) await Promise.race(open);
        else if (random.chance(0.5)) await new Promise((next) => setTimeout(next, 0));
      }
      await Promise.all(open);
      if (faults.length > 0) throw faults[0];
      await until("the server is back", async () => {
        const { results } = await served.ask([["add_tool", { name: "gizmo_9" }]]);
        return results[0] === "gizmo_9 is there";
      }, { timeoutMs: 20_000 });
    } finally {
      await Promise.all(open);
      await served[Symbol.asyncDispose]();
    }
    assertEquals(processes.list(), []);
    assert(
      tally.whole > STEPS / 3 && tally.left > 0 && tally.results > STEPS / 2,
      JSON.stringify(tally),
    );
  },
});
