import { assertEquals } from "@std/assert";
import { readTopLevel } from "./top_level.ts";

Deno.test("readTopLevel() changes the constants of a script, at the same places", () => {
  const cases: Readonly<Record<string, string>> = {
    "const a = 1": "let   a = 1",
    "const a = 1; const b = 2\nconst c = 3": "let   a = 1; let   b = 2\nlet   c = 3",
    "const{a}=o;const[b]=p": "let  {a}=o;let  [b]=p",
    "/* const */ const a = 1 // const": "/* const */ let   a = 1 // const",
    "f();const a = { const: 1 }.const": "f();let   a = { const: 1 }.const",
    "const a = `${`${1}`} const`; const b = 1": "let   a = `${`${1}`} const`; let   b = 1",
    'const re = /[/"]`/g; const b = a / 2 / 3': 'let   re = /[/"]`/g; let   b = a / 2 / 3',
    "const a = x => x / 2; const b = /'/.test(y)": "let   a = x => x / 2; let   b = /'/.test(y)",
    "const größe = 1; const a = größe / 2": "let   größe = 1; let   a = größe / 2",
    "const a = 1_000.5e3 / 2n": "let   a = 1_000.5e3 / 2n",
    "const a = '\\'const b'; const c = \"\\\"const d\"":
      "let   a = '\\'const b'; let   c = \"\\\"const d\"",
    "return /const/": "return /const/",
    "const a = typeof /'/": "let   a = typeof /'/",
    "class A { #a = 1; const = 2 }; const b = 1": "class A { #a = 1; const = 2 }; let   b = 1",
    "a?.const": "a?.const",
    "constant = constly": "constant = constly",
    "if (a) /it's/.test(b); const c = 'x; const y'":
      "if (a) /it's/.test(b); let   c = 'x; const y'",
    "const a = b++ / 2; const c = 'd/e; const f'": "let   a = b++ / 2; let   c = 'd/e; const f'",
    "{ f() }\n/it's/.test(a); const b = 1": "{ f() }\n/it's/.test(a); let   b = 1",
    "const a = { b } / 2; const c = '/; const d'": "let   a = { b } / 2; let   c = '/; const d'",
    "const a = [...b]; const c = a.return / 2 / d": "let   a = [...b]; let   c = a.return / 2 / d",
    "x: const": "x: const",
    "a const b": "a const b",
    "const": "const",
  };
  for (const [script, changed] of Object.entries(cases)) {
    assertEquals(readTopLevel(script).text, changed);
    assertEquals(changed.length, script.length);
  }
});

Deno.test("readTopLevel() takes off export, at the same places", () => {
  const cases: Readonly<Record<string, string>> = {
    "export const a = 1": "       let   a = 1",
    "f()\nexport let a; export function b() {}": "f()\n       let a;        function b() {}",
    "export default { a: 1 }": "       0     , { a: 1 }",
    "export default function () {}": "       0     , function () {}",
    "export default class extends A {}": "       0     , class extends A {}",
    "export\ndefault async function* a() {}": "      \n        async function* a() {}",
    "export default async () => 1": "       0     , async () => 1",
    "export class A {}": "       class A {}",
    "export {}; 1": "         ; 1",
    "const a = 1\nexport { a as\n b }\na": "let   a = 1\n             \n    \na",
    "export { a } from 'b'": "export { a } from 'b'",
    "export * from 'b'": "export * from 'b'",
    "a = { export: 1 }.export": "a = { export: 1 }.export",
    "{ export const a = 1 }": "{ export const a = 1 }",
  };
  for (const [script, changed] of Object.entries(cases)) {
    assertEquals(readTopLevel(script).text, changed);
  }
});

Deno.test("readTopLevel() tells the names that a script declares", () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    "const a = 1, b = f(x, y), c = [d, e]\nf, g": ["a", "b", "c"],
    "let a\nb": ["a"],
    "let a, b\n, c; d": ["a", "b", "c"],
    "var a = b\n  .c, d = x => x\n/ 2, e": ["a", "d", "e"],
    "const { a, b: c, d = e, 'f': g, 1: h, [i]: j, ...k } = l": ["a", "c", "d", "g", "h", "j", "k"],
    "const [a, , [b, { c: [d] }] = [e, f], ...g] = h, i = j": ["a", "b", "d", "g", "i"],
    "const { a: { b }, c: { d: e = { f: g } }, h } = i": ["b", "e", "h"],
    "const { a = `${b}, ${c}`, d = (e, f) } = g": ["a", "d"],
    "const a = `${b}`, c = `d`": ["a", "c"],
    "class A extends B {}\nfunction b() {}\nasync function* c() {}": ["A", "b", "c"],
    "const a = function b() {}, c = class D {}, e = async function f() {}": ["a", "c", "e"],
    "f(function b() {}); (class C {}); new class {}": [],
    "{ let a }\nfor (const b of c) d; function e(f) { var g }": ["e"],
    "if (a) { b } else { c }\nconst d = 1": ["d"],
    "export const a = 1; export default class B {}; export default function () {}": ["a", "B"],
    "const größe = 1; let $ = 2, _b = 3": ["größe", "$", "_b"],
    "const __proto__ = 1; var constructor": ["__proto__", "constructor"],
    "a = { let: 1, const: b }; c.class.function": [],
    "'const a = 1'; // const b = 2\n/const c = 3/": [],
    "let = 5; let": [],
    "const a = (1": [],
    "": [],
  };
  for (const [script, names] of Object.entries(cases)) {
    assertEquals(readTopLevel(script).names, names, script);
  }
});

Deno.test("readTopLevel() leaves constants of inner scopes", () => {
  for (
    const script of [
      "{ const a = 1 }",
      "function f() { const a = 1 }",
      "for (const a of b) f(a)",
      "(() => { const a = 1 })()",
      "`${(() => { const a = 1 })()}`",
      "if (x) { const a = 1 } else { const b = 1 }",
    ]
  ) assertEquals(readTopLevel(script).text, script);
});

Deno.test("readTopLevel() leaves a script alone that it does not understand", () => {
  for (
    const script of [
      "const a = (1",
      "const a = 1)",
      "const a = `open",
      "const a = `${open",
      "const a = /open\n",
      "const a = 1; }",
      "const a = 'open",
    ]
  ) {
    const changed = readTopLevel(script).text;
    assertEquals(
      changed === script || changed.replaceAll("let  ", "const") === script,
      true,
      script,
    );
  }
});

Deno.test("readTopLevel() takes little time for any script", () => {
  for (
    const part of [
      "const a = 1;",
      "(",
      "`${",
      "/",
      "/*",
      "'",
      "\\",
      "[",
      "{const ",
      "a/b/c ",
      "let a=1,",
      "let {a:[b]}=c\n",
      "export {}",
    ]
  ) {
    const begin = performance.now();
    readTopLevel(part.repeat(200_000 / part.length));
    const ms = performance.now() - begin;
    if (ms > 2000) throw new Error(`${JSON.stringify(part)} took ${ms} ms`);
  }
});
