/** What code calls, and what becomes of calls when code ends in one way or another. */
import {
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { CallError } from "../../src/code_mode/call_error.ts";
import { ENDED_TEXT } from "../../src/code_mode/sandbox_evaluation.ts";
import { ToolContent } from "../../src/tools/content.ts";
import { assertGone, TestCode } from "./test_code.ts";

Deno.test("a call hands over its arguments and comes to what the function returns", async () => {
  const seen: unknown[] = [];
  const returned: readonly unknown[] = [
    { a: [1] },
    "text",
    null,
    undefined,
    0,
    "\u2028\ud800",
    { ["__proto__"]: 1 },
  ];
  await using code = new TestCode({
    functions: {
      get: (args: unknown) => {
        seen.push(args);
        return returned[seen.length - 1];
      },
    },
  });
  const piece =
    "[await get({ a: 1, u: undefined }), await get(), await get(undefined), await get(null), " +
    "await get(['x']), await get('\\u2028\\ud800'), await get({ ['__proto__']: 1 })]";
  assertEquals(await code.run(piece), [
    { a: [1] },
    "text",
    null,
    null,
    0,
    "\u2028\ud800",
    { ["__proto__"]: 1 },
  ]);
  assertEquals(seen, [{ a: 1 }, {}, {}, null, ["x"], "\u2028\ud800", { ["__proto__"]: 1 }]);
});

Deno.test("calls run side by side, and what they return finds its call", async () => {
  const gates = new Map<number, () => void>();
  await using code = new TestCode({
    functions: {
      get: async ({ n }: { n: number }) => {
        await new Promise<void>((resolve) => {
          gates.set(n, resolve);
          // All are there: the last goes first.
          if (gates.size === 5) { for (const open of [...gates.values()].reverse()) open(); }
        });
        return n * 10;
      },
    },
  });
  const piece = "await Promise.all([0, 1, 2, 3, 4].map((n) => get({ n })))";
  assertEquals(await code.run(piece), [0, 10, 20, 30, 40]);
});

Deno.test("what a call refuses is thrown where the code called, and code can mend it", async () => {
  await using code = new TestCode({
    functions: {
      get: () => {
        throw new CallError("Price is not known");
      },
    },
  });
  assertEquals(
    await code.run(
      "try { await get({}) } catch (e) { [e instanceof Error, e.name, e.message, e.stack] }",
    ),
    [
      true,
      "ToolError",
      "Price is not known",
      "ToolError: Price is not known\n    at code_1.ts:1:13",
    ],
  );
  assertEquals(
    await code.fails("async function f() {\n  return await get({})\n}\nawait f()"),
    "Runtime error:\nToolError: Price is not known\n    at f (code_2.ts:2:16)\n    at code_2.ts:4:7",
  );
});

Deno.test("a call that fails for good ends code and session with its own error", async () => {
  const failure = new TypeError("secret of the host");
  const aborted: unknown[] = [];
  await using code = new TestCode({
    functions: {
      fail: () => {
        throw failure;
      },
      wait: (_: unknown, signal) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => {
            aborted.push(signal.reason);
            reject(signal.reason);
          })
        ),
    },
  });
  const pid = await code.pid();
  const piece = "try { await Promise.all([wait({}), fail({})]) } catch { 'mended' }";
  assertEquals(await assertRejects(() => code.run(piece)), failure);
  assertEquals(aborted, [failure]);
  assertEquals(code.called, ["wait", "fail"]);
  await code.session[Symbol.asyncDispose]();
  assertGone(pid);
});

Deno.test("calls that code does not wait for are over before it is told what it came to", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let over = 0;
  await using code = new TestCode({
    functions: {
      slow: async () => {
        await gate;
        over += 1;
      },
      quick: () => open(),
    },
  });
  assertEquals(await code.run("slow({}); slow({}); quick({}); 'done'"), "done");
  assertEquals(over, 2);
});

