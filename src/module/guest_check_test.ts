import { assert, assertEquals, assertThrows } from "@std/assert";
import { GuestProtocolError, readGuestMessage } from "./guest_check.ts";

function refuses(value: unknown, reason: string): void {
  const line = typeof value === "string" ? value : JSON.stringify(value);
  const error = assertThrows(() => readGuestMessage(line), GuestProtocolError, reason);
  assert(error.message.length < 400, `${error.message.length} characters for the log`);
}

Deno.test("readGuestMessage() reads what guests say, and drops what it does not know", () => {
  assertEquals(readGuestMessage('{"type":"done","run":1,"more":2,"__proto__":{"a":1}}'), {
    type: "done",
    run: 1,
  });
  assertEquals(readGuestMessage('{"type":"events","run":2,"events":["a",{"type":"text-end"}]}'), {
    type: "events",
    run: 2,
    events: ["a", { type: "text-end" }],
  });
  const ready = { type: "ready", protocol: 1, models: [{ id: "a", secret: 1 }] };
  assertEquals(readGuestMessage(JSON.stringify(ready)), {
    type: "ready",
    protocol: 1,
    models: [{ id: "a" }],
  });
});

Deno.test("readGuestMessage() refuses what is no message", () => {
  refuses("", "no message");
  refuses("hello", "no message");
  refuses('{"type":"done","run":1}{"type":"done","run":2}', "no message");
  refuses("[".repeat(100_000), "no message");
  for (const value of [null, 7, "text", [], {}, { type: "stop" }, { type: "constructor" }]) {
    refuses(JSON.stringify(value), "malformed message");
  }
});

Deno.test("readGuestMessage() refuses numbers that are none of ours", () => {
  for (const run of [0, -1, 1.5, "1", null, 2 ** 60, {}]) {
    refuses({ type: "done", run }, "malformed message");
    refuses({ type: "events", run, events: ["x"] }, "malformed message");
  }
  refuses('{"type":"done","run":1e999}', "malformed message");
  refuses({ type: "pong", ping: -1 }, "malformed message");
  refuses({ type: "taken", call: 1, events: 0 }, "malformed message");
});

Deno.test("readGuestMessage() bounds lists, names and texts", () => {
  refuses({ type: "events", run: 1, events: [] }, "malformed message");
  refuses({ type: "events", run: 1, events: Array(1001).fill("x") }, "malformed message");
  refuses({ type: "ready", protocol: 1, models: [] }, "malformed message");
  refuses({ type: "ready", protocol: 2, models: [{}] }, "malformed message: protocol");
  refuses({ type: "ready", protocol: 1, models: [{ id: "x".repeat(257) }] }, "malformed message");
  refuses({ type: "ready", protocol: 1, models: [{ id: "" }] }, "malformed message");
  refuses(
    { type: "ready", protocol: 1, models: Array(1001).fill({}) },
    "malformed message: models: Must have 1 to 1000 parts, has 1001",
  );
  const chunks = Array(1001).fill("a");
  refuses(
    { type: "ready", protocol: 1, models: [{ responsesReasoning: { mode: "premade", chunks } }] },
    "malformed message: models.0.responsesReasoning.chunks: Must have 0 to 1000 parts, has 1001",
  );
  refuses(`{"type":"log","level":"info","message":[${"1,".repeat(600_000)}1]}`, "too many values");
  const read = readGuestMessage(
    JSON.stringify({ type: "log", level: "warn", message: "x".repeat(10_000) }),
  );
  assertEquals(read.type === "log" && read.message.length, 4000);
});

Deno.test("readGuestMessage() refuses failures of families and forms that there are not", () => {
  const run = 1;
  for (
    const error of [
      {},
      { family: "setup", message: "x" },
      { family: "tool", retry: true, message: "x" },
      { family: "http", status: 200, message: "x" },
      { family: "http", status: 600, message: "x" },
      { family: "http", status: "500", message: "x" },
      { family: "run", code: "internal", message: "x", retryAfterMs: -1 },
      { family: "request", code: "invalid-value", message: "x" },
      { family: "other", name: 1, message: "x" },
    ]
  ) {
    refuses({ type: "error", run, error }, "malformed message");
  }
});
