import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { z } from "zod";
import { RequestError, RunError, SetupError } from "../run/error.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { OutputFormat } from "../run/request.ts";
import type { RunResult } from "../run/result.ts";
import { ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ModelRetry } from "../tools/outcome.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import { nativeOutput, promptedOutput, textOutput, toolOutput } from "./output.ts";

const City = z.object({ name: z.string(), people: z.number() });
const bonn = { name: "Bonn", people: 330000 };
const look = tool({ name: "look", execute: () => "seen" });

function scripted(...turns: (ScriptedTurn | string)[]): ScriptedModel {
  return new ScriptedModel(turns);
}

function calling(name: string, args: unknown): ScriptedTurn {
  return { toolCalls: [{ name, arguments: args }] };
}

function lastText(model: ScriptedModel): string {
  const message = model.requests.at(-1)!.messages.at(-1)!;
  if (typeof message.content === "string") return message.content;
  return message.content.map((part) => part.type === "text" ? part.text : "").join("\n");
}

Deno.test("a schema is asked for by an output tool that the model must call", async () => {
  const model = scripted(calling("final_result", bonn));
  const result = await new Agent({ model, output: City }).generate("Which city?");
  assertEquals(result.output, bonn);
  const [spec] = model.requests[0]!.tools;
  assertEquals(spec!.name, "final_result");
  assertEquals(spec!.description, "The final response which ends this conversation");
  assertEquals(model.requests[0]!.toolChoice, { type: "required" });
});

Deno.test("a schema of no object is wrapped, its references kept", async () => {
  const Tree: z.ZodType = z.lazy(() => z.array(Tree));
  const model = scripted(calling("final_result", { response: [[], [[]]] }));
  const { output } = await new Agent({ model, output: toolOutput(Tree) }).generate("x");
  assertEquals(output, [[], [[]]]);
  const parameters = model.requests[0]!.tools[0]!.parameters!;
  assertEquals(parameters.properties, { response: { $ref: "#/$defs/response" } });
  const list = scripted(calling("final_result", { response: ["a"] }));
  const agent = new Agent({ model: list, output: z.array(z.string()) });
  assertEquals((await agent.generate("x")).output, ["a"]);
});

Deno.test("several schemas are several output tools", async () => {
  const output = [
    toolOutput(City, { name: "city", description: "A city" }),
    toolOutput(z.object({ river: z.string() }), { name: "river" }),
    "text" as const,
  ];
  const model = scripted(calling("final_result_river", { river: "Rhine" }), "In words.");
  const agent = new Agent<unknown, unknown>({ model, output });
  assertEquals((await agent.generate("x")).output, { river: "Rhine" });
  assertEquals(model.requests[0]!.tools.map((spec) => spec.name), [
    "final_result_city",
    "final_result_river",
  ]);
  assertEquals(model.requests[0]!.toolChoice, { type: "auto" });
  assertEquals((await agent.generate("x")).output, "In words.");
});

Deno.test("invalid output arguments are retried within their own budget", async () => {
  const model = scripted(calling("final_result", { name: 1 }), calling("final_result", bonn));
  const { output } = await new Agent({ model, output: City }).generate("x");
  assertEquals(output, bonn);
  assertStringIncludes(lastText(model), "validation errors:");
  const hopeless = scripted(...Array.from({ length: 4 }, () => calling("final_result", {})));
  await assertRejects(
    () => new Agent({ model: hopeless, output: toolOutput(City, { retries: 2 }) }).generate("x"),
    RunError,
    "Tool 'final_result' exceeded max retries count of 2",
  );
});

Deno.test("prose where an output tool must be called is refused", async () => {
  const model = scripted("It is Bonn.", calling("final_result", bonn));
  const { output } = await new Agent({ model, output: City }).generate("x");
  assertEquals(output, bonn);
  assertStringIncludes(lastText(model), "Please include your response in a tool call.");
});

Deno.test("native output asks the backend for the schema", async () => {
  const model = scripted(JSON.stringify(bonn));
  const { output } = await new Agent({ model, output: nativeOutput(City) }).generate("x");
  assertEquals(output, bonn);
  const format = model.requests[0]!.output;
  assert(format.type === "json-schema" && format.schema.type === "object");
  const plain = new ScriptedModel([JSON.stringify(bonn)], {
    profile: { structuredOutput: "json-object" },
  });
  await new Agent({ model: plain, output: nativeOutput(City) }).generate("x");
  assertEquals(plain.requests[0]!.output, { type: "json-object" });
  assertStringIncludes(String(plain.requests[0]!.messages[0]!.content), '"people"');
});

