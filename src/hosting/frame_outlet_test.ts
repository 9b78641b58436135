import { assertEquals, assertThrows } from "@std/assert";
import type { StreamEncoder } from "../protocols/protocol.ts";
import { EventLog } from "./event_log.ts";
import { FrameOutlet } from "./frame_outlet.ts";

const KEEP_ALIVE = ": keep-alive\n\n";

const SILENT: StreamEncoder = { open() {}, event() {}, fail() {} };
const TALKING: StreamEncoder = { ...SILENT, keepAlive: (write) => write("wait\n\n") };

/** An outlet that leads to a response's body, and what has come there. */
function toBody(encoder: StreamEncoder) {
  const outlet = new FrameOutlet({ encoder, silenceTicks: 2 });
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => outlet.openBody(controller),
  }, { highWaterMark: 3 });
  const text = () => {
    outlet.end(true);
    return new Response(body).text();
  };
  return { outlet, text };
}

/** Ticks until the silence has lasted long enough, and breaks it. */
function silence(outlet: FrameOutlet): number {
  let ticks = 1;
  while (!outlet.tick()) ticks += 1;
  outlet.breakSilence();
  return ticks;
}

Deno.test("an outlet that leads nowhere wants nothing and breaks no silence", () => {
  const outlet = new FrameOutlet({ encoder: TALKING, silenceTicks: 1 });
  assertEquals([outlet.opened, outlet.wanting, outlet.tick()], [false, false, true]);
  outlet.breakSilence();
  outlet.end(false);
});

Deno.test("a silence is broken by a comment, every other time by a frame where there is one", async () => {
  const talking = toBody(TALKING);
  assertEquals([silence(talking.outlet), silence(talking.outlet)], [2, 2]);
  assertEquals(silence(talking.outlet), 2);
  assertEquals(await talking.text(), `${KEEP_ALIVE}wait\n\n${KEEP_ALIVE}`);
  const silent = toBody(SILENT);
  silence(silent.outlet);
  silence(silent.outlet);
  assertEquals(await silent.text(), KEEP_ALIVE.repeat(2));
});

Deno.test("frames and restartSilence() begin the silence anew", async () => {
  const { outlet, text } = toBody(SILENT);
  outlet.tick();
  outlet.write("a\n\n");
  assertEquals(outlet.tick(), false);
  outlet.restartSilence();
  assertEquals([outlet.tick(), outlet.tick()], [false, true]);
  assertEquals(await text(), "a\n\n");
});

Deno.test("a reader that is behind gets no comment", async () => {
  const { outlet, text } = toBody(SILENT);
  for (const frame of ["a\n\n", "b\n\n", "c\n\n"]) outlet.write(frame);
  assertEquals(outlet.wanting, false);
  silence(outlet);
  assertEquals(await text(), "a\n\nb\n\nc\n\n");
});

Deno.test("a log is told whether the answer is whole, and its stream of each frame too many", async () => {
  const log = new EventLog({ maxLength: 4 });
  const outlet = new FrameOutlet({ encoder: SILENT, silenceTicks: 2 });
  let full = 0;
  outlet.openLog(log, () => {
    full += 1;
    if (full === 2) throw new Error("full");
  });
  outlet.write("a\n\n");
  assertEquals([full, outlet.wanting], [0, true]);
  outlet.write("b\n\n");
  assertThrows(() => outlet.write("c\n\n"), Error, "full");
  assertEquals([full, log.text], [2, "a\n\nb\n\nc\n\n"]);
  outlet.end(false);
  assertEquals(await log.ended, false);
});
