/**
 * `code_mode: true` of a deployment file: the backend's model writes code, which calls an MCP server.
 */
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { fakeBackend } from "../fake_backend/fake_backend.ts";
import { SpawnedCli, testFolder } from "./spawned_cli.ts";

const SERVER = new URL("../mcp/servers/filesystem.ts", import.meta.url).pathname;

/** The code of each step, told by how many results there are. */
function pieces(path: string): readonly string[] {
  return [
    `const { content } = await fs_read_text_file({ path: ${JSON.stringify(path)} });
     const words: string[] = content.split(" "); console.log(Deno.pid); words.length`,
    "words.map((word) => word.toUpperCase()).join('-')",
    "try { Deno.readTextFileSync('/etc/passwd') } catch (error) { error.name }",
  ];
}

Deno.test("a deployed model runs code against an MCP server, and the client sees nothing of it", async () => {
  await using folder = await testFolder();
  await folder.write("cellar.txt", "three small words");
  const written = pieces(`${folder.path}/cellar.txt`);
  await using backend = await fakeBackend({
    reply: ({ body }) => {
      const results = body.messages!.filter(({ role }) => role === "tool");
      const code = written[results.length];
      return code === undefined
        ? { text: "That is all." }
        : { toolCalls: [{ name: "run_code", arguments: JSON.stringify({ code }) }] };
    },
  });
  const path = await folder.write(
    "cfg.yaml",
    `
port: 0
backends: {main: {base_url: "${backend.baseURL}", model: m}}
mcps:
  files:
    command: deno
    args: [run, --cached-only, --allow-read, --allow-env, --allow-sys, ${SERVER}, ${folder.path}]
    prefix: fs
    tools: {allow: [read_text_file]}
models:
  coder: {backend: main, mcps: files, code_mode: true}
`,
  );
  await using cli = new SpawnedCli(["deploy", path]);
  const url = await cli.baseUrl();
  const bodies: Readonly<Record<string, object>> = {
    "chat/completions": { messages: [{ role: "user", content: "Count the words" }] },
    responses: { input: "Count the words" },
  };
  const pids: number[] = [];
  for (const [route, body] of Object.entries(bodies)) {
    for (const stream of [false, true]) {
      const begin = backend.requests.length;
      const response = await fetch(`${url}/${route}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "coder", stream, ...body }),
      });
      const text = await response.text();
      assertEquals(response.status, 200, text);
      for (const word of ["run_code", "read_text_file", "cellar", "THREE", "NotCapable"]) {
        assertFalse(text.includes(word), `${route}: found ${word} in ${text}`);
      }
      const [first, ...later] = backend.requests.slice(begin);
      assertEquals(later.length, 3);
      const [offered, ...others] = first!.body.tools as {
        function: { name: string; description: string };
      }[];
      assertEquals(others, []);
      assertEquals(offered!.function.name, "run_code");
      assertStringIncludes(
        offered!.function.description,
        "declare function fs_read_text_file(args: {",
      );
      const results = later.at(-1)!.body.messages!.flatMap(({ role, content }) =>
        role === "tool" ? [String(content)] : []
      );
      const { output, result } = JSON.parse(results[0]!);
      assertEquals(result, 3);
      pids.push(Number(output));
      assertEquals(results.slice(1), ["THREE-SMALL-WORDS", "NotCapable"]);
    }
  }
  assertEquals(new Set(pids).size, 4, "each run has a process of its own");
  cli.signal("SIGTERM");
  const ended = await cli.ended();
  assertEquals(ended.code, 0, ended.stderr);
  for (const pid of pids) {
    assert(
      !await Deno.stat(`/proc/${pid}`).then(() => true, () => false),
      `process ${pid} is left`,
    );
  }
  assertFalse(ended.stderr.includes("THREE"));
});

Deno.test("a deployment with code mode does not start without a Deno, and says for which model", async () => {
  await using folder = await testFolder();
  await using backend = await fakeBackend();
  const path = await folder.write(
    "cfg.yaml",
    `
port: 0
backends: {main: {base_url: "${backend.baseURL}", model: m}}
models:
  coder: {backend: main, code_mode: true}
`,
  );
  await using cli = new SpawnedCli(["deploy", path], {
    env: { FAKELLM_DENO: "/nonexistent/deno" },
  });
  const { code, stderr } = await cli.ended();
  assertEquals(code, 2, stderr);
  assertStringIncludes(stderr, 'code mode of "coder": no Deno at "/nonexistent/deno"');
});
