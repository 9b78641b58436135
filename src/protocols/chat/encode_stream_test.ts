import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RunError, toPublicError } from "../../run/error.ts";
import type { RunEvent } from "../../run/event.ts";
import type { AnswerForm } from "./decode.ts";
import { ChatStreamEncoder } from "./encode_stream.ts";

const ENVELOPE = { id: "chatcmpl-1", createdAtS: 1_700_000_000 };
const FORM: AnswerForm = { model: "alpha", includeUsage: false, legacyFunctions: false };
const FAILURE = toPublicError(new RunError("backend-down", "host 10.0.0.1 refused"), "req_1");

interface Options extends Partial<AnswerForm> {
  readonly fail?: boolean;
}

function frames(events: readonly RunEvent[], { fail, ...form }: Options = {}): string[] {
  const written: string[] = [];
  const write = (frame: string) => {
    written.push(frame);
  };
  const encoder = new ChatStreamEncoder(ENVELOPE, { ...FORM, ...form });
  encoder.open(write);
  for (const event of events) encoder.event(event, write);
  if (fail) encoder.fail(FAILURE, write);
  return written;
}

/** What the chunks between the role and the end have as delta. */
function deltas(events: readonly RunEvent[], options: Options = {}): unknown[] {
  return frames(events, options).slice(1).flatMap((frame) => {
    if (frame === "data: [DONE]\n\n") return [];
    const [choice] = JSON.parse(frame.slice("data: ".length)).choices;
    return choice === undefined || choice.finish_reason !== null ? [] : [choice.delta];
  });
}

function text(...pieces: string[]): RunEvent[] {
  return [
    { type: "text-start" },
    ...pieces.map((piece): RunEvent => ({ type: "text-delta", text: piece })),
    { type: "text-end" },
  ];
}

function reasoning(piece: string): RunEvent[] {
  return [
    { type: "reasoning-start", source: "model" },
    { type: "reasoning-delta", text: piece },
    { type: "reasoning-end" },
  ];
}

function call(id: string, kind: "function" | "custom", ...pieces: string[]): RunEvent[] {
  return [
    { type: "tool-call-start", id, name: "f", kind },
    ...pieces.map((piece): RunEvent => ({ type: "tool-call-delta", arguments: piece })),
    { type: "tool-call-end" },
  ];
}

Deno.test("ChatStreamEncoder writes role, text, finish and [DONE], each in one write", () => {
  const head = 'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,' +
    '"model":"alpha","choices":[{"index":0,"delta":';
  const tail = ',"logprobs":null,"finish_reason":null}]}\n\n';
  assertEquals(frames([...text("Hi"), { type: "finish", reason: "stop" }]), [
    `${head}{"role":"assistant","content":""}${tail}`,
    `${head}{"content":"Hi"}${tail}`,
    `${head}{},"logprobs":null,"finish_reason":"stop"}]}\n\n`,
    "data: [DONE]\n\n",
  ]);
});

Deno.test("ChatStreamEncoder writes the usage chunk only when asked, the last prompt and all outputs", () => {
  const usage = (inputTokens: number, outputTokens: number): RunEvent => ({
    type: "usage",
    usage: { inputTokens, cachedInputTokens: 1, outputTokens, reasoningTokens: 2 },
  });
  const events: RunEvent[] = [usage(10, 5), usage(20, 7), { type: "finish", reason: "stop" }];
  const written = frames(events, { includeUsage: true });
  assertEquals(written.length, 4);
  assertEquals(JSON.parse(written[2]!.slice("data: ".length)), {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: "alpha",
    choices: [],
    usage: {
      "prompt_tokens": 20,
      "completion_tokens": 12,
      "total_tokens": 32,
      "prompt_tokens_details": { "cached_tokens": 1 },
      "completion_tokens_details": { "reasoning_tokens": 4 },
    },
  });
  assertEquals(frames(events).some((frame) => frame.includes("usage")), false);
});

Deno.test("ChatStreamEncoder separates text spans, empty ones aside", () => {
  const events = [...text("", ""), ...text("a", "b"), ...text(), ...text("", "c"), ...text("d")];
  assertEquals(deltas(events), [
    { content: "a" },
    { content: "b" },
    { content: "\n\nc" },
    { content: "\n\nd" },
  ]);
});

Deno.test("ChatStreamEncoder writes reasoning twice and only in reasoning deltas", () => {
  const events = [...reasoning("a"), ...reasoning(""), ...text("x"), ...reasoning("b")];
  assertEquals(deltas(events), [
    { "reasoning_content": "a", reasoning: "a" },
    { content: "x" },
    { "reasoning_content": "\n\nb", reasoning: "\n\nb" },
  ]);
});

Deno.test("ChatStreamEncoder writes a call's opener once and then arguments alone", () => {
  assertEquals(
    deltas([...call("c1", "function", '{"a"', "", ":1}"), ...call("c2", "function", "[]")]),
    [
      {
        "tool_calls": [
          { index: 0, id: "c1", type: "function", function: { name: "f", arguments: "" } },
        ],
      },
      { "tool_calls": [{ index: 0, function: { arguments: '{"a"' } }] },
      { "tool_calls": [{ index: 0, function: { arguments: ":1}" } }] },
      {
        "tool_calls": [
          { index: 1, id: "c2", type: "function", function: { name: "f", arguments: "" } },
        ],
      },
      { "tool_calls": [{ index: 1, function: { arguments: "[]" } }] },
    ],
  );
});

