import { assertEquals, assertThrows } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { type Flags, readFlags } from "./flags.ts";

function read(...args: readonly string[]): Flags {
  return readFlags(args, {
    command: "fakellm deploy",
    text: ["port", "host"],
    switches: ["insecure"],
    maxArguments: 1,
  });
}

Deno.test("readFlags() reads values, switches and arguments in any order", () => {
  for (
    const args of [
      ["cfg.yaml", "--port", "80", "--insecure"],
      ["--port=80", "--insecure", "cfg.yaml"],
      ["--insecure", "--port", "80", "--", "cfg.yaml"],
    ]
  ) {
    const flags = read(...args);
    assertEquals(flags.text("port"), "80");
    assertEquals(flags.text("host"), undefined);
    assertEquals(flags.on("insecure"), true);
    assertEquals(flags.arguments, ["cfg.yaml"]);
    assertEquals(flags.help, false);
  }
});

Deno.test("readFlags() takes the last of a repeated flag and keeps text as text", () => {
  assertEquals(read("--port", "1", "--port", "007").text("port"), "007");
});

Deno.test("readFlags() understands help in both forms", () => {
  assertEquals(read("--help").help, true);
  assertEquals(read("cfg.yaml", "-h").help, true);
});

Deno.test("readFlags() refuses unknown flags with a suggestion", () => {
  const refusal = (...args: readonly string[]) => assertThrows(() => read(...args), SetupError);
  assertEquals(
    refusal("--prot", "80").message,
    'Unknown flag "--prot" (did you mean "--port"?); run "fakellm deploy --help" to see what is accepted',
  );
  assertEquals(refusal("--prot=secret").message.includes("secret"), false);
  for (const flag of ["-p", "--no-insecure", "--no-port", "--__proto__", "--toString", "-hx"]) {
    assertEquals(refusal(flag).message.startsWith(`Unknown flag "${flag}"`), true, flag);
  }
});

Deno.test("readFlags() refuses flags without value and arguments too many", () => {
  assertThrows(() => read("--port"), SetupError, 'Flag "--port" needs a value');
  assertThrows(() => read("--port="), SetupError, 'Flag "--port" needs a value');
  assertThrows(() => read("--port", "--insecure"), SetupError, 'Flag "--port" needs a value');
  assertThrows(() => read("a.yaml", "b.yaml"), SetupError, 'Unexpected argument "b.yaml"');
});
