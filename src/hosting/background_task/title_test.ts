import { assert, assertEquals } from "@std/assert";
import { NO_TITLE, shortened, titleOf } from "./title.ts";

Deno.test("titleOf() takes the first words, without markup", () => {
  const table: readonly (readonly [text: string, title: string])[] = [
    ["How do I reverse a list in Python?", "How do I reverse a"],
    ["Hello", "Hello"],
    ["What is C++?", "What is C++?"],
    ["  two\n\nlines\there ", "two lines here"],
    ['"Quoted words"', "Quoted words"],
    ['hi there"', "hi there"],
    ["# Heading\n\nand text", "Heading and text"],
    ["- one\n- two\n3. three", "one two three"],
    ["**bold** _slanted_ `code` ~~gone~~", "bold slanted code gone"],
    ["rename snake_case to __init__ please", "rename snake_case to init please"],
    ["see [the docs](https://example.com/a_b) now", "see the docs now"],
    ["![a cat](data:image/png;base64,AAAA) what is it", "a cat what is it"],
    ["<b>Bold</b> <img src=x onerror=alert(1)> text", "Bold text"],
    ["is 1 < 2 and 3 > 2", "is 1 < 2 and"],
    ["fix this: ```js\nconst a = {};\n``` thanks", "fix this: thanks"],
    ["```\nonly code here\n```", "only code here"],
    ["a, b; c:", "a, b; c"],
    ["line\u0000with\u001b[31mcontrol \u202echaracters", "line with [31mcontrol characters"],
    ["👩‍👩‍👧 family 🇩🇪 flag", "👩‍👩‍👧 family 🇩🇪 flag"],
    ["__proto__", "proto"],
    ["constructor", "constructor"],
    ["", NO_TITLE],
    [" \n ", NO_TITLE],
    ['""', NO_TITLE],
    ["***", NO_TITLE],
    ["<br>", NO_TITLE],
    ["\ud800", "\ufffd"],
  ];
  for (const [text, title] of table) assertEquals(titleOf(text), title, JSON.stringify(text));
});

Deno.test("titleOf() has at most 60 characters, cut between whole ones, whatever the text", () => {
  for (
    const piece of [
      "a",
      "長",
      "👩‍👩‍👧",
      "e\u0301",
      "🇩🇪",
      "[",
      "![",
      "<a",
      "`",
      "*",
      "_",
      "# ",
      "\ud83d",
      "{",
    ]
  ) {
    const title = titleOf(piece.repeat(5000));
    assert(title.length <= 60 && title !== "", title);
    assert(title.isWellFormed(), title);
  }
  assertEquals(titleOf("👩‍👩‍👧".repeat(100)), `${"👩‍👩‍👧".repeat(7)}…`);
  assertEquals(titleOf("x".repeat(60)), "x".repeat(60));
  assertEquals(titleOf("x".repeat(61)), `${"x".repeat(59)}…`);
});

Deno.test("shortened() keeps a text on one line", () => {
  assertEquals(shortened("a\n\nb\tc", 10), "a b c");
  assertEquals(shortened("", 10), "");
  assertEquals(shortened("one two three", 9), "one two…");
});
