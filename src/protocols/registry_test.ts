import { assertEquals } from "@std/assert";
import { PROTOCOLS } from "./registry.ts";

Deno.test("PROTOCOLS have names, paths and id prefixes of their own", () => {
  for (const field of ["name", "path", "idPrefix"] as const) {
    const values = PROTOCOLS.map((protocol) => protocol[field]);
    assertEquals(values.length, new Set(values).size, field);
  }
  assertEquals(PROTOCOLS.filter(({ path }) => !path.startsWith("/")), []);
});
