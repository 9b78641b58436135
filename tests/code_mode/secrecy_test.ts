/**
 * Nothing of code leaves for clients: no word of it, of what it calls, of what it comes to, or of how it
 * fails. Everything inside is a canary.
 */
import { assert, assertEquals } from "@std/assert";
import { Agent, CodeMode, createApp, ModelRetry, tool, ToolFailed } from "../../mod.ts";
import { FunctionModel, type ScriptedTurn } from "../../src/testing/mod.ts";
import { CollectingLogger } from "../../src/testing/test_context.ts";
import { Canaries } from "../secrecy/canary.ts";

/** What hides in an agent, and how its model uses it. */
interface Scenario {
  readonly pieces: (canary: () => string, call: string) => readonly string[];
  /** What the client gets. @default 200 */
  readonly status?: number;
  readonly limits?: { readonly maxToolCalls: number };
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "code that works": {
    pieces: (canary, call) => [
      `const kept = await ${call}({ how: "ok", word: "${canary()}" }); console.log("${canary()}"); kept`,
      `kept + "${canary()}"`,
    ],
  },
  "tools that fail": {
    pieces: (canary, call) =>
      ["retry", "failed"].flatMap((how) => [
        `await ${call}({ how: "${how}" }).catch((e) => e.message + e.stack)`,
        `await ${call}({ how: "${how}", word: "${canary()}" })`,
      ]),
  },
  "arguments that will not do": {
    pieces: (canary, call) => [`await ${call}({ how: "${canary()}" })`],
  },
  "code that fails": {
    pieces: (canary) => [
      `const = "${canary()}"`,
      `throw new Error("${canary()}")`,
      `Promise.reject(new Error("${canary()}")); throw { word: "${canary()}" }`,
    ],
  },
  "code that is ended": {
    pieces: (canary, call) => [
      `await ${call}({ how: "ok", word: "${canary()}" }); Deno.exit(1)`,
      `const { writeSync } = await import("node:fs"); writeSync(1, "${canary()}\\n"); for (;;);`,
    ],
  },
  "code that fails too often": {
    pieces: (canary) => Array.from({ length: 4 }, () => `throw new Error("${canary()}")`),
    status: 500,
  },
  "a tool that is broken": {
    pieces: (
      canary,
      call,
    ) => [`await ${call}({ how: "broken", word: "${canary()}" }).catch(() => 1)`],
    status: 500,
  },
  "a budget that is spent": {
    pieces: (canary, call) => [`for (;;) await ${call}({ how: "ok", word: "${canary()}" })`],
    limits: { maxToolCalls: 5 },
    status: 500,
  },
};

const BODIES = {
  "/v1/chat/completions": { messages: [{ role: "user", content: "Do it" }] },
  "/v1/responses": { input: "Do it" },
};

for (const [name, { pieces, status = 200, limits }] of Object.entries(SCENARIOS)) {
  Deno.test(`nothing leaves of ${name}`, async () => {
    const canaries = new Canaries();
    canaries.watch("run_code");
    canaries.watch("ToolError");
    canaries.watch("sandbox");
    const canary = () => canaries.mint("code");
    const toolName = canaries.mint("tool");
    const hidden = tool({
      name: toolName,
      description: canaries.text("description"),
      label: "Working on it",
      parameters: {
        type: "object",
        properties: {
          how: { enum: ["ok", "retry", "failed", "broken"] },
          word: { type: "string", description: canaries.text("schema") },
        },
        required: ["how"],
      },
      execute: (args) => {
        const { how, word = "" } = args as { readonly how: string; readonly word?: string };
        if (how === "retry") throw new ModelRetry(canaries.text("retry"));
        if (how === "failed") throw new ToolFailed(canaries.text("failed"));
        if (how === "broken") throw new Error(canaries.text("broken"));
        return word + canaries.text("result");
      },
    });
    const written = pieces(canary, toolName.replaceAll("-", "_"));
    const turns: (ScriptedTurn | string)[] = written.map((code) => ({
      toolCalls: [{ name: "run_code", arguments: { code } }],
    }));
    for (const [path, body] of Object.entries(BODIES)) {
      for (const stream of [false, true]) {
        let seen = "";
        const model = new FunctionModel((request, call) => {
          seen = JSON.stringify(request.messages);
          return turns[call] ?? "All done.";
        });
        const logger = new CollectingLogger();
        const app = createApp(
          new Agent({
            model,
            tools: [hidden],
            limits,
            instructions: canaries.text("instructions"),
            codeMode: new CodeMode({ ready: 0, maxRunMs: 5000 }),
          }),
          { modelName: "agent", logger, responsesReasoning: { mode: "custom" } },
        );
        const response = await app.fetch(
          new Request(`http://localhost${path}`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ model: "agent", stream, ...body }),
          }),
        );
        const text = await response.text();
        await app.stop();
        const where = `${path}${stream ? ", streamed" : ""}`;
        assertEquals(canaries.leakIn({ headers: response.headers, text }), undefined, where);
        if (status === 200) assert(seen.includes("Zq7xK-code"), `${where}: the model must see it`);
        const failed = response.status !== 200 || !text.includes("All done.");
        assertEquals(failed, status === 500, `${where}: ${response.status} ${text}`);
        const log = JSON.stringify(logger.entries);
        assert(!/Zq7xK-(?:code|result|retry|failed|schema)/.test(log), log);
      }
    }
  });
}
