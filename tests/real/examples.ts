/**
 * The examples that need a mind to show what they show, over a live LLM.
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { createJudgedWorkflow } from "../../examples/dual_subagent_judge_workflow/main.ts";
import { askDepartments } from "../../examples/multi_model_agents/main.ts";
import { smokeTest } from "../../examples/openai_compatible_hidden_tool_smoke/smoke.ts";
import { type LiveModels, SERVED, withServed } from "./live_model.ts";

/** Registers the tests. */
export function testExamples({ main, all }: LiveModels): void {
  for (const [name, model] of all) {
    Deno.test(`live example: a hidden tool of ${name} runs and cannot be seen`, async () => {
      const [report] = await smokeTest({ [name]: model });
      assertEquals(report?.problems, []);
    });
  }

  Deno.test("live example: two outer agents talk to two served agents", async () => {
    const { stock, parcel } = await askDepartments(main);
    assertMatch(stock, /712/);
    assertMatch(parcel, /Lisbon/);
  });

  Deno.test("live example: two sub-agents answer and a judge chooses", () =>
    withServed(createJudgedWorkflow(main), async (openai) => {
      const { choices } = await openai.chat.completions.create({
        model: SERVED,
        messages: [{ role: "user", content: "Should a small team write tests first?" }],
      });
      assertMatch(
        choices[0]?.message.content ?? "",
        /\S[^]*\n\n\(The judge chose the (?:first|second) answer: [^]+\)$/,
      );
    }));
}
