import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { HttpError, RequestError, RunError } from "../run/error.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import { macrotask } from "../testing/macrotask.ts";
import { ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ModelRetry } from "../tools/outcome.ts";
import { SchemaMismatch } from "../tools/schema.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import type { AgentHooks, HookedOutput } from "./hooks.ts";
import { nativeOutput, toolOutput } from "./output.ts";
import type { AgentOptions } from "./plan.ts";

const City = z.object({ name: z.string(), people: z.number().default(0) });

function answering(...values: unknown[]): ScriptedModel {
  return new ScriptedModel(
    values.map((value): ScriptedTurn => ({
      toolCalls: [{ name: "final_result", arguments: value }],
    })),
  );
}

/** What the agent answers when the model gives these values, one after the other. */
async function outputOf(
  hooks: AgentHooks | readonly AgentHooks[],
  values: readonly unknown[] = [{ name: "Bonn" }],
  options: Partial<AgentOptions<unknown, unknown>> = {},
): Promise<unknown> {
  const agent = new Agent<unknown, unknown>({
    output: City,
    ...options,
    model: answering(...values),
    hooks: Array.isArray(hooks) ? hooks : [hooks],
  });
  return (await agent.generate("x")).output;
}

Deno.test("output hooks go in their order, around the check and around function and validators", async () => {
  const log: string[] = [];
  const note = (name: string): AgentHooks => ({
    beforeOutputValidate: (_, { value }) => void log.push(`${name} check ${JSON.stringify(value)}`),
    wrapOutputValidate: async (_, { value }, next) => {
      log.push(`${name} check>`);
      const checked = await next(value);
      log.push(`<${name} check`);
      return checked;
    },
    afterOutputValidate: (_, { value }) =>
      void log.push(`${name} checked ${JSON.stringify(value)}`),
    beforeOutputProcess: (_, { value }) => void log.push(`${name} make ${JSON.stringify(value)}`),
    wrapOutputProcess: (_, { value }, next) => next(value),
    afterOutputProcess: (_, { value }, made) =>
      void log.push(`${name} made ${made} of ${JSON.stringify(value)}`),
  });
  const output = toolOutput(City, { process: ({ name }) => name });
  const made = await outputOf([note("a"), note("b")], [{ name: "Bonn" }], {
    output,
    outputValidators: [(_, name) => `${name}!`],
  });
  assertEquals(made, "Bonn!");
  const raw = '{"name":"Bonn"}';
  const city = '{"name":"Bonn","people":0}';
  assertEquals(log, [
    ...[`a check ${raw}`, `b check ${raw}`, "a check>", "b check>", "<b check", "<a check"],
    ...[`b checked ${city}`, `a checked ${city}`, `a make ${city}`, `b make ${city}`],
    ...[`b made Bonn! of ${city}`, `a made Bonn! of ${city}`],
  ]);
});

Deno.test("output hooks change the value at each point", async () => {
  const named = (name: string) => ({ name, people: 0 });
  assertEquals(await outputOf({ beforeOutputValidate: () => ({ name: "Köln" }) }), named("Köln"));
  assertEquals(await outputOf({ wrapOutputValidate: () => "unchecked" }), "unchecked");
  assertEquals(await outputOf({ afterOutputValidate: () => "checked" }), "checked");
  assertEquals(await outputOf({ beforeOutputProcess: () => "before" }), "before");
  assertEquals(await outputOf({ wrapOutputProcess: () => "instead" }), "instead");
  assertEquals(await outputOf({ afterOutputProcess: () => Promise.resolve("after") }), "after");
  assertEquals(await outputOf({ afterOutputProcess: () => null }), null);
});

Deno.test("output hooks are told of which output it is", async () => {
  const seen: Omit<HookedOutput, "schema">[] = [];
  const hooks: AgentHooks[] = [{
    beforeOutputValidate: (_, { schema, ...rest }) => {
      assertEquals(schema.type, "object");
      seen.push(rest);
    },
  }];
  await outputOf(hooks);
  const model = new ScriptedModel(['{"result":{"kind":"river","data":{"river":"Rhine"}}}']);
  const output = [
    nativeOutput(City, { name: "city" }),
    nativeOutput(z.object({ river: z.string() }), { name: "river" }),
  ];
  await new Agent<unknown, unknown>({ model, output, hooks }).generate("x");
  assertEquals(seen, [
    { mode: "tool", kind: "", value: { name: "Bonn" } },
    { mode: "json", kind: "river", value: { river: "Rhine" } },
  ]);
});

Deno.test("text, broken JSON and a client's own format do not come to output hooks", async () => {
  const seen: unknown[] = [];
  const hooks: AgentHooks[] = [{
    beforeOutputValidate: (_, output) => void seen.push(output),
    beforeOutputProcess: (_, output) => void seen.push(output),
  }];
  await new Agent({ model: new ScriptedModel(["text"]), hooks }).generate("x");
  const request = testRequest({ output: { type: "json-object" } });
  const client = new Agent({ model: new ScriptedModel(['{"a":1}']), hooks });
  await fold(client.run(request, testContext()));
  const broken = new Agent<unknown, unknown>({
    model: answering('{"name":', '{"name":'),
    output: City,
    hooks,
  });
  await assertRejects(() => broken.generate("x"), RunError);
  assertEquals(seen, []);
});

