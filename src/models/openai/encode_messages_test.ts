import { assertEquals, assertThrows } from "@std/assert";
import { RequestError } from "../../run/error.ts";
import type { InputPart, Message } from "../../run/request.ts";
import type { ModelProfile } from "../model.ts";
import type { FetchedPart } from "./encode_content.ts";
import { encodeMessages, type MessageOptions } from "./encode_messages.ts";

const profile: ModelProfile = {
  structuredOutput: "json-schema",
  logprobs: true,
  audioInput: false,
  fetchUrls: false,
};

function encode(messages: readonly Message[], options: Partial<MessageOptions> = {}): unknown {
  return encodeMessages(messages, {
    profile,
    fetched: new Map<InputPart, FetchedPart>(),
    reasoningField: undefined,
    ...options,
  });
}

/** The encoded content of a user message. */
function content(parts: readonly InputPart[], options: Partial<MessageOptions> = {}): unknown {
  const [message] = encode([{ role: "user", content: parts }], options) as [{ content: unknown }];
  return message.content;
}

const base64 = (text: string) => new TextEncoder().encode(text).toBase64();

Deno.test("encodeMessages() encodes each role", () => {
  assertEquals(
    encode([
      { role: "system", content: "Be kind" },
      { role: "user", content: [{ type: "text", text: "Hi" }], name: "ann" },
      { role: "assistant", content: "Hello", toolCalls: [] },
      { role: "user", content: [] },
      {
        role: "assistant",
        content: "",
        toolCalls: [{ id: "a", name: "f", kind: "function", arguments: '{"x":1}' }],
      },
      { role: "tool", toolCallId: "a", content: [{ type: "text", text: "1" }] },
      { role: "assistant", content: "", refusal: "No", toolCalls: [] },
    ]),
    [
      { role: "system", content: "Be kind" },
      { role: "user", content: "Hi", name: "ann" },
      { role: "assistant", content: "Hello" },
      { role: "user", content: "" },
      {
        role: "assistant",
        content: null,
        "tool_calls": [{
          id: "a",
          type: "function",
          function: { name: "f", arguments: '{"x":1}' },
        }],
      },
      { role: "tool", "tool_call_id": "a", content: "1" },
      { role: "assistant", content: null, refusal: "No" },
    ],
  );
});

Deno.test("encodeMessages() sends arguments that are always JSON", () => {
  const sent = (kind: "function" | "custom", args: string) => {
    const call = { id: "a", name: "f", kind, arguments: args };
    const [message] = encode([{ role: "assistant", content: "", toolCalls: [call] }]) as [
      { tool_calls: [{ function: { arguments: string } }] },
    ];
    return message.tool_calls[0].function.arguments;
  };
  assertEquals(sent("function", '{ "x": 1 }'), '{ "x": 1 }');
  assertEquals(sent("function", '{"x":'), '{"INVALID_JSON":"{\\"x\\":"}');
  assertEquals(sent("function", ""), "{}");
  assertEquals(sent("custom", "ls"), '{"input":"ls"}');
});

Deno.test("encodeMessages() sends reasoning back where it came from, and nowhere else", () => {
  const message: Message = { role: "assistant", content: "b", reasoning: "a", toolCalls: [] };
  const sent = (reasoningField: MessageOptions["reasoningField"]) =>
    encode([message], { reasoningField });
  assertEquals(sent(undefined), [{ role: "assistant", content: "b" }]);
  assertEquals(sent("reasoning"), [{ role: "assistant", content: "b", reasoning: "a" }]);
  assertEquals(sent("reasoning_content"), [
    { role: "assistant", content: "b", "reasoning_content": "a" },
  ]);
  assertEquals(sent("think-tags"), [
    { role: "assistant", content: "<think>\na\n</think>\n\nb" },
  ]);
});

Deno.test("encodeMessages() puts files of tool results into a user message after the last one", () => {
  const image = { type: "image", url: "data:image/png;base64,AAAA" } as const;
  assertEquals(
    encode([
      { role: "tool", toolCallId: "a", content: [{ type: "text", text: "Done." }, image] },
      { role: "tool", toolCallId: "b", content: [{ type: "text", text: "x" }] },
      { role: "assistant", content: "ok", toolCalls: [] },
    ]),
    [
      { role: "tool", "tool_call_id": "a", content: "Done.\nSee file a-1." },
      { role: "tool", "tool_call_id": "b", content: "x" },
      {
        role: "user",
        content: [
          { type: "text", text: "This is file a-1:" },
          { type: "image_url", "image_url": { url: image.url } },
        ],
      },
      { role: "assistant", content: "ok" },
    ],
  );
});

Deno.test("encodeMessages() keeps the files of a last tool result", () => {
  const messages = encode([{
    role: "tool",
    toolCallId: "a",
    content: [{ type: "file", fileId: "file-1" }],
  }]) as unknown[];
  assertEquals(messages.length, 2);
});

