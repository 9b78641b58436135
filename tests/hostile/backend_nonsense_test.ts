/**
 * Backends that speak nonsense, behind an app on a socket: their failure, never ours.
 */
import { assert, assertEquals } from "@std/assert";
import { fakeBackend } from "../fake_backend/fake_backend.ts";
import { checkError, checkGood, read } from "./answers.ts";
import { checkQuiet, chunk, front, goesOn, INSIDE, raw, sse } from "./front.ts";

/** Bodies of a whole answer that are JSON and yet no completion. */
const NO_COMPLETIONS = [
  "null",
  "[]",
  "{}",
  "1",
  '{"choices":null}',
  '{"choices":[]}',
  '{"choices":[null]}',
  '{"choices":[{}]}',
  '{"choices":[{"message":null}]}',
  '{"choices":[{"message":"Hi"}]}',
  '{"choices":{"0":{"message":{"content":"Hi"}}}}',
  '{"choices":[{"message":{"content":{"text":"Hi"}}}]}',
  '{"choices":[{"message":{"content":"Hi","tool_calls":"none"}}]}',
  '{"choices":[{"message":{"content":"Hi","tool_calls":[null]}}]}',
  '{"choices":[{"message":{"tool_calls":[{"function":null}]}}]}',
  '{"choices":[{"message":{"tool_calls":[{"id":7,"function":{"name":7,"arguments":7}}]}}]}',
  '{"choices":[{"message":{"content":"Hi"},"finish_reason":7}],"usage":"much"}',
  '{"choices":[{"message":{"content":"Hi"}}],"usage":{"prompt_tokens":"many"}}',
  '{"choices":[{"message":{"content":7,"reasoning_content":[],"refusal":{}}}]}',
  '{"__proto__":{"choices":[{"message":{"content":"Hi"}}]}}',
];

Deno.test("whole answers that are no completion are a failure of the backend, never of ours", async () => {
  for (const body of NO_COMPLETIONS) {
    await using backend = await fakeBackend({ reply: [raw(body), { text: "Well again" }] });
    await using server = await front(backend.baseURL);
    const answer = await read(await server.ask({ stream: false }));
    // A reader may be generous; what it takes must be a good answer.
    if (answer.status === 200) checkGood(answer);
    else {
      assert([502, 422].includes(answer.status), `${body}: ${answer.status} ${answer.text}`);
      checkQuiet(answer);
      checkError(answer);
    }
    if (backend.requests.length === 1) await goesOn(server, backend);
  }
});

/** Streams that are none. */
const NO_STREAMS = [
  sse("{"),
  sse("null"),
  sse("[]"),
  sse("7"),
  sse(INSIDE),
  sse('{"choices":null}'),
  sse('{"choices":[null]}'),
  sse('{"choices":[{"delta":null}]}'),
  sse('{"choices":[{"delta":"Hi"}]}'),
  sse(chunk({ content: { text: "Hi" } })),
  sse(chunk({ content: 7 })),
  sse(chunk({ "tool_calls": "none" })),
  sse(chunk({ "tool_calls": [null] })),
  sse(chunk({ "tool_calls": [{ index: "a", function: 7 }] })),
  sse(chunk({ "tool_calls": [{ index: -1, function: { name: "f" } }] })),
  sse(chunk({ "tool_calls": [{ index: 1e9, function: { name: "f", arguments: "{}" } }] })),
  sse("[DONE]"),
  ": comment\n\n",
  "event: x\n\n",
  "\n\n\n\n",
  "data\n\ndata:\n\ndata: \n\n",
  `data: ${"x".repeat(100_000)}`,
  sse('{"__proto__":{"choices":[{"delta":{"content":"Hi"}}]}}'),
  sse('{"usage":{"prompt_tokens":-1,"completion_tokens":1e400}}', "[DONE]"),
];

Deno.test("streams that make no sense are a failure of the backend, never of ours", async () => {
  for (const body of NO_STREAMS) {
    for (const before of ["", sse(chunk({ role: "assistant", content: "So " }))]) {
      const reply = raw(before + body, { headers: { "content-type": "text/event-stream" } });
      await using backend = await fakeBackend({ reply: [reply, { text: "Well again" }] });
      await using server = await front(backend.baseURL);
      const answer = await read(await server.ask({ stream: true }));
      const label = `${before}${body}`.slice(0, 200);
      checkQuiet(answer);
      if (answer.status === 200) {
        const failure = checkGood(answer);
        assert(
          !failure || ["server_error", "invalid_prompt"].includes(failure.code ?? ""),
          `${label}: ${answer.text}`,
        );
        assertEquals(failure?.message.startsWith("The server had an error"), failure && false);
      } else {
        assert([502, 422].includes(answer.status), `${label}: ${answer.status} ${answer.text}`);
        checkError(answer);
      }
      if (backend.requests.length === 1) await goesOn(server, backend);
    }
  }
});
