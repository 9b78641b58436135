import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { RootPage } from "./root_page.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

function ask(accept?: string): Request {
  return new Request("http://localhost/", accept === undefined ? {} : { headers: { accept } });
}

Deno.test("RootPage answers browsers with a page and programs with JSON", () => {
  const page = new RootPage(["/v1"]);
  assertEquals(page.for(ask(BROWSER)).headers["content-type"], "text/html; charset=utf-8");
  assertStringIncludes(page.for(ask(BROWSER)).body, '<a href="/v1/models">');
  for (const accept of [undefined, "*/*", "application/json", "image/png"]) {
    assertEquals(JSON.parse(page.for(ask(accept)).body).models, ["/v1/models"]);
  }
});

Deno.test("RootPage escapes what an operator named a prefix", () => {
  const { body } = new RootPage(['/"><script>']).for(ask(BROWSER));
  assertFalse(body.includes("<script>"));
});
