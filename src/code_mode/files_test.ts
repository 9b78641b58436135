import { assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
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

/** References that can be told beforehand. */
function counted(): FileReferences {
  let count = 0;
  return new FileReferences(() => `id${++count}`);
}

Deno.test("FileReferences hands code references, and takes them for the files again", () => {
  const files = counted();
  assertEquals(files.toCode(new ToolContent([text])), "Here it is");
  const reference = files.toCode(new ToolContent([image]));
  assertEquals(reference, { file: "file_id1", type: "image" });
  const both = files.toCode(new ToolContent([text, image]));
  assertEquals(both, ["Here it is", { file: "file_id2", type: "image" }]);
  assertEquals(files.fromCode(JSON.parse(JSON.stringify(reference))), new ToolContent([image]));
  assertEquals(files.fromCode(both), new ToolContent([text, image]));
  assertEquals(
    files.fromCode([{ n: 1 }, null, reference]),
    new ToolContent([{ type: "text", text: '{"n":1}' }, { type: "text", text: "null" }, image]),
  );
});

Deno.test("FileReferences finds references inside of others, each file once", () => {
  const files = counted();
  const other: InputPart = { type: "image", url: "data:image/png;base64,BBBB" };
  const one = files.toCode(new ToolContent([image]));
  const two = files.toCode(new ToolContent([other]));
  const value = { caption: "x", shots: [one, { deep: two }, one] };
  const json = JSON.stringify(value);
  assertEquals(
    files.fromCode(value),
    new ToolContent([{ type: "text", text: json }, image, other]),
  );
  assertEquals(
    files.fromCode(["a", value, two]),
    new ToolContent([
      { type: "text", text: "a" },
      { type: "text", text: json },
      image,
      other,
      other,
    ]),
  );
});

Deno.test("FileReferences takes nothing for a reference but what it gave itself", () => {
  const files = counted();
  files.toCode(new ToolContent([image]));
  for (const file of ["__proto__", "constructor", "file_id2", "id1", ""]) {
    assertEquals(files.fromCode({ file, type: "image" }), { file, type: "image" });
  }
  for (
    const value of [
      { file: "file_id1" },
      { file: "file_id1", type: "audio" },
      { file: "file_id1", type: "image", more: true },
      ["file_id1", "image"],
    ]
  ) assertEquals(files.fromCode(value), value);
});

Deno.test("FileReferences are not guessed", () => {
  const reference = () => new FileReferences().toCode(new ToolContent([image]));
  assertNotEquals(reference(), reference());
});

Deno.test("FileReferences looks into any depth", () => {
  const files = counted();
  files.toCode(new ToolContent([image]));
  let deep: unknown = 1;
  for (let count = 0; count < 100_000; count++) deep = [deep];
  assertStrictEquals(files.fromCode(deep), deep);
});

Deno.test("FileReferences gives an empty result as an empty list", () => {
  assertEquals(new FileReferences().toCode(new ToolContent([])), []);
});
