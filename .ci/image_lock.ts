/**
 * Cuts `deno.lock` down to what the given modules import. Deno caches all that a lock file names, and
 * this one names what tests need, too.
 *
 * `deno run -A .ci/image_lock.ts FROM TO MODULE...`
 *
 * @module
 */
import { systemClock } from "../src/context/system.ts";
import { readLock, withPackages } from "../src/module/graph/lock_file.ts";
import { loadGraph } from "../src/module/graph/module_graph.ts";

const [from = "", to = "", ...modules] = Deno.args;
const root = new URL("../", import.meta.url);
const graphs = await Promise.all(modules.map((name) =>
  loadGraph({
    specifier: new URL(name, root).href,
    name,
    configPath: new URL("deno.json", root).pathname,
    imports: "all",
    read: "all",
    clock: systemClock,
    lockPath: from,
  })
));
const lock = withPackages(await readLock(from), graphs.flatMap(({ packages }) => packages));
await Deno.writeTextFile(to, `${JSON.stringify(lock, null, 2)}\n`);
