import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { ToolContent } from "../tools/content.ts";
import { errorTextOf, toToolValue } from "./result.ts";
import type { CallToolResult } from "./sdk.ts";

type Content = CallToolResult["content"];

const LIMITS = { maxChars: 1000 };

function value(content: Content, rest: Partial<CallToolResult> = {}, maxChars = 1000): unknown {
  return toToolValue({ content, ...rest }, { maxChars });
}

function text(...texts: readonly string[]): Content {
  return texts.map((each) => ({ type: "text", text: each }));
}

/** The parts of a result with files. */
function parts(content: Content, maxChars = 1000): ToolContent["parts"] {
  const made = value(content, {}, maxChars);
  assertInstanceOf(made, ToolContent);
  return made.parts;
}

/** Everything of a result that the model reads as text. */
function readText(made: unknown): string {
  if (made instanceof ToolContent) {
    return made.parts.map((part) => part.type === "text" ? part.text : "").join("");
  }
  return typeof made === "string" ? made : JSON.stringify(made);
}

Deno.test("a single text stands for itself, JSON is parsed, what only looks like JSON stays text", () => {
  assertEquals(value(text("plain")), "plain");
  assertEquals(value(text("")), "");
  assertEquals(value(text('{"a":[1]}')), { a: [1] });
  assertEquals(value(text(' \n[1, "b"]')), [1, "b"]);
  for (const odd of ["[1] and more", "{not json}", "[ERROR] no", '"quoted"', "5", "null", "{"]) {
    assertEquals(value(text(odd)), odd);
  }
  assertEquals(value(text('{"__proto__":{"a":1}}')), JSON.parse('{"__proto__":{"a":1}}'));
});

Deno.test("several texts are a list, none is an empty text", () => {
  assertEquals(value(text("a", '{"b":1}', "")), ["a", { b: 1 }, ""]);
  assertEquals(value([]), "");
});

Deno.test("structured content goes before text that says the same, a lone result is unwrapped", () => {
  assertEquals(value(text("ignored"), { structuredContent: { a: 1, b: [2] } }), { a: 1, b: [2] });
  assertEquals(value([], { structuredContent: { a: 1 } }), { a: 1 });
  assertEquals(value(text("x"), { structuredContent: { result: [1] } }), [1]);
  assertEquals(value(text("x"), { structuredContent: { result: "text" } }), "text");
  assertEquals(value(text("x"), { structuredContent: { result: null } }), null);
  const both = { result: 1, more: 2 };
  assertEquals(value(text("x"), { structuredContent: both }), both);
  assertEquals(value(text("x"), { structuredContent: {} }), {});
  assertEquals(value(text("x"), { structuredContent: JSON.parse('{"__proto__":1}') }), {
    ["__proto__"]: 1,
  });
});

Deno.test("structured content does not hide what it cannot say", () => {
  const image: Content = [{ type: "image", data: "aW1n", mimeType: "image/png" }];
  const made = toToolValue({ content: image, structuredContent: { a: 1 } }, LIMITS);
  assertInstanceOf(made, ToolContent);
  assertEquals(made.parts, [{ type: "image", url: "data:image/png;base64,aW1n" }]);
});

Deno.test("images, sounds and files go along as such, in the order of the result", () => {
  assertEquals(
    parts([
      { type: "text", text: "before" },
      { type: "image", data: "aW1n", mimeType: "image/svg+xml" },
      { type: "audio", data: "d2F2", mimeType: "audio/wav" },
      { type: "audio", data: "bXAz", mimeType: "audio/mpeg" },
      { type: "audio", data: "b2dn", mimeType: "audio/ogg" },
      {
        type: "resource",
        resource: { uri: "file:///a/b%20c.pdf", mimeType: "application/pdf", blob: "cGRm" },
      },
      { type: "resource", resource: { uri: "file:///a/", blob: "Ymlu" } },
      { type: "resource", resource: { uri: "file:///note", text: "embedded" } },
      { type: "resource_link", uri: "https://example.com/x", name: "x" },
      { type: "text", text: "after" },
    ]),
    [
      { type: "text", text: "before" },
      { type: "image", url: "data:image/svg+xml;base64,aW1n" },
      { type: "audio", data: "d2F2", format: "wav" },
      { type: "audio", data: "bXAz", format: "mp3" },
      { type: "file", data: "b2dn", mediaType: "audio/ogg" },
      { type: "file", data: "cGRm", mediaType: "application/pdf", filename: "b%20c.pdf" },
      { type: "file", data: "Ymlu", mediaType: "application/octet-stream", filename: undefined },
      { type: "text", text: "embedded" },
      { type: "text", text: "https://example.com/x" },
      { type: "text", text: "after" },
    ],
  );
});

