import { assertEquals } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { CollectingLogger } from "../testing/test_context.ts";
import { logOutput } from "./output_log.ts";

/** A process that said something, and has ended. */
function saying(text: string): Parameters<typeof logOutput>[0] {
  return {
    stderr: ReadableStream.from([new TextEncoder().encode(text)]),
    ended: Promise.resolve({ success: true, code: 0, signal: null }),
  };
}

Deno.test("logOutput() tells lines with their fields, long ones cut", async () => {
  const logger = new CollectingLogger();
  await logOutput(saying(`one\n${"x".repeat(5000)}\n\nthree\n`), {
    fields: { module: "m" },
    logger,
    clock: new ManualClock(),
    intercept: (line) => line === "three",
  });
  const lines = logger.entries.map(({ fields }) => [fields.module, String(fields.line).length]);
  assertEquals(lines, [["m", 3], ["m", 2000]]);
});

Deno.test("logOutput() tells so many lines a second, and how many it left out", async () => {
  const logger = new CollectingLogger();
  const clock = new ManualClock();
  await logOutput(saying("line\n".repeat(10_000)), { fields: {}, logger, clock });
  assertEquals(logger.entries.length, 51);
  assertEquals(logger.entries.at(-1)?.fields.leftOut, 9950);
});

Deno.test("logOutput() lets go of a stream that others hold open, after what was said", async () => {
  const logger = new CollectingLogger();
  const clock = new ManualClock();
  const { ended } = saying("");
  const stderr = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("last words\n")),
  });
  const logged = logOutput({ stderr, ended }, { fields: {}, logger, clock });
  await macrotask();
  clock.advance(500);
  await logged;
  assertEquals(logger.entries.map(({ fields }) => fields.line), ["last words"]);
  assertEquals(clock.pending, 0);
});
