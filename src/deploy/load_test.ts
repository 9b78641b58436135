import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { loadFile, MAX_FILE_BYTES, parseText } from "./load.ts";

function refusal(text: string): string {
  return assertThrows(() => parseText(text, "cfg.yaml"), SetupError).message;
}

Deno.test("parseText() reads YAML and JSON", () => {
  assertEquals(parseText("a: [1, true, x]\n", "cfg.yaml"), { a: [1, true, "x"] });
  assertEquals(parseText('{\n\t"a": "\\u00e4\\/",\n\t"b": {}\n}\n', "cfg.json"), {
    a: "ä/",
    b: {},
  });
});

Deno.test("parseText() takes YAML 1.2's words as text", () => {
  assertEquals(parseText("a: yes\nb: off\nc: 2030-01-01\n", "cfg.yaml"), {
    a: "yes",
    b: "off",
    c: "2030-01-01",
  });
});

Deno.test("parseText() takes one document with its markers", () => {
  assertEquals(parseText("# top\n---\na: 1\n...\n# end\n", "cfg.yaml"), { a: 1 });
  assertEquals(parseText("a: |\n  --- no marker\n  ...\n", "cfg.yaml"), {
    a: "--- no marker\n...\n",
  });
});

Deno.test("parseText() refuses a second document with its line", () => {
  const expected = "cfg.yaml:2: Second document; accepted: one document";
  assertEquals(refusal("a: 1\n---\nb: 2\n"), expected);
  assertEquals(refusal("a: 1\n--- b\n"), expected);
  assertEquals(refusal("---\n---\na: 1"), expected);
  assertEquals(refusal("a: 1\n...\nb: 2\n"), expected.replace(":2:", ":3:"));
});

Deno.test("parseText() never quotes the source in a syntax error", () => {
  const secret = "s3cr3t";
  const sources = [
    `key: "${secret}`,
    `key: '${secret}`,
    `key: *${secret}`,
    `key: @${secret}`,
    `key: a "${secret}" b: "${secret}"`,
    `key: ["${secret}" "${secret}"]`,
    `{"key": "${secret}" "b": 1}`,
    `key: |9\n ${secret}\n`,
    `"${secret}": 1\n"${secret}": 2`,
    `- ${secret}\n${secret}`,
    `%${secret} x\n--- :\n: ${secret}: a`,
    `key: "\\q${secret}"`,
    `key: !!${secret} x: ${secret}`,
  ];
  let refused = 0;
  for (const source of sources) {
    try {
      parseText(source, "cfg.yaml");
    } catch (error) {
      assert(error instanceof SetupError);
      assertFalse(error.message.includes(secret), error.message);
      refused += 1;
    }
  }
  assert(refused >= 10);
});

Deno.test("loadFile() refuses a file that is one byte too large, and takes the largest", async () => {
  const path = await Deno.makeTempFile();
  try {
    const start = "a: 1\n#";
    await Deno.writeTextFile(path, start + "x".repeat(MAX_FILE_BYTES - start.length));
    assertEquals(await loadFile(path), { a: 1 });
    await Deno.writeTextFile(path, "x", { append: true });
    await assertRejects(() => loadFile(path), SetupError, "Larger than 1024 KiB");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("loadFile() reads a file with a byte order mark", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "\ufeffa: 1\n");
    assertEquals(await loadFile(path), { a: 1 });
  } finally {
    await Deno.remove(path);
  }
});
