/** What code comes to, piece after piece. */
import { assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import { assertValues, TestCode } from "./test_code.ts";

Deno.test("the value of the last expression is the result", () =>
  assertValues({
    "1 + 1": 2,
    "'text'": "text",
    "({ a: [1, { b: null }] })": { a: [1, { b: null }] },
    "if (true) { 5 } else { 6 }": 5,
    "let sum = 0; for (const n of [1, 2, 3]) sum += n; sum": 6,
    "await Promise.resolve(7)": 7,
    "Promise.resolve(8)": 8,
    "({ then(done) { done(9) } })": 9,
    "(async () => { await null; return 10 })()": 10,
    "for await (const n of (async function* () { yield 11 })()) n": 11,
    "true": true,
    "false": false,
    "0": 0,
    "''": "",
  }));

Deno.test("what has no value, or null, comes to an empty object", () =>
  assertValues({ "": {}, "// nothing": {}, "null": {}, "undefined": {}, "let a = 1": {} }));

Deno.test("values that JSON has no form for are written down as far as they can be", () =>
  assertValues({
    "10n": "10",
    "[1n, { a: 2n }]": ["1", { a: "2" }],
    "new Map([['a', new Map([['b', 1]])]])": { a: { b: 1 } },
    "new Map<unknown, number>([[1, 2], ['a', 3]])": [[1, 2], ["a", 3]],
    "new Set([1, new Set(['x'])])": [1, ["x"]],
    "new Date(0)": "1970-01-01T00:00:00.000Z",
    "[new Date(0)]": ["1970-01-01T00:00:00.000Z"],
    "new Uint8Array([1, 2])": [1, 2],
    "new TypeError('bad')": "TypeError: bad",
    "({ error: new Error('bad') })": { error: "Error: bad" },
    "/x+/g": "/x+/g",
    "Symbol('s')": "Symbol(s)",
    "(a: number) => a + 1": "(a        ) => a + 1",
    "NaN": "NaN",
    "-Infinity": "-Infinity",
    "-0": 0,
    "[NaN, undefined, () => 1]": [null, null, null],
    "({ u: undefined, f() {}, a: 1 })": { a: 1 },
    "const round: any = { a: 1 }; round.self = round; round":
      "<ref *1> { a: 1, self: [Circular *1] }",
    "({ toJSON() { throw new Error('no') }, a: 1 })": "{ toJSON: [Function: toJSON], a: 1 }",
    "({ toJSON: () => 'own form' })": "own form",
    "Object.create(null)": {},
    "({ ['__proto__']: 1, constructor: 2 })": { ["__proto__"]: 1, constructor: 2 },
    "'\\ud800'": "\ud800",
    "'\\u2028\\u0000'": "\u2028\u0000",
  }));

Deno.test("promises in a value are waited for, and iterators read", () =>
  assertValues({
    "[1, 2].map(async (n) => n * 2)": [2, 4],
    "({ a: { b: Promise.resolve([Promise.resolve(1)]) }, c: 2 })": { a: { b: [1] }, c: 2 },
    "new Map([['a', Promise.resolve(new Set([Promise.resolve(1)]))]])": { a: [1] },
    "[Promise.resolve(new Date(0)), Promise.resolve(1n), Promise.resolve()]": [
      "1970-01-01T00:00:00.000Z",
      "1",
      null,
    ],
    "const once = Promise.resolve({ x: 1 }); [once, once]": [{ x: 1 }, { x: 1 }],
    "[3].values()": [3],
    "new Map([['a', 1]]).entries()": [["a", 1]],
    "(function* () { yield Promise.resolve([5].values()); yield 6 })()": [[5], 6],
    "[[1].values().map((n) => n + 1)]": [[2]],
    "new URLSearchParams('a=1&b=2')": [["a", "1"], ["b", "2"]],
    "new Headers({ a: '1' })": [["a", "1"]],
    "const p: any = { n: Promise.resolve(1) }; p.self = p; typeof p": "object",
  }));

Deno.test("a promise in a value that rejects is thrown", async () => {
  await using code = new TestCode();
  assertStringIncludes(
    await code.fails("[1, 2].map(async (n) => {\n  if (n === 2) throw new Error('two') })"),
    "Runtime error:\nError: two\n    at code_1.ts:2:",
  );
});

Deno.test("an iterator without end is told", async () => {
  await using code = new TestCode({ maxOutputChars: 1000 });
  assertStringIncludes(
    await code.fails("(function* () { for (;;) yield 1 })()"),
    "Iterator has too many values",
  );
  assertEquals(await code.run("1"), 1);
});

Deno.test("what is printed is printed with all that is in it", async () => {
  await using code = new TestCode({ maxOutputChars: 10_000 });
  const printed = async (piece: string) =>
    (await code.run(`console.log(${piece})`) as { readonly output: string }).output;
  const list = await printed("Array.from({ length: 150 }, (_, i) => 'row' + i)");
  assertStringIncludes(list, '"row149"');
  assertStringIncludes(await printed("{a:{b:{c:{d:{e:{f:{g:1}}}}}}}"), "{ g: 1 }");
  assertStringIncludes(await printed("['x'.repeat(500)]"), "x".repeat(500));
  assertStringIncludes(
    await printed("(() => { const o: any = {}; return o.o = o })()"),
    "Circular",
  );
  // Too much is not even built.
  const much = await printed("Array.from({ length: 1e6 }, () => 'row')");
  assertStringIncludes(much, "more items");
  const shared = await printed(
    "(() => { let o: any = [1]; for (let n = 0; n < 15; n++) o = [o, o, o, o, o]; return o })()",
  );
  assertStringIncludes(shared, "[Array]");
});

Deno.test("what was printed comes with the result, or alone", () =>
  assertValues({
    "console.log('a', 1, { b: [2] }); 3": { output: "a 1 { b: [ 2 ] }\n", result: 3 },
    "console.log('only')": { output: "only\n" },
    "console.log('null'); null": { output: "null\n" },
    "console.log()": { output: "\n" },
    "console.error('e'); console.warn('w'); console.info('i'); console.debug('d'); 0": {
      output: "e\nw\ni\nd\n",
      result: 0,
    },
    "console.assert(1 < 2, 'fine'); console.assert(1 > 2, 'not fine', 1)": {
      output: "Assertion failed not fine 1\n",
    },
    // What would write to standard output by itself.
    "console.group('g'); console.count(); console.time('t'); console.timeLog('t'); console.timeEnd('t')":
      {},
    "console.groupEnd(); console.countReset(); console.clear(); console.groupCollapsed(); 1": 1,
    "console.table([{ a: 1 }]); console.dir({ b: 2 }); console.trace('t')": {
      output: "[ { a: 1 } ]\n{ b: 2 }\nt\n",
    },
    "2": 2,
  }));

Deno.test("what is declared stays, and can be declared anew", () =>
  assertValues({
    "const a = 1; let b = 2; var c = 3; a + b + c": 6,
    "class K { x = 1 }": {},
    "function f<T>(value: T): T { return value }": {},
    "type Row = { n: number }; interface Other { m: string }": {},
    "const row: Row = { n: f(a) + new K().x }; row": { n: 2 },
    "const a = 10; a": 10,
    "let a = 11; a": 11,
    "a = 12; a": 12,
    "const a = 13, { d, e: [g] } = { d: 1, e: [2] }; [a, d, g]": [13, 1, 2],
    "const { d } = { d: 5 }; class a {}; d": 5,
    "const [g] = [6]; g": 6,
    "class K { x = 2 }; new K().x": 2,
    "function f(value: number) { return value * 2 }; f(4)": 8,
    "var c = 4; c": 4,
    "enum Colour { Red, Green = 'g' }; [Colour.Red, Colour.Green]": [0, "g"],
    "enum Colour { Blue = 7 }; Colour.Blue": 7,
    "const later = await Promise.resolve(a.name); later": "a",
    "const later = await Promise.resolve('again'); later": "again",
    "export const a = 14; export default a": 14,
    "```ts\nconst a = 15;\na\n```": 15,
    "let i = 4; const h = i++ / 2; const q = 'a/b; const c'; [h, q]": [2, "a/b; const c"],
    "if (a) /it's/.test('x');\nconst sql = 'select; const from t'; sql": "select; const from t",
    "globalThis.kept = 1": 1,
    "kept + 1": 2,
  }));

Deno.test("a restart forgets everything", async () => {
  await using code = new TestCode();
  await code.run("const a = 1");
  assertEquals(await code.run("typeof a", { restart: true }), "undefined");
  assertEquals(await code.run("typeof a"), "undefined");
});

Deno.test("a function that becomes a constant is told apart with what can be done", async () => {
  await using code = new TestCode();
  await code.run("function total() { return 1 }");
  const told = await code.fails("\nconst total = 2");
  assertStringIncludes(told, "Syntax error in code:\nSyntaxError: Identifier 'total' has already");
  assertStringIncludes(told, "Choose another name, assign to it, or set restart");
  assertEquals(await code.run("total()"), 1);
});

Deno.test("constants in strings, templates, expressions and inner scopes stay what they are", () =>
  assertValues({
    "const text = 'const x'; const t = `\nconst y ${`const z ${1}`}`; [text, t]": [
      "const x",
      "\nconst y const z 1",
    ],
    "const pattern = /[/`'\"{]const \\//; pattern.source": "[/`'\"{]const \\/",
    "const half = 4 / 2; const o = { const: 1 }; o.const / half /* const */ // const": 0.5,
    "try { (() => { const inner = 1; inner = 2 })(); 'changed' } catch { 'constant' }": "constant",
    "const text = 'again'; text": "again",
  }));

Deno.test("TypeScript is taken off, with what it adds", () =>
  assertValues({
    "const n = 1 as const satisfies number; n!": 1,
    "abstract class Shape { constructor(readonly side: number) {} abstract area(): number }": {},
    "class Square extends Shape { area() { return this.side ** 2 } }; new Square(3).area()": 9,
    "namespace Space { export const inside = 'in' }; Space.inside": "in",
    "declare function elsewhere(): void; 1": 1,
    "function over(a: string): string; function over(a: unknown) { return a }; over('o')": "o",
    "const id = <T,>(x: T) => x; id<number>(2)": 2,
    "let u!: string; u": {},
  }));

Deno.test("syntax errors tell where, by the lines of the code", async () => {
  await using code = new TestCode();
  const cases: Readonly<Record<string, string>> = {
    "let a: number = ;": "SyntaxError: Expression expected\n",
    "foo(": "at code_2.ts:1:5",
    "\n\n  return 5": "SyntaxError: Illegal return statement\n    at code_3.ts:3:3",
    "import fs from 'node:fs'": "SyntaxError: Cannot use import statement outside a module",
    "export * from 'x'": "SyntaxError: Unexpected token 'export'",
    "enum A { B }\n\n\nlet q = 1\n let q = 2": "already been declared\n    at code_6.ts:5:5",
  };
  for (const [piece, told] of Object.entries(cases)) {
    const message = await code.fails(piece);
    assertStringIncludes(message, `Syntax error in code:\n`, piece);
    assertStringIncludes(message, told, piece);
    assertNotMatch(message, /stripTypeScriptTypes|base64|node_modules|ext:/, piece);
  }
  assertEquals(await code.run("'goes on'"), "goes on");
});

Deno.test("runtime errors tell the lines of the code and nothing of what runs it", async () => {
  await using code = new TestCode({ functions: { get: () => 1 } });
  const cases: Readonly<Record<string, string>> = {
    "const a = 1\n\nnull.x":
      "TypeError: Cannot read properties of null (reading 'x')\n    at code_1.ts:3:6",
    "function deep() {\n  throw new RangeError('deep')\n}\n\ndeep()":
      "RangeError: deep\n    at deep (code_2.ts:2:9)\n    at code_2.ts:5:1",
    "[1].map(() => deep())": "RangeError: deep\n    at deep (code_2.ts:2:9)\n    at code_3.ts:1:15",
    "await get({});\nawait (async () => { await 1;\n throw new Error('late') })()":
      "Error: late\n    at code_4.ts:3:8",
    "enum A { B }\n\n\nundefinedName":
      "ReferenceError: undefinedName is not defined\n    at code_5.ts:4:",
    "JSON.parse('{')": "SyntaxError: Expected property name",
    "throw 'text'": "Thrown: text",
    "throw { a: { b: 1 } }": "Thrown: { a: { b: 1 } }",
    "throw null": "Thrown: null",
    "throw undefined": "Thrown: undefined",
    "throw 10n": "Thrown: 10n",
    "await Promise.reject(new DOMException('gone', 'AbortError'))": "AbortError: gone",
    "await Promise.reject()": "Thrown: undefined",
    "class Own extends Error { name = 'Own' }; throw new Own('mine')": "Own: mine\n",
    "throw new Proxy({}, { get() { throw 1 } })": "Thrown: {}",
    "const round: any = {}; round.round = round\nawait get(round)":
      "TypeError: Converting circular structure to JSON",
  };
  for (const [piece, told] of Object.entries(cases)) {
    const message = await code.fails(piece);
    assertStringIncludes(message, `Runtime error:\n${told}`, piece);
    assertNotMatch(message, /base64|ext:|inspector|<anonymous>|node:/, piece);
  }
  assertEquals(
    await code.fails("console.log('before'); throw new Error('then')"),
    "Runtime error:\nError: then\n    at code_17.ts:1:30\n\nPrinted before:\nbefore\n",
  );
});

Deno.test("rejections that nobody handles are told with what was printed", () =>
  assertValues({
    "Promise.reject(new Error('nobody')); 1": {
      output: "Unhandled rejection: nobody\n",
      result: 1,
    },
    "void Promise.reject({ a: 1 }); void Promise.reject()": {
      output: "Unhandled rejection: { a: 1 }\nUnhandled rejection: undefined\n",
    },
    "2": 2,
  }));
