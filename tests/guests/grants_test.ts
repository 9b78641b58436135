/**
 * Grants are exact: what is granted works, and its neighbour does not.
 */
import { assert, assertEquals } from "@std/assert";
import { code, RecordingServer } from "./recording_server.ts";
import { failsWith, NOT_CAPABLE, TestGuest } from "./test_guest.ts";

async function withFolder(test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  try {
    await Deno.mkdir(`${path}/granted`);
    await Deno.writeTextFile(`${path}/granted/inside.txt`, "inside");
    await Deno.writeTextFile(`${path}/one.txt`, "one");
    await Deno.writeTextFile(`${path}/one.txt.bak`, "two");
    await Deno.mkdir(`${path}/granted-not`);
    await Deno.writeTextFile(`${path}/granted-not/outside.txt`, "outside");
    await test(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

Deno.test("net is granted to a host and a port, and to no other", async () => {
  await using granted = new RecordingServer({ "/": () => new Response("granted") });
  await using other = new RecordingServer({ "/": () => new Response("other") });
  await using guest = await TestGuest.start({ grants: [`net=${granted.host}`] });
  const text = async (url: string) => await (await fetch(url)).text();
  assertEquals(await guest.value(text, granted.url), "granted");
  await guest.isRefused(NOT_CAPABLE, { port: granted.port, other: other.port }, {
    "another port": ({ other }) => fetch(`http://127.0.0.1:${other}/`),
    "another name of the same": ({ port }) => fetch(`http://localhost:${port}/`),
    "another address of the same": ({ port }) => Deno.connect({ hostname: "127.0.0.2", port }),
    "to listen there": ({ other }) => Deno.listen({ hostname: "127.0.0.1", port: other }).close(),
  });
  assertEquals(other.requests, []);
  const denials = guest.denials;
  assert(denials.includes(`net 127.0.0.1:${other.port}`), `${denials}`);
  assert(denials.includes(`net localhost:${granted.port}`), `${denials}`);
  assert(!denials.some((denial) => denial.includes(granted.host)), `${denials}`);
});

Deno.test("a grant of all of a kind is of that kind alone", async () => {
  await using server = new RecordingServer({ "/": () => new Response("any") });
  await withFolder(async (path) => {
    await using guest = await TestGuest.start({ grants: ["net"] });
    assertEquals(
      await guest.value(async (url) => await (await fetch(url)).text(), server.url),
      "any",
    );
    await guest.isRefused(NOT_CAPABLE, path, {
      read: (path) => Deno.readTextFile(`${path}/one.txt`),
      write: (path) => Deno.writeTextFile(`${path}/one.txt`, "x"),
      run: () => new Deno.Command("id").output(),
      sys: () => Deno.hostname(),
      ffi: () => Deno.dlopen("libc.so.6", {}),
    });
    await guest.isRefused(/Requires import access|not cached|cached-only/, server.url, {
      import: (url) => import(`${url}/x.ts`),
    });
  });
});

Deno.test("read is granted to a file or a folder, and not to their neighbours", async () => {
  await withFolder(async (path) => {
    await using guest = await TestGuest.start({
      grants: [`read=${path}/one.txt,${path}/granted`],
    });
    const read = (path: string) => Deno.readTextFile(path);
    assertEquals(await guest.value(read, `${path}/one.txt`), "one");
    assertEquals(await guest.value(read, `${path}/granted/inside.txt`), "inside");
    await Deno.symlink(`${path}/granted-not`, `${path}/granted/link`);
    await guest.isRefused(NOT_CAPABLE, path, {
      sibling: (path) => Deno.readTextFile(`${path}/one.txt.bak`),
      "a longer name": (path) => Deno.readTextFile(`${path}/granted-not/outside.txt`),
      "the folder above": (path) => Array.fromAsync(Deno.readDir(path)),
      "a way around": (path) => Deno.readTextFile(`${path}/granted/../granted-not/outside.txt`),
      "to write it": (path) => Deno.writeTextFile(`${path}/one.txt`, "x"),
      "to remove it": (path) => Deno.remove(`${path}/granted/inside.txt`),
    });
    // What the operator linked from inside is a part of it; a guest itself can link nothing.
    await guest.isRefused(/^NotCapable/, path, {
      link: (path) => Deno.symlink(`${path}/granted-not`, `${path}/granted/own`),
      "hard link": (path) => Deno.link(`${path}/one.txt.bak`, `${path}/granted/own`),
    });
    assert(guest.denials.includes(`read ${path}/one.txt.bak`), `${guest.denials}`);
  });
});

Deno.test("relative paths of grants start from where the module's do", async () => {
  await withFolder(async (path) => {
    const obedient = new URL("modules/obedient.ts", import.meta.url).pathname;
    await Deno.copyFile(obedient, `${path}/module.ts`);
    await using guest = await TestGuest.start({
      specifier: "./module.ts",
      folder: path,
      grants: ["read=./granted", "write=granted"],
    });
    await guest.value((path) => Deno.writeTextFile(`${path}/granted/new.txt`, "new"), path);
    assertEquals(
      await guest.value((path) => Deno.readTextFile(`${path}/granted/new.txt`), path),
      "new",
    );
    await guest.isRefused(NOT_CAPABLE, path, {
      read: (path) => Deno.readTextFile(`${path}/one.txt`),
      write: (path) => Deno.writeTextFile(`${path}/other.txt`, "x"),
    });
  });
});

Deno.test("write is granted without read, and to a place alone", async () => {
  await withFolder(async (path) => {
    await using guest = await TestGuest.start({ grants: [`write=${path}/granted`] });
    await guest.value((path) => Deno.writeTextFile(`${path}/granted/new.txt`, "new"), path);
    assertEquals(await Deno.readTextFile(`${path}/granted/new.txt`), "new");
    await guest.isRefused(/^NotCapable/, path, {
      "to read what it wrote": (path) => Deno.readTextFile(`${path}/granted/new.txt`),
      neighbour: (path) => Deno.writeTextFile(`${path}/one.txt`, "x"),
      "out of it": (path) => Deno.rename(`${path}/granted/new.txt`, `${path}/new.txt`),
      "into it": (path) => Deno.rename(`${path}/one.txt`, `${path}/granted/one.txt`),
      link: (path) => Deno.symlink(path, `${path}/granted/all`),
    });
    assertEquals(await Deno.readTextFile(`${path}/one.txt`), "one");
  });
});

Deno.test("env is granted by name: one variable, and none beside it", async () => {
  Deno.env.set("FAKELLM_TEST_GRANTED", "for the guest");
  Deno.env.set("FAKELLM_TEST_GRANTED_NOT", "s3cr3t");
  try {
    await using guest = await TestGuest.start({ grants: ["env=FAKELLM_TEST_GRANTED"] });
    const seen = await guest.value(() =>
      import("node:process").then(({ default: process }) => [
        Deno.env.get("FAKELLM_TEST_GRANTED"),
        process.env.FAKELLM_TEST_GRANTED,
        Deno.env.get("FAKELLM_TEST_GRANTED_NOT") ?? null,
        process.env.FAKELLM_TEST_GRANTED_NOT ?? null,
        Deno.env.get("DENO_DIR") ?? null,
        Deno.env.get("PATH") ?? null,
      ])
    );
    assertEquals(seen, ["for the guest", "for the guest", null, null, null, null]);
    await using all = await TestGuest.start({ grants: ["env"] });
    assertEquals(
      await all.value(() => [
        Deno.env.get("FAKELLM_TEST_GRANTED"),
        Deno.env.get("FAKELLM_TEST_GRANTED_NOT"),
      ]),
      ["for the guest", "s3cr3t"],
    );
  } finally {
    Deno.env.delete("FAKELLM_TEST_GRANTED");
    Deno.env.delete("FAKELLM_TEST_GRANTED_NOT");
  }
});

Deno.test("run is granted to a program, and to no other", async () => {
  await using guest = await TestGuest.start({ grants: ["run=/bin/echo"] });
  assertEquals(
    await guest.value(async () =>
      new TextDecoder().decode(
        (await new Deno.Command("/bin/echo", { args: ["hello"], clearEnv: true }).output()).stdout,
      )
    ),
    "hello\n",
  );
  await guest.isRefused(/NotCapable|Requires run access/, undefined, {
    another: () => new Deno.Command("/bin/cat", { args: ["/etc/passwd"] }).output(),
    "a shell": () => new Deno.Command("sh", { args: ["-c", "id"] }).output(),
    "a library before it": () =>
      new Deno.Command("/bin/echo", { env: { LD_PRELOAD: "/evil.so" } }).output(),
  });
});

Deno.test("sys is granted by what is asked", async () => {
  await using guest = await TestGuest.start({ grants: ["sys=hostname"] });
  assertEquals(await guest.value(() => Deno.hostname()), Deno.hostname());
  await guest.isRefused(NOT_CAPABLE, undefined, {
    osRelease: () => Deno.osRelease(),
    networkInterfaces: () => Deno.networkInterfaces(),
  });
  assert(guest.denials.includes("sys osRelease"), `${guest.denials}`);
});

Deno.test("import is granted to a host and a port, also at run time", async () => {
  await using granted = new RecordingServer({ "/late.ts": code("export default 42;") });
  await using other = new RecordingServer({ "/late.ts": code("export default 43;") });
  await using guest = await TestGuest.start({ grants: [`import=${granted.host}`] });
  const load = async (url: string) => (await import(url)).default;
  assertEquals(await guest.value(load, `${granted.url}/late.ts`), 42);
  await guest.isRefused(/Requires import access/, other.url, {
    "another port": (url) => import(`${url}/late.ts`),
    "a usual host": () => import(`https://${"esm.sh"}/a@1`),
    "jsr:": () => import(`jsr:@${"s3cr3t"}/package`),
  });
  // Of these Deno asks no permission.
  await guest.isRefused(/no-npm/, undefined, { "npm:": () => import(`npm:${"s3cr3t"}-of-nobody`) });
  await guest.isRefused(NOT_CAPABLE, granted.url, { "its data": (url) => fetch(url) });
  assertEquals(other.requests, []);
  assert(
    guest.denials.some((denial) => denial === `import 127.0.0.1:${other.port}`),
    `${guest.denials}`,
  );
});

Deno.test("a module with packages may import at run time only if it may import packages", async () => {
  await withFolder(async (folder) => {
    const config = new URL("../../deno.json", import.meta.url);
    await Deno.copyFile(config, `${folder}/deno.json`);
    const { links } = JSON.parse(await Deno.readTextFile(config));
    const linked = links.map((path: string) => new URL(path, config).pathname);
    await Deno.writeTextFile(
      `${folder}/deno.json`,
      JSON.stringify({ ...JSON.parse(await Deno.readTextFile(config)), links: linked }),
    );
    await Deno.writeTextFile(
      `${folder}/module.ts`,
      `import { z } from "zod"; export const agent = { async *run() {
        yield { type: "text-start" };
        yield { type: "text-delta", text: z.string().parse("has zod") };
        yield { type: "text-end" };
        yield { type: "finish", reason: "stop" };
      } };`,
    );
    const start = (grants: string[]) => TestGuest.start({ specifier: "module.ts", folder, grants });
    await failsWith(
      start(["import=127.0.0.1:1"]),
      /^SetupError: permissions.import: .*it has packages of npm.*grant import=registry.npmjs.org/,
    );
    for (const grants of [[], ["import=127.0.0.1:1,registry.npmjs.org"]]) {
      await using guest = await start(grants);
      assertEquals(await guest.asks("Hello"), "has zod");
    }
  });
});

Deno.test("a local module reads its own files, and neither their neighbours nor its deno.json", async () => {
  await withFolder(async (path) => {
    const obedient = await Deno.readTextFile(new URL("modules/obedient.ts", import.meta.url));
    await Deno.writeTextFile(`${path}/deno.json`, '{"imports":{"part":"./part.ts"},"s3cr3t":1}');
    await Deno.writeTextFile(`${path}/.env`, "KEY=s3cr3t");
    await Deno.writeTextFile(`${path}/part.ts`, `export const part = "a part";`);
    await Deno.writeTextFile(`${path}/data.json`, `{"some":"data"}`);
    await Deno.writeTextFile(
      `${path}/module.ts`,
      `import { part } from "part"; import data from "./data.json" with { type: "json" };
       Object.assign(globalThis, { part, data });\n${obedient}`,
    );
    await using guest = await TestGuest.start({ specifier: "module.ts", folder: path });
    const own = await guest.value((path) => [
      (globalThis as unknown as { part: string }).part,
      (globalThis as unknown as { data: unknown }).data,
      Deno.readTextFileSync(`${path}/part.ts`),
    ], path);
    assertEquals(own, ["a part", { some: "data" }, `export const part = "a part";`]);
    await guest.isRefused(NOT_CAPABLE, path, {
      "deno.json": (path) => Deno.readTextFile(`${path}/deno.json`),
      ".env": (path) => Deno.readTextFile(`${path}/.env`),
      neighbour: (path) => Deno.readTextFile(`${path}/one.txt`),
      "the names of neighbours": (path) => Array.fromAsync(Deno.readDir(path)),
      "to change itself": (path) => Deno.writeTextFile(`${path}/module.ts`, ""),
    });
  });
});

Deno.test("a local module that asks for folders of packages beside it gets none, and works", async () => {
  await using server = new RecordingServer({ "/part.ts": code(`export const part = "a part";`) });
  await withFolder(async (path) => {
    const config = {
      vendor: true,
      nodeModulesDir: "auto",
      imports: { part: `${server.url}/part.ts`, zod: "npm:zod@^4" },
    };
    await Deno.writeTextFile(`${path}/deno.json`, JSON.stringify(config));
    const obedient = await Deno.readTextFile(new URL("modules/obedient.ts", import.meta.url));
    await Deno.writeTextFile(
      `${path}/module.ts`,
      `import { part } from "part"; import { z } from "zod";
       Object.assign(globalThis, { part: z.string().parse(part) });\n${obedient}`,
    );
    const before = [...Deno.readDirSync(path)].map(({ name }) => name).sort();
    const grants = [`import=${server.host},registry.npmjs.org`];
    await using guest = await TestGuest.start({ specifier: "module.ts", folder: path, grants });
    const part = await guest.value(() => (globalThis as unknown as { part: string }).part);
    assertEquals(part, "a part");
    assertEquals([...Deno.readDirSync(path)].map(({ name }) => name).sort(), before);
  });
});

Deno.test("grants that no flag can carry, or Deno does not know, are refused at start", async () => {
  const cases: Readonly<Record<string, RegExp>> = {
    "read=a\nb": /^SetupError: permissions.read: Cannot grant "a\\nb"/,
    "sys=nothing": /^SetupError: permissions.sys: Cannot grant .*nothing/,
    "net=http://example.com/": /^SetupError: permissions.net: Cannot grant/,
    "disk=/": /^SetupError: --grant: Cannot use "disk=\/"; accepted: .*kinds are net, read/,
    "net=": /^SetupError: --grant: Cannot use "net="/,
    "env=A=B":
      /^SetupError: permissions.env: Cannot grant what Deno does not know: invalid env var/,
    "net=a b": /^SetupError: permissions.net: Cannot grant what Deno does not know: invalid host/,
    "__proto__=a": /^SetupError: --grant: Cannot use "__proto__=a"/,
    "=a": /^SetupError: --grant: Cannot use "=a"/,
  };
  for (const [grant, expected] of Object.entries(cases)) {
    await failsWith((async () => await TestGuest.start({ grants: [grant] }))(), expected);
  }
});

Deno.test("a host gives no guest what it may not do itself", async () => {
  const program = `
    import { TestGuest } from ${JSON.stringify(new URL("test_guest.ts", import.meta.url).href)};
    try {
      await TestGuest.start({ grants: ["net=example.com,127.0.0.1:1", "env", "write=/etc"] });
    } catch (error) {
      console.log(error.name + ": " + error.message);
    }`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--no-prompt",
      "--cached-only",
      "--config",
      new URL("../../deno.json", import.meta.url).pathname,
      "--allow-read",
      "--allow-run",
      "--allow-env=PATH",
      "--allow-net=127.0.0.1:1",
      `data:application/typescript,${encodeURIComponent(program)}`,
    ],
  }).output();
  const said = new TextDecoder().decode(stdout);
  assertEquals(
    said.replaceAll(/; run it with[^\n]*/g, ""),
    `SetupError: permissions.net: Cannot grant "example.com": this process may not do that itself
permissions.write: Cannot grant "/etc": this process may not do that itself
permissions.env: Cannot grant all of env: this process may not do that itself
`,
    new TextDecoder().decode(stderr),
  );
});
