/** Code tries to do harm with what it has: its own process, and the words it says to its host. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { ModelRetry } from "../../src/tools/outcome.ts";
import { CallError } from "../../src/code_mode/call_error.ts";
import { assertGone, TestCode, type TestCodeOptions } from "./test_code.ts";

/** Writes raw bytes to standard output, beside the program of the sandbox. */
const RAW =
  "const { writeSync } = await import('node:fs'); const raw = (text: string) => writeSync(1, text);";

/** A line of the protocol. */
function line(message: unknown): string {
  return `raw(${JSON.stringify(`${JSON.stringify(message)}\n`)})`;
}

/**
 * Runs pieces of code that may cost their sandbox, each in a new one, and says what the model is told of
 * each. Others never notice: another session goes on, and so does this one.
 */
async function* survives(
  pieces: readonly string[],
  options: TestCodeOptions = {},
): AsyncGenerator<readonly [piece: string, told: string]> {
  await using other = new TestCode();
  await other.run("const kept = 'kept'");
  await using code = new TestCode({ maxRunMs: 1500, ...options });
  for (const piece of pieces) {
    const pid = await code.pid();
    const told = await code.run(piece).then(JSON.stringify, (error: Error) => error.message);
    assertEquals(await other.run("kept"), "kept");
    assertEquals(await code.run("1 + 1", { restart: true }), 2, piece);
    assertGone(pid);
    yield [piece, told];
  }
}

const GONE = "The code was ended, since it ";

Deno.test("a process that is left, or falls over, costs its session only", async () => {
  const pieces = [
    "Deno.exit(0)",
    "process.exit(1)",
    "process.abort()",
    "Deno.stdin.close(); await new Promise(() => {})",
    "new Worker('data:text/javascript,', { type: 'module' }); await new Promise(() => {})",
  ];
  for await (const [piece, told] of survives(pieces)) assertStringIncludes(told, GONE, piece);
});

Deno.test("code that keeps a thread busy is ended, however it does", async () => {
  const pieces = [
    "while (true);",
    "/^(a+)+$/.test('a'.repeat(40) + 'b')",
    "const storm = () => Promise.resolve().then(storm); await storm()",
    "({ toJSON() { for (;;); } })",
    "({ then() { for (;;); } })",
    "throw { get [Symbol.toStringTag]() { for (;;); } }",
  ];
  for await (const [piece, told] of survives(pieces, { maxRunMs: 250 })) {
    assertStringIncludes(told, "ran for more than 0.25 s", piece);
  }
});

Deno.test("memory is bounded, however it is taken", async () => {
  const pieces = [
    "const all: unknown[] = []; for (;;) all.push({ all: [...all] })",
    "let text = 'ab'; for (;;) text += text.replaceAll('a', 'aa')",
    "(function deeper() { return [1].map(deeper) })()",
    "(function again() { queueMicrotask(again); queueMicrotask(again) })(); await new Promise(() => {})",
    "const buffers = []; for (;;) buffers.push(new Uint8Array(2 ** 24).fill(1))",
    "const shared = []; for (;;) shared.push(new SharedArrayBuffer(2 ** 24))",
    "await Promise.all(Array.from({ length: 1e7 }, async () => { await null }))",
  ];
  const small = { maxMemoryBytes: 48 * 1024 * 1024, maxRunMs: 8000 };
  for await (const [piece, told] of survives(pieces, small)) {
    assertMatch(told, /RangeError|out of memory|Invalid|processor time|allocation/, piece);
  }
});

Deno.test("what code leaves behind ends with it", async () => {
  await using code = new TestCode();
  const pid = await code.pid();
  const piece = "setInterval(() => {}, 1); setInterval(() => { for (let n = 0; n < 1e6; n++); });" +
    "Deno.addSignalListener('SIGTERM', () => {}); addEventListener('unload', () => { for (;;); }); 1";
  assertEquals(await code.run(piece), 1);
  await code.session[Symbol.asyncDispose]();
  assertGone(pid);
});

Deno.test("ten thousand lines are ten thousand lines", async () => {
  await using code = new TestCode();
  const { output } = await code.run("for (let n = 0; n < 10_000; n++) console.log(n)") as {
    output: string;
  };
  assertEquals(output.split("\n").length, 10_001);
});

