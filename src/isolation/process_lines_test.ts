import { assertEquals, assertRejects } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { LineTooLong } from "./lines.ts";
import { ProcessLines } from "./process_lines.ts";

/** A stream that says something and stays open until it is ended. */
function speech(text: string) {
  let cancelled = false;
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
      given.enqueue(new TextEncoder().encode(text));
    },
    cancel: () => {
      cancelled = true;
    },
  });
  return {
    stream,
    end: () => controller.close(),
    fail: (error: Error) => controller.error(error),
    cancelled: () => cancelled,
  };
}

Deno.test("ProcessLines hands on each line of each stream, and is done when they end", async () => {
  const clock = new ManualClock();
  const reading = new ProcessLines(clock);
  const taken: string[] = [];
  const [out, err] = [speech("one\ntwo\n"), speech("three\nhalf")];
  const read = [out, err].map(({ stream }) =>
    reading.read(stream, (line) => taken.push(line), { maxBytes: 100 })
  );
  out.end();
  err.end();
  await Promise.all(read);
  await reading.end();
  assertEquals([taken.sort(), clock.pending], [["one", "three", "two"], 0]);
});

Deno.test("ProcessLines lets go of a stream that others hold open, after what was said", async () => {
  const clock = new ManualClock();
  const reading = new ProcessLines(clock);
  const taken: string[] = [];
  const held = speech("last words\n");
  const read = reading.read(held.stream, (line) => taken.push(line), { maxBytes: 100 });
  let over = false;
  const end = reading.end().then(() => over = true);
  await macrotask();
  clock.advance(499);
  await macrotask();
  assertEquals([over, held.cancelled()], [false, false]);
  clock.advance(1);
  await end;
  await read;
  assertEquals([taken, held.cancelled(), clock.pending], [["last words"], true, 0]);
});

Deno.test("ProcessLines tells whoever reads of a line that is too long, and ends all the same", async () => {
  const clock = new ManualClock();
  const reading = new ProcessLines(clock);
  const long = speech("x".repeat(11));
  await assertRejects(() => reading.read(long.stream, () => {}, { maxBytes: 10 }), LineTooLong);
  await reading.end();
  assertEquals([long.cancelled(), clock.pending], [true, 0]);
});

Deno.test("ProcessLines tells whoever reads of a stream that breaks", async () => {
  const reading = new ProcessLines(new ManualClock());
  const broken = speech("x\n");
  const read = reading.read(broken.stream, () => {}, { maxBytes: 10 });
  broken.fail(new TypeError("broken pipe"));
  await assertRejects(() => read, TypeError, "broken pipe");
  await reading.end();
});

Deno.test("ProcessLines without streams has nothing to wait for", async () => {
  const clock = new ManualClock();
  await new ProcessLines(clock).end();
  assertEquals(clock.pending, 0);
});
