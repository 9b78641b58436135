import { assert, assertEquals } from "@std/assert";
import { CollectingLogger } from "../testing/test_context.ts";
import { gate, settle } from "./fixture_test.ts";
import { OpenRuns } from "./open_runs.ts";

Deno.test("idle() waits for runs and background work; abortAll() reaches every open run", async () => {
  const runs = new OpenRuns(new CollectingLogger());
  await runs.idle();
  const reasons: unknown[] = [];
  const run = { abort: (reason: unknown) => void reasons.push(reason) };
  const work = gate();
  runs.add(run);
  runs.track(work.promise, "work");
  runs.track(undefined, "nothing");
  assertEquals(runs.size, 2);
  let idle = false;
  runs.idle().then(() => idle = true);
  runs.abortAll("stop");
  runs.delete(run);
  await settle();
  assert(!idle);
  work.resolve();
  await settle();
  assert(idle);
  runs.abortAll("again");
  assertEquals(reasons, ["stop"]);
});

Deno.test("background work that fails is logged and counts as over", async () => {
  const logger = new CollectingLogger();
  const runs = new OpenRuns(logger);
  runs.track(Promise.reject(new Error("lost")), "sweeping");
  await runs.idle();
  assertEquals(logger.entries.map(({ fields }) => fields), [{ what: "sweeping", detail: "lost" }]);
});
