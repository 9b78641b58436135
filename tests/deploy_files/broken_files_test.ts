/**
 * Broken deployment files through the command line: exit code 2, every problem in a line of its own,
 * no stack trace, no secret.
 * @module
 */
import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { runCommandLine } from "../../src/cli/main.ts";
import { type BrokenCase, CANARY } from "./broken_case.ts";
import { REFERENCE_CASES } from "./reference_cases.ts";
import { SYNTAX_CASES } from "./syntax_cases.ts";
import { VALUE_CASES } from "./value_cases.ts";

const CASES: readonly BrokenCase[] = [...SYNTAX_CASES, ...VALUE_CASES, ...REFERENCE_CASES];

interface Outcome {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommandLine(args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    env: (name) => env[name],
    colour: false,
  });
  return { code, out, err };
}

function assertProblems({ code, out, err }: Outcome, broken: BrokenCase, path: string): void {
  assertEquals(code, 2);
  assertEquals(out, []);
  for (const line of err) {
    assertMatch(line, /^[^\n]+?: [^\n]+; accepted: [^\n;]+$/);
    assertFalse(line.includes(CANARY), `a secret is shown: ${line}`);
    assertFalse(/\bat .*\.ts:\d/.test(line), `a stack trace is shown: ${line}`);
  }
  const found = err.map((line) => line.replace(path, "FILE").split("; accepted: ")[0]!);
  assertEquals(
    found.map((line, index) => {
      const wanted = broken.lines[index];
      return wanted instanceof RegExp && wanted.test(line) ? wanted : line;
    }),
    [...broken.lines],
  );
}

for (const broken of CASES) {
  Deno.test(`deploy and check refuse ${broken.name}`, async () => {
    const path = await Deno.makeTempFile({ suffix: ".yaml" });
    try {
      const { file, env = {}, flags = [] } = broken;
      await Deno.writeFile(path, typeof file === "string" ? new TextEncoder().encode(file) : file);
      assertProblems(await run(["deploy", path, ...flags], env), broken, path);
      if (flags.length === 0) assertProblems(await run(["check", path], env), broken, path);
    } finally {
      await Deno.remove(path);
    }
  });
}

Deno.test("deploy and check refuse a file that is not there and a folder", async () => {
  for (const command of ["deploy", "check"]) {
    const missing = await run([command, "no_such_file.yaml"], {});
    assertEquals(missing.code, 2);
    assertEquals(missing.err, [
      "no_such_file.yaml: Cannot be read (no such file); accepted: a readable file",
    ]);
    const folder = await run([command, "."], {});
    assertEquals(folder.code, 2);
    assertMatch(folder.err.join("\n"), /^\.: .*folder.*; accepted: [^\n]+$/);
  }
});
