import { assertEquals, assertStringIncludes } from "@std/assert";
import { AgenticWorkflow, createApp, RunError } from "../../mod.ts";
import { silentLogger } from "../../src/context/system.ts";
import { framesOf, post } from "./posting.ts";

const failing = new AgenticWorkflow(() => {
  throw new RunError("run-failed", "Retries are used up");
});

Deno.test("a streamed run that fails for good at once is told in band, so that nobody repeats it", async () => {
  await using app = createApp(failing, { modelName: "agent", logger: silentLogger });
  const response = await app.fetch(post({ stream: true }));
  assertEquals(response.status, 200);
  const frames = await framesOf(response);
  const types = frames.map((frame) => /^event: (\S+)/.exec(frame)?.[1]);
  assertEquals(types, ["response.created", "response.in_progress", "error", "response.failed"]);
  assertStringIncludes(frames[3]!, '"code":"invalid_prompt"');
});

Deno.test("an unstreamed run that fails for good is a 422 that says not to retry", async () => {
  await using app = createApp(failing, { modelName: "agent", logger: silentLogger });
  const response = await app.fetch(post());
  assertEquals(response.status, 422);
  assertEquals(response.headers.get("x-should-retry"), "false");
  assertEquals((await response.json()).error.code, "run_failed");
});

Deno.test("a streamed run whose backend is down at once is a status, so that it is repeated", async () => {
  const down = new AgenticWorkflow(() => {
    throw new RunError("backend-down", "Nobody answers");
  });
  await using app = createApp(down, { modelName: "agent", logger: silentLogger });
  const response = await app.fetch(post({ stream: true }));
  assertEquals(response.status, 502);
  await response.body?.cancel();
});