Deno.test("ChatStreamEncoder gives a function call without arguments an empty object", () => {
  for (const pieces of [[], [""]]) {
    assertEquals(deltas(call("c1", "function", ...pieces))[1], {
      "tool_calls": [{ index: 0, function: { arguments: "{}" } }],
    });
  }
});

Deno.test("ChatStreamEncoder writes custom calls with input and leaves an empty one empty", () => {
  assertEquals(deltas([...call("c1", "custom", "select 1"), ...call("c2", "custom")]), [
    { "tool_calls": [{ index: 0, id: "c1", type: "custom", custom: { name: "f", input: "" } }] },
    { "tool_calls": [{ index: 0, custom: { input: "select 1" } }] },
    { "tool_calls": [{ index: 1, id: "c2", type: "custom", custom: { name: "f", input: "" } }] },
  ]);
});

Deno.test("ChatStreamEncoder writes one function_call for legacy clients", () => {
  const events: RunEvent[] = [
    ...call("c1", "function", '{"a":1}'),
    ...call("c2", "function", "{}"),
    { type: "finish", reason: "tool-calls" },
  ];
  assertEquals(deltas(events, { legacyFunctions: true }), [
    { "function_call": { name: "f", arguments: "" } },
    { "function_call": { arguments: '{"a":1}' } },
  ]);
  assertStringIncludes(
    frames(events, { legacyFunctions: true }).at(-2) ?? "",
    '"finish_reason":"function_call"',
  );
});

Deno.test("ChatStreamEncoder writes refusals", () => {
  const events: RunEvent[] = [
    { type: "refusal-start" },
    { type: "refusal-delta", text: "I can't" },
    { type: "refusal-delta", text: "" },
    { type: "refusal-end" },
  ];
  assertEquals(deltas(events), [{ refusal: "I can't" }]);
});

Deno.test("ChatStreamEncoder passes log probabilities on, also without text", () => {
  const logprobs = [{ token: "Hi", logprob: -0.5, bytes: [72, 105], "top_logprobs": [] }];
  const written = frames([
    { type: "text-start" },
    { type: "text-delta", text: "Hi", logprobs },
    { type: "text-delta", text: "", logprobs },
    { type: "text-end" },
  ]).slice(1).map((frame) => JSON.parse(frame.slice("data: ".length)).choices[0]);
  assertEquals(
    written,
    ["Hi", ""].map((content) => ({
      index: 0,
      delta: { content },
      logprobs: { content: logprobs, refusal: null },
      "finish_reason": null,
    })),
  );
});

for (
  const [reason, wire] of [
    ["stop", "stop"],
    ["length", "length"],
    ["tool-calls", "tool_calls"],
    ["content-filter", "content_filter"],
  ] as const
) {
  Deno.test(`ChatStreamEncoder writes finish reason ${reason} as ${wire}`, () => {
    assertStringIncludes(
      frames([{ type: "finish", reason }]).at(-2) ?? "",
      `"delta":{},"logprobs":null,"finish_reason":"${wire}"`,
    );
  });
}

Deno.test("ChatStreamEncoder ends a failed stream with the error, in the middle of anything", () => {
  const parts = [text("a").slice(0, 2), call("c1", "function", "{").slice(0, 2), reasoning("r")];
  for (const events of parts) {
    const written = frames(events, { fail: true, includeUsage: true });
    assertEquals(JSON.parse(written.at(-1)!.slice("data: ".length)), {
      error: {
        message: "The model could not be reached (request id req_1)",
        type: "server_error",
        param: null,
        code: "server_error",
      },
    });
    const before = written.slice(0, -1).join("");
    assertEquals(/DONE|"finish_reason":"|"error"/.test(before), false);
  }
});

Deno.test("ChatStreamEncoder writes nothing after its end", () => {
  const finish: RunEvent = { type: "finish", reason: "stop" };
  assertEquals(frames([finish], { fail: true }), frames([finish]));
  assertEquals(frames([finish, ...text("late"), finish]), frames([finish]));
});

Deno.test("ChatStreamEncoder writes nothing of traces", () => {
  const traces: RunEvent[] = [
    { type: "trace", trace: { kind: "tool-call", id: "h1", name: "secret" } },
    {
      type: "trace",
      trace: { kind: "tool-result", id: "h1", name: "secret", outcome: "ok", durationMs: 1 },
    },
    { type: "trace", trace: { kind: "model-call", step: 1, model: "secret" } },
  ];
  assertEquals(deltas(traces), []);
});

Deno.test("ChatStreamEncoder keeps every frame one line, whatever the text", () => {
  const nasty = 'a"b\\c\nd\r\ne\u2028f\u2029g\u0085h\u0000i\ud800j😀';
  const written = frames(
    [...text(nasty), ...reasoning(nasty), ...call("c\n1", "function", nasty)],
    {
      model: nasty,
    },
  );
  for (const frame of written) assertMatch(frame, /^data: [^\n\r\u0085\u2028\u2029]+\n\n$/);
  const chunk = JSON.parse(written[1]!.slice("data: ".length));
  assertEquals([chunk.model, chunk.choices[0].delta.content], [nasty, nasty]);
  assert(written.every((frame) => frame.endsWith("\n\n")));
});
