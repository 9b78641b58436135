import { assertEquals, assertThrows } from "@std/assert";
import { RequestError } from "../../run/error.ts";
import type { InputPart } from "../../run/request.ts";
import { at } from "../issue.ts";
import {
  decodeAssistantContent,
  decodeContent,
  decodeSystemContent,
  TOOL_PARTS,
  USER_PARTS,
} from "./decode_parts.ts";

const PATH = at(at(null, "messages"), 0);
const PNG = "data:image/png;base64,QUJD";

const DECODED: readonly [string, unknown, InputPart][] = [
  ["text", { type: "text", text: "", "cache_control": {} }, { type: "text", text: "" }],
  [
    "an image by https URL",
    { type: "image_url", "image_url": { url: "https://example.com/a.png", detail: "original" } },
    { type: "image", url: "https://example.com/a.png", detail: "original" },
  ],
  [
    "an image by data URL",
    { type: "image_url", "image_url": { url: PNG, detail: null } },
    { type: "image", url: PNG },
  ],
  [
    "audio",
    { type: "input_audio", "input_audio": { data: "QUJD", format: "mp3" } },
    { type: "audio", data: "QUJD", format: "mp3" },
  ],
  [
    "a file by id",
    { type: "file", file: { "file_id": "file-1" } },
    { type: "file", fileId: "file-1", filename: undefined },
  ],
  [
    "a file by data URL",
    {
      type: "file",
      file: { filename: "a.pdf", "file_data": "data:application/pdf;base64,QUJD" },
    },
    { type: "file", mediaType: "application/pdf", data: "QUJD", filename: "a.pdf" },
  ],
  [
    "a file by bare base64",
    { type: "file", file: { filename: "a.txt", "file_data": "QUJD" } },
    { type: "file", data: "QUJD", filename: "a.txt" },
  ],
];

for (const [what, wire, part] of DECODED) {
  Deno.test(`decodeContent() reads ${what}`, () => {
    assertEquals(decodeContent([wire], PATH, { allowed: USER_PARTS }), [part]);
  });
}

const image = (url: unknown) => ({ type: "image_url", "image_url": { url } });
const file = (fields: unknown) => ({ type: "file", file: fields });
const audio = (data: unknown, format: unknown) => ({
  type: "input_audio",
  "input_audio": { data, format },
});

const REFUSED: readonly [string, unknown, string, string][] = [
  ["a part that is no object", "text", "invalid-type", ""],
  ["no type", { text: "x" }, "missing-parameter", ".type"],
  ["an unknown type", { type: "video_url" }, "invalid-value", ".type"],
  ["a refusal by the user", { type: "refusal", refusal: "x" }, "invalid-value", ".type"],
  ["text that is no string", { type: "text", text: 5 }, "invalid-type", ".text"],
  ["no text", { type: "text" }, "missing-parameter", ".text"],
  ["no image", { type: "image_url" }, "missing-parameter", ".image_url"],
  [
    "an image as string",
    { type: "image_url", "image_url": "https://a.b" },
    "invalid-type",
    ".image_url",
  ],
  ["no image URL", image(undefined), "missing-parameter", ".image_url.url"],
  ["a file: URL", image("file:///etc/passwd"), "invalid-value", ".image_url.url"],
  ["an http: URL", image("http://example.com"), "invalid-value", ".image_url.url"],
  ["a relative URL", image("a.png"), "invalid-value", ".image_url.url"],
  ["bad base64", image("data:image/png;base64,Q"), "invalid-value", ".image_url.url"],
  ["another type of data", image("data:text/html;base64,QUJD"), "invalid-value", ".image_url.url"],
  [
    "an unknown detail",
    { type: "image_url", "image_url": { url: PNG, detail: "tiny" } },
    "invalid-value",
    ".image_url.detail",
  ],
  ["an unknown audio format", audio("QUJD", "ogg"), "invalid-value", ".input_audio.format"],
  ["bad audio data", audio("Q", "wav"), "invalid-value", ".input_audio.data"],
  ["no file", { type: "file" }, "missing-parameter", ".file"],
  ["an empty file", file({ filename: "a" }), "missing-parameter", ".file.file_data"],
  [
    "file text instead of base64",
    file({ "file_data": "plain" }),
    "invalid-value",
    ".file.file_data",
  ],
  ["a file URL", file({ "file_data": "https://a.b" }), "invalid-value", ".file.file_data"],
  ["a bad data URL", file({ "file_data": "data:,x" }), "invalid-value", ".file.file_data"],
  ["two sources", file({ "file_id": "f", "file_data": "QUJD" }), "invalid-value", ".file"],
  ["a number as file id", file({ "file_id": 5 }), "invalid-type", ".file.file_id"],
];

for (const [what, wire, code, rest] of REFUSED) {
  Deno.test(`decodeContent() rejects ${what} with ${code} at messages[0].content[1]${rest}`, () => {
    const content = [{ type: "text", text: "x" }, wire];
    const error = assertThrows(
      () => decodeContent(content, PATH, { allowed: USER_PARTS }),
      RequestError,
    );
    assertEquals([error.code, error.param], [code, `messages[0].content[1]${rest}`]);
  });
}

Deno.test("decodeContent() takes no files and no audio from tools", () => {
  for (const part of [file({ "file_id": "f" }), audio("QUJD", "wav")]) {
    const error = assertThrows(
      () => decodeContent([part], PATH, { allowed: TOOL_PARTS }),
      RequestError,
    );
    assertEquals([error.code, error.param], ["invalid-value", "messages[0].content[0].type"]);
  }
});

Deno.test("decodeSystemContent() takes text only", () => {
  const error = assertThrows(() => decodeSystemContent([image(PNG)], PATH), RequestError);
  assertEquals([error.code, error.param], ["invalid-value", "messages[0].content[0].type"]);
});

Deno.test("decodeAssistantContent() takes no images", () => {
  const error = assertThrows(() => decodeAssistantContent([image(PNG)], PATH), RequestError);
  assertEquals([error.code, error.param], ["invalid-value", "messages[0].content[0].type"]);
});
