import { assertEquals, assertStrictEquals } from "@std/assert";
import { plainRequest, promptMessages } from "./plain_request.ts";
import type { Message } from "./request.ts";

Deno.test("promptMessages() makes a message of a text and leaves a conversation as it is", () => {
  assertEquals(promptMessages(""), [{ role: "user", content: [{ type: "text", text: "" }] }]);
  const messages: readonly Message[] = [{ role: "system", content: "Be brief" }];
  assertStrictEquals(promptMessages(messages), messages);
  assertEquals(promptMessages([]), []);
});

Deno.test("plainRequest() asks for text unless told otherwise", () => {
  assertEquals(plainRequest("Hi"), {
    messages: [{ role: "user", content: [{ type: "text", text: "Hi" }] }],
    tools: [],
    toolChoice: { type: "auto" },
    parallelToolCalls: true,
    output: { type: "text" },
    settings: {},
    stream: false,
    parameters: {},
    extraParameters: {},
  });
  const { stream, settings, tools } = plainRequest([], { stream: true, settings: { seed: 1 } });
  assertEquals([stream, settings, tools], [true, { seed: 1 }, []]);
});
