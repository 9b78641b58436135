import { assertEquals, assertThrows } from "@std/assert";
import { SetupError } from "../../run/error.ts";
import type { ModuleGraph } from "./module_graph.ts";
import { importFlags } from "./run_time_imports.ts";

const BARE: ModuleGraph = {
  files: [],
  packages: [],
  withheld: [],
  hosts: [],
  caches: { remote: "/remote", npm: "/npm" },
};
const PACKED: ModuleGraph = { ...BARE, packages: [{ id: "zod@4.0.0", path: "/npm/zod" }] };
const name = "agent.ts";

Deno.test("importFlags() fetches nothing without a grant", () => {
  for (const graph of [BARE, PACKED]) {
    assertEquals(importFlags(graph, { imports: [], name }), ["--frozen", "--cached-only"]);
  }
});

Deno.test("importFlags() keeps imports from npm out, of which Deno asks no permission", () => {
  assertEquals(importFlags(BARE, { imports: ["esm.sh"], name }), ["--no-npm"]);
  const error = assertThrows(() => importFlags(PACKED, { imports: ["esm.sh"], name }), SetupError);
  assertEquals(error.problems[0]?.path, "permissions.import");
});

Deno.test("importFlags() lets them in where they are granted", () => {
  for (const imports of ["all", ["registry.npmjs.org"], ["a", "registry.npmjs.org:443"]] as const) {
    assertEquals(importFlags(PACKED, { imports, name }), []);
  }
});
