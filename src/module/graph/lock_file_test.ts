import { assertEquals } from "@std/assert";
import { type LockFile, withPackages } from "./lock_file.ts";

const LOCK: LockFile = {
  version: "5",
  specifiers: {
    "npm:zod@^4": "4.0.0",
    "npm:@scope/part@1": "1.0.0",
    "npm:other@1": "1.0.0",
    "jsr:@std/assert@1": "1.0.0",
  },
  npm: {
    "zod@4.0.0": { integrity: "sha512-a" },
    "@scope/part@1.0.0": { integrity: "sha512-b" },
    "other@1.0.0": { integrity: "sha512-c" },
  },
  remote: { "https://code.example/a.ts": "hash" },
};

Deno.test("withPackages() keeps what a guest has, and everything that is not of npm", () => {
  const kept = withPackages(LOCK, [
    { id: "zod@4.0.0", path: "/npm/zod" },
    { id: "@scope/part@1.0.0", path: "/npm/part" },
  ]);
  assertEquals(kept.specifiers, {
    "npm:zod@^4": "4.0.0",
    "npm:@scope/part@1": "1.0.0",
    "jsr:@std/assert@1": "1.0.0",
  });
  assertEquals(Object.keys(kept.npm ?? {}), ["zod@4.0.0", "@scope/part@1.0.0"]);
  assertEquals(kept.remote, LOCK.remote);
});

Deno.test("withPackages() makes of an empty lock file one that Deno need not change", () => {
  assertEquals(withPackages({ version: "5" }, []), { version: "5", specifiers: {}, npm: {} });
});
