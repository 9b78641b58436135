/**
 * The deployment file of README.md, as it is there, with a real file server behind it.
 * @module
 */
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import OpenAI from "openai";
import { fakeBackend } from "../fake_backend/fake_backend.ts";
import { SpawnedCli, testFolder } from "./spawned_cli.ts";

const README = new URL("../../README.md", import.meta.url);
const FILE_SERVER = new URL("../mcp/servers/filesystem.ts", import.meta.url).pathname;

/** What stands for what is not here: a registry, a backend. */
async function deploymentFile(baseUrl: string): Promise<string> {
  const text = await Deno.readTextFile(README);
  const [, yaml = ""] = /```yaml\n# fakellm\.yaml\n(.*?)```/s.exec(text) ?? [];
  const replaced = yaml
    .replace("https://llm.example.com/v1", baseUrl)
    .replace('"npm:@modelcontextprotocol/server-filesystem"', FILE_SERVER)
    .replace("port: 8000", "port: 0");
  for (const part of [baseUrl, FILE_SERVER, "port: 0"]) assertStringIncludes(replaced, part);
  return replaced;
}

Deno.test("README's deployment file serves its models, one with a real file server", async () => {
  await using backend = await fakeBackend({
    reply: ({ body }) => {
      const last = body.messages!.at(-1)!;
      if (last.role === "tool") return { text: `It says: ${last.content}` };
      if (!body.tools) return { text: "In one paragraph." };
      const args = JSON.stringify({ path: "ideas.txt" });
      return { toolCalls: [{ name: "notes_read_text_file", arguments: args }] };
    },
  });
  await using folder = await testFolder();
  await Deno.mkdir(`${folder.path}/notes`);
  await folder.write("notes/ideas.txt", "Ship it — jetzt");
  const path = await folder.write("fakellm.yaml", await deploymentFile(backend.baseURL));
  const env = { CHAT_UI_KEY: "chat-key", CI_KEY: "ci-key", LLM_KEY: "llm-key" };
  await using cli = new SpawnedCli(["deploy", path], { env, cwd: folder.path });
  const baseURL = await cli.baseUrl();
  const openai = new OpenAI({ baseURL, apiKey: "chat-key", maxRetries: 0 });

  const messages = [{ role: "user" as const, content: "What do my notes say?" }];
  const stream = openai.chat.completions.stream({ model: "librarian", messages });
  const chunks: string[] = [];
  for await (const chunk of stream) chunks.push(JSON.stringify(chunk));
  assertStringIncludes(await stream.finalContent() ?? "", "Ship it — jetzt");
  const wire = chunks.join("\n");
  assertStringIncludes(wire, "Looking at the notes");
  assertFalse(wire.includes("read_text_file") || wire.includes("ideas.txt"), wire);
  const offered = (await backend.request(0)).body.tools ?? [];
  assertEquals(offered.length, 3);

  const writer = await openai.chat.completions.create({ model: "writer", messages });
  assertEquals(writer.choices[0]?.message.content, "In one paragraph.");
  const ci = new OpenAI({ baseURL, apiKey: "ci-key", maxRetries: 0 });
  const refused = await ci.chat.completions.create({ model: "librarian", messages })
    .then(() => undefined, (error: unknown) => error);
  assert(refused instanceof OpenAI.NotFoundError);

  cli.signal("SIGTERM");
  assertEquals((await cli.ended()).code, 0);
});
