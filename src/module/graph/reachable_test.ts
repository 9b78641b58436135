import { assertEquals, assertThrows } from "@std/assert";
import { SetupError } from "../../run/error.ts";
import type { GraphInfo } from "./graph_info.ts";
import type { LocalFiles } from "./local_files.ts";
import { reachable } from "./reachable.ts";

type Dependency = NonNullable<GraphInfo["modules"][number]["dependencies"]>[number];

const LOCAL = "file:///app/main.ts";
const REMOTE = "https://code.example/main.ts";

function on(specifier: string, more: Partial<Dependency> = {}): Dependency {
  return { specifier, code: { specifier }, ...more };
}

function info(
  modules: Readonly<Record<string, readonly Dependency[] | { readonly error: string }>>,
  more: Partial<GraphInfo> = {},
): GraphInfo {
  return {
    redirects: {},
    npmPackages: {},
    ...more,
    modules: Object.entries(modules).map(([specifier, value]) => ({
      specifier,
      local: `/cache/${specifier.replaceAll(/\W/g, "_")}`,
      ..."error" in value ? { error: value.error } : { dependencies: [...value] },
    })),
  };
}

/** What lies in the folder of `LOCAL`, and code of one package. */
const mayRead: LocalFiles = ({ specifier, data, local }) =>
  local && (specifier.startsWith("file:///app/") ||
    !data && specifier.startsWith("file:///package/"));

function files(graph: GraphInfo, specifier: string, imports: readonly string[] | "all" = []) {
  return reachable(graph, { specifier, imports, mayRead }).files.map((file) => file.specifier);
}

const ZOD = {
  name: "zod",
  version: "4.0.0",
  dependencies: ["dep@1.0.0"],
  localPath: "/npm/zod/4.0.0",
};
const DEP = { name: "dep", version: "1.0.0", dependencies: ["zod@4.0.0"], localPath: "/npm/dep" };

Deno.test("reachable() takes what is imported statically, by whatever way, once", () => {
  const graph = info({
    [LOCAL]: [on("file:///app/a.ts"), on("https://other.example/b.ts"), on("node:fs")],
    "file:///app/a.ts": [on(LOCAL), on("https://other.example/b.ts")],
    "https://other.example/b.ts": [],
    "file:///app/not_imported.ts": [],
  });
  assertEquals(files(graph, LOCAL), ["file:///app/a.ts", LOCAL, "https://other.example/b.ts"]);
});

Deno.test("reachable() leaves out types", () => {
  const graph = info({ [LOCAL]: [{ specifier: "file:///app/types.ts" }] });
  assertEquals(files(graph, LOCAL), [LOCAL]);
});

Deno.test("reachable() follows redirects, and ends where they go in a circle", () => {
  const redirects = { [REMOTE]: "https://code.example/v2.ts" };
  const graph = info({ "https://code.example/v2.ts": [] }, { redirects });
  assertEquals(files(graph, REMOTE), ["https://code.example/v2.ts"]);
  const circle = info({}, { redirects: { "https://a.example/": "https://a.example/" } });
  assertThrows(() => files(circle, "https://a.example/"), SetupError, "it is not there");
});

Deno.test("reachable() takes of imports at run time those of the module's own place alone", () => {
  const later = { isDynamic: true };
  const modules = {
    "https://code.example/own.ts": [],
    "https://code.example:8443/other_port.ts": [],
    "https://other.example/theirs.ts": [],
    "file:///app/own.ts": [],
    "file:///secret/other.ts": [],
  };
  const all = Object.keys(modules).map((specifier) => on(specifier, later));
  const graph = info({ [REMOTE]: all, [LOCAL]: all, ...modules });
  assertEquals(files(graph, REMOTE), [REMOTE, "https://code.example/own.ts"]);
  assertEquals(
    files(graph, REMOTE, ["other.example"]).includes("https://other.example/theirs.ts"),
    true,
  );
  assertEquals(
    files(graph, REMOTE, ["code.example:8443"]).includes("https://code.example:8443/other_port.ts"),
    true,
  );
  // Files are the operator's: no code from elsewhere gets at them, whatever it may import.
  for (const imports of [["other.example", "file:"], []]) {
    assertEquals(files(graph, REMOTE, imports).some((file) => file.startsWith("file:")), false);
  }
  assertEquals(files(graph, LOCAL), [LOCAL, "file:///app/own.ts"]);
});

Deno.test("reachable() names what is withheld of imports at run time, and the grant for it", () => {
  const modules = {
    "https://other.example/theirs.ts?token=s3cr3t": [],
    "npm:zod@^4": [],
    "jsr:@std/yaml": [],
    "file:///secret/other.ts": [],
    "data:text/javascript,1": [],
  };
  const later = Object.keys(modules).map((specifier) => on(specifier, { isDynamic: true }));
  const nowhere = on("x", { isDynamic: true, code: { error: "no such name" } });
  const graph = info({ [REMOTE]: [...later, nowhere], ...modules });
  const { withheld } = reachable(graph, { specifier: REMOTE, imports: [], mayRead });
  assertEquals(withheld.map(({ specifier, grant }) => `${specifier} ${grant}`).sort(), [
    "file:///secret/other.ts read=/secret/other.ts",
    "https://other.example/theirs.ts import=other.example:443",
    "jsr:@std/yaml import=jsr.io",
    "npm:zod@^4 import=registry.npmjs.org",
  ]);
});

