import { assertEquals } from "@std/assert";
import { editDistance, nearest } from "./suggest.ts";

Deno.test("editDistance() counts insertions, removals, replacements and swaps", () => {
  assertEquals(editDistance("port", "port"), 0);
  assertEquals(editDistance("port", "prot"), 1);
  assertEquals(editDistance("port", "ports"), 1);
  assertEquals(editDistance("port", "pot"), 1);
  assertEquals(editDistance("port", "pork"), 1);
  assertEquals(editDistance("", "abc"), 3);
  assertEquals(editDistance("kitten", "sitting"), 3);
});

Deno.test("nearest() suggests only what can be meant", () => {
  const words = ["port", "host", "prefix", "models"];
  assertEquals(nearest("prot", words), "port");
  assertEquals(nearest("PORT", words), "port");
  assertEquals(nearest("modles", words), "models");
  assertEquals(nearest("xyz", words), undefined);
  assertEquals(nearest("a", []), undefined);
});
