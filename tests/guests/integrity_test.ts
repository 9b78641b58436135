/**
 * What a module is made of: pinned by one hash, cached once, and never read again behind the operator's
 * back.
 */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { tempFolder } from "../../src/isolation/temp_folder.ts";
import { code, RecordingServer, redirect } from "./recording_server.ts";
import { entryOf, failsWith, TestGuest } from "./test_guest.ts";

/** Code of a module that says `text`, an expression. */
function saying(text: string, imports = ""): string {
  return `${imports}
  export const agent = { async *run() {
    yield { type: "text-start" };
    yield { type: "text-delta", text: \`\${${text}}\` };
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  } };`;
}

/** The hash of a guest, as its operator reads it. */
function integrityOf(guest: TestGuest): string {
  const { integrity } = entryOf(guest, "Guest may do this and nothing else");
  assertMatch(`${integrity}`, /^sha256-[A-Za-z0-9+/]{43}=$/);
  return `${integrity}`;
}

/** Starts a guest, and gives its hash and what it says. */
async function look(options: Parameters<typeof TestGuest.start>[0]): Promise<[string, string]> {
  await using guest = await TestGuest.start(options);
  return [integrityOf(guest), await guest.asks("Who are you?")];
}

const WRONG = `sha256-${"A".repeat(43)}=`;

Deno.test("a local module is pinned by all its files, wherever they lie", async () => {
  await using own = await tempFolder("fakellm-test-");
  const folder = own.path;
  const write = async (below: string) => {
    await Deno.mkdir(`${folder}/${below}/parts`, { recursive: true });
    await Deno.writeTextFile(
      `${folder}/${below}/module.ts`,
      saying("part", `import { part } from "./parts/part.ts"; import type {} from "./types.ts";`),
    );
    await Deno.writeTextFile(`${folder}/${below}/types.ts`, "export type Some = 1;");
    await Deno.writeTextFile(`${folder}/${below}/parts/part.ts`, `export const part = "one";`);
  };
  await Promise.all([write("here"), write("far/away")]);
  const [here, away] = [`${folder}/here`, `${folder}/far/away`];
  const [integrity, text] = await look({ specifier: "module.ts", folder: here });
  assertEquals(text, "one");
  assertEquals(await look({ specifier: "module.ts", folder: away }), [integrity, "one"]);
  assertEquals(await look({ specifier: `${away}/module.ts`, folder, integrity }), [
    integrity,
    "one",
  ]);
  await failsWith(
    TestGuest.start({ specifier: "module.ts", folder: here, integrity: WRONG }),
    new RegExp(
      `^SetupError: integrity: Cannot load module "module.ts": its integrity is ${
        integrity.replaceAll(/[+/]/g, "\\$&")
      }, not sha256-AAA`,
    ),
  );
  // Neither types nor neighbours are what runs.
  await Deno.writeTextFile(`${away}/neighbour.ts`, "export {};");
  await Deno.writeTextFile(`${away}/types.ts`, "export type Some = 2;");
  assertEquals((await look({ specifier: "module.ts", folder: away }))[0], integrity);
  await Deno.writeTextFile(`${away}/parts/part.ts`, `export const part = "two";`);
  const [changed, other] = await look({ specifier: "module.ts", folder: away });
  assertEquals(other, "two");
  assertNotEquals(changed, integrity);
  await failsWith(
    TestGuest.start({ specifier: "module.ts", folder: away, integrity }),
    /^SetupError: integrity: /,
  );
});

Deno.test("a pinned local module that changes is not started again", async () => {
  await using own = await tempFolder("fakellm-test-");
  const folder = own.path;
  const path = `${folder}/module.ts`;
  const die = "globalThis.die = () => Deno.exit(1);";
  await Deno.writeTextFile(path, saying("globalThis.die()", die));
  const first = TestGuest.unstarted({ specifier: path });
  await first.module.start();
  const integrity = integrityOf(first);
  await first[Symbol.asyncDispose]();
  await using guest = await TestGuest.start({ specifier: path, integrity });
  await Deno.writeTextFile(path, saying('"changed"'));
  await failsWith(guest.asks("Hello"), /^RunError: Guest/);
  await failsWith(guest.asks("Hello"), /its integrity is sha256-.*, not sha256-/);
  assertMatch(`${entryOf(guest, "Guest cannot start").detail}`, /its integrity is/);
});

