import { assertEquals } from "@std/assert";
import { demoSum } from "./demo_sum.ts";

const CASES: readonly (readonly [string, string | undefined])[] = [
  ["what is 6 * 7?", "6 * 7 = 42"],
  ["2+2", "2+2 = 4"],
  ["7 minus 10 please", "7 - 10 = -3"],
  ["(1 + 2) * 3 ^ 2", "(1 + 2) * 3 ^ 2 = 27"],
  ["2 ^ 3 ^ 2", "2 ^ 3 ^ 2 = 512"],
  ["10 divided by 4", "10 / 4 = 2.5"],
  ["0.1 + 0.2", "0.1 + 0.2 = 0.3"],
  ["-3 * -4", "-3 * -4 = 12"],
  ["1 / 0", undefined],
  ["(1 + 2", undefined],
  ["call 2024-01-02", undefined],
  ["room 12", undefined],
  ["", undefined],
];
for (const [text, expected] of CASES) {
  Deno.test(`demoSum() makes ${expected} of ${JSON.stringify(text)}`, () => {
    assertEquals(demoSum(text), expected);
  });
}

Deno.test("demoSum() survives a wall of operators", () => {
  assertEquals(demoSum("(".repeat(100_000) + "1+1"), undefined);
  demoSum("1+".repeat(100_000) + "1");
  demoSum("9^".repeat(100_000) + "9");
});
