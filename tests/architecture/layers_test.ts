/**
 * Imports go one way. The table says which folders of `src/` each may import; arrows point only to
 * lines above, so cycles between folders cannot exist. Types count as well: a type that has to look
 * down lives on the wrong floor.
 */
import { assert, assertEquals } from "@std/assert";
import { importsOf, isTest, listFiles, listSources } from "./sources.ts";

const CORE = ["run", "json_schema", "context", "models", "tools", "isolation", "mcp", "code_mode"];
const RUNNERS = [...CORE, "agent", "workflow", "adapters"];

const MAY_IMPORT: ReadonlyMap<string, readonly string[]> = new Map([
  ["run", []],
  ["protocols", ["run"]],
  ["json_schema", ["run"]],
  ["context", ["run"]],
  ["models", ["run", "json_schema"]],
  ["tools", ["run", "json_schema", "context"]],
  ["isolation", ["run"]],
  ["mcp", ["run", "json_schema", "context", "tools", "isolation"]],
  ["code_mode", ["run", "context", "tools", "isolation"]],
  ["agent", ["run", "json_schema", "context", "models", "tools", "mcp", "code_mode"]],
  ["workflow", ["run", "json_schema", "context", "agent"]],
  ["adapters", ["run"]],
  ["module", RUNNERS],
  ["hosting", [...RUNNERS, "module", "protocols"]],
  ["deploy", [...RUNNERS, "module", "hosting"]],
  ["cli", ["run", "context", "isolation", "module", "hosting", "deploy"]],
]);

/** Faces of the package: they gather what others made, and nothing in `src/` imports them. */
const ENTRY_POINTS: ReadonlyMap<string, readonly string[]> = new Map([
  ["src/agent/mod.ts", RUNNERS],
  ["src/testing/mod.ts", RUNNERS],
]);

/** Layers that tell others which version this is. */
const VERSIONED = new Set(["mcp", "hosting", "cli"]);

