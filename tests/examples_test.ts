/**
 * Every example does what it shows, and none is forgotten.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runDeno } from "./deno_process.ts";
import { SpawnedCli, testFolder } from "./e2e/spawned_cli.ts";
import { fakeBackend } from "./fake_backend/fake_backend.ts";

/** The checks at the end of each example. */
const CHECKS: Readonly<Record<string, () => Promise<{ check(): Promise<void> }>>> = {
  "bot_app": () => import("../examples/bot_app/check.ts"),
  "builtin_tools_agent": () => import("../examples/builtin_tools_agent/check.ts"),
  "code_mode_agent": () => import("../examples/code_mode_agent/check.ts"),
  "dual_subagent_judge_workflow": () => import("../examples/dual_subagent_judge_workflow/check.ts"),
  "embed_in_deno_serve": () => import("../examples/embed_in_deno_serve/check.ts"),
  "hacker_news_mcp_server": () => import("../examples/hacker_news_mcp_server/check.ts"),
  "hacker_news_server": () => import("../examples/hacker_news_server/check.ts"),
  "multi_model_agents": () => import("../examples/multi_model_agents/check.ts"),
  "openai_compatible_hidden_tool_smoke": () =>
    import("../examples/openai_compatible_hidden_tool_smoke/check.ts"),
  "openai_responses_reasoning": () => import("../examples/openai_responses_reasoning/check.ts"),
  "sandboxed_module": () => import("../examples/sandboxed_module/check.ts"),
};

const EXAMPLES = new URL("../examples/", import.meta.url);

/** Some checks wait for what must happen at the same time; where it does not, they would for ever. */
const DEADLINE_MS = 20_000;

for (const [name, load] of Object.entries(CHECKS)) {
  Deno.test(`example ${name} does what it shows`, async () => {
    const { check } = await load();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error("Check does not end")), DEADLINE_MS);
    try {
      await Promise.race([check(), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  });
}

Deno.test("every folder in examples/ is registered here", async () => {
  const folders = (await Array.fromAsync(Deno.readDir(EXAMPLES)))
    .filter((entry) => entry.isDirectory).map((entry) => entry.name);
  assertEquals(folders.sort(), Object.keys(CHECKS).sort());
});

Deno.test("examples/README.md tells of every example and how to run it", async () => {
  const text = await Deno.readTextFile(new URL("README.md", EXAMPLES));
  const rows = text.split("\n").filter((line) => line.startsWith("| [`"));
  const told = rows.map((row) =>
    row.match(
      /^\| \[`(\w+)`\]\(\1\/main\.ts\).*`deno (?:run -A|task fakellm) examples\/\1\/main\.ts/,
    )
      ?.[1] ?? row
  );
  assertEquals(told.sort(), Object.keys(CHECKS).sort());
});

/** Commands of examples/README.md that end by themselves and need no network. */
const COMMANDS: readonly { readonly args: readonly string[]; readonly says: RegExp }[] = [
  { args: ["examples/multi_model_agents/main.ts"], says: /712 pieces[^]*Lisbon/ },
  {
    args: ["examples/dual_subagent_judge_workflow/main.ts"],
    says: /The judge chose the \w+ answer/,
  },
  {
    args: [
      "examples/openai_compatible_hidden_tool_smoke/main.ts",
      "--proxy-model-names=a,b",
      "--prefix=/smoke",
    ],
    says: /^PASS a\nPASS b\n$/,
  },
  { args: ["examples/code_mode_agent/main.ts"], says: /EUR: 1\n[^]*SEK: 0\.088/ },
  {
    args: ["examples/openai_responses_reasoning/main.ts"],
    says: /^I have to see notes\.txt first[^]*Looking for mistakes[^]*To mend: [^]*To keep: /,
  },
];

for (const { args, says } of COMMANDS) {
  Deno.test(`deno run -A ${args[0]} answers without an LLM`, async () => {
    await using folder = await testFolder();
    const { code, stdout, stderr } = await runDeno(["run", "-A", ...args], { cwd: folder.path });
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, says);
  });
}

Deno.test("deno run -A examples/bot_app/main.ts answers, and says what it cannot reach", async () => {
  await using folder = await testFolder();
  const args = ["run", "-A", "examples/bot_app/main.ts"];
  const { code, stdout, stderr } = await runDeno(args, { cwd: folder.path });
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /typewriter[^]*cannot be reached/);
  assertMatch(stderr, /model degraded .*cause=/);
});

Deno.test("deno run -A examples/sandboxed_module/main.ts answers, and tells what was tried", async () => {
  await using folder = await testFolder();
  const args = ["run", "-A", "examples/sandboxed_module/main.ts"];
  const { code, stdout, stderr } = await runDeno(args, { cwd: folder.path });
  assertEquals([code, stdout], [0, "Oslo: clear, 12 °C.\n"], stderr);
  assertMatch(stderr, /Guest was denied .*permission=net value=telemetry\.example\.com:443/);
});

const NEWS = ["run", "-A", "examples/builtin_tools_agent/main.ts"];

Deno.test("examples want LLM_ENDPOINT and LLM_MODEL together", async () => {
  await using folder = await testFolder();
  await folder.write(".env", "LLM_MODEL=some-model");
  const { code, stderr } = await runDeno(NEWS, { cwd: folder.path });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "Set both LLM_ENDPOINT and LLM_MODEL");
});

Deno.test("examples talk to the LLM that .env names, and the environment wins", async () => {
  await using backend = await fakeBackend({ reply: { text: ["No ", "news."] } });
  await using folder = await testFolder();
  await folder.write(
    ".env",
    `LLM_ENDPOINT=${backend.baseURL}\nLLM_MODEL=from-file\nLLM_KEY="key-of-file"\n`,
  );
  const env = { LLM_MODEL: "from-environment" };
  const { code, stdout, stderr } = await runDeno(NEWS, { cwd: folder.path, env });
  assertEquals([code, stdout, stderr], [0, "No news.\n", ""]);
  const { headers, body } = await backend.request(0);
  assertEquals(headers.get("authorization"), "Bearer key-of-file");
  assertEquals(body.model, "from-environment");
});

for (const name of ["hacker_news_server", "hacker_news_mcp_server"]) {
  const served = `fakellm-${name.replace("_server", "").replaceAll("_", "-")}`;
  Deno.test(`fakellm examples/${name}/main.ts serves ${served}`, async () => {
    await using folder = await testFolder();
    const { pathname } = new URL(`${name}/main.ts`, EXAMPLES);
    await using cli = new SpawnedCli([pathname, "--port", "0"], { cwd: folder.path });
    const response = await fetch(`${await cli.baseUrl()}/models`);
    const { data }: { readonly data: readonly { readonly id: string }[] } = await response.json();
    assertEquals(data.map(({ id }) => id), [served]);
  });
}
