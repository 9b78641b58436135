/**
 * Reads a long file through a server again and again, and tells how many milliseconds each took. Run
 * with a heap that holds it only if nothing of it is kept.
 */
import { MCPToolset } from "../../src/mcp/toolset.ts";
import { serverProgram } from "./real_servers.ts";
import { Served } from "./served.ts";

const [folder = "", times = "1"] = Deno.args;
const program = serverProgram("filesystem", { args: [folder] });
await using served = new Served({ toolsets: [new MCPToolset({ id: "srv-files", ...program })] });
const took: number[] = [];
for (let time = 0; time < Number(times); time++) {
  const startedAt = performance.now();
  const read = await served.call("read_text_file", { path: `${folder}/long.txt` });
  took.push(Math.round(performance.now() - startedAt));
  if (read.length > 1_000_200 || !read.isWellFormed() || !read.slice(-80).includes("[cut here: ")) {
    throw new Error(`The model read ${read.length} characters: …${read.slice(-200)}`);
  }
}
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(took)));