Deno.test("encodeMessages() passes images on with their detail", () => {
  assertEquals(content([{ type: "image", url: "https://x.test/a.png", detail: "original" }]), [
    { type: "image_url", "image_url": { url: "https://x.test/a.png", detail: "original" } },
  ]);
});

Deno.test("encodeMessages() inlines text files between lines that name them", () => {
  assertEquals(
    content([
      { type: "text", text: "See" },
      {
        type: "file",
        data: base64("a,b\n"),
        mediaType: "text/csv; charset=utf-8",
        filename: 'x"\n.csv',
      },
    ]),
    [
      { type: "text", text: "See" },
      {
        type: "text",
        text:
          '-----BEGIN FILE id="x__.csv" type="text/csv"-----\na,b\n-----END FILE id="x__.csv"-----',
      },
    ],
  );
});

Deno.test("encodeMessages() looks into a file without a type", () => {
  const sent = (data: string, filename?: string) => content([{ type: "file", data, filename }]);
  assertEquals(sent(base64("plain")), [{
    type: "text",
    text:
      '-----BEGIN FILE id="file-1" type="text/plain"-----\nplain\n-----END FILE id="file-1"-----',
  }]);
  assertEquals(sent(base64("%PDF-1.7 x")), [{
    type: "file",
    file: {
      filename: "file.pdf",
      "file_data": `data:application/pdf;base64,${base64("%PDF-1.7 x")}`,
    },
  }]);
  const binary = Uint8Array.of(0, 255, 254).toBase64();
  assertEquals(sent(binary, "a.bin"), [{
    type: "file",
    file: { filename: "a.bin", "file_data": `data:application/octet-stream;base64,${binary}` },
  }]);
});

Deno.test("encodeMessages() sends documents with their name, and ids as they are", () => {
  assertEquals(
    content([
      { type: "file", data: "JVBERi0=", mediaType: "application/pdf", filename: "a.pdf" },
      { type: "file", fileId: "file-1" },
    ]),
    [
      {
        type: "file",
        file: { filename: "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0=" },
      },
      { type: "file", file: { "file_id": "file-1" } },
    ],
  );
});

Deno.test("encodeMessages() sends an image that came as a file as an image", () => {
  assertEquals(content([{ type: "file", data: "AAAA", mediaType: "image/png" }]), [
    { type: "image_url", "image_url": { url: "data:image/png;base64,AAAA" } },
  ]);
});

Deno.test("encodeMessages() sends audio where it is understood", () => {
  const audio: InputPart = { type: "audio", data: "AAAA", format: "wav" };
  const file: InputPart = { type: "file", data: "AAAA", mediaType: "audio/mpeg" };
  assertEquals(content([audio, file], { profile: { ...profile, audioInput: true } }), [
    { type: "input_audio", "input_audio": { data: "AAAA", format: "wav" } },
    { type: "input_audio", "input_audio": { data: "AAAA", format: "mp3" } },
  ]);
});

const REFUSED: Readonly<Record<string, InputPart>> = {
  "audio": { type: "audio", data: "AAAA", format: "wav" },
  "an image by id": { type: "image", fileId: "file-1" },
  "a file by URL": { type: "file", url: "https://x.test/a.pdf" },
};
for (const [name, part] of Object.entries(REFUSED)) {
  Deno.test(`encodeMessages() refuses ${name} where the backend cannot take it`, () => {
    const error = assertThrows(() => content([part]), RequestError);
    assertEquals(error.code, "unsupported-value");
  });
}

Deno.test("encodeMessages() refuses data that is not base64", () => {
  const part: InputPart = { type: "file", data: "%%%", mediaType: "text/plain" };
  assertEquals(assertThrows(() => content([part]), RequestError).code, "invalid-value");
});

Deno.test("encodeMessages() sends the bytes of fetched URLs, and image ids with them", () => {
  const image: InputPart = { type: "image", url: "https://x.test/a" };
  const file: InputPart = { type: "file", url: "https://x.test/a.txt", filename: "a.txt" };
  const fetched = new Map<InputPart, FetchedPart>([
    [image, { data: "iVBORw0KGgo=", mediaType: undefined }],
    [file, { data: base64("hi"), mediaType: "text/plain" }],
  ]);
  assertEquals(
    content([image, file, { type: "image", fileId: "file-1" }], {
      fetched,
      profile: { ...profile, fetchUrls: true },
    }),
    [
      { type: "image_url", "image_url": { url: "data:image/png;base64,iVBORw0KGgo=" } },
      {
        type: "text",
        text:
          '-----BEGIN FILE id="a.txt" type="text/plain"-----\nhi\n-----END FILE id="a.txt"-----',
      },
      { type: "file", file: { "file_id": "file-1" } },
    ],
  );
});
