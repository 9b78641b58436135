import { assertEquals, assertThrows } from "@std/assert";
import { SetupError } from "../run/error.ts";
import type { Runner } from "../run/runner.ts";
import { Route } from "./route.ts";
import { saying } from "./router_fixture_test.ts";

Deno.test("Route says what is wrong with it", () => {
  for (const id of ["", " a", "a ", "a\nb", "a\u0000", "x".repeat(65)]) {
    assertThrows(() => new Route(id, saying(""), "A"), SetupError, "Cannot name a route");
  }
  for (const id of ["a", "a b", "größer", "x".repeat(64), "__proto__"]) {
    assertEquals(new Route(id, saying(""), "A").id, id);
  }
  for (const description of ["", " \n"]) {
    assertThrows(() => new Route("a", saying(""), description), SetupError, 'Describe route "a"');
  }
  for (const source of [{}, null, "agent"]) {
    assertThrows(
      () => new Route("a", source as unknown as Runner, "A"),
      SetupError,
      'Route "a" cannot answer',
    );
  }
});