Deno.test("a forged message gets what the real one would get, and no more", async () => {
  const asked: unknown[] = [];
  await using code = new TestCode({
    functions: {
      get: (args: unknown) => {
        asked.push(args);
        return "got";
      },
    },
  });
  await code.run(RAW);
  // A tool that is not on offer, by any name.
  for (const name of ["other", "run_code", "__proto__", "constructor", "", "toString"]) {
    const forged = line({ type: "call", call: 1_000_000, name, args: {} });
    assertEquals(await code.run(`${forged}; await get({ n: 1 })`), "got", name);
  }
  assertEquals(asked.length, 6);
  // A result that is not the real one: it deceives nobody but the model that wrote it.
  const told = await code.run(`${line({ type: "value", value: "forged", output: "" })}; 'real'`);
  assertEquals(told, "forged");
});

Deno.test("forged calls count, are bounded, and end like others", async () => {
  await using code = new TestCode({ functions: { get: () => 1 } });
  await code.run(RAW);
  const calls = (count: number) =>
    `for (let n = 0; n < ${count}; n++) raw(JSON.stringify({ type: 'call', call: 1e6 + n, name: 'get' }) + '\\n'); 1`;
  await code.run(calls(500));
  assertEquals(code.called.length, 100);
  assertStringIncludes(await code.fails(calls(5000)), `${GONE}called without end`);
  assertEquals(code.called.length, 200);
});

Deno.test("calls with arguments that nobody could bear are refused, and cost the host nothing", async () => {
  await using code = new TestCode({ functions: { get: () => 1 } });
  await code.run(RAW);
  for (
    const [made, limit] of [
      ["'x'.repeat(1024 * 1024)", "1048576 characters"],
      ["new Array(30_000).fill([])", "50000 values"],
    ]
  ) {
    const told = await code.fails(`await get({ n: ${made} })`);
    assertStringIncludes(told, `Arguments are too large: at most ${limit} are allowed`);
  }
  assertEquals(code.called, []);
  const begin = performance.now();
  let longest = 0;
  let last = begin;
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  try {
    const bomb = 'raw(\'{"type":"call","call":9,"name":"get","args":{"a":[\');' +
      "const chunk = '[],'.repeat(2 ** 18); for (let n = 0; n < 8; n++) raw(chunk); raw('0]}}\\n');" +
      "await new Promise(() => {})";
    assertStringIncludes(await code.fails(bomb), `${GONE}sent more values than anybody reads`);
  } finally {
    clearInterval(watch);
  }
  // Parsing it would take seconds.
  assert(longest < 1000, `the host stood still for ${longest} ms`);
});

Deno.test("what breaks the form ends the sandbox, and the host says in its own words why", async () => {
  const cases: Readonly<Record<string, string>> = {
    "raw('text\\n')": "wrote to standard output by itself",
    "raw('\\n')": "sent an empty line",
    "raw('null\\n')": "sent what is no message",
    "raw('[]\\n')": "sent what is no message",
    [line({ type: "other" })]: "sent what is no message",
    [line({ type: "call", call: -1, name: "get" })]: "sent what is no message",
    [line({ type: "call", call: 1.5, name: "get" })]: "sent what is no message",
    [line({ type: "call", call: "1", name: "get" })]: "sent what is no message",
    [line({ type: "call", call: 1, name: "x".repeat(257) })]: "sent what is no message",
    [line({ type: "value", value: 1 })]: "sent what is no message",
    [line({ type: "failure", kind: "other", message: "", output: "" })]: "sent what is no message",
    "writeSync(1, new Uint8Array([0xff, 0x0a]))": "sent a line that is no UTF-8",
    "for (;;) raw('x'.repeat(2 ** 20))": "sent a message of more than",
    "raw('[' .repeat(2 ** 20) + '\\n')": "sent more values than anybody reads",
    "raw('[' .repeat(2 ** 14) + '\\n')": "wrote to standard output by itself",
    [line({ type: "ready" })]: "was ready twice",
    [`for (;;) ${line({ type: "call", call: 1e6, name: "other" })}`]: "called without end",
  };
  const pieces = Object.keys(cases).map((own) => `${RAW} ${own}; await new Promise(() => {})`);
  const told: string[] = [];
  for await (const [, one] of survives(pieces, { maxOutputChars: 1_000_000 })) told.push(one);
  Object.entries(cases).forEach(([piece, reason], index) =>
    assertStringIncludes(told[index]!, `${GONE}${reason}`, piece)
  );
});