Deno.test("remote code is read once: what its server says later is not what runs", async () => {
  let said = "first";
  const part = () => code(`export const said = ${JSON.stringify(said)};`)();
  await using server = new RecordingServer({
    "/agent.ts": code(saying("said", `import { said } from "./part.ts";`)),
    "/part.ts": part,
  });
  const specifier = `${server.url}/agent.ts`;
  const [first, text] = await look({ specifier });
  assertEquals(text, "first");
  assertEquals(server.requests, ["GET /agent.ts", "GET /part.ts"]);
  said = "second";
  // What is cached is what was looked at.
  assertEquals(await look({ specifier, integrity: first }), [first, "first"]);
  assertEquals(server.requests.length, 2);
  {
    await using guest = await TestGuest.start({ specifier });
    assertEquals(await guest.asks("Hello"), "first");
    assertEquals(server.requests.length, 2);
  }
  // A pin that the cache does not meet is looked for where the code comes from.
  await failsWith(
    TestGuest.start({ specifier, integrity: WRONG }),
    /^SetupError: integrity: Cannot load module .* its integrity is sha256-/,
  );
  assertEquals(server.requests.length, 4);
  const [second, now] = await look({ specifier });
  assertEquals(now, "second");
  assertNotEquals(second, first);
});

Deno.test("remote code starts again although its server is gone", async () => {
  const obedient = await Deno.readTextFile(new URL("modules/obedient.ts", import.meta.url));
  let guest: TestGuest;
  {
    await using server = new RecordingServer({ "/agent.ts": code(obedient) });
    guest = await TestGuest.start({ specifier: `${server.url}/agent.ts` });
  }
  await using running = guest;
  const pid = await running.pid();
  await running.does(() => Deno.exit(1)).catch(() => {});
  assertNotEquals(await running.pid(), pid);
});

Deno.test("remote code may be led on by its own host, and reads its parts from there", async () => {
  await using server = new RecordingServer({
    "/latest.ts": redirect("/v2/agent.ts"),
    "/v2/agent.ts": code(saying("part", `import { part } from "./part.ts";`)),
    "/v2/part.ts": code(`export const part = "two";`),
    "/part.ts": code(`export const part = "wrong";`),
  });
  const [, text] = await look({ specifier: `${server.url}/latest.ts` });
  assertEquals(text, "two");
});

Deno.test("remote code from a granted host may come together with the module's", async () => {
  await using other = new RecordingServer({ "/part.ts": code(`export const part = "there";`) });
  await using server = new RecordingServer({
    "/agent.ts": code(saying("part", `import { part } from "${other.url}/part.ts";`)),
  });
  const specifier = `${server.url}/agent.ts`;
  await failsWith(
    TestGuest.start({ specifier }),
    new RegExp(`^SetupError: Cannot load .*${other.host}`),
  );
  assertEquals(other.requests, []);
  const [, text] = await look({ specifier, grants: [`import=${other.host}`] });
  assertEquals(text, "there");
});

Deno.test("a module of a data: URL is what it says, pinned like any other", async () => {
  const specifier = `data:application/javascript,${encodeURIComponent(saying('"data"'))}`;
  const [integrity, text] = await look({ specifier });
  assertEquals(text, "data");
  assertEquals(await look({ specifier, integrity }), [integrity, "data"]);
  await failsWith(TestGuest.start({ specifier, integrity: WRONG }), /^SetupError: integrity: /);
});

Deno.test("a module of a data: URL may be in Base64, and import others", async () => {
  const base64 = (text: string) => `data:text/javascript;base64,${btoa(text)}`;
  const part = base64(`export const part = "inner";`);
  const [, text] = await look({
    specifier: base64(saying("part", `import { part } from ${JSON.stringify(part)};`)),
  });
  assertEquals(text, "inner");
});

Deno.test("what cannot be loaded is told without passwords, tokens and traces", async () => {
  await using server = new RecordingServer({
    "/broken.ts": code("export const agent = ;"),
    "/lacks.ts": code(`import "./absent.ts"; export const agent = 1;`),
  });
  const cases = [
    [`http://user:s3cr3t@${server.host}/absent.ts?token=s3cr3t`, /Cannot load/],
    [`${server.url}/broken.ts?s3cr3t`, /Cannot load/],
    [`${server.url}/lacks.ts`, /Cannot load module ".*": Module not found ".*\/absent.ts"/],
    ["absent.ts", /Cannot load module "absent.ts": no such file/],
    [".", /Cannot load module ".": expected a file, got a folder/],
    ["ftp://127.0.0.1/a.ts", /Cannot load/],
  ] as const;
  for (const [specifier, expected] of cases) {
    const error = await TestGuest.start({ specifier }).then(() => undefined, (error) => error);
    assertEquals(error?.name, "SetupError", `${specifier}: ${error}`);
    assertMatch(error.message, expected);
    assert(!/s3cr3t|\n {4}at /.test(error.message), error.message);
  }
});