Deno.test("an error ends code, but not the calls under way", async () => {
  let over = 0;
  await using code = new TestCode({
    functions: {
      slow: async (_: unknown, signal) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        assertFalse(signal.aborted);
        over += 1;
      },
    },
  });
  assertStringIncludes(
    await code.fails("await Promise.all([slow({}), Promise.reject(new Error('other'))])"),
    "Error: other",
  );
  assertEquals(over, 1);
});

Deno.test("code that goes on after its end calls with a piece that runs, or not at all", async () => {
  await using code = new TestCode({ functions: { get: () => "came" } });
  const leftBehind = "const later = new Promise((done) => " +
    "setTimeout(() => get({}).catch((e) => e.message).then(done))); 1";
  for (let count = 0; count < 5; count++) {
    const called = code.called.length;
    assertEquals(await code.run(leftBehind), 1);
    const told = await code.run("later");
    const expected = code.called.length > called ? "came" : ENDED_TEXT;
    assertEquals(told, expected);
  }
});

Deno.test("one piece of code has a number of calls, and the run has one", async () => {
  await using code = new TestCode({ maxRunCalls: 250, functions: { get: () => 1 } });
  const loop = "let n = 0; try { for (;;) { await get({}); n++ } } catch (e) { [n, e.message] }";
  const all = "const all = await Promise.allSettled(Array.from({ length: 150 }, () => get({})));" +
    "all.filter((one) => one.status === 'fulfilled').length";
  assertEquals(await code.run(loop), [100, "Too many calls: at most 100 in one piece of code"]);
  assertEquals(await code.run(all), 100);
  assertEquals(await code.run(loop), [50, "Too many calls: at most 250 in all"]);
  assertEquals(
    await code.run("await get({})").catch((e) => e.message.split("\n")[1]),
    "ToolError: Too many calls: at most 250 in all",
  );
  assertEquals(code.called.length, 250);
});

Deno.test("a thousand calls is the most by default", async () => {
  await using code = new TestCode({ maxCalls: 2000, functions: { get: () => 1 } });
  const all = "(await Promise.allSettled(Array.from({ length: 1100 }, () => get({}))))" +
    ".filter((one) => one.status === 'fulfilled').length";
  assertEquals(await code.run(all), 1000);
});

Deno.test("functions may have any name that a global has, and code may take it over", async () => {
  const functions = Object.fromEntries(
    ["fetch", "constructor", "__proto__", "toString", "valueOf", "name", "type", "async", "URL"]
      .map((name) => [name, () => name]),
  );
  functions["__proto__"] = undefined as never;
  Object.defineProperty(functions, "__proto__", { value: () => "__proto__", enumerable: true });
  await using code = new TestCode({ functions });
  for (const name of Object.keys(functions)) {
    assertEquals(await code.run(`await ${name}({})`), name);
  }
  assertEquals(await code.run("fetch = () => 'own'; fetch()"), "own");
  // Values are written down all the same.
  assertEquals(await code.run("[new Map([['a', 1n]]), new Set([1])]"), [{ a: "1" }, [1]]);
});

Deno.test("functions may have the names of what the sandbox itself needs", async () => {
  const names = [
    "Map",
    "Set",
    "Promise",
    "Error",
    "RegExp",
    "Iterator",
    "atob",
    "Headers",
    "JSON",
    "Object",
    "Array",
    "Reflect",
    "String",
  ];
  const functions = Object.fromEntries(names.map((name) => [name, () => name]));
  await using code = new TestCode({ functions });
  for (const name of names) assertEquals(await code.run(`await ${name}({})`), name);
  assertEquals(await code.run("[[1].values(), (async () => 2)()]"), [[1], 2]);
  assertEquals(await code.run("enum E { A = 3 } E.A"), 3);
});

Deno.test("code cannot declare the name of a function, which stays", async () => {
  await using code = new TestCode({ functions: { price: () => 5 } });
  for (
    const piece of [
      "const price = await price({}); price",
      "let { a, b: [price] } = { a: 1, b: [await price({})] }",
      "var price = 1",
      "console.log('begins'); class price {}",
      "function price() { return 1 }",
      "enum price { A }",
      "export const price = 1",
    ]
  ) {
    assertEquals(
      await code.fails(piece),
      'Syntax error in code:\n"price" is one of the functions: choose another name',
    );
    assertEquals(await code.run("await price({})"), 5);
  }
  assertEquals(await code.run("const { price: cost } = { price: await price({}) }; cost"), 5);
  assertEquals(await code.run("[1].map((price) => price + 1)"), [2]);
});

