/**
 * The live-model tests themselves: off by default, and sound. They run here against rules on loopback
 * that know what the tests ask, so that they cannot rot until somebody has an LLM at hand.
 */
import { Agent, createApp, DemoBackend, type Model } from "@x/fakellm";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runDeno } from "./deno_process.ts";
import { testFolder } from "./e2e/spawned_cli.ts";
import { HOW_TO_ENABLE } from "./real/live_model.ts";
import { RED_SQUARE } from "./real/content.ts";

const KEY = "rehearsal-key";

Deno.test("live-model tests are off by default, and one line says how to enable them", async () => {
  const { code, lines } = await runLiveTests({});
  assertEquals(code, 0, lines.join("\n"));
  assertEquals(lines.filter((line) => line.includes(HOW_TO_ENABLE)).length, 1);
  assertEquals(summaryOf(lines), "0 passed | 0 failed | 1 ignored");
});

Deno.test("live-model tests do not start without an endpoint", async () => {
  const { code, lines } = await runLiveTests({ FAKELLM_RUN_REAL_LLM_TESTS: "1" });
  assertEquals(code, 1);
  assertStringIncludes(lines.join("\n"), "Set LLM_ENDPOINT and LLM_MODEL");
});

Deno.test("live-model tests pass against a model that does what they ask", async () => {
  await using backend = await serve(seeing(new DemoBackend()));
  const { code, lines } = await runLiveTests({
    FAKELLM_RUN_REAL_LLM_TESTS: "1",
    LLM_ENDPOINT: backend.baseURL,
    LLM_MODEL: "large",
    LLM_MODELS: "large, small",
    LLM_KEY: KEY,
  });
  assertEquals(code, 0, lines.join("\n"));
  assertEquals(summaryOf(lines), "12 passed | 0 failed");
});

Deno.test("live-model tests fail, each of them, against a model that hears nothing", async () => {
  const demo = new DemoBackend();
  const deaf: Model = {
    name: "deaf",
    profile: demo.profile,
    call: (request, options) =>
      demo.call({ ...request, tools: [], messages: [], output: { type: "text" } }, options),
  };
  await using backend = await serve(deaf);
  const { code, lines } = await runLiveTests({
    FAKELLM_RUN_REAL_LLM_TESTS: "1",
    LLM_ENDPOINT: backend.baseURL,
    LLM_MODEL: "large",
    LLM_KEY: KEY,
  });
  assertEquals(code, 1);
  assertEquals(summaryOf(lines), "0 passed | 11 failed", lines.join("\n"));
});

/** The demo backend, with eyes for one picture. */
function seeing(demo: DemoBackend): Model {
  return {
    name: demo.name,
    profile: demo.profile,
    call(request, options) {
      const last = request.messages.at(-1);
      const seen = last?.role === "user" &&
        last.content.some((part) => part.type === "image" && part.url === RED_SQUARE);
      if (!seen) return demo.call(request, options);
      const content = [{ type: "text" as const, text: "Red" }];
      return demo.call({ ...request, messages: [{ role: "user", content }] }, options);
    },
  };
}

/** Serves `model` under both names the tests are given; without the key nothing is answered. */
async function serve(model: Model): Promise<AsyncDisposable & { readonly baseURL: string }> {
  const agent = new Agent({ model });
  const app = createApp({ large: agent, small: agent }, {
    apiKeys: [{ name: "rehearsal", key: KEY }],
    logger: { log() {} },
  });
  const server = await app.serve({ port: 0 });
  return {
    baseURL: `http://127.0.0.1:${server.port}/v1`,
    [Symbol.asyncDispose]: () => server.drain(),
  };
}

async function runLiveTests(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  await using folder = await testFolder();
  const { code, stdout, stderr } = await runDeno(
    ["test", "-A", "--sanitize-ops", "--sanitize-resources", "tests/real/live_model_test.ts"],
    { cwd: folder.path, env },
  );
  return { code, lines: (stdout + stderr).split("\n") };
}

/** The counts of the test runner's last line. */
function summaryOf(lines: readonly string[]): string {
  const line = lines.findLast((line) => /\d+ passed \| \d+ failed/.test(line));
  assert(line !== undefined, lines.join("\n"));
  return line.replace(/^.*?(\d+ passed)/, "$1").replace(/ \(.*$/, "");
}
