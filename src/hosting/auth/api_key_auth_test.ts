import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { SetupError } from "../../run/error.ts";
import type { ApiKey } from "./api_key.ts";
import { ApiKeyAuth } from "./api_key_auth.ts";

/** Half a hash. */
const SHORT_HASH = "0fa9a9c6a4a1f1d4cb8eaa68b6d4b5cd";

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function problemsOf(keys: readonly ApiKey[]): readonly string[] {
  return assertThrows(() => new ApiKeyAuth(keys), SetupError).problems
    .map(({ path, message }) => `${path}: ${message}`);
}

Deno.test("find() knows a key by value and by hash, and nothing near it", async () => {
  const auth = new ApiKeyAuth([
    { name: "a", key: "secret-a" },
    { name: "b", keySha256: (await sha256("secret-b")).toUpperCase() },
  ]);
  assertEquals(auth.find("secret-a", 0)?.name, "a");
  assertEquals(auth.find("secret-b", 0)?.name, "b");
  for (
    const wrong of ["", "secret-", "secret-aa", "SECRET-A", "secret-a ", " secret-a", "secret-c"]
  ) {
    assertEquals(auth.find(wrong, 0), undefined, wrong);
  }
  // The hash itself opens nothing.
  assertEquals(auth.find(await sha256("secret-b"), 0), undefined);
});

Deno.test("find() compares every hash in full, whichever key is presented", () => {
  const keys = Array.from(
    { length: 5 },
    (_, index) => ({ name: `k${index}`, key: `key-${index}` }),
  );
  const auth = new ApiKeyAuth(keys);
  const crypto = process.getBuiltinModule("node:crypto");
  const original = crypto.timingSafeEqual;
  let compared = 0;
  crypto.timingSafeEqual = (a, b) => {
    compared += 1;
    return original(a, b);
  };
  try {
    for (const presented of ["key-0", "key-4", "nothing", ""]) {
      compared = 0;
      auth.find(presented, 0);
      assertEquals(compared, 5, presented);
    }
  } finally {
    crypto.timingSafeEqual = original;
  }
});

Deno.test("find() refuses a key from the moment it expires", () => {
  const auth = new ApiKeyAuth([{ name: "a", key: "k", expiresAt: new Date(1000) }]);
  assertEquals(auth.find("k", 999)?.name, "a");
  assertEquals(auth.find("k", 1000), undefined);
});

Deno.test("keys may share a name, so that one can replace another", () => {
  const auth = new ApiKeyAuth([{ name: "a", key: "old" }, { name: "a", key: "new" }]);
  assertEquals([auth.find("old", 0)?.name, auth.find("new", 0)?.name], ["a", "a"]);
});

Deno.test("new ApiKeyAuth() reports every unusable key at once and repeats none", async () => {
  const problems = problemsOf([
    { name: "empty", key: "" },
    { name: "none" },
    { name: " ", key: "unnamed-key" },
    { name: "blank", key: "two words" },
    { name: "umlaut", key: "schlüssel" },
    { name: "short", keySha256: SHORT_HASH },
    { name: "both", key: "value-of-both", keySha256: await sha256("x") },
    { name: "first", key: "same-value" },
    { name: "second", keySha256: await sha256("same-value") },
    { name: "when", key: "k", expiresAt: new Date("soon") },
  ]);
  assertEquals(problems.map((problem) => problem.split(":")[0]), [
    "keys[0].key",
    "keys[1].key",
    "keys[2].name",
    "keys[3].key",
    "keys[4].key",
    "keys[5].keySha256",
    "keys[6].key",
    "keys[8]",
    "keys[9].expiresAt",
  ]);
  for (const secret of ["unnamed-key", "two words", "schlüssel", "value-of-both", "same-value"]) {
    assertFalse(problems.join("\n").includes(secret), secret);
  }
  assertEquals(problemsOf([]).length, 1);
});

Deno.test("fromEnv() takes the variable and refuses an empty one", () => {
  const name = `FAKELLM_TEST_${crypto.randomUUID().replaceAll("-", "_")}`;
  assertThrows(() => ApiKeyAuth.fromEnv(name), SetupError, name);
  Deno.env.set(name, "");
  assertThrows(() => ApiKeyAuth.fromEnv(name), SetupError, name);
  Deno.env.set(name, "from-env");
  try {
    assertEquals(ApiKeyAuth.fromEnv(name).find("from-env", 0)?.name, name);
  } finally {
    Deno.env.delete(name);
  }
});

Deno.test("fromConfig() reads names, keys and models; its errors quote no key", async () => {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  const write = (text: string) => Deno.writeTextFileSync(path, text);
  const message = () => assertThrows(() => ApiKeyAuth.fromConfig(path), SetupError).message;
  try {
    write(
      '{"api_keys": [{"name": "a", "key": "k-a", "model_id": "m"}, {"name": "b", "key": "k-b"}]}',
    );
    const auth = ApiKeyAuth.fromConfig(path);
    assertEquals(auth.find("k-a", 0)?.models, ["m"]);
    assertEquals(auth.find("k-b", 0)?.models, undefined);
    for (
      const broken of [
        '{"api_keys": [{"name": "a", "key": "top-secret",}]}',
        '{"api_keys": {"a": "top-secret"}}',
        '["top-secret"]',
        "null",
        '{"api_keys": ["top-secret"]}',
        '{"api_keys": [{"name": 1, "key": "top-secret"}]}',
        '{"api_keys": [{"name": "a", "key": "top-secret", "models": ["m"]}]}',
        '{"api_keys": [{"name": "a", "key": "top-secret", "model_id": 3}]}',
        '{"api_keys": [{"name": "a", "key": ["top-secret"]}]}',
        '{"api_keys": []}',
      ]
    ) {
      write(broken);
      assertFalse(message().includes("top-secret"), broken);
    }
  } finally {
    await Deno.remove(path);
  }
  assertThrows(() => ApiKeyAuth.fromConfig(path), SetupError, "NotFound");
});
