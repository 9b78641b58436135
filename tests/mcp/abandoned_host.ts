/**
 * Serves servers that would rather stay, tells that they run, and comes to a bad end: `crash` throws
 * where nobody catches it, `wait` waits to be killed. Its second argument is their mark.
 */
import { MCPToolset } from "../../src/mcp/toolset.ts";
import { serverProgram } from "./real_servers.ts";
import { Served } from "./served.ts";

const [end = "", FAKELLM_TEST_MARK = ""] = Deno.args;
const program = (name: string, args: readonly string[] = []) =>
  serverProgram(name, { args, env: { FAKELLM_TEST_MARK } });
const served = new Served({
  toolsets: [
    new MCPToolset({ id: "srv-stubborn", ...program("rude", ["stubborn"]) }),
    new MCPToolset({ id: "srv-changing", ...program("changing") }),
  ],
});
await served.call("greet");
// One of them is in the middle of a call.
void served.ask([["wait_long"]]);
await Deno.stdout.write(new TextEncoder().encode("ready\n"));
if (end === "crash") {
  setTimeout(() => {
    throw new Error("Nobody catches this");
  }, 0);
}
await new Promise(() => setInterval(() => {}, 60_000));
