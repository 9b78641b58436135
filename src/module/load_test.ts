import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { loadModule } from "./load.ts";

const RUNNER = "{ async *run() {} }";

async function withModule<Result>(
  source: string,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/agent.ts`, source);
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadModule() takes the default export, else agent, else MODELS", async () => {
  const named = `export const agent = ${RUNNER}; export const MODELS = { a: agent };`;
  const exportOf = (source: string, text = "agent.ts") =>
    withModule(source, async (folder) => (await loadModule(text, folder)).exportName);
  assertEquals(await exportOf(`export default ${RUNNER}; ${named}`), "default");
  assertEquals(await exportOf(named), "agent");
  assertEquals(await exportOf(`export const MODELS = { a: ${RUNNER} };`), "MODELS");
  assertEquals(await exportOf(named, "agent.ts#MODELS"), "MODELS");
  assertEquals(await exportOf(named, "./agent.ts:MODELS"), "MODELS");
});

Deno.test("loadModule() takes runners, registries, records and factories", async () => {
  const sources = [
    RUNNER,
    `() => (${RUNNER})`,
    `async () => (${RUNNER})`,
    `{ a: ${RUNNER}, b: () => (${RUNNER}) }`,
    `new class { add() {} *[Symbol.iterator]() {} }()`,
  ];
  for (const source of sources) {
    await withModule(`export default ${source};`, async (folder) => {
      assert((await loadModule("agent.ts", folder)).source);
    });
  }
});

Deno.test("loadModule() refuses what cannot be served", async () => {
  const sources: Readonly<Record<string, string>> = {
    "3": "a number",
    "'x'": "a string",
    "null": "null",
    "[]": "a list",
    "{}": "an object that cannot answer",
    "{ a: 3 }": "an object that cannot answer",
    "class A { run() {} }": "a class",
    "new Map()": "an object that cannot answer",
  };
  for (const [source, kind] of Object.entries(sources)) {
    await withModule(`export default ${source};`, async (folder) => {
      await assertRejects(() => loadModule("agent.ts", folder), SetupError, `got ${kind}`);
    });
  }
});

Deno.test("loadModule() lists the exports when the wanted one is missing", async () => {
  await withModule("export const one = 1, two = 2;", async (folder) => {
    await assertRejects(
      () => loadModule("agent.ts", folder),
      SetupError,
      'none of the exports "default", "agent", "MODELS"; it has one, two',
    );
    await assertRejects(
      () => loadModule("agent.ts#three", folder),
      SetupError,
      'no export "three"; it has one, two',
    );
  });
});

Deno.test("loadModule() refuses missing files, folders and code that does not load", async () => {
  await withModule("export default ;", async (folder) => {
    const refused = (text: string) => assertRejects(() => loadModule(text, folder), SetupError);
    assertEquals(
      (await refused("missing.ts")).message,
      'Cannot load module "missing.ts": no such file',
    );
    assertEquals(
      (await refused("..")).message,
      'Cannot load module "..": expected a file, got a folder',
    );
    const syntax = (await refused("agent.ts")).message;
    assert(syntax.startsWith('Cannot load module "agent.ts": '), syntax);
    assertFalse(syntax.includes("\n"));
  });
  await withModule("throw new Error('no luck');", async (folder) => {
    await assertRejects(() => loadModule("agent.ts", folder), SetupError, "no luck");
  });
});

Deno.test("loadModule() refuses remote modules without showing credentials", async () => {
  const { message } = await assertRejects(
    () => loadModule("https://user:secret@example.com/agent.ts?token=secret#x", "/"),
    SetupError,
  );
  assert(message.startsWith('Cannot load module "https://example.com/agent.ts"'), message);
  assertFalse(message.includes("secret"));
});

Deno.test("loadModule() takes no code into a compiled program, and says what to do", async () => {
  await withModule("export const agent = { run() {} };", async (folder) => {
    await assertRejects(
      () => loadModule("agent.ts", folder, { standalone: true }),
      SetupError,
      'Cannot load module "agent.ts": a compiled fakellm takes no code into itself; run it in a ' +
        "process of its own, with --sandbox or --grant",
    );
  });
});