Deno.test("a media type that is none makes no data URL of its own", () => {
  for (const mimeType of ["image/png,<svg>", "text/html", "image/", "image/png;x=y", "IMAGE"]) {
    assertEquals(parts([{ type: "image", data: "aW1n", mimeType }]), [
      { type: "file", data: "aW1n", mediaType: mimeType },
    ]);
  }
  for (const mimeType of ["constructor", "__proto__", "toString"]) {
    assertEquals(parts([{ type: "audio", data: "YQ==", mimeType }]), [
      { type: "file", data: "YQ==", mediaType: mimeType },
    ]);
  }
});

Deno.test("embedded texts and links alone are text, and not parsed", () => {
  const note = (uri: string, said: string): Content[number] => ({
    type: "resource",
    resource: { uri, text: said },
  });
  assertEquals(value([note("a", '{"a":1}')]), '{"a":1}');
  assertEquals(value([note("a", "x"), { type: "resource_link", uri: "u", name: "n" }]), ["x", "u"]);
});

Deno.test("a file that is too large is named instead", () => {
  const data = "A".repeat(28 * 1024 * 1024 + 4);
  assertEquals(
    value([{ type: "image", data, mimeType: "image/png" }]),
    "[image/png of 22 MB left out: too large]",
  );
});

Deno.test("long texts are cut, the model is told, and no character is halved", () => {
  assertEquals(value(text("x".repeat(1000))), "x".repeat(1000));
  assertEquals(
    value(text("x".repeat(1001))),
    `${"x".repeat(1000)}\n[cut here: 1000 of 1001 characters]`,
  );
  const faces = "😀".repeat(10);
  for (let maxChars = 1; maxChars < faces.length; maxChars++) {
    const cut = value(text(faces), {}, maxChars) as string;
    assert(cut.isWellFormed(), `cut after ${maxChars}`);
    assert(cut.includes(`of ${faces.length} characters`));
  }
  assertEquals(
    value(text("a".repeat(600), "b".repeat(600))),
    `${"a".repeat(600)}\n\n${"b".repeat(398)}\n[cut here: 1000 of 1202 characters]`,
  );
});

Deno.test("whatever the form of a result, the model reads no more text than its limit", () => {
  const long = "y".repeat(5000);
  const resource: Content[number] = { type: "resource", resource: { uri: "a", text: long } };
  const link: Content[number] = { type: "resource_link", uri: `https://x/${long}`, name: "x" };
  const image: Content[number] = { type: "image", data: "aW1n", mimeType: "image/png" };
  const forms: Content[] = [
    text(long),
    text(`["${long}"]`),
    [resource],
    [resource, link],
    [...text(long), link],
    [...text(long, long), image, resource],
    [image, link],
    Array.from({ length: 50 }, () => ({ type: "text", text: "z".repeat(900) })),
    [
      image,
      ...Array.from(
        { length: 50 },
        (): Content[number] => ({ type: "text", text: "z".repeat(900) }),
      ),
    ],
  ];
  // What tells of a cut, and JSON's quotes and commas, come on top.
  const most = 1000 + 60;
  for (const [index, content] of forms.entries()) {
    const read = readText(value(content));
    assert(read.length <= most, `form ${index}: ${read.length} characters`);
    assert(read.includes("[cut here: "), `form ${index} does not tell`);
  }
  for (const structuredContent of [{ a: long }, { result: long }, { result: [long] }]) {
    const read = readText(value(text("x"), { structuredContent }));
    assert(read.length <= most && read.includes("[cut here: "));
  }
  assert(errorTextOf({ content: text(long, long) }, LIMITS).length <= most);
});

Deno.test("a long result costs linear time", () => {
  const long = `{"a":"${"é😀".repeat(4_000_000)}"}`;
  const startedAt = performance.now();
  const made = value(text(long), {}, 1_000_000) as string;
  assert(made.length < 1_000_100);
  assert(performance.now() - startedAt < 1000);
});

Deno.test("the text of an error says something in any case", () => {
  assertEquals(errorTextOf({ content: text(" no such file ") }, LIMITS), "no such file");
  assertEquals(errorTextOf({ content: text("a", "b") }, LIMITS), "a\n\nb");
  assertEquals(errorTextOf({ content: [], structuredContent: { code: 5 } }, LIMITS), '{"code":5}');
  assertEquals(
    errorTextOf({ content: text("  ") }, LIMITS),
    "The tool failed without saying why.",
  );
  assertEquals(
    errorTextOf({ content: [{ type: "image", data: "aW1n", mimeType: "image/png" }] }, LIMITS),
    "The tool failed without saying why.",
  );
});
