import { assertEquals, assertRejects } from "@std/assert";
import { RunError, SetupError } from "../run/error.ts";
import { fold } from "../run/fold.ts";
import type { Logger } from "../run/seams.ts";
import { EndlessServer } from "../testing/endless_server.ts";
import { FunctionModel } from "../testing/scripted_model.ts";
import { CollectingLogger, testContext, testRequest } from "../testing/test_context.ts";
import { FunctionToolset } from "../tools/function_toolset.ts";
import { tool } from "../tools/tool.ts";
import { systemClock } from "../context/system.ts";
import { Guest, type GuestOptions } from "./guest.ts";

const MODULES = new URL("../../tests/guests/modules/", import.meta.url).pathname;

/** What a guest says to the text. */
async function answer(guest: Guest, text: string): Promise<string> {
  const context = testContext({ clock: systemClock });
  return (await fold(guest.run(testRequest(text), context))).text;
}

/** Has code run in a guest. */
async function does(code: () => unknown, options: GuestOptions = {}): Promise<unknown> {
  await using guest = new Guest("obedient.ts", { folder: MODULES, ...options });
  await guest.start();
  return JSON.parse(await answer(guest, JSON.stringify({ code: `${code}`, args: [] })));
}

Deno.test("a guest may do what its permissions say, all of a kind where they say true", async () => {
  const states = () =>
    Promise.all(
      [
        { name: "read", path: "/etc/hostname" },
        { name: "read", path: "/nowhere" },
        { name: "env", variable: "ANY" },
        { name: "net", host: "example.com" },
      ].map(async (what) =>
        (await Deno.permissions.query(what as Deno.PermissionDescriptor)).state
      ),
    );
  const [none, some] = await Promise.all([
    does(states),
    does(states, { permissions: { read: ["/etc/hostname"], env: true } }),
  ]);
  assertEquals(none, { value: ["prompt", "prompt", "denied", "prompt"] });
  assertEquals(some, { value: ["granted", "prompt", "granted", "prompt"] });
});

Deno.test("a guest uses backends and toolsets of its host by their names, and no others", async () => {
  const demo = new FunctionModel(({ messages, tools }) => {
    const last = messages.at(-1)!;
    if (last.role !== "tool") return { toolCalls: [{ name: tools![0]!.name }] };
    const [part] = last.content;
    return `Says: ${part?.type === "text" && part.text}`;
  });
  const files = new FunctionToolset([tool({ name: "list", execute: () => "a.txt" })]);
  await using guest = new Guest("hosted.ts", {
    folder: MODULES,
    backends: { demo },
    toolsets: { files },
  });
  await guest.start();
  assertEquals(await answer(guest, "What is there?"), "Says: a.txt");
  await using poor = new Guest("hosted.ts", { folder: MODULES, backends: { demo } });
  await assertRejects(() => poor.start(), SetupError, "files");
});

Deno.test("a guest serves one of several models, and says which there are", async () => {
  const options = { folder: MODULES };
  await using one = new Guest("several.ts#registry", { ...options, model: "at-once" });
  await one.start();
  assertEquals(await answer(one, "Who?"), "I am the agent");
  await using all = new Guest("several.ts#registry", options);
  await assertRejects(() => all.start(), SetupError, "at-once");
});

Deno.test("whoever holds a guest is told what it may do, and whether it is there", async () => {
  const logger = new CollectingLogger();
  const guest = new Guest("several.ts#workflow", { folder: MODULES, logger });
  const { signal } = new AbortController();
  await assertRejects(() => guest.check(signal), RunError);
  await guest.start();
  await guest.check(signal);
  assertEquals(await answer(guest, "Hi"), "Asked: Hi");
  await guest[Symbol.asyncDispose]();
  await assertRejects(() => guest.check(signal), RunError);
  assertEquals(logger.entries.map(({ message }) => message).slice(0, 1), [
    "Guest may do this and nothing else",
  ]);
});

Deno.test("a guest that is let go while its code is downloaded, or loads, is waited for no longer", async () => {
  await using server = new EndlessServer();
  const remote = new Guest(`${server.url}/agent.js`);
  const downloading = assertRejects(() => remote.start(), RunError, "is stopped");
  await server.asked;
  await remote[Symbol.asyncDispose]();
  await downloading;
  await server.left;

  const { promise: loads, resolve } = Promise.withResolvers<void>();
  const logger: Logger = {
    log: (_level, _message, fields) => fields?.line === "I load" ? resolve() : undefined,
  };
  const code = `console.log("I load"); await new Promise((end) => setTimeout(end, 600_000));`;
  const slow = new Guest(`data:text/javascript,${encodeURIComponent(code)}`, { logger });
  const starting = assertRejects(() => slow.start(), RunError, "is stopped");
  await loads;
  await slow[Symbol.asyncDispose]();
  await starting;
});

Deno.test("a guest that takes too long is cut off", async () => {
  await using guest = new Guest("streaming.ts", { folder: MODULES, maxSeconds: 0.2 });
  await guest.start();
  await assertRejects(() => answer(guest, "silent"), RunError, "maxSeconds is 0.2");
});