Deno.test("one number for two calls ends the sandbox", async () => {
  await using code = new TestCode({
    functions: {
      wait: (_: unknown, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    },
  });
  const twice = line({ type: "call", call: 7, name: "wait" });
  const told = await code.fails(`${RAW} ${twice}; ${twice}; await new Promise(() => {})`);
  assertStringIncludes(told, `${GONE}used the number of a call twice`);
  assertStringIncludes(told, "Functions called until then: wait.");
});

Deno.test("arguments without an end to their nesting are no trouble", async () => {
  const seen: unknown[] = [];
  await using code = new TestCode({
    functions: {
      get: (args: unknown) => {
        seen.push(args);
        throw new CallError("no");
      },
    },
  });
  await code.run(RAW);
  const deep = "'['.repeat(4e4) + ']'.repeat(4e4)";
  const forged = `raw('{"type":"call","call":9,"name":"get","args":' + ${deep} + '}\\n')`;
  assertEquals(await code.run(`${forged}; try { await get({}) } catch (e) { e.message }`), "no");
  const value = `raw('{"type":"value","output":"","value":' + ${deep} + '}\\n')`;
  await code.run(`${value}; 1`).catch((error) => assertInstanceOf(error, ModelRetry));
  assertEquals(await code.run("2", { restart: true }), 2);
});

Deno.test("a sandbox that does not read what it is told is ended", async () => {
  const text = "x".repeat(2 ** 20);
  await using code = new TestCode({
    maxCalls: 1000,
    functions: { get: () => text },
  });
  const told = await code.fails(
    `${RAW} for (let n = 0; n < 600; n++) raw(JSON.stringify({ type: 'call', call: n, name: 'get' }) + '\\n');` +
      " for (;;);",
  );
  assertStringIncludes(told, `${GONE}does not read what it is told`);
});

Deno.test("code that meddles with what everything is made of harms itself alone", async () => {
  const pieces = [
    "Object.prototype.toJSON = () => 'forged'; 1",
    "Object.prototype.then = (done) => done(1); 1",
    "Array.prototype.map = Array.prototype.forEach = () => { throw 1 }; [1]",
    "JSON.parse = () => ({ type: 'evaluate' }); ({ a: 1 })",
    "JSON.stringify = () => 'null'; ({ a: 1 })",
    "Promise.prototype.then = () => { throw 1 }; ({ a: 1 })",
    "globalThis.Promise = globalThis.Map = globalThis.TextEncoder = undefined; ({ a: 1 })",
    "Map.prototype.get = Map.prototype.set = () => undefined; ({ a: 1 })",
    "String.prototype.split = String.prototype.slice = () => []; ({ a: 1 })",
    "RegExp.prototype.exec = () => null; ({ a: 1 })",
    "TextEncoder.prototype.encode = () => new Uint8Array([10]); ({ a: 1 })",
    "Error.prepareStackTrace = () => { throw 1 }; null.x",
    "Deno.inspect = () => { throw 1 }; console.log({}); 1",
    "globalThis.__proto__ = null; ({ a: 1 })",
    "Object.freeze(Object.prototype); Object.freeze(globalThis); ({ a: 1 })",
    "Object.defineProperty(Object.prototype, 'type', { get: () => 'call' }); 1",
    "Object.prototype.call = 1; Object.prototype.name = 'get'; Object.prototype.args = {}; 1",
    "globalThis.setTimeout = globalThis.queueMicrotask = () => {}; 1",
  ];
  for await (const [piece, told] of survives(pieces, { maxRunMs: 300 })) {
    assert(told.length > 0, piece);
  }
  assertEquals(({} as { toJSON?: unknown }).toJSON, undefined);
});

Deno.test("the inspector that code can catch leads nowhere", async () => {
  await using code = new TestCode();
  await code.run(`
    const { Session } = await import("node:inspector");
    const { post } = Session.prototype;
    let caught: unknown;
    Session.prototype.post = function (...args) { caught ??= this; return post.apply(this, args) };
    // The inspector is used on what code came to.
    ({})`);
  const ask = (expression: string) =>
    code.run(`await new Promise((resolve) => setTimeout(() => post.call(
      caught,
      "Runtime.evaluate",
      { expression: ${JSON.stringify(expression)}, includeCommandLineAPI: true },
      (error, { result }) => resolve(error ? String(error) : result.description ?? result.value),
    )))`);
  assertEquals(await ask("1 + 1"), "2");
  assertEquals(await ask("typeof session + typeof send"), "undefinedundefined");
  assertEquals(await ask("typeof Deno[Deno.internal]"), "undefined");
  assertMatch(String(await ask("Deno.hostname()")), /^NotCapable/);
  assertMatch(String(await ask("Deno.readTextFileSync('/etc/passwd')")), /^NotCapable/);
});