Deno.test("arguments are written down as results are", async () => {
  const seen: unknown[] = [];
  await using code = new TestCode({ functions: { get: (args: unknown) => (seen.push(args), 7) } });
  const args = "{ m: new Map([['a', new Set([1n])]]), e: new RangeError('bad'), i: [1].values(), " +
    "p: get({}), all: [2].map(async (n) => new Date(n)), q: new URLSearchParams('a=1') }";
  assertEquals(await code.run(`await get(${args})`), 7);
  assertEquals(seen, [{}, {
    m: { a: ["1"] },
    e: "RangeError: bad",
    i: [1],
    p: 7,
    all: ["1970-01-01T00:00:00.002Z"],
    q: [["a", "1"]],
  }]);
});

Deno.test("a call whose arguments cannot be written down rejects", async () => {
  await using code = new TestCode({ functions: { get: () => 1 } });
  const round = "const round: any = {}; round.round = round;";
  assertEquals(await code.run(`${round} get(round).catch((e) => e.name)`), "TypeError");
  assertEquals(
    await code.run("get({ p: Promise.reject(new Error('inner')) }).catch((e) => e.message)"),
    "inner",
  );
  assertEquals(code.called, []);
});

Deno.test("files that functions return are handled by reference, and can be returned", async () => {
  const image = { type: "image" as const, url: "data:image/png;base64,AAAA" };
  await using code = new TestCode({
    functions: { shot: () => new ToolContent([{ type: "text", text: "Here" }, image]) },
  });
  assertEquals(
    await code.run("const [text, file] = await shot({}); [text, file]"),
    new ToolContent([{ type: "text", text: "Here" }, image]),
  );
  assertMatch(String(await code.run("file.file")), /^file_[\da-f-]{36}$/);
  const nested = await code.run("({ caption: 'x', file })");
  assertInstanceOf(nested, ToolContent);
  assertEquals(nested.parts[1], image);
  assertEquals(
    await code.run("console.log('look'); file"),
    new ToolContent([{ type: "text", text: "look\n" }, image]),
  );
  assertFalse(await code.run("({ file: file.file })") instanceof ToolContent);
});

Deno.test("an abort ends code, its calls and its process at once", async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  let ended = 0;
  await using code = new TestCode({
    functions: {
      wait: (_: unknown, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => (ended += 1, reject(signal.reason)));
          begin();
        }),
    },
  });
  const pid = await code.pid();
  const controller = new AbortController();
  const running = code.run("try { await wait({}) } finally { await wait({}) }", controller);
  await begun;
  const reason = new Error("Client left");
  controller.abort(reason);
  assertEquals(await assertRejects(() => running), reason);
  assertEquals(ended, 1);
  await code.session[Symbol.asyncDispose]();
  assertGone(pid);
});

Deno.test("a session that is ended while code runs, or starts, leaves nothing", async () => {
  const code = new TestCode();
  const pid = await code.pid();
  const running = assertRejects(() => code.run("for (;;);"), Error, "Code session has ended");
  await code[Symbol.asyncDispose]();
  await running;
  assertGone(pid);
  const early = new TestCode();
  const starting = assertRejects(() => early.run("1"), Error, "Code session has ended");
  await early[Symbol.asyncDispose]();
  await starting;
  await assertRejects(() => early.run("1"), Error, "Code session has ended");
});

Deno.test("sessions know nothing of each other", async () => {
  await using one = new TestCode();
  await using other = new TestCode();
  await Promise.all([one.run("const a = 'one'"), other.run("const a = 'other'")]);
  assertEquals(await Promise.all([one.run("a"), other.run("a")]), ["one", "other"]);
});
