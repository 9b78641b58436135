import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { silentLogger } from "../context/system.ts";
import { gate } from "./fixture_test.ts";
import { flushLogger, lineLogger, type LineLoggerOptions, logsLevel } from "./log.ts";

/** A logger whose output can be read. */
function captured(options: LineLoggerOptions = {}) {
  let output = "";
  const logger = lineLogger({
    now: () => Date.UTC(2026, 0, 2),
    color: false,
    write(bytes) {
      output += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.byteLength);
    },
    ...options,
  });
  return { logger, output: () => output };
}

Deno.test("json: one object a line, fields beside time, level and message", async () => {
  const { logger, output } = captured({ format: "json" });
  logger.log("info", "request", { status: 200, key: undefined, model: "a\nb" });
  await logger.flush();
  assertEquals(
    output(),
    '{"time":"2026-01-02T00:00:00.000Z","level":"info","message":"request","status":200,"model":"a\\nb"}\n',
  );
});

Deno.test("json: a field that cannot be written does not cost the line", async () => {
  const { logger, output } = captured({ format: "json" });
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  logger.log("warn", "odd", { circle });
  logger.log("warn", "big", { big: 1n });
  await logger.flush();
  assertEquals(output().trim().split("\n").map((line) => JSON.parse(line).message), ["odd", "big"]);
});

Deno.test("pretty: fields as key=value, no control character of others, stacks indented", async () => {
  const { logger, output } = captured();
  logger.log("warn", "failed", {
    model: "a/b-1",
    detail: "two words\nINFO forged \u001b[31m",
    nothing: undefined,
    list: [1],
    stack: "Error: x\n    at f\u001b[0m",
  });
  await logger.flush();
  const lines = output().split("\n");
  assertEquals(lines.length, 4);
  assertStringIncludes(lines[0]!, "2026-01-02T00:00:00.000Z WARN  failed model=a/b-1 detail=");
  assertStringIncludes(lines[0]!, "list=[1]");
  assertFalse(lines[0]!.includes("nothing"));
  assertEquals(lines[2], "    at f\\u001b[0m");
  assertFalse(output().includes("\u001b"));
});

Deno.test("pretty: no text of others turns the direction of a line, or ends it", async () => {
  const { logger, output } = captured();
  const turning = [0x200e, 0x200f, 0x202a, 0x202b, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069];
  for (const code of [...turning, 0x2028, 0x2029, 0x9b]) {
    logger.log("warn", `denied ${String.fromCodePoint(code)}`, {
      value: `a${String.fromCodePoint(code)}b`,
      stack: `at ${String.fromCodePoint(code)}`,
    });
  }
  await logger.flush();
  assertFalse(/[\u0080-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(output()), output());
  assertStringIncludes(output(), 'WARN  denied \\u202e value="a\\u202eb"\n    at \\u202e\n');
});

Deno.test("pretty: the level has a colour when asked for", async () => {
  const { logger, output } = captured({ color: true });
  logger.log("error", "x");
  await logger.flush();
  assertStringIncludes(output(), "\u001b[31mERROR\u001b[0m x");
});

Deno.test("levels below the lowest are dropped, and known to be", async () => {
  const { logger, output } = captured({ level: "warn" });
  logger.log("info", "no");
  logger.log("warn", "yes");
  await logger.flush();
  assertFalse(output().includes("no"));
  assertEquals([logsLevel(logger, "info"), logsLevel(logger, "error")], [false, true]);
  assert(logsLevel(silentLogger, "debug"));
  await flushLogger(silentLogger);
});

Deno.test("lines logged during a write go out together, in order, however short the writes", async () => {
  const first = gate();
  const writes: string[] = [];
  const { logger } = captured({
    async write(bytes) {
      await first.promise;
      const taken = Math.min(bytes.byteLength, 50);
      writes.push(new TextDecoder().decode(bytes.subarray(0, taken)));
      return taken;
    },
  });
  for (let count = 0; count < 20; count++) logger.log("info", `line-${count}`);
  const flushed = logger.flush();
  first.resolve();
  await flushed;
  assertEquals(writes.join("").match(/line-\d+/g)?.length, 20);
  assert(writes.join("").endsWith("line-19\n"));
});

Deno.test("a reader that does not keep up costs lines, not memory, and is told", async () => {
  const stuck = gate();
  let output = "";
  const { logger } = captured({
    async write(bytes) {
      await stuck.promise;
      output += new TextDecoder().decode(bytes);
      return bytes.byteLength;
    },
  });
  logger.log("info", "first");
  await Promise.resolve();
  await Promise.resolve();
  for (let count = 0; count < 10_500; count++) logger.log("info", "x");
  stuck.resolve();
  await logger.flush();
  assertStringIncludes(output, "(500 lines dropped)");
});

Deno.test("a log that cannot be written disturbs nobody", async () => {
  const { logger } = captured({ write: () => Promise.reject(new Error("EPIPE")) });
  logger.log("info", "x");
  await logger.flush();
  logger.log("info", "y");
  await logger.flush();
});
