import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import type { Overrides } from "../deploy/overrides.ts";
import { SetupError } from "../run/error.ts";
import { readFlags } from "./flags.ts";
import { SERVER_SWITCHES, SERVER_TEXT_FLAGS, serverOverrides } from "./settings.ts";

function overrides(args: readonly string[], env: Readonly<Record<string, string>> = {}): Overrides {
  const flags = readFlags(args, {
    command: "fakellm deploy",
    text: SERVER_TEXT_FLAGS,
    switches: SERVER_SWITCHES,
    maxArguments: 1,
  });
  const read = serverOverrides(flags, (name) => env[name]);
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
}

Deno.test("serverOverrides() says nothing where nothing was said", () => {
  assertEquals(overrides([]), {});
  assertEquals(overrides([], { FAKELLM_HOST: "", FAKELLM_PORT: "", FAKELLM_API_KEY: "" }), {});
});

Deno.test("serverOverrides() lets flags win over variables", () => {
  const env = {
    FAKELLM_HOST: "h",
    FAKELLM_PORT: "1",
    FAKELLM_INSECURE: "0",
    FAKELLM_API_KEY: "k",
  };
  assertEquals(overrides([], env), { host: "h", port: 1, insecure: false, apiKey: "k" });
  assertEquals(overrides(["--host", "x", "--port", "0", "--insecure"], env), {
    host: "x",
    port: 0,
    insecure: true,
    apiKey: "k",
  });
  assertEquals(overrides(["--prefix", "/a/v1", "--log", "json"]), {
    prefix: "/a/v1",
    log: "json",
  });
});

Deno.test("serverOverrides() names the flag or variable that cannot be used", () => {
  const refusal = (args: readonly string[], env?: Readonly<Record<string, string>>) =>
    assertThrows(() => overrides(args, env), SetupError).message;
  for (const port of ["-1", "65536", "80a", "1e3", "0x50", " 80"]) {
    assertEquals(refusal([`--port=${port}`]).startsWith("--port: Cannot use "), true, port);
  }
  assertEquals(refusal([], { FAKELLM_PORT: "x" }).startsWith("FAKELLM_PORT: "), true);
  assertEquals(refusal([], { FAKELLM_INSECURE: "maybe" }).startsWith("FAKELLM_INSECURE: "), true);
  assertEquals(refusal(["--prefix", "v1"]).startsWith("--prefix: "), true);
  assertEquals(refusal(["--log", "xml"]).startsWith("--log: "), true);
  const key = refusal([], { FAKELLM_API_KEY: "s3cr3t with blanks" });
  assertEquals(key.startsWith("FAKELLM_API_KEY: "), true);
  assertFalse(key.includes("s3cr3t"));
});