/** The folder below `src/` that a file belongs to; undefined outside. */
function layerOf(path: string): string | undefined {
  return path.match(/^src\/([^/]+)\//)?.[1];
}

/** Why the file `from` may not import the file `to`; undefined when it may. */
function fault(from: string, to: string): string | undefined {
  const layer = layerOf(from)!;
  const target = layerOf(to);
  if (ENTRY_POINTS.has(to)) return "entry points are for users";
  // It knows the package's version.
  if (to === "deno.json") return VERSIONED.has(layer) ? undefined : "not here";
  if (target === undefined) return "leaves src/";
  const gathered = ENTRY_POINTS.get(from);
  if (gathered) return target === layer || gathered.includes(target) ? undefined : "is not below";
  if (layer === "testing") return target === "cli" ? "testing needs no command line" : undefined;
  // Tests and benchmarks need a clock, ids and a logger: doubles or the real ones.
  if (isTest(from) && (target === "testing" || target === "context")) return undefined;
  if (target === "testing") return "testing is for tests";
  if (target === "protocols") return protocolFault(from, to);
  const allowed = MAY_IMPORT.get(layer) ?? [];
  if (target === layer || allowed.includes(target)) return undefined;
  return `${layer}/ may import ${allowed.join(", ") || "nothing"}`;
}

/** Wire formats are sealed: from each other, and from whoever is not their host. */
function protocolFault(from: string, to: string): string | undefined {
  const subfolder = (path: string) => path.match(/^src\/protocols\/([^/]+)\//)?.[1];
  const layer = layerOf(from);
  if (layer === "models") return to.endsWith("/wire.ts") ? undefined : "models see wire.ts only";
  if (layer === "protocols") {
    if (from === "src/protocols/registry.ts" || subfolder(from) === subfolder(to)) return undefined;
    if (subfolder(to)) return "protocols are sealed from each other";
    return to === "src/protocols/registry.ts" ? "only hosts read the registry" : undefined;
  }
  if (!MAY_IMPORT.get(layer!)?.includes("protocols")) return "wire formats exist only at the edge";
  if (isTest(from) || !subfolder(to) || to.endsWith("/mod.ts")) return undefined;
  return "a protocol's face is its mod.ts";
}

Deno.test("every folder of src/ has a line in the table", () => {
  const folders = new Set(listFiles("src").flatMap((path) => layerOf(path) ?? []));
  folders.delete("testing");
  assertEquals([...folders].filter((folder) => !MAY_IMPORT.has(folder)), []);
});

Deno.test("the table's arrows point only to lines above, so folders form no cycle", () => {
  const above = new Set<string>();
  for (const [layer, allowed] of MAY_IMPORT) {
    for (const target of allowed) assert(above.has(target), `${layer} -> ${target} points down`);
    above.add(layer);
  }
});

Deno.test("every import in src/ follows the table, types included", () => {
  const faults = listFiles("src").filter((path) => path.endsWith(".ts")).flatMap((path) =>
    importsOf(path).flatMap(({ target }) => {
      const reason = target === undefined ? undefined : fault(path, target);
      return reason === undefined ? [] : [`${path} -> ${target}: ${reason}`];
    })
  );
  assertEquals(faults, []);
});

Deno.test("the table catches upward, sibling and type imports", () => {
  assert(fault("src/run/fold.ts", "src/context/system.ts"));
  assert(fault("src/agent/loop.ts", "src/workflow/request.ts"));
  assert(fault("src/agent/loop.ts", "src/protocols/chat/wire.ts"));
  assert(fault("src/models/demo.ts", "src/protocols/chat/decode.ts"));
  assertEquals(fault("src/models/demo.ts", "src/protocols/chat/wire.ts"), undefined);
  assert(fault("src/protocols/chat/decode.ts", "src/protocols/model_list/encode.ts"));
  assertEquals(fault("src/protocols/chat/decode.ts", "src/protocols/issue.ts"), undefined);
  assertEquals(fault("src/protocols/registry.ts", "src/protocols/chat/mod.ts"), undefined);
  assert(fault("src/hosting/app.ts", "src/protocols/chat/decode.ts"));
  assert(fault("src/hosting/app.ts", "src/testing/manual_clock.ts"));
  assertEquals(fault("src/hosting/app_test.ts", "src/testing/manual_clock.ts"), undefined);
  assert(fault("src/hosting/app.ts", "src/agent/mod.ts"));
  assert(fault("src/run/fold.ts", "mod.ts"));
  const types = importsOf("src/run/fold.ts").filter((found) => found.typeOnly);
  assert(types.some((found) => found.target === "src/run/event.ts"));
});

Deno.test("files import each other's values in no circle", () => {
  const graph = new Map(
    listSources("src").map((path) => [path, valueImports(path)]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) {
      circles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
    }
    if (done.has(path) || trail.includes(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  assertEquals(circles, []);
});

/** What is loaded together with a file. */
function valueImports(path: string): string[] {
  return importsOf(path).flatMap(({ target, typeOnly, dynamic }) =>
    target === undefined || typeOnly || dynamic ? [] : [target]
  );
}

/** Everything that importing `entry` loads at once, packages by their specifiers. */
function loadedWith(entry: string): Set<string> {
  const loaded = new Set<string>();
  const visit = (path: string) => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { target, specifier, typeOnly, dynamic } of importsOf(path)) {
      if (typeOnly || dynamic) continue;
      if (target === undefined) loaded.add(specifier);
      else visit(target);
    }
  };
  visit(entry);
  return loaded;
}

/** Packages that cost tens of milliseconds and that many users never need. */
const HEAVY =
  /^(?:npm:)?(?:openai|@modelcontextprotocol\/sdk|@redis\/client|@cfworker\/json-schema)\b/;

for (const entry of ["mod.ts", "cli.ts", "src/agent/mod.ts"]) {
  Deno.test(`importing ${entry} loads no heavy package, no test double and no other entry`, () => {
    const loaded = [...loadedWith(entry)];
    assertEquals(loaded.filter((path) => HEAVY.test(path)), []);
    assertEquals(loaded.filter((path) => path.startsWith("src/testing/")), []);
    if (entry !== "cli.ts") {
      assertEquals(loaded.filter((path) => path === "cli.ts" || path.startsWith("src/cli/")), []);
    }
  });
}
