import { assertEquals, assertInstanceOf } from "@std/assert";
import type { InputPart } from "../run/request.ts";
import { ToolContent } from "../tools/content.ts";
import { FileReferences } from "./files.ts";

const image: InputPart = { type: "image", url: "data:image/png;base64,AAAA" };
const text: InputPart = { type: "text", text: "Here it is" };

Deno.test("FileReferences leaves what is no file as it is", () => {
  const files = new FileReferences();
  for (const value of [1, "text", null, undefined, [1], { file: 1 }, { file: "file_1" }]) {
    assertEquals(files.toCode(value), value);
    assertEquals(files.fromCode(value), value);
  }
});

Deno.test("FileReferences hands code references, and takes them for the files again", () => {
  const files = new FileReferences();
  assertEquals(files.toCode(new ToolContent([text])), "Here it is");
  const reference = files.toCode(new ToolContent([image]));
  assertEquals(reference, { file: "file_1", type: "image" });
  const both = files.toCode(new ToolContent([text, image]));
  assertEquals(both, ["Here it is", { file: "file_2", type: "image" }]);
  assertEquals(files.fromCode(JSON.parse(JSON.stringify(reference))), new ToolContent([image]));
  assertEquals(files.fromCode(both), new ToolContent([text, image]));
  assertEquals(
    files.fromCode([{ n: 1 }, null, reference]),
    new ToolContent([{ type: "text", text: '{"n":1}' }, { type: "text", text: "null" }, image]),
  );
});

Deno.test("FileReferences knows no file by a name that every object has", () => {
  const files = new FileReferences();
  files.toCode(new ToolContent([image]));
  for (const file of ["__proto__", "constructor", "file_2", ""]) {
    assertEquals(files.fromCode({ file }), { file });
  }
  assertInstanceOf(files.fromCode({ file: "file_1", more: true }), ToolContent);
});

Deno.test("FileReferences gives an empty result as an empty list", () => {
  assertEquals(new FileReferences().toCode(new ToolContent([])), []);
});
