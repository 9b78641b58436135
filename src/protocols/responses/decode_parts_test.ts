import { assertEquals, assertThrows } from "@std/assert";
import { RequestError, type RequestErrorCode } from "../../run/error.ts";
import type { InputPart } from "../../run/request.ts";
import { responses } from "./mod.ts";

function decode(part: Readonly<Record<string, unknown>>, role = "user"): unknown {
  const body = { model: "alpha", input: [{ role, content: [part] }] };
  return responses.decode(body).request.messages[0]!.content;
}

const READ: readonly [Readonly<Record<string, unknown>>, InputPart][] = [
  [{ type: "input_text", text: "" }, { type: "text", text: "" }],
  [
    {
      type: "input_image",
      "image_url": "https://example.com/a.png",
      "file_id": null,
      detail: "high",
    },
    { type: "image", url: "https://example.com/a.png", detail: "high" },
  ],
  [
    { type: "input_image", "image_url": "data:image/png;base64,aGk=" },
    { type: "image", url: "data:image/png;base64,aGk=" },
  ],
  [{ type: "input_image", "file_id": "file_1" }, { type: "image", fileId: "file_1" }],
  [
    { type: "input_file", "file_id": "file_1" },
    { type: "file", fileId: "file_1", filename: undefined },
  ],
  [
    { type: "input_file", "file_data": "aGk=", filename: "a.txt" },
    { type: "file", data: "aGk=", filename: "a.txt" },
  ],
  [
    { type: "input_file", "file_data": "data:text/plain;base64,aGk=", filename: "a.txt" },
    { type: "file", mediaType: "text/plain", data: "aGk=", filename: "a.txt" },
  ],
  [
    { type: "input_file", "file_url": "https://example.com/a.pdf" },
    { type: "file", url: "https://example.com/a.pdf", filename: undefined },
  ],
  [
    { type: "input_audio", "input_audio": { data: "aGk=", format: "wav" } },
    { type: "audio", data: "aGk=", format: "wav" },
  ],
];

for (const [part, expected] of READ) {
  Deno.test(`decode() reads ${JSON.stringify(part)}`, () => {
    assertEquals(decode(part), [expected]);
  });
}

const IMAGE = { type: "input_image" };
const FILE = { type: "input_file" };
const REFUSED: readonly [Readonly<Record<string, unknown>>, RequestErrorCode, string][] = [
  [{ type: "input_video" }, "invalid-value", "type"],
  [{ type: "output_text", text: "x" }, "invalid-value", "type"],
  [{ type: "input_text" }, "missing-parameter", "text"],
  [IMAGE, "missing-parameter", "image_url"],
  [{ ...IMAGE, "image_url": { url: "https://x" } }, "invalid-type", "image_url"],
  [{ ...IMAGE, "image_url": "http://example.com/a.png" }, "invalid-value", "image_url"],
  [{ ...IMAGE, "image_url": "/etc/passwd" }, "invalid-value", "image_url"],
  [{ ...IMAGE, "image_url": "data:image/png;base64,@@" }, "invalid-value", "image_url"],
  [{ ...IMAGE, "image_url": "https://example.com", detail: "all" }, "invalid-value", "detail"],
  [{ ...IMAGE, "image_url": "https://example.com", "file_id": "file_1" }, "invalid-value", ""],
  [FILE, "missing-parameter", "file_data"],
  [{ ...FILE, "file_data": "a b" }, "invalid-value", "file_data"],
  [{ ...FILE, "file_url": "file:///etc/passwd" }, "invalid-value", "file_url"],
  [{ ...FILE, "file_url": "https://example.com", "file_id": "file_1" }, "invalid-value", ""],
  [
    { type: "input_audio", "input_audio": { data: "?", format: "wav" } },
    "invalid-value",
    "input_audio.data",
  ],
];

for (const [part, code, field] of REFUSED) {
  Deno.test(`decode() refuses ${JSON.stringify(part)} with ${code} at "${field}"`, () => {
    const error = assertThrows(() => decode(part), RequestError);
    const param = field === "" ? "input[0].content[0]" : `input[0].content[0].${field}`;
    assertEquals([error.code, error.param], [code, param]);
  });
}

Deno.test("decode() takes text of an assistant in either form, and images from users only", () => {
  assertEquals(decode({ type: "input_text", text: "x" }, "assistant"), "x");
  assertEquals(decode({ type: "output_text", text: "x" }, "assistant"), "x");
  const image = { ...IMAGE, "image_url": "https://example.com/a.png" };
  for (const role of ["assistant", "system", "developer"]) {
    assertEquals(
      assertThrows(() => decode(image, role), RequestError).param,
      "input[0].content[0].type",
    );
  }
});
