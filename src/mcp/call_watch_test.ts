import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { CallWatch, WatchedCall } from "./call_watch.ts";
import { McpFailure } from "./failure.ts";

function call(): WatchedCall {
  return new WatchedCall(new AbortController().signal);
}

/** How a call stands: still waiting, or lost for which reason. */
async function stateOf({ lost }: WatchedCall): Promise<string> {
  const waiting = macrotask().then(() => "waiting");
  return await Promise.race([lost.catch((error: Error) => error.message), waiting]);
}

Deno.test("CallWatch finds the call in everything that happens for it, and nowhere else", async () => {
  const watch = new CallWatch();
  const [first, second] = [call(), call()];
  const seen: (WatchedCall | undefined)[] = [];
  const work = async () => {
    await macrotask();
    seen.push(watch.current);
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    seen.push(watch.current);
  };
  await Promise.all([watch.run(first, work), watch.run(second, work), work()]);
  const count = (of: WatchedCall | undefined) => seen.filter((each) => each === of).length;
  assertEquals([count(first), count(second), count(undefined)], [2, 2, 2]);
  assertEquals(watch.current, undefined);
});

Deno.test("CallWatch of one session knows nothing of another's calls", () => {
  const [one, other] = [new CallWatch(), new CallWatch()];
  const outer = call();
  one.run(outer, () => {
    assertEquals(other.current, undefined);
    other.run(call(), () => assertEquals(one.current, outer));
  });
});

Deno.test("a call is lost when its stream breaks, unless the server can be asked again", async () => {
  const plain = call();
  plain.streamBroke(new Error("cut"));
  assertInstanceOf(await plain.lost.catch((error: unknown) => error), McpFailure);
  assertEquals(await stateOf(plain), "cut");
  const resumable = call();
  resumable.resumable = true;
  resumable.streamBroke(new Error("cut"));
  assertEquals(await stateOf(resumable), "waiting");
  resumable.lose(new Error("no more attempts"));
  assertEquals(await stateOf(resumable), "no more attempts");
});

Deno.test("a call that is settled is not lost any more, and the first loss counts", async () => {
  const settled = call();
  settled.settle();
  settled.streamBroke(new Error("cut"));
  settled.lose(new Error("gone"));
  assertEquals(await stateOf(settled), "waiting");
  const twice = call();
  twice.lose(new McpFailure("not-sent", "first"));
  twice.lose(new Error("second"));
  const failure = await assertRejects(() => twice.lost, McpFailure, "first");
  assertEquals(failure.kind, "not-sent");
});

Deno.test("a stream that ended loses the call a moment later, unless the answer was in it", async () => {
  const clock = new ManualClock();
  const early = call();
  early.streamEnded(clock);
  assertEquals(await stateOf(early), "waiting");
  clock.advance(0);
  assertEquals(await stateOf(early), "Stream ended early");
  const answered = call();
  answered.streamEnded(clock);
  answered.settle();
  assertEquals(clock.pending, 0);
  answered.streamEnded(clock);
  assertEquals(clock.pending, 0);
});

Deno.test("a loss that nobody waits for is no unhandled rejection", async () => {
  call().lose(new Error("nobody listens"));
  await macrotask();
});
