/**
 * The command line.
 * @module
 */
import { main } from "./src/cli/main.ts";

export { main };
export { serveCompiled } from "./src/cli/compiled.ts";
export type { CompiledDeployment } from "./src/cli/compiled.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
