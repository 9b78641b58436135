import { assert, assertEquals, assertFalse, assertInstanceOf, assertThrows } from "@std/assert";
import { RunError } from "../../run/error.ts";
import { EventGrammar } from "../../run/grammar.ts";
import { eventLine } from "../../testing/transcript.ts";
import { CompletionDecoder } from "./decode_completion.ts";
import type { WireChoice, WireCompletion, WireDelta } from "./wire.ts";

function decoder(customTools: readonly string[] = []): CompletionDecoder {
  let minted = 0;
  return new CompletionDecoder({
    backend: "b",
    redact: (text) => text.replaceAll("secret", "***"),
    mintId: () => `minted${++minted}`,
    customTools: new Set(customTools),
  });
}

/** The events of chunks, as lines; checks the grammar on the way. */
function decode(chunks: readonly WireCompletion[], customTools?: readonly string[]): string[] {
  const decoding = decoder(customTools);
  for (const chunk of chunks) decoding.add(chunk);
  decoding.end();
  const grammar = new EventGrammar();
  for (const event of decoding.events) grammar.accept(event);
  grammar.end();
  return decoding.events.map(eventLine);
}

const delta = (value: WireDelta, rest: Partial<WireChoice> = {}): WireCompletion => ({
  choices: [{ index: 0, delta: value, ...rest }],
});
const calls = (...value: NonNullable<WireDelta["tool_calls"]>): WireCompletion =>
  delta({ "tool_calls": value });
const finish = (reason: string): WireCompletion => delta({}, { "finish_reason": reason });

Deno.test("CompletionDecoder decodes text, usage and the reason", () => {
  assertEquals(
    decode([
      delta({ content: "" }),
      delta({ content: "Hel" }),
      delta({ content: "lo" }),
      finish("stop"),
      {
        choices: [],
        usage: {
          "prompt_tokens": 5,
          "completion_tokens": 2,
          "prompt_tokens_details": { "cached_tokens": 3 },
          "completion_tokens_details": { "reasoning_tokens": 1 },
        },
      },
    ]),
    [
      "text-start",
      'text-delta "Hel"',
      'text-delta "lo"',
      "text-end final",
      "usage in=5 cached=3 out=2 reasoning=1",
      "finish stop",
    ],
  );
});

Deno.test("CompletionDecoder decodes a whole message like a stream of one delta", () => {
  const message: WireDelta = {
    content: "Hi",
    refusal: null,
    "reasoning_content": "hm",
    "tool_calls": [
      { id: "a", function: { name: "f", arguments: "{}" } },
      { id: "b", function: { name: "f", arguments: '{"x":1}' } },
    ],
  };
  assertEquals(decode([{ choices: [{ index: 0, message, "finish_reason": "tool_calls" }] }]), [
    "reasoning-start model",
    'reasoning-delta "hm"',
    "reasoning-end",
    "text-start",
    'text-delta "Hi"',
    "text-end final",
    "tool-call-start function f a",
    'tool-call-delta "{}"',
    "tool-call-end",
    "tool-call-start function f b",
    'tool-call-delta "{\\"x\\":1}"',
    "tool-call-end",
    "finish tool-calls",
  ]);
});

Deno.test("CompletionDecoder keeps calls of a whole message apart though their ids are equal", () => {
  const message: WireDelta = {
    "tool_calls": [
      { index: 0, id: "x", function: { name: "f", arguments: "{}" } },
      { index: 0, id: "x", function: { name: "f", arguments: "{}" } },
    ],
  };
  const lines = decode([{ choices: [{ message }] }]).filter((line) => line.includes("start"));
  assertEquals(lines, ["tool-call-start function f x", "tool-call-start function f minted1"]);
});

Deno.test("CompletionDecoder puts interleaved calls one after another", () => {
  assertEquals(
    decode([
      calls({ index: 0, id: "a", function: { name: "f", arguments: "" } }),
      calls({ index: 1, id: "b", function: { name: "g", arguments: "" } }),
      calls({ index: 0, function: { arguments: '{"x"' } }, {
        index: 1,
        function: { arguments: "{" },
      }),
      calls({ index: 1, function: { arguments: "}" } }),
      calls({ index: 0, function: { arguments: ":1}" } }),
      finish("tool_calls"),
    ]),
    [
      "tool-call-start function f a",
      'tool-call-delta "{\\"x\\""',
      'tool-call-delta ":1}"',
      "tool-call-end",
      "tool-call-start function g b",
      'tool-call-delta "{}"',
      "tool-call-end",
      "finish tool-calls",
    ],
  );
});

Deno.test("CompletionDecoder gives out the first call's arguments while they come", () => {
  const decoding = decoder();
  decoding.add(calls({ index: 0, id: "a", function: { name: "f", arguments: '{"x":' } }));
  assertEquals(decoding.events.map(eventLine), [
    "tool-call-start function f a",
    'tool-call-delta "{\\"x\\":"',
  ]);
});

