import { assert, assertEquals } from "@std/assert";
import { methodsOf, pathOf, Routes } from "./routes.ts";

const ENTRY = { prefix: "/v1" };

Deno.test("pathOf() takes the path out of any absolute URL", () => {
  for (
    const [url, path] of [
      ["http://localhost/v1/models", "/v1/models"],
      ["http://localhost:8000/v1/models?beta=/x#y", "/v1/models"],
      ["http://[::1]:8000/a#b?c", "/a"],
      ["https://a.example", "/"],
      ["https://a.example/", "/"],
      ["http://u:p@a.example/x?y://z", "/x"],
    ]
  ) assertEquals(pathOf(url!), path);
});

Deno.test("find() gives each path of the list its own route", () => {
  const routes = new Routes([ENTRY]);
  for (const { path, route } of routes.list) {
    assertEquals(routes.find(path), route);
    assert(methodsOf(route).length > 0);
  }
  assertEquals(new Set(routes.list.map(({ path }) => path)).size, routes.list.length);
});

Deno.test("a prefix that looks like another's model keeps its own paths", () => {
  const [short, long] = [{ prefix: "/a" }, { prefix: "/a/models" }];
  const routes = new Routes([short, long]);
  const entryOf = (path: string) => {
    const route = routes.find(path);
    return route && "entry" in route ? route.entry : undefined;
  };
  assertEquals(entryOf("/a/models"), short);
  assertEquals(entryOf("/a/models/x"), short);
  assertEquals(entryOf("/a/models/models/x"), long);
  assertEquals(entryOf("/a/models/chat/completions"), long);
});