Deno.test("prompted output asks in words and takes fenced JSON", async () => {
  const model = scripted("Sure:\n```json\n" + JSON.stringify(bonn) + "\n```\nThere.");
  const { output } = await new Agent({ model, output: promptedOutput(City) }).generate("x");
  assertEquals(output, bonn);
  const [message] = model.requests[0]!.messages;
  assertEquals(message!.role, "system");
  const told = String(message!.content);
  assert(
    told.startsWith("Always respond with a JSON object that's compatible with this schema:"),
  );
  assert(told.endsWith("Don't include any text or Markdown fencing before or after."));
  assertEquals(model.requests[0]!.output, { type: "json-object" });
});

Deno.test("native unions are told apart by kind", async () => {
  const river = z.object({ river: z.string() });
  const output = [nativeOutput(City, { name: "city" }), nativeOutput(river, { name: "river" })];
  const model = scripted(
    '{"result":{"kind":"lake","data":{}}}',
    '{"result":{"kind":"river","data":{"river":"Rhine"}}}',
  );
  const agent = new Agent<unknown, unknown>({ model, output });
  assertEquals((await agent.generate("x")).output, { river: "Rhine" });
  assertStringIncludes(lastText(model), 'one of \\"city\\", \\"river\\"');
});

Deno.test("text, native and prompted share one budget for the whole run", async () => {
  const model = scripted("no json", "", JSON.stringify(bonn));
  await assertRejects(
    () => new Agent({ model, output: nativeOutput(City) }).generate("x"),
    RunError,
    "Exceeded maximum output retries (1)",
  );
  const patient = scripted("no json", "", JSON.stringify(bonn));
  const agent = new Agent({ model: patient, output: nativeOutput(City), outputRetries: 2 });
  assertEquals((await agent.generate("x")).output, bonn);
});

Deno.test("output functions and validators run in order, each may ask again", async () => {
  const model = scripted(calling("final_result", bonn), calling("final_result", bonn));
  let attempts = 0;
  const agent = new Agent<unknown, string>({
    model,
    output: toolOutput(City, { process: (city) => city.name }),
    outputValidators: [
      (_, name) => {
        if (attempts++ === 0) throw new ModelRetry("Look again");
        return name.toUpperCase();
      },
      (_, name) => `${name}!`,
    ],
  });
  assertEquals((await agent.generate("x")).output, "BONN!");
  assertEquals(lastText(model), "Look again\n\nFix the errors and try again.");
});

Deno.test("a text function makes the output of text", async () => {
  const model = scripted("a b c", "three words");
  const words = textOutput((text) => text.split(" ").length);
  const agent = new Agent({ model, output: words });
  assertEquals((await agent.generate("x")).output, 3);
  const refusing = textOutput((text) => {
    if (text === "three words") throw new ModelRetry("More");
    return text;
  });
  await assertRejects(
    () => new Agent({ model, output: refusing, outputRetries: 0 }).generate("x"),
    RunError,
  );
});

Deno.test("text that a validator must see first is not streamed before", async () => {
  const model = scripted({ text: "bad secret" }, { text: "good" });
  const agent = new Agent({
    model,
    outputValidators: [(_, text) => {
      if (text.includes("secret")) throw new ModelRetry("No secrets");
      return text;
    }],
  });
  const result = await fold(checkGrammar(agent.run(testRequest(), testContext())));
  assertEquals(result.text, "good");
  assertStringIncludes(lastText(model), "Validation feedback:\nNo secrets");
});

Deno.test("generate() takes an output of its own", async () => {
  const model = scripted(calling("final_result", bonn));
  const { output } = await new Agent({ model }).generate("x", { output: City });
  assertEquals(output.people, 330000);
});

Deno.test("new Agent() refuses outputs that cannot go together", () => {
  const model = scripted();
  const broken = [
    [],
    ["text", textOutput((text) => text)],
    ["text", nativeOutput(City)],
    [toolOutput(City), nativeOutput(City)],
    [toolOutput(City, { name: "a" }), toolOutput(City, { name: "a" })],
    toolOutput(City, { name: "not a name" }),
    toolOutput(z.transform((value) => value)),
  ] as const;
  for (const output of broken) {
    assertThrows(() => new Agent<unknown, unknown>({ model, output }), SetupError);
  }
});

