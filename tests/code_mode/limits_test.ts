/** How code is held to its limits, and what is told of it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertGone, TestCode, type TestCodeOptions } from "./test_code.ts";

/** What is told of code that costs its sandbox, and that the next piece works in another. */
async function crashes(piece: string, options: TestCodeOptions = {}): Promise<string> {
  await using code = new TestCode(options);
  const pid = await code.pid();
  await code.run("const kept = 1");
  const told = await code.fails(piece);
  assertStringIncludes(told, "Runtime error:\nThe code was ended, since it ");
  assertStringIncludes(told, "The session was reset: everything declared before is forgotten.");
  assertEquals(await code.run("typeof kept"), "undefined");
  assertGone(pid);
  return told;
}

Deno.test("code that does not end is ended, and the calls it had made are told", async () => {
  const functions = { get: () => 1, set: () => 2 };
  const told = await crashes("await get({}); await set({}); for (;;);", {
    maxRunMs: 300,
    functions,
  });
  assertStringIncludes(told, "since it ran for more than 0.3 s.");
  assertStringIncludes(told, "Functions called until then: get, set.");
});

Deno.test("code that waits for nothing is ended", async () => {
  const told = await crashes("await new Promise(() => {})", { maxRunMs: 200 });
  assertStringIncludes(told, "since it ran for more than 0.2 s. No function was called.");
});

Deno.test("time that code waits for calls is not its own", async () => {
  await using code = new TestCode({
    maxRunMs: 400,
    functions: { slow: () => new Promise((resolve) => setTimeout(resolve, 600, "came")) },
  });
  assertEquals(await code.run("await slow({})"), "came");
});

Deno.test("blocking the thread does not hold up the end", async () => {
  const piece = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)";
  assertStringIncludes(await crashes(piece, { maxRunMs: 200 }), "ran for more than 0.2 s");
});

Deno.test("processor time counts for all code together, also while a call is waited for", async () => {
  const told = await crashes("get({}); for (;;);", {
    maxCpuS: 1,
    functions: {
      get: (_: unknown, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    },
  });
  assertMatch(
    told,
    /since it used too much processor time or memory\. Functions called until then: get\./,
  );
});

Deno.test("a heap that is full costs the sandbox", async () => {
  const told = await crashes("const all = []; for (;;) all.push(new Array(1e5).fill(all.length))", {
    maxMemoryBytes: 48 * 1024 * 1024,
  });
  assertStringIncludes(told, "since it ran out of memory");
});

Deno.test("array buffers are memory too", async () => {
  await using code = new TestCode();
  const piece = "const all = []; for (;;) all.push(new ArrayBuffer(2 ** 26).resize)";
  const told = await code.fails(piece.replace(".resize", ""));
  assertStringIncludes(told, "RangeError: Array buffer allocation failed");
  const bytes = await code.run("all.reduce((sum, one) => sum + one.byteLength, 0)") as number;
  assert(bytes < 2 ** 30, `${bytes} bytes`);
  assertStringIncludes(
    await code.fails("new WebAssembly.Memory({ initial: 65536 })"),
    "could not allocate memory",
  );
});

Deno.test("what is printed beyond the limit is cut, and that is told", async () => {
  await using code = new TestCode({ maxOutputChars: 1000 });
  assertEquals(await code.run("for (let n = 0; n < 10_000; n++) console.log('x'.repeat(99))"), {
    output: `${"x".repeat(99)}\n`.repeat(10) + "\n[Cut: more than 1000 characters]\n",
  });
  assertEquals(await code.run("console.log('y')"), { output: "y\n" });
});

Deno.test("a result beyond the limit is an error that says what to do", async () => {
  await using code = new TestCode({ maxOutputChars: 1000 });
  const told = (chars: number) =>
    `Runtime error:\nResult has ${chars} characters, at most 1000 are allowed: return less of it`;
  assertEquals(await code.run("'x'.repeat(1000)"), "x".repeat(1000));
  assertEquals(await code.fails("'x'.repeat(1001)"), told(1001));
  assertEquals(await code.fails("Array.from({ length: 500 }, () => 1)"), told(1001));
  assertEquals(await code.fails("const o = { a: 'x'.repeat(2000) }; o"), told(2008));
  assertEquals(await code.fails("10n ** 2000n"), told(2001));
  const thrown = await code.fails("throw new Error('x'.repeat(5000))");
  assert(thrown.length < 1100, `${thrown.length} characters`);
  assertEquals(await code.run("o.a.length"), 2000);
});

Deno.test("a large result within the limit comes whole", async () => {
  await using code = new TestCode();
  const text = await code.run("'ü'.repeat(5_000_000)") as string;
  assertEquals(text.length, 5_000_000);
});

Deno.test("large values go into code and back", async () => {
  const large = "ü".repeat(8_000_000);
  const functions = { get: () => large, size: ({ text }: { text: string }) => text.length };
  await using code = new TestCode({ functions });
  assertEquals(await code.run("(await get({})).length"), large.length);
  assertEquals(await code.run("await size({ text: (await get({})).slice(0, 1e6) })"), 1_000_000);
});
