/**
 * The package as its users have it: by name, from a folder of their own that links this checkout.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { chat, runCli, SpawnedCli, type TestFolder, testFolder } from "./spawned_cli.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/**
 * A folder whose `deno.json` links the checkout and whatever the checkout itself links. It has no lock
 * file, as a user's has none at first: deno asks the npm registry which versions there are.
 */
async function linkingFolder(): Promise<TestFolder> {
  const folder = await testFolder();
  const { links = [] } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const paths = [".", ...links].map((path: string) => new URL(path, `file://${ROOT}`).pathname);
  await folder.write("deno.json", JSON.stringify({ links: paths }));
  return folder;
}

Deno.test("a linking folder serves a deployment file with jsr:@x/fakellm", async () => {
  await using folder = await linkingFolder();
  const file = await folder.write(
    "cfg.yaml",
    "port: 0\nbackends: {main: {type: demo}}\nmodels: {alpha: {backend: main}}\n",
  );
  await using cli = new SpawnedCli(["deploy", file], {
    program: ["jsr:@x/fakellm"],
    cwd: folder.path,
  });
  const answer = await fetch(`${await cli.baseUrl()}/chat/completions`, chat("alpha"));
  assertEquals((await answer.json()).object, "chat.completion");
  cli.signal("SIGTERM");
  assertEquals((await cli.ended()).code, 0);
});

Deno.test("a linking folder imports createApp without loading the command line", async () => {
  await using folder = await linkingFolder();
  const main = await folder.write(
    "main.ts",
    `import { AgenticWorkflow, createApp, liveClient } from "jsr:@x/fakellm";
await using client = liveClient(createApp(new AgenticWorkflow(() => "hi"), { modelName: "m" }));
const answer = await client.post("/chat/completions", { model: "m", messages: [{ role: "user", content: "?" }] });
console.log((await answer.json()).choices[0].message.content);
`,
  );
  const coverage = `${folder.path}/coverage`;
  const program = [`--coverage=${coverage}`, main];
  const ended = await runCli([], { program, cwd: folder.path });
  assertEquals(ended.stdout, "hi\n", ended.stderr);
  const evaluated = await evaluatedModules(coverage);
  assert(evaluated.some((url) => url.endsWith("/src/hosting/app.ts")));
  assertEquals(evaluated.filter((url) => /\/src\/(?:cli|deploy)\/|\/cli\.ts$/.test(url)), []);
});

/** URLs of all modules that ran: the coverage of a process has a file for each. */
async function evaluatedModules(coverage: string): Promise<readonly string[]> {
  const urls: string[] = [];
  for await (const { name } of Deno.readDir(coverage)) {
    urls.push(JSON.parse(await Deno.readTextFile(`${coverage}/${name}`)).url);
  }
  return urls;
}
