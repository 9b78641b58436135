import { assertEquals, assertThrows } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { CallError } from "./call_error.ts";
import { SANDBOX_LIMITS, type SandboxLimits } from "./sandbox.ts";
import { ENDED_TEXT, SandboxEvaluation } from "./sandbox_evaluation.ts";
import type { ToSandbox } from "./sandbox_messages.ts";

/** An evaluation whose calls the test answers. */
function evaluating(limits: SandboxLimits = {}) {
  const clock = new ManualClock();
  const sent: ToSandbox[] = [];
  const asked:
    (PromiseWithResolvers<unknown> & { readonly name: string; readonly args: unknown })[] = [];
  let tooLong = 0;
  const evaluation = new SandboxEvaluation({
    limits: { ...SANDBOX_LIMITS, maxRunMs: 1000, ...limits },
    clock,
    send: (message) => sent.push(structuredClone(message)),
    functions: new Set(["get", "constructor"]),
    call: (name, args) => {
      const waiting = Promise.withResolvers<unknown>();
      asked.push({ ...waiting, name, args });
      return waiting.promise;
    },
    onTooLong: () => {
      tooLong += 1;
      evaluation.crash("ran for more than 1 s");
    },
  });
  const call = (number: number, name = "get") =>
    evaluation.take({ type: "call", call: number, name, args: { number } });
  return { clock, sent, asked, evaluation, call, tooLong: () => tooLong };
}

const VALUE = { type: "value", value: 1, output: "" } as const;

Deno.test("SandboxEvaluation ends with what the code came to, and leaves no timer", async () => {
  const { clock, evaluation } = evaluating();
  evaluation.take(VALUE);
  assertEquals(await evaluation.result, VALUE);
  assertEquals(clock.pending, 0);
});

Deno.test("SandboxEvaluation hands calls over and results back, in whatever order they come", async () => {
  const { sent, asked, evaluation, call } = evaluating();
  call(1);
  call(2, "constructor");
  assertEquals(asked.map(({ name, args }) => [name, args]), [
    ["get", { number: 1 }],
    ["constructor", { number: 2 }],
  ]);
  asked[1]!.resolve("two");
  await macrotask();
  asked[0]!.resolve(undefined);
  await macrotask();
  assertEquals(sent, [
    { type: "result", call: 2, value: "two" },
    { type: "result", call: 1, value: undefined },
  ]);
  evaluation.take(VALUE);
  await evaluation.result;
});

Deno.test("SandboxEvaluation counts time without that of calls", async () => {
  const { clock, asked, evaluation, call, tooLong } = evaluating();
  clock.advance(600);
  call(1);
  call(2);
  clock.advance(100_000);
  asked[0]!.resolve(0);
  await macrotask();
  clock.advance(100_000);
  asked[1]!.resolve(0);
  await macrotask();
  clock.advance(399);
  assertEquals(tooLong(), 0);
  clock.advance(1);
  assertEquals(tooLong(), 1);
  assertEquals(await evaluation.result, { type: "crash", reason: "ran for more than 1 s" });
  assertEquals(clock.pending, 0);
});

Deno.test("SandboxEvaluation gives a call that comes when time is up no more of it", async () => {
  const { clock, asked, call, tooLong } = evaluating();
  clock.advance(999);
  for (let number = 1; number <= 3; number++) {
    call(number);
    clock.advance(50);
    asked[number - 1]!.resolve(0);
    await macrotask();
  }
  clock.advance(1);
  assertEquals(tooLong(), 1);
});

Deno.test("SandboxEvaluation tells code what a call refuses, and nothing else of what fails", async () => {
  const { sent, asked, call } = evaluating();
  call(1);
  call(2);
  call(3);
  asked[0]!.reject(new CallError("No such article"));
  asked[1]!.reject(new Error("secret"));
  asked[2]!.resolve(() => {});
  await macrotask();
  assertEquals(sent, [
    { type: "error", call: 1, message: "No such article" },
    { type: "error", call: 2, message: "Call failed" },
    { type: "error", call: 3, message: "Result is no JSON" },
  ]);
});

Deno.test("SandboxEvaluation refuses names that are not on offer, and calls beyond the limit", async () => {
  const { sent, asked, call } = evaluating({ maxCalls: 2 });
  call(1, "other");
  call(2, "toString");
  call(3);
  call(4);
  call(5);
  await macrotask();
  assertEquals(asked.length, 2);
  assertEquals(sent, [
    { type: "error", call: 1, message: 'No function is named "other"' },
    { type: "error", call: 2, message: 'No function is named "toString"' },
    { type: "error", call: 5, message: "Too many calls: at most 2 in one piece of code" },
  ]);
});

Deno.test("SandboxEvaluation waits for calls that code did not wait for, and takes no new ones", async () => {
  const { clock, sent, asked, evaluation, call } = evaluating();
  call(1);
  evaluation.take(VALUE);
  call(2);
  assertEquals(sent, [{ type: "error", call: 2, message: ENDED_TEXT }]);
  let settled = false;
  const result = evaluation.result.finally(() => settled = true);
  clock.advance(1e6);
  await macrotask();
  assertEquals(settled, false);
  asked[0]!.resolve(0);
  assertEquals(await result, VALUE);
  assertEquals(asked.length, 1);
  assertEquals(clock.pending, 0);
});

Deno.test("SandboxEvaluation that crashes is over at once", async () => {
  const { clock, evaluation, call } = evaluating();
  call(1);
  evaluation.crash("ended");
  evaluation.crash("ended again");
  assertEquals(await evaluation.result, { type: "crash", reason: "ended" });
  assertEquals(clock.pending, 0);
});

Deno.test("SandboxEvaluation throws at one number for two calls, and at a second end", () => {
  const { evaluation, call } = evaluating();
  call(1);
  assertThrows(() => call(1), Error, "used the number of a call twice");
  evaluation.take(VALUE);
  assertThrows(() => evaluation.take(VALUE), Error, "ended twice");
});

Deno.test("SandboxEvaluation holds results and output to the limit, whatever the sandbox says", async () => {
  const long = "x".repeat(500);
  const of = async (message: Parameters<SandboxEvaluation["take"]>[0]) => {
    const { evaluation } = evaluating({ maxOutputChars: 100 });
    evaluation.take(message);
    return await evaluation.result;
  };
  const text = (chars: number) =>
    `Result has ${chars} characters, at most 100 are allowed: return less of it`;
  const refused = (chars: number) => ({
    type: "failure" as const,
    kind: "runtime" as const,
    message: text(chars),
    output: "",
  });
  assertEquals(await of({ type: "value", value: long, output: "" }), refused(500));
  assertEquals(await of({ type: "value", value: [long], output: "" }), refused(504));
  const fits = { type: "value" as const, value: '"'.repeat(100), output: "" };
  assertEquals(await of(fits), fits);
  assertEquals(await of({ type: "value", output: long }), {
    type: "value",
    output: "x".repeat(200),
  });
  assertEquals(await of({ type: "failure", kind: "syntax", message: long, output: long }), {
    type: "failure",
    kind: "syntax",
    message: "x".repeat(100),
    output: "x".repeat(200),
  });
});
