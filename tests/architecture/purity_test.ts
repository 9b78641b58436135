/**
 * `run/` and `protocols/` compute and nothing else; seams bring the outside world in elsewhere.
 */
import { assertEquals } from "@std/assert";
import { listSources, readText } from "./sources.ts";

/** What would make the same input give another output, or reach out. */
const IMPURE = [
  /\bDeno\./,
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\./,
  /\bMath\.random\b|\bcrypto\./,
  /\bset(?:Timeout|Interval|Immediate)\(/,
  /\bfetch\(/,
  /\bconsole\./,
];

/** Code without comment lines. */
function codeLines(path: string): string[] {
  return readText(path).split("\n").map((line) => /^\s*(?:\*|\/\/|\/\*)/.test(line) ? "" : line);
}

Deno.test("run/ and protocols/ use no I/O, clock, randomness or Deno.*", () => {
  const found = [...listSources("src/run"), ...listSources("src/protocols")].flatMap((path) =>
    codeLines(path).flatMap((line, index) =>
      IMPURE.some((pattern) => pattern.test(line)) ? [`${path}:${index + 1} ${line.trim()}`] : []
    )
  );
  assertEquals(found, []);
});

Deno.test("only wire.ts files opt out of camelCase", () => {
  const found = listSources("src").filter((path) =>
    /deno-lint-ignore-file[^\n]*camelcase/.test(readText(path)) && !path.endsWith("/wire.ts")
  );
  assertEquals(found, []);
});