// What clients ask for with response_format.

const schema: OutputFormat = {
  type: "json-schema",
  name: "city",
  schema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
};

async function formatted(
  model: ScriptedModel,
  output: OutputFormat = schema,
): Promise<RunResult> {
  const agent = new Agent({ model, tools: [look] });
  return await fold(checkGrammar(agent.run(testRequest({ output }), testContext())));
}

Deno.test("a client's schema goes to a backend that takes schemas, hidden tools active", async () => {
  const model = scripted(
    { text: "Let me look.", ...calling("look", {}) },
    { text: ['{"name":', '"Bonn"}'] },
  );
  const result = await formatted(model);
  assertEquals(result.parts, [{ type: "text", text: '{"name":"Bonn"}', phase: "final" }]);
  assertEquals(model.requests.map((request) => request.output), [schema, schema]);
  assertEquals(model.requests[0]!.tools.length, 1);
});

Deno.test("a client's schema is put in words for a backend that takes none", async () => {
  for (const structuredOutput of ["json-object", "none"] as const) {
    const model = new ScriptedModel(['```json\n{"name":"Bonn"}\n```'], {
      profile: { structuredOutput },
    });
    const result = await formatted(model);
    assertEquals(result.text, '{"name":"Bonn"}');
    const [request] = model.requests;
    assertEquals(request!.output.type, structuredOutput === "none" ? "text" : "json-object");
    assertStringIncludes(String(request!.messages[0]!.content), '"required":["name"]');
  }
});

Deno.test("an answer that breaks the client's schema is retried inside, then fails", async () => {
  const model = scripted('{"nome":"Bonn"}', '{"name":"Bonn"}');
  assertEquals((await formatted(model)).text, '{"name":"Bonn"}');
  assertStringIncludes(lastText(model), 'required property \\"name\\"');
  const error = await assertRejects(() => formatted(scripted("{}", "[]")), RunError);
  assertEquals(error.code, "run-failed");
});

Deno.test("json_object wants an object and says the word JSON to the backend", async () => {
  const model = scripted("[1]", '{"a":1}');
  assertEquals((await formatted(model, { type: "json-object" })).text, '{"a":1}');
  assertStringIncludes(String(model.requests[0]!.messages[0]!.content), "JSON");
  await assertRejects(() => formatted(scripted("1", "null"), { type: "json-object" }), RunError);
});

Deno.test("a client's malformed schema is refused before the model is called", async () => {
  const model = scripted("{}");
  const output: OutputFormat = { type: "json-schema", name: "x", schema: { type: "text" } };
  const error = await assertRejects(() => formatted(model, output), RequestError);
  assertEquals([error.code, error.param], ["invalid-value", "response_format"]);
  assertEquals(model.requests.length, 0);
});

Deno.test("JSON cut off by the token limit comes out as it is, with length", async () => {
  const result = await formatted(scripted({ text: '{"name":"Bo', finishReason: "length" }));
  assertEquals([result.text, result.finishReason], ['{"name":"Bo', "length"]);
});

Deno.test("a refusal beats the schema", async () => {
  const result = await formatted(scripted({ refusal: "No." }));
  assertEquals([result.refusal, result.text], ["No.", ""]);
});

Deno.test("an agent's own output must hold to the client's schema as well", async () => {
  const model = scripted(
    calling("final_result", { name: "Bonn", people: 1 }),
    calling("final_result", bonn),
  );
  const output: OutputFormat = {
    type: "json-schema",
    name: "big",
    schema: { type: "object", properties: { people: { minimum: 1000 } } },
  };
  const agent = new Agent({ model, output: City });
  const result = await fold(agent.run(testRequest({ output }), testContext()));
  assertEquals(JSON.parse(result.text), bonn);
});

Deno.test("validators hold where a client asks for JSON, too", async () => {
  const model = scripted('{"name":"secret"}', '{"name":"Bonn"}');
  const agent = new Agent({
    model,
    outputValidators: [(_, text) => {
      if (text.includes("secret")) throw new ModelRetry("No secrets");
      return text;
    }],
  });
  const result = await fold(agent.run(testRequest({ output: schema }), testContext()));
  assertEquals(result.text, '{"name":"Bonn"}');
});
