import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../../context/system.ts";
import { tempFolder } from "../../isolation/temp_folder.ts";
import { SetupError } from "../../run/error.ts";
import { EndlessServer } from "../../testing/endless_server.ts";
import { ManualClock } from "../../testing/manual_clock.ts";
import { type GraphOptions, loadGraph } from "./module_graph.ts";

function optionsFor(folder: string, more: Partial<GraphOptions> = {}): GraphOptions {
  return {
    specifier: `file://${folder}/module.ts`,
    name: "module.ts",
    configPath: undefined,
    imports: [],
    read: [],
    lockPath: `${folder}/guest.lock`,
    clock: systemClock,
    ...more,
  };
}

Deno.test("loadGraph() waits for no server that never ends its answer", async () => {
  await using server = new EndlessServer();
  await using own = await tempFolder("fakellm-test-");
  const folder = own.path;
  const clock = new ManualClock();
  const specifier = `${server.url}/agent.js`;
  const loading = loadGraph(optionsFor(folder, { specifier, name: "agent", clock }));
  await server.asked;
  clock.advance(60_000);
  const error = await assertRejects(() => loading, SetupError);
  assertEquals(error.message, 'Cannot load module "agent": it took longer than 60 s');
  await server.left;
});

Deno.test("loadGraph() refuses a graph of too many files", async () => {
  await using own = await tempFolder("fakellm-test-");
  const folder = own.path;
  const imports = Array.from({ length: 5000 }, (_, at) => `import "data:text/javascript,${at}";`);
  await Deno.writeTextFile(`${folder}/module.ts`, imports.join("\n"));
  const error = await assertRejects(() => loadGraph(optionsFor(folder)), SetupError);
  assertEquals(/^Cannot load module "module.ts": it is 5001 files of /.test(error.message), true);
});
