/**
 * Images and files reach the backend over both APIs alike, and again with every later turn.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import OpenAI from "openai";
import { Agent, OpenAICompatibleBackend } from "../../mod.ts";
import { FunctionModel } from "../../src/testing/mod.ts";
import { type FakeBackend, fakeBackend } from "../fake_backend/fake_backend.ts";
import { served, type ServedApp } from "./served.ts";

type ChatPart = OpenAI.ChatCompletionContentPart;
type ResponsesPart = OpenAI.Responses.ResponseInputContent;

/** One thing a user shows, as each API writes it and as the backend gets it. */
interface Shown {
  readonly chat: ChatPart;
  readonly responses: ResponsesPart;
  /** @default as `chat` */
  readonly arrives?: ChatPart;
}

const LINK = "https://example.com/a.png";
const PIXEL = "data:image/png;base64,iVBORw0KGgo=";
const PDF = "JVBERi0xLjcK/////w==";

function image(url: string, detail: "low" | "high" | "auto"): Shown {
  return {
    chat: { type: "image_url", "image_url": { url, detail } },
    responses: { type: "input_image", "image_url": url, detail },
  };
}

function file(filename: string, data: string): Pick<Shown, "chat" | "responses"> {
  return {
    chat: { type: "file", file: { filename, "file_data": data } },
    responses: { type: "input_file", filename, "file_data": data },
  };
}

const PDF_URL = `data:application/pdf;base64,${PDF}`;

const SHOWN: Readonly<Record<string, Shown>> = {
  "text": {
    chat: { type: "text", text: "See" },
    responses: { type: "input_text", text: "See" },
  },
  "an image by URL": image(LINK, "low"),
  "an image by data URL": image(PIXEL, "high"),
  "a file by id": {
    chat: { type: "file", file: { "file_id": "file-1" } },
    responses: { type: "input_file", "file_id": "file-1" },
  },
  "a file by data URL": file("a.pdf", PDF_URL),
  "a file as bare base64": {
    ...file("a.pdf", PDF),
    arrives: { type: "file", file: { filename: "a.pdf", "file_data": PDF_URL } },
  },
  "a text file as bare base64": {
    ...file("a.txt", "aGVsbG8="),
    arrives: {
      type: "text",
      text:
        '-----BEGIN FILE id="a.txt" type="text/plain"-----\nhello\n-----END FILE id="a.txt"-----',
    },
  },
};

const ALL = Object.values(SHOWN);
const ARRIVES = ALL.map(({ chat, arrives = chat }) => arrives);
const SEEN = { role: "assistant", content: "Seen." };
const AGAIN = { role: "user", content: "Again" };

/** An agent before a backend that answers `Seen.` */
async function watched(): Promise<ServedApp & { readonly backend: FakeBackend }> {
  const backend = await fakeBackend({ reply: { text: "Seen." } });
  const model = new OpenAICompatibleBackend({ baseURL: backend.baseURL, model: "upstream" });
  const app = await served(new Agent({ model }));
  const stop = async () => {
    await app[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  };
  return { ...app, backend, [Symbol.asyncDispose]: stop };
}

Deno.test("chat: images and files reach the backend, and again through the client's history", async () => {
  await using app = await watched();
  const content = ALL.map(({ chat }) => chat);
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content }];
  const { choices } = await app.openai.chat.completions.create({ model: "agent", messages });
  await app.openai.chat.completions.create({
    model: "agent",
    messages: [...messages, choices[0]!.message, { role: "user", content: "Again" }],
  });
  const first = { role: "user", content: ARRIVES };
  assertEquals(app.backend.requests[0]!.body.messages, [first]);
  assertEquals(app.backend.requests[1]!.body.messages, [first, SEEN, AGAIN]);
});

