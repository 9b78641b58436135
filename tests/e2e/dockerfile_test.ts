/**
 * The Dockerfile, without Docker: its build step and its command are run here, on the files that
 * `.dockerignore` lets through, with `deno` itself in the place of the base image.
 */
import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { SpawnedCli, testFolder } from "./spawned_cli.ts";

const ROOT = new URL("../../", import.meta.url);

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** Instructions of the Dockerfile, by stage. */
async function stages(): Promise<readonly (readonly Instruction[])[]> {
  const text = await Deno.readTextFile(new URL("Dockerfile", ROOT));
  const found: Instruction[][] = [[]];
  for (const line of text.replaceAll(/^#.*\n/gm, "").replaceAll(/\\\n\s*/g, "").split("\n")) {
    const [, name, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    if (name === "FROM") found.push([]);
    found.at(-1)!.push({ name, text: rest! });
  }
  return found;
}

function textOf(stage: readonly Instruction[], name: string): string {
  const found = stage.filter((instruction) => instruction.name === name);
  assertEquals(found.length, 1, name);
  return found[0]!.text;
}

/** Whether `.dockerignore` keeps a file away: the last pattern that fits decides. */
function ignores(patterns: readonly string[]): (path: string) => boolean {
  const rules = patterns.filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
    const source = line.replace(/^!/, "").replaceAll(/[.+^$()|[\]]/g, "\\$&")
      .replaceAll("**/", "\0").replaceAll("*", "[^/]*").replaceAll("\0", "(?:.*/)?");
    return { keeps: line.startsWith("!"), pattern: new RegExp(`^${source}(?:/.*)?$`) };
  });
  return (path) => !(rules.findLast(({ pattern }) => pattern.test(path))?.keeps ?? true);
}

/** Copies what a build would see. */
async function copyContext(to: string): Promise<readonly string[]> {
  const patterns = (await Deno.readTextFile(new URL(".dockerignore", ROOT))).split("\n");
  const ignored = ignores(patterns);
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard"],
    cwd: ROOT,
  }).output();
  const files = new TextDecoder().decode(stdout).split("\n")
    .filter((path) => path !== "" && !ignored(path));
  for (const path of files) {
    const target = `${to}/${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(new URL(path, ROOT), target).catch((error) => {
      // A file deleted but not yet committed is still listed.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
  return files;
}

Deno.test("the image is built of what it needs, with the version of deno that is tested", async () => {
  const [head = [], build = [], image = []] = await stages();
  const ci = await Deno.readTextFile(new URL(".ci/run", ROOT));
  assertStringIncludes(ci, `DENO_VERSION=${textOf(head, "ARG").replace("DENO_VERSION=", "")}\n`);
  assertEquals(textOf(build, "FROM"), "denoland/deno:alpine-${DENO_VERSION} AS build");
  assertEquals(textOf(image, "FROM"), "denoland/deno:alpine-${DENO_VERSION}");
  assertEquals(textOf(image, "USER"), "deno");
  assertEquals(textOf(image, "EXPOSE"), "8000");
  assertMatch(textOf(image, "HEALTHCHECK"), /CMD wget .*\$\{FAKELLM_PORT\}\/health/);
  // Whatever is copied after it would belong to root.
  for (const { text } of image.filter(({ name }) => name === "COPY")) {
    assertStringIncludes(text, "--chown=deno:deno");
  }
  const ignored = ignores((await Deno.readTextFile(new URL(".dockerignore", ROOT))).split("\n"));
  for (const path of [".git/config", ".env", "examples/.env", "tests/x.ts", "src/a/b_test.ts"]) {
    assert(ignored(path), path);
  }
  for (const path of ["src/run/event.ts", "examples/bot_app/main.ts", "std/yaml/parse.ts"]) {
    assertFalse(ignored(path), path);
  }
});

Deno.test("the image serves /config/fakellm.yaml, or a module, and tells that it is open", async () => {
  await using folder = await testFolder();
  const [app, bin, cache] = ["app", "bin", "cache"].map((name) => `${folder.path}/${name}`);
  for (const path of [app!, bin!, cache!]) await Deno.mkdir(path);
  const files = await copyContext(app!);
  assert(files.includes("examples/bot_app/main.ts"));
  await Deno.symlink(Deno.execPath(), `${bin}/deno`);
  const [, build = [], image = []] = await stages();
  const built = await new Deno.Command("sh", {
    args: ["-c", textOf(build, "RUN")],
    cwd: app,
    env: { PATH: `${bin}:${Deno.env.get("PATH")}`, DENO_DIR: cache!, NO_COLOR: "1" },
  }).output();
  assert(built.success, new TextDecoder().decode(built.stderr));
  const [registry] = await namesIn(`${cache}/npm`);
  const packages = await namesIn(`${cache}/npm/${registry}`);
  assert(packages.includes("openai") && packages.includes("zod"));
  assertFalse(packages.includes("ai") || packages.includes("@langchain"), packages.join());

  const [tini, , deno, run, all, cli, ...more] = JSON.parse(textOf(image, "ENTRYPOINT"));
  assertEquals([tini, deno, run, all, cli, more], [
    "/tini",
    "deno",
    "run",
    "-A",
    "/app/cli.ts",
    [],
  ]);
  const variables = Object.fromEntries(
    textOf(image, "ENV").split(" ").map((pair) => pair.split("=") as [string, string]),
  );
  assertEquals([variables.FAKELLM_HOST, variables.FAKELLM_PORT], ["0.0.0.0", "8000"]);
  const options = {
    program: ["--cached-only", `${app}/cli.ts`],
    cwd: folder.path,
    env: { ...variables, DENO_DIR: cache!, FAKELLM_PORT: "0" },
  };

  const config = await folder.write(
    "fakellm.yaml",
    "backends: {main: {type: demo}}\nmodels: {a: {backend: main}}\n",
  );
  const command: string[] = JSON.parse(textOf(image, "CMD"));
  assertEquals(command.at(-1), "/config/fakellm.yaml");
  await folder.write(
    "agent.ts",
    'import { Agent, DemoBackend } from "@x/fakellm";\n' +
      'export const agent = new Agent({ name: "mine", model: new DemoBackend() });\n',
  );
  for (const [args, id] of [[[...command.slice(0, -1), config], "a"], [["./agent.ts"], "mine"]]) {
    await using container = new SpawnedCli(args as string[], options);
    const url = (await container.baseUrl()).replace("0.0.0.0", "127.0.0.1");
    assertEquals(
      await fetch(new URL("/health", url)).then((health) => health.text()),
      '{"status":"ok"}',
    );
    const { data } = await (await fetch(`${url}/models`)).json();
    assertEquals(data.map((model: { id: string }) => model.id), [id]);
    assertMatch(container.stderr, /WARN +Anybody who reaches this server can use its models/);
    container.signal("SIGTERM");
    assertEquals((await container.ended()).code, 0);
  }
});

function namesIn(folder: string): Promise<string[]> {
  return Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
}
