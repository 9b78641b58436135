/**
 * What a module may export, and which of it is served.
 */
import { assertEquals } from "@std/assert";
import { systemClock } from "../../src/context/system.ts";
import { createApp } from "../../src/hosting/app.ts";
import { FakeModels } from "../../src/hosting/fake_models.ts";
import { GuestRunner } from "../../src/module/guest_runner.ts";
import { fold } from "../../src/run/fold.ts";
import { checkGrammar } from "../../src/run/grammar.ts";
import { testContext, testRequest } from "../../src/testing/test_context.ts";
import { failsWith, TestGuest } from "./test_guest.ts";

async function ask(guest: TestGuest, model: string | undefined, callerName?: string) {
  const context = testContext({
    clock: systemClock,
    principal: { name: callerName, tenant: "t" },
  });
  const events = guest.module.run(model, testRequest("What?"), context);
  return (await fold(checkGrammar(events))).text;
}

Deno.test("a module's exports are served by name: agents, workflows, registries, records, factories", async () => {
  const start = (exportName?: string) => TestGuest.start({ specifier: "several.ts", exportName });
  const [one, workflow, registry, record, factory] = await Promise.all(
    [undefined, "workflow", "registry", "record", "factory"].map(start),
  ) as [TestGuest, TestGuest, TestGuest, TestGuest, TestGuest];
  await using _all = new AsyncDisposableStack();
  for (const guest of [one, workflow, registry, record, factory]) _all.use(guest);

  assertEquals(one.module.models.map(({ id, name }) => [id, name]), [[undefined, "scripted"]]);
  assertEquals(await ask(one, undefined), "I am the agent");
  assertEquals(await ask(workflow, undefined), "Asked: What?");
  assertEquals(await ask(factory, undefined), "Asked: What?");
  assertEquals(record.module.models.map(({ id }) => id), ["one", "two"]);
  assertEquals(await ask(record, "two"), "Asked: What?");

  assertEquals(registry.module.models.map(({ id, description }) => [id, description]), [
    ["at-once", "There from the beginning"],
    ["per-request", undefined],
    ["lazy", undefined],
  ]);
  const [, perRequest, lazy] = registry.module.models;
  assertEquals(perRequest?.dependencyPolicy, "degrade");
  assertEquals(perRequest?.degradedMessage, "Not now");
  assertEquals(lazy?.backgroundTasks, "rule");
  assertEquals(await ask(registry, "at-once"), "I am the agent");
  assertEquals(await ask(registry, "per-request", "alice"), "Built 1 for alice");
  assertEquals(await ask(registry, "per-request"), "Built 2 for nobody");
  assertEquals(await ask(registry, "lazy"), "Built late");
  await failsWith(ask(registry, "none"), /No such model/);
  await failsWith(ask(registry, "__proto__"), /No such model/);
});

Deno.test("a module that cannot be served says why, and leaves nothing behind", async () => {
  const cases: Readonly<Record<string, RegExp>> = {
    text: /^SetupError: Cannot serve module "several.ts": .*cannot answer/,
    nothing: /^SetupError: Cannot serve module "several.ts": .*has no model/,
    absent: /^SetupError: Cannot serve module "several.ts": .*no export "absent"; it has .*agent/,
    failing: /^SetupError: Cannot serve module "several.ts": .*Cannot start today: too tired/,
    withAgentForTasks: /^SetupError: Cannot serve module "several.ts": .*background tasks of "a"/,
  };
  await Promise.all(
    Object.entries(cases).map(([exportName, expected]) =>
      failsWith(TestGuest.start({ specifier: "several.ts", exportName }), expected)
    ),
  );
});

Deno.test("a GuestRunner takes the model that is named like it is served, or the only one", async () => {
  await using _all = new AsyncDisposableStack();
  const runner = (exportName: string, servedName: string) => {
    const { module } = TestGuest.unstarted({ specifier: "several.ts", exportName });
    return new GuestRunner(module, { servedName });
  };
  const [named, only, wrong] = [
    runner("record", "two"),
    runner("workflow", "anything"),
    runner("record", "three"),
  ];
  const models = new FakeModels().add("two", () => named).add("anything", () => only);
  await using app = createApp(models, { logger: { log: () => {} } });
  await app.start();
  for (const model of ["two", "anything"]) {
    const answer = await app.fetch(
      new Request("http://localhost/v1/chat/completions", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }] }),
      }),
    );
    const { choices: [choice] } = await answer.json();
    assertEquals(choice.message.content, "Asked: Hi");
  }
  await failsWith(
    wrong.start(),
    /^SetupError: Cannot serve the module as "three": it has several models, "one", "two"/,
  );
});