Deno.test("reachable() takes packages that are imported statically, with all they need", () => {
  const npmPackages = { "zod@4.0.0": ZOD, "dep@1.0.0": DEP };
  const graph = info({ [REMOTE]: [on("npm:zod@^4", { npmPackage: "zod@4.0.0" })] }, {
    npmPackages,
  });
  const { packages } = reachable(graph, { specifier: REMOTE, imports: [], mayRead });
  assertEquals(packages.map(({ id }) => id), ["dep@1.0.0", "zod@4.0.0"]);
  const absent = info({ [REMOTE]: [on("npm:zod@^4", { npmPackage: "zod@4.0.0" })] });
  assertThrows(
    () => reachable(absent, { specifier: REMOTE, imports: [], mayRead }),
    SetupError,
    'Cannot load "npm:zod@4.0.0": it is not in the cache',
  );
});

Deno.test("reachable() lets only the operator's own code name packages for later", () => {
  const npmPackages = { "zod@4.0.0": ZOD, "dep@1.0.0": DEP };
  const later = on("npm:zod@^4", { npmPackage: "zod@4.0.0", isDynamic: true });
  const graph = info({ [REMOTE]: [later], [LOCAL]: [later] }, { npmPackages });
  const packages = (specifier: string, imports: readonly string[] = []) =>
    reachable(graph, { specifier, imports, mayRead }).packages.length;
  assertEquals([packages(REMOTE), packages(REMOTE, ["registry.npmjs.org"]), packages(LOCAL)], [
    0,
    2,
    2,
  ]);
});

Deno.test("reachable() takes of a module that is a package that package, and no other", () => {
  const npmPackages = {
    "zod@4.0.0": ZOD,
    "dep@1.0.0": DEP,
    "zod@3.0.0": { ...ZOD, version: "3.0.0" },
  };
  const graph = info({ "npm:/zod@4.0.0": [] }, {
    npmPackages,
    redirects: { "npm:zod@^4": "npm:/zod@4.0.0" },
  });
  const { files, packages } = reachable(graph, { specifier: "npm:zod@^4", imports: [], mayRead });
  assertEquals([files, packages.map(({ id }) => id)], [[], ["dep@1.0.0", "zod@4.0.0"]]);
});

Deno.test("reachable() names what cannot be had, and the grant where one is missing", () => {
  const error =
    'Requires import access to "other.example:443", run again with the --allow-import flag';
  const denied = info({
    [REMOTE]: [on("https://other.example/b.ts?token=s3cr3t")],
    "https://other.example/b.ts?token=s3cr3t": { error },
  });
  const thrown = assertThrows(() => files(denied, REMOTE), SetupError);
  assertEquals(
    thrown.message,
    'Cannot load "https://other.example/b.ts": code may not come from "other.example:443"; ' +
      "grant import=other.example:443 to allow it",
  );
  const broken = info({
    [REMOTE]: [on("x", { code: { error: 'Relative import path "x" not prefixed' } })],
  });
  assertThrows(() => files(broken, REMOTE), SetupError, 'Relative import path "x" not prefixed');
});

Deno.test("reachable() forgives what is missing where code may never come to it", () => {
  const graph = info({
    [LOCAL]: [
      on("file:///app/absent.ts", { isDynamic: true }),
      on("x", { isDynamic: true, code: { error: "no such name" } }),
    ],
    "file:///app/absent.ts": { error: "Module not found" },
  });
  assertEquals(files(graph, LOCAL), [LOCAL]);
});

Deno.test("reachable() lets no code have files outside its folder, whatever lies in between", () => {
  const secret = "file:///secret/key.txt";
  const text = { assertionType: "text" };
  const [data, deeper] = ["data:text/javascript,1", "data:text/javascript,2"];
  const graph = info({
    [LOCAL]: [on(secret, text)],
    "file:///app/data.ts": [on(data)],
    "file:///app/package.ts": [on("file:///package/mod.ts")],
    "file:///app/text.ts": [on("file:///package/mod.ts", text)],
    "file:///package/mod.ts": [],
    "file:///app/remote.ts": [on(REMOTE)],
    [REMOTE]: [on("data:text/javascript,own")],
    "data:text/javascript,own": [on("file:///app/own.txt", text)],
    "file:///app/own.ts": [on("data:text/javascript,own")],
    "file:///app/own.txt": [],
    "file:///app/both.ts": [on("file:///app/own.ts"), on(REMOTE)],
    [data]: [on(deeper)],
    [deeper]: [on(secret, text)],
    [secret]: [],
  });
  for (const specifier of [LOCAL, "file:///app/data.ts", data]) {
    assertThrows(
      () => files(graph, specifier),
      SetupError,
      `Cannot load "${secret}": it is none of the module's own files; grant read=/secret/key.txt ` +
        "to allow it",
    );
  }
  for (const name of ["text", "remote", "both"]) {
    assertThrows(() => files(graph, `file:///app/${name}.ts`), SetupError, "it is none of");
  }
  assertThrows(() => files(graph, REMOTE), SetupError, "it is none of");
  assertEquals(files(graph, "file:///app/own.ts").includes("file:///app/own.txt"), true);
  assertEquals(files(graph, "file:///app/package.ts").includes("file:///package/mod.ts"), true);
});
