import { assertEquals } from "@std/assert";
import { ThinkTags } from "./think_tags.ts";

/** Splits pieces; returns reasoning and text. */
function split(pieces: readonly string[]): { reasoning: string; text: string } {
  const result = { reasoning: "", text: "" };
  const tags = new ThinkTags({
    reasoning: (text) => void (result.reasoning += text),
    text: (text) => void (result.text += text),
  });
  for (const piece of pieces) tags.add(piece);
  tags.end();
  return result;
}

const CASES: readonly (readonly [string, string, string])[] = [
  ["<think>a</think>b", "a", "b"],
  ["<think>\na\n</think>\n\nb", "\na\n", "b"],
  [" \n<think>a</think>b", "a", "b"],
  ["<think></think>b", "", "b"],
  ["<think>never closed", "never closed", ""],
  ["<think>a </thin b", "a </thin b", ""],
  ["<think>a</think>b <think>c</think>", "a", "b <think>c</think>"],
  ["say <think>a</think>", "", "say <think>a</think>"],
  ["<thin", "", "<thin"],
  ["<thought>a", "", "<thought>a"],
  ["  plain", "", "  plain"],
  ["", "", ""],
  ["<think>a<<//think></think>", "a<<//think>", ""],
];

for (const [whole, reasoning, text] of CASES) {
  Deno.test(`ThinkTags tells ${JSON.stringify(whole)} apart wherever it is cut`, () => {
    assertEquals(split([whole]), { reasoning, text });
    assertEquals(split([...whole]), { reasoning, text });
    for (let at = 0; at <= whole.length; at++) {
      assertEquals(
        split([whole.slice(0, at), whole.slice(at)]),
        { reasoning, text },
        `cut at ${at}`,
      );
    }
  });
}

Deno.test("ThinkTags gives out reasoning while it comes", () => {
  const given: string[] = [];
  const tags = new ThinkTags({ reasoning: (text) => void given.push(text), text: () => {} });
  tags.add("<think>one ");
  tags.add("two <");
  assertEquals(given, ["one ", "two "]);
});