for (const stream of [false, true]) {
  Deno.test(`responses: images and files reach the backend, and again through what is kept${stream ? ", streamed" : ""}`, async () => {
    await using app = await watched();
    const { responses } = app.openai;
    const content = ALL.map((shown) => shown.responses);
    const ask = (fields: OpenAI.Responses.ResponseCreateParams) => {
      const params = { model: "agent", ...fields };
      return stream
        ? responses.stream({ ...params, stream: true }).finalResponse()
        : responses.create({ ...params, stream: false });
    };
    const asked = await ask({ input: [{ role: "user", content }] });
    await ask({ "previous_response_id": asked.id, input: "Again" });
    const { data: [kept] } = await responses.inputItems.list(asked.id);
    const told = asked.output.map(({ id }) => ({ type: "item_reference" as const, id: id! }));
    await ask({
      input: [{ type: "item_reference", id: kept!.id! }, ...told, {
        role: "user",
        content: "Again",
      }],
    });
    const first = { role: "user", content: ARRIVES };
    const bodies = app.backend.requests.map(({ body }) => body.messages);
    assertEquals(bodies, [[first], [first, SEEN, AGAIN], [first, SEEN, AGAIN]]);
    assert(kept?.type === "message");
    assertEquals(kept.content, content);
  });
}

Deno.test("responses: what a client's tool shows reaches the backend", async () => {
  await using app = await watched();
  await app.openai.responses.create({
    model: "agent",
    input: [
      { type: "function_call", "call_id": "call_1", name: "look", arguments: "{}" },
      {
        type: "function_call_output",
        "call_id": "call_1",
        output: [
          { type: "input_text", text: "A picture" },
          { type: "input_image", "image_url": PIXEL, detail: "low" },
        ],
      },
    ],
  });
  const [, result, shown] = app.backend.requests[0]!.body.messages!;
  assertEquals(result!.content, "A picture\nSee file call_1-1.");
  assertEquals((shown!.content as unknown[]).at(-1), SHOWN_PIXEL);
});

const SHOWN_PIXEL = { type: "image_url", "image_url": { url: PIXEL, detail: "low" } };

const ONLY_FETCHED: Readonly<Record<string, ResponsesPart>> = {
  "a file by URL": { type: "input_file", "file_url": "https://example.com/a.pdf" },
  "an image by id": { type: "input_image", "file_id": "file-1", detail: "auto" },
};

for (const [what, part] of Object.entries(ONLY_FETCHED)) {
  Deno.test(`responses: ${what} is only for backends that fetch`, async () => {
    await using plain = await watched();
    const input = [{ role: "user" as const, content: [part] }];
    const error = await assertRejects(
      () => plain.openai.responses.create({ model: "agent", input }),
      OpenAI.BadRequestError,
    );
    assertEquals(error.code, "unsupported_value");
    assertEquals(plain.backend.requests.length, 0);
    const model = new FunctionModel(() => "Seen.", { profile: { fetchUrls: true } });
    await using app = await served(new Agent({ model }));
    const { id } = await app.openai.responses.create({ model: "agent", input });
    await app.openai.responses.create({ model: "agent", "previous_response_id": id, input: "Hi" });
    const expected = part.type === "input_file"
      ? { type: "file", url: "https://example.com/a.pdf" }
      : { type: "image", fileId: "file-1", detail: "auto" };
    for (const { messages: [message] } of model.requests) {
      assert(message?.role === "user");
      assertEquals(JSON.parse(JSON.stringify(message.content)), [expected]);
    }
    assertEquals(model.requests.length, 2);
  });
}

const REFUSED: Readonly<Record<string, ResponsesPart>> = {
  "a file of this machine": { type: "input_file", "file_url": "file:///etc/passwd" },
  "an unencrypted file": { type: "input_file", "file_url": "http://example.com/a.pdf" },
  "an image of this machine": {
    type: "input_image",
    "image_url": "file:///etc/passwd",
    detail: "auto",
  },
  "an image without a scheme": { type: "input_image", "image_url": "a.png", detail: "auto" },
  "an image that is no base64": {
    type: "input_image",
    "image_url": "data:image/png;base64,%%%",
    detail: "auto",
  },
  "a file that is no base64": { type: "input_file", filename: "a.pdf", "file_data": "%%%" },
};

for (const [what, part] of Object.entries(REFUSED)) {
  Deno.test(`responses: ${what} is refused by its place`, async () => {
    await using app = await watched();
    const error = await assertRejects(
      () =>
        app.openai.responses.create({
          model: "agent",
          input: [{ role: "user", content: [{ type: "input_text", text: "See" }, part] }],
        }),
      OpenAI.BadRequestError,
    );
    assert(error.param?.startsWith("input[0].content[1]."), String(error.param));
    assertEquals(app.backend.requests.length, 0);
  });
}