const CALL_STARTS: Readonly<
  Record<string, readonly [readonly WireCompletion[], readonly string[]]>
> = {
  "without an index, told by ids": [
    [
      calls({ id: "a", function: { name: "f", arguments: "{" } }),
      calls({ id: "a", function: { arguments: "}" } }),
      calls({ id: "b", function: { name: "f", arguments: "{}" } }),
    ],
    ["f a {}", "f b {}"],
  ],
  "without index and id, told by names": [
    [
      calls({ function: { name: "f", arguments: '{"x":1}' } }),
      calls({ function: { name: "f", arguments: '{"x":2}' } }),
    ],
    ['f minted1 {"x":1}', 'f minted2 {"x":2}'],
  ],
  "all with index 0, told by ids": [
    [
      calls({ index: 0, id: "a", function: { name: "f", arguments: "{}" } }),
      calls({ index: 0, id: "b", function: { name: "g", arguments: "{}" } }),
    ],
    ["f a {}", "g b {}"],
  ],
  "that repeat id and name in each piece": [
    [
      calls({ index: 0, id: "a", function: { name: "f", arguments: "{" } }),
      calls({ index: 0, id: "a", function: { name: "f", arguments: "}" } }),
    ],
    ["f a {}"],
  ],
  "without arguments": [[calls({ index: 0, id: "a", function: { name: "f" } })], ["f a {}"]],
  "with arguments that are no string": [
    [calls({ index: 0, id: "a", function: { name: "f", arguments: { x: 1 } } })],
    ['f a {"x":1}'],
  ],
  "whose id comes late": [
    [
      calls({ index: 0, function: { name: "f", arguments: "{" } }),
      calls({ index: 0, id: "a", function: { arguments: "}" } }),
    ],
    ["f a {}"],
  ],
  "that never get a name": [[calls({ index: 0, id: "a", function: { arguments: "{}" } })], []],
  "in the legacy form": [
    [
      delta({ "function_call": { name: "f", arguments: "{" } }),
      delta({ "function_call": { arguments: "}" } }),
      finish("function_call"),
    ],
    ["f minted1 {}"],
  ],
  "with an empty entry": [
    [delta({ "tool_calls": [null as never, { index: 0, id: "a", function: { name: "f" } }] })],
    ["f a {}"],
  ],
};

for (const [name, [chunks, expected]] of Object.entries(CALL_STARTS)) {
  Deno.test(`CompletionDecoder understands calls ${name}`, () => {
    const decoding = decoder();
    for (const chunk of chunks) decoding.add(chunk);
    decoding.end();
    const found: string[] = [];
    for (const event of decoding.events) {
      if (event.type === "tool-call-start") found.push(`${event.name} ${event.id} `);
      if (event.type === "tool-call-delta") found[found.length - 1] += event.arguments;
    }
    assertEquals(found, expected);
    const reason = expected.length > 0 ? "tool-calls" : "stop";
    assertEquals(decoding.events.at(-1), { type: "finish", reason });
  });
}

Deno.test("CompletionDecoder unwraps the free text of a custom tool", () => {
  const lines = decode([
    calls({ index: 0, id: "a", function: { name: "shell", arguments: '{"in' } }),
    calls({ index: 0, function: { arguments: 'put":"ls -l"}' } }),
  ], ["shell"]);
  assertEquals(lines.slice(0, 3), [
    "tool-call-start custom shell a",
    'tool-call-delta "ls -l"',
    "tool-call-end",
  ]);
});

Deno.test("CompletionDecoder puts text that comes within calls after them", () => {
  const lines = decode([
    calls({ index: 0, id: "a", function: { name: "f", arguments: "{" } }),
    delta({ content: "late" }),
    calls({ index: 0, function: { arguments: "}" } }),
    finish("tool_calls"),
  ]);
  assertEquals(lines.slice(-5), [
    "tool-call-end",
    "text-start",
    'text-delta "late"',
    "text-end final",
    "finish tool-calls",
  ]);
});

Deno.test("CompletionDecoder takes reasoning from either field and from tags, and tells which", () => {
  const field = (chunk: WireCompletion) => {
    const decoding = decoder();
    decoding.add(chunk);
    decoding.end();
    const found = decoding.events.find((event) => event.type === "reasoning-delta");
    return [found?.text, decoding.reasoningField];
  };
  assertEquals(field(delta({ reasoning: "a" })), ["a", "reasoning"]);
  assertEquals(field(delta({ "reasoning_content": "a" })), ["a", "reasoning_content"]);
  assertEquals(field(delta({ reasoning: "a", "reasoning_content": "a" })), ["a", "reasoning"]);
  assertEquals(field(delta({ content: "<think>a</think>b" })), ["a", "think-tags"]);
  assertEquals(field(delta({ content: "b" })), [undefined, undefined]);
});