Deno.test("onOutputValidateError sees what is wrong and may mend it", async () => {
  const mend: AgentHooks = {
    onOutputValidateError: (_, { value }, error) => {
      assert(error instanceof SchemaMismatch);
      return { name: String((value as { name: unknown }).name), people: error.issues.length };
    },
  };
  assertEquals(await outputOf(mend, [{ name: 7 }]), { name: "7", people: 1 });
  assertEquals(
    await outputOf({ onOutputValidateError: () => {} }, [{ name: 7 }, { name: "Bonn" }]),
    { name: "Bonn", people: 0 },
  );
});

Deno.test("onOutputProcessError recovers from functions and validators that fail", async () => {
  const failing = {
    outputValidators: [() => {
      throw new Error("secret");
    }],
  };
  const values = [{ name: "Bonn" }];
  assertEquals(
    await outputOf({ onOutputProcessError: () => "fallback" }, values, failing),
    "fallback",
  );
  await assertRejects(
    () => outputOf({ onOutputProcessError: () => {} }, values, failing),
    Error,
    "secret",
  );
  const retrying = {
    outputValidators: [() => {
      throw new ModelRetry("again");
    }],
  };
  await assertRejects(
    () => outputOf({ onOutputProcessError: () => "not asked" }, values, retrying),
    RunError,
    "Script has 1 turns",
  );
});

const POINTS = [
  "beforeOutputValidate",
  "wrapOutputValidate",
  "afterOutputValidate",
  "beforeOutputProcess",
  "wrapOutputProcess",
  "afterOutputProcess",
] as const;

for (const point of POINTS) {
  Deno.test(`${point} may refuse an answer, on the budget of its output`, async () => {
    let refusals = 2;
    const refuse: AgentHooks = {
      [point]: (_: unknown, { value }: HookedOutput, next?: unknown) => {
        if (refusals-- > 0) throw new ModelRetry("Look again");
        return typeof next === "function" ? next(value) : undefined;
      },
    };
    const values = [1, 2, 3].map((people) => ({ name: "Bonn", people }));
    const output = toolOutput(City, { retries: 2 });
    assertEquals(await outputOf(refuse, values, { output }), values[2]);
    refusals = 9;
    const model = answering(...values);
    await assertRejects(
      () => new Agent<unknown, unknown>({ model, output: City, hooks: [refuse] }).generate("x"),
      RunError,
      "Tool 'final_result' exceeded max retries count of 1",
    );
    const told = model.requests[1]!.messages.at(-1)!;
    assertStringIncludes(JSON.stringify(told.content), "Look again");
  });

  Deno.test(`whatever else ${point} throws stays inside`, async () => {
    for (
      const secret of [new RequestError("invalid-value", "secret"), new HttpError(418, "secret")]
    ) {
      const hook: AgentHooks = {
        [point]: () => {
          throw secret;
        },
      };
      const error = await assertRejects(() => outputOf(hook), RunError);
      assertEquals([error.code, error.cause], ["internal", secret]);
    }
  });

  Deno.test(`an abort ends the wait for ${point}`, async () => {
    for (
      const [output, model] of [
        [toolOutput(City), answering({ name: "Bonn" })],
        [nativeOutput(City), new ScriptedModel(['{"name":"Bonn"}'])],
      ] as const
    ) {
      const controller = new AbortController();
      const gone = new Error("client left");
      const hook: AgentHooks = { [point]: () => new Promise(() => {}) };
      const agent = new Agent<unknown, unknown>({ model, output, hooks: [hook] });
      const context = testContext({ signal: controller.signal });
      const failure = assertRejects(() => fold(agent.run(testRequest(), context)));
      await macrotask();
      controller.abort(gone);
      assertEquals(await failure, gone);
    }
  });
}

Deno.test("an output function does not run after the abort, however late its hooks are", async () => {
  const controller = new AbortController();
  const gone = new Error("client left");
  const late = Promise.withResolvers<undefined>();
  let ran = false;
  const agent = new Agent<unknown, unknown>({
    model: answering({ name: "Bonn" }),
    output: toolOutput(City, { process: () => ran = true }),
    hooks: [{ beforeOutputProcess: () => late.promise }],
  });
  const context = testContext({ signal: controller.signal });
  const failure = assertRejects(() => fold(agent.run(testRequest(), context)));
  await macrotask();
  controller.abort(gone);
  assertEquals(await failure, gone);
  late.resolve(undefined);
  await macrotask();
  assert(!ran);
});

Deno.test("output hooks work on JSON text, which keeps its budget and is not shown before", async () => {
  const model = new ScriptedModel(['{"name":"secret"}', '{"name":"Bonn"}']);
  const agent = new Agent<unknown, unknown>({
    model,
    output: nativeOutput(City),
    hooks: [{
      afterOutputValidate: (_, { value }) => {
        if (JSON.stringify(value).includes("secret")) throw new ModelRetry("No secrets");
      },
    }],
  });
  const result = await fold(checkGrammar(agent.run(testRequest(), testContext())));
  assertEquals(result.text, '{"name":"Bonn","people":0}');
});

Deno.test("tool hooks do not see output tools, output hooks no tools", async () => {
  const seen: string[] = [];
  const look = tool({ name: "look", execute: () => "seen" });
  const model = new ScriptedModel([
    { toolCalls: [{ name: "look" }] },
    { toolCalls: [{ name: "final_result", arguments: { name: "Bonn" } }] },
  ]);
  const agent = new Agent<unknown, unknown>({
    model,
    tools: [look],
    output: City,
    hooks: [{
      beforeToolValidate: (_, { call }) => void seen.push(call.name),
      beforeOutputValidate: () => void seen.push("output"),
    }],
  });
  await agent.generate("x");
  assertEquals(seen, ["look", "output"]);
});
