import { assert, assertEquals, assertFalse } from "@std/assert";
import { EventLog } from "./event_log.ts";
import { settle } from "./fixture_test.ts";

const COMMENT = new TextEncoder().encode(": still here\n\n");

/** A reader of a log, and whether it left before the end. */
function read(log: EventLog, from = 0) {
  const ends: boolean[] = [];
  const stream = new ReadableStream(log.read(from, (left) => ends.push(left)));
  return { ends, stream, text: () => new Response(stream).text() };
}

Deno.test("readers get every frame from theirs on, those before and those to come", async () => {
  const log = new EventLog();
  log.append("a\n\n");
  log.append("b\n\n");
  const readers = [0, 1, 2, 3].map((from) => read(log, from));
  const texts = readers.map(({ text }) => text());
  await settle();
  log.append("c\n\n");
  await settle();
  log.append("d\n\n");
  log.close({ whole: true });
  assertEquals(await Promise.all(texts), [
    "a\n\nb\n\nc\n\nd\n\n",
    "b\n\nc\n\nd\n\n",
    "c\n\nd\n\n",
    "d\n\n",
  ]);
  assertEquals(readers.flatMap(({ ends }) => ends), [false, false, false, false]);
  assertEquals(await read(log, 9).text(), "");
  assertEquals([await log.ended, log.size, log.text], [true, 4, "a\n\nb\n\nc\n\nd\n\n"]);
});

Deno.test("each frame is a chunk of its own", async () => {
  const log = EventLog.of("a\n\nb\n\nc");
  const chunks: string[] = [];
  for await (const chunk of read(log).stream) chunks.push(new TextDecoder().decode(chunk));
  assertEquals(chunks, ["a\n\n", "b\n\n", "c"]);
});

Deno.test("a slow reader costs no more than its place, and holds back nobody", async () => {
  const log = new EventLog();
  const slow = read(log).stream.getReader();
  const quick = read(log).text();
  for (let index = 0; index < 1000; index++) log.append(`${index}\n\n`);
  log.close({ whole: true });
  assertEquals((await quick).split("\n\n").length, 1001);
  assertEquals(new TextDecoder().decode((await slow.read()).value), "0\n\n");
  await slow.cancel();
});

Deno.test("a reader that leaves is told apart, and the log goes on", async () => {
  const log = new EventLog();
  const one = read(log);
  const reader = one.stream.getReader();
  log.append("a\n\n");
  await reader.read();
  await reader.cancel();
  assertEquals(one.ends, [true]);
  log.append("b\n\n");
  log.close({ whole: false });
  assertEquals(one.ends, [true]);
  assertEquals(await log.ended, false);
});

Deno.test("comments reach whoever waits, once, and are no part of the log", async () => {
  const log = new EventLog();
  const waiting = read(log).text();
  await settle();
  log.enqueue(COMMENT);
  log.append("a\n\n");
  log.close({ whole: true });
  assertEquals(await waiting, ": still here\n\na\n\n");
  assertEquals(log.text, "a\n\n");
});

Deno.test("a full log says so, and still takes the end of the answer", () => {
  const log = new EventLog({ maxLength: 10 });
  log.append("12345678\n\n");
  assertFalse(log.full);
  log.append("9\n\n");
  assert(log.full);
  log.append("failed\n\n");
  assertEquals(log.size, 3);
});