Deno.test("CompletionDecoder attaches log probabilities to the text they belong to", () => {
  const token = (name: string) => ({ token: name, logprob: -0.5 });
  const lines = decode([
    delta({ content: "<thi" }, { logprobs: { content: [token("<thi")] } }),
    delta({ content: "nk>x</think>" }, { logprobs: { content: [token("rest")] } }),
    delta({ content: "ab" }, { logprobs: { content: [token("a"), token("b")] } }),
  ]);
  assertEquals(
    lines.find((line) => line.startsWith("text-delta")),
    'text-delta "ab" logprobs=[{"token":"a","logprob":-0.5},{"token":"b","logprob":-0.5}]',
  );
});

Deno.test("CompletionDecoder decodes a refusal", () => {
  assertEquals(decode([delta({ refusal: "No" }), delta({ refusal: "." }), finish("stop")]), [
    "refusal-start",
    'refusal-delta "No"',
    'refusal-delta "."',
    "refusal-end",
    "finish stop",
  ]);
});

const REASONS: readonly (readonly [string | null, string])[] = [
  ["stop", "stop"],
  ["length", "length"],
  ["max_tokens", "length"],
  ["content_filter", "content-filter"],
  ["tool_calls", "stop"],
  ["eos", "stop"],
  [null, "stop"],
];
for (const [told, reason] of REASONS) {
  Deno.test(`CompletionDecoder reads finish reason ${told} without calls as ${reason}`, () => {
    const lines = decode([delta({ content: "x" }, { "finish_reason": told })]);
    assertEquals(lines.at(-1), `finish ${reason}`);
  });
}

Deno.test("CompletionDecoder reads finish reason stop with calls as tool-calls", () => {
  const lines = decode([
    calls({ index: 0, id: "a", function: { name: "f", arguments: "{}" } }),
    finish("stop"),
  ]);
  assertEquals(lines.at(-1), "finish tool-calls");
});

Deno.test("CompletionDecoder tolerates null fields, other choices and content in parts", () => {
  assertEquals(
    decode([
      { choices: [], usage: null },
      { choices: [{ index: 1, delta: { content: "other" } }] },
      { choices: [{ delta: null, "finish_reason": null, logprobs: null }] },
      delta({ content: null, refusal: null, reasoning: null, "tool_calls": null }),
      delta({ content: [{ type: "text", text: "x" }] as unknown as string }),
      { choices: null, usage: { "prompt_tokens": 1, "completion_tokens": null } },
    ]),
    [
      "text-start",
      'text-delta "x"',
      "text-end final",
      "usage in=1 cached=0 out=0 reasoning=0",
      "finish stop",
    ],
  );
});

Deno.test("CompletionDecoder refuses what is no completion", () => {
  for (const chunk of [null, 1, "x", {}, { choices: "x" }]) {
    const error = assertThrows(() => decoder().add(chunk as never), RunError);
    assertEquals(error.code, "backend-down");
  }
});

Deno.test("CompletionDecoder throws an error told in band, without secrets", () => {
  const error = assertThrows(
    () => decoder().add({ error: { message: "key secret is overloaded", code: 503 } }),
    RunError,
  );
  assertEquals(error.code, "backend-overloaded");
  assertInstanceOf(error.cause, Error);
  assertFalse(error.cause.message.includes("secret"));
  assert(error.cause.message.includes("***"));
  assertThrows(() => decode([finish("error")]), RunError);
});

Deno.test("CompletionDecoder keeps the grammar whatever comes", () => {
  const seed = Number(Deno.env.get("SEED") ?? Date.now() % 1_000_000);
  let state = seed + 1;
  const random = (below: number) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  const texts = ["", "a", "<think>", "</think>", "<", " \n", "b</thi"];
  const some = <T>(values: readonly T[]): T => values[random(values.length)]!;
  for (let run = 0; run < 2000; run++) {
    const chunks: WireCompletion[] = [];
    for (let length = random(12); length > 0; length--) {
      chunks.push(
        some([
          () => delta({ content: some(texts) }),
          () => delta({ reasoning: some(texts) }),
          () => delta({ refusal: some(texts) }),
          () => finish(some(["stop", "length", "tool_calls", "content_filter"])),
          () => ({ choices: [], usage: { "prompt_tokens": random(9) } }),
          () =>
            calls({
              index: some([undefined, null, 0, 1, 2]),
              id: some([undefined, null, "", "a", "b"]),
              function: some([null, {}, { name: "f" }, { name: "c", arguments: "{" }, {
                arguments: "}",
              }]),
            }),
          () => delta({ "function_call": { name: some([null, "f"]), arguments: "x" } }),
        ])(),
      );
    }
    try {
      decode(chunks, ["c"]);
    } catch (error) {
      throw new Error(`Seed ${seed}, run ${run}: ${JSON.stringify(chunks)}`, { cause: error });
    }
  }
});
