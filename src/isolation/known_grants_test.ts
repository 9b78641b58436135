import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../context/system.ts";
import { SetupError } from "../run/error.ts";
import { type Grants, NO_GRANTS } from "./grant.ts";
import { checkKnownGrants } from "./known_grants.ts";

Deno.test("checkKnownGrants() takes what Deno takes", async () => {
  await checkKnownGrants(NO_GRANTS, systemClock);
  await checkKnownGrants({
    net: ["api.example.com", "10.0.0.1:8080", "[::1]:80", "*.example.com"],
    read: ["/a b"],
    write: "all",
    env: ["A", "A_*"],
    run: ["/bin/echo"],
    import: ["esm.sh:443"],
    sys: ["hostname"],
    ffi: ["/lib.so"],
  }, systemClock);
});

Deno.test("checkKnownGrants() names each kind with a text that Deno does not take", async () => {
  const grants: Grants = {
    ...NO_GRANTS,
    net: ["api.example.com", "http://example.com/"],
    env: ["A=B"],
    sys: ["nothing"],
    read: ["/fine"],
  };
  const error = await assertRejects(() => checkKnownGrants(grants, systemClock), SetupError);
  assertEquals(error.problems.map(({ path }) => path), [
    "permissions.net",
    "permissions.env",
    "permissions.sys",
  ]);
  for (const { message } of error.problems) {
    assertEquals(message.startsWith("Cannot grant what Deno does not know: "), true);
    assertEquals(message.includes("\n"), false);
  }
});
