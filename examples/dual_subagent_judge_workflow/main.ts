/**
 * A workflow that looks like one model: two agents answer at the same time, a third one judges.
 *
 * The client sees the verdict as an ordinary answer. The drafts, the judge and the tokens they cost
 * stay behind the served name; the tokens are counted in the answer's usage.
 */
import { Agent, AgenticWorkflow, createApp, liveClient, type Model } from "@x/fakellm";
import { z } from "zod";
import { modelFromEnv } from "../model_from_env.ts";

/** What the judge decides; its agent answers in this form and no other. */
const Verdict = z.object({
  winner: z.enum(["first", "second"]).describe("Which answer is better"),
  reason: z.string().describe("Why, in one sentence"),
});

/** The workflow over one LLM; each agent could as well have its own. */
export function createJudgedWorkflow(model: Model): AgenticWorkflow {
  const pragmatist = new Agent({
    model,
    instructions: "Answer briefly and practically: what should one do on Monday morning?",
  });
  const theorist = new Agent({
    model,
    instructions: "Answer briefly from first principles: why is it so?",
  });
  const judge = new Agent({
    model,
    instructions: "You compare two answers to a question and choose the more helpful one.",
    output: Verdict,
  });

  return new AgenticWorkflow(async (request) => {
    const [first, second] = await Promise.all([
      request.run(pragmatist),
      request.run(theorist),
    ]);
    const ruling = await request.run(
      judge,
      `Question: ${request.latestUserText()}

First answer: ${first.text}

Second answer: ${second.text}`,
    );
    const { winner, reason } = Verdict.parse(ruling.output);
    const chosen = winner === "first" ? first : second;
    return `${chosen.text}\n\n(The judge chose the ${winner} answer: ${reason})`;
  });
}

if (import.meta.main) {
  const app = createApp(createJudgedWorkflow(modelFromEnv()), { modelName: "judged" });
  await using client = liveClient(app);
  const openai = await client.openai();
  const { choices } = await openai.chat.completions.create({
    model: "judged",
    messages: [{ role: "user", content: "Should a small team write tests first?" }],
  });
  // deno-lint-ignore no-console -- this program's answer
  console.log(choices[0]?.message.content);
}
