import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMAND_NAMES, runCommandLine } from "./main.ts";

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommandLine(args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    env: (name) => env[name],
    colour: false,
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

Deno.test("main() prints help on standard output when asked", async () => {
  for (const args of [["help"], ["--help"], ["-h"], ["help", "--help"]]) {
    const { code, out, err } = await run(args);
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, "Usage:");
  }
});

Deno.test("main() prints help on standard error with exit code 2 when nothing is said", async () => {
  const { code, out, err } = await run([]);
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, "Usage:");
});

Deno.test("main() prints the help of every command in both ways", async () => {
  for (const name of COMMAND_NAMES.filter((name) => name !== "help")) {
    const { code, out } = await run([name, "--help"]);
    assertEquals(code, 0);
    assert(out.startsWith(`Usage: fakellm ${name}`), out);
    assertEquals((await run(["help", name])).out, out);
  }
  const { out } = await run(["help", "module"]);
  assert(out.startsWith("Usage: fakellm MODULE"), out);
  assertEquals((await run(["agent.ts", "--help"])).out, out);
});

Deno.test("main() prints the version", async () => {
  for (const flag of ["--version", "-V"]) {
    const { code, out } = await run([flag]);
    assertEquals(code, 0);
    assertMatch(out, /^fakellm \d+\.\d+\.\d+$/);
  }
});

Deno.test("main() says one clear sentence about wrong usage and exits with 2", async () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["deploy"], 'Cannot deploy without a file; run "fakellm deploy FILE"'],
    [["check"], 'Cannot check without a file; run "fakellm check FILE"'],
    [
      ["deploy", "a.yaml", "--config", "b.yaml"],
      'Cannot deploy both "a.yaml" and "b.yaml"; give one file',
    ],
    [["help", "deplyo"], 'Unknown command "deplyo" (did you mean "deploy"?); accepted: '],
    [["deplyo"], 'Cannot load module "deplyo": no such file (did you mean the command "deploy"?)'],
    [["missing.ts"], 'Cannot load module "missing.ts": no such file'],
    [["missing.ts", "--sandbox"], 'Cannot load module "missing.ts": no such file'],
    [
      ["missing.ts", "--grant", "nett=a"],
      '--grant: Cannot use "nett=a"; accepted: a kind and what',
    ],
    [
      ["missing.ts", "--integrity", "sha1-abc"],
      '--integrity: Cannot use "sha1-abc"; accepted: "sha',
    ],
    [["https://a.example/x.ts"], 'Cannot load module "https://a.example/x.ts": '],
    [["demo", "--hots", "x"], 'Unknown flag "--hots" (did you mean "--host"?)'],
    [["demo", "extra"], 'Unexpected argument "extra"'],
    [["demo", "--host", "0.0.0.0"], 'Cannot listen on "0.0.0.0" without a key'],
    [["schema", "x"], 'Unexpected argument "x"'],
    [["--port", "1"], 'Cannot serve without a module; run "fakellm help" to see all commands'],
  ];
  for (const [args, start] of cases) {
    const { code, out, err } = await run(args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assert(err.startsWith(start), `${args.join(" ")}: ${err}`);
    assertEquals(err.split("\n").length, 1);
  }
});

Deno.test("main() does not load a command by a name of Object.prototype", async () => {
  const { code, err } = await run(["toString"]);
  assertEquals(code, 2);
  assertStringIncludes(err, 'Cannot load module "toString"');
});
