/**
 * Tests against a live LLM; off unless `FAKELLM_RUN_REAL_LLM_TESTS` is 1. One file, so that one line
 * tells how to switch them on.
 */
import { testChat } from "./chat.ts";
import { testContent } from "./content.ts";
import { testExamples } from "./examples.ts";
import { HOW_TO_ENABLE, liveModels } from "./live_model.ts";
import { testResponses } from "./responses.ts";

const models = liveModels();
if (models) {
  testChat(models);
  testResponses(models);
  testContent(models);
  testExamples(models);
} else {
  Deno.test({ name: HOW_TO_ENABLE, ignore: true, fn() {} });
}
