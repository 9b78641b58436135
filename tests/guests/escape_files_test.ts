/**
 * A guest without grants tries to read and to write what is not its own.
 */
import { assert, assertEquals } from "@std/assert";
import { code, RecordingServer } from "./recording_server.ts";
import { folderOf, NOT_CAPABLE, TestGuest, withWitness } from "./test_guest.ts";

const SECRET = "what the operator wrote down";

/** A folder with a secret in it. */
async function secretFolder() {
  const path = await Deno.makeTempDir();
  await Deno.writeTextFile(`${path}/secret.txt`, SECRET);
  await Deno.writeTextFile(`${path}/secret.ts`, `export default ${JSON.stringify(SECRET)};`);
  await Deno.writeTextFile(`${path}/secret.json`, JSON.stringify({ SECRET }));
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

Deno.test("a guest without grants reads no file, whichever way it asks", async () => {
  await using folder = await secretFolder();
  await withWitness({}, async (guest) => {
    await guest.isRefused(
      /^(?:NotCapable|Error|TypeError|NotSupported|InvalidData): (?:Requires (?:read|all|write) access|Requires|.*NotCapable|.*[Nn]ul)/,
      folder.path,
      {
        readTextFile: (path) => Deno.readTextFile(`${path}/secret.txt`),
        readTextFileSync: (path) => Deno.readTextFileSync(`${path}/secret.txt`),
        readFile: async (path) =>
          new TextDecoder().decode(await Deno.readFile(`${path}/secret.txt`)),
        open: async (path) => (await Deno.open(`${path}/secret.txt`)).close(),
        stat: (path) => Deno.stat(`${path}/secret.txt`),
        lstatSync: (path) => Deno.lstatSync(`${path}/secret.txt`),
        readDir: (path) => Array.fromAsync(Deno.readDir(path)),
        readDirSync: (path) => [...Deno.readDirSync(path)],
        realPath: (path) => Deno.realPath(path),
        readLink: () => Deno.readLink("/proc/self/exe"),
        watchFs: (path) => Deno.watchFs(path).close(),
        "node readFileSync": async (path) =>
          (await import("node:fs")).readFileSync(`${path}/secret.txt`, "utf8"),
        "node promises": async (path) =>
          await (await import("node:fs/promises")).readFile(`${path}/secret.txt`, "utf8"),
        "node createReadStream": async (path) => {
          const { createReadStream } = await import("node:fs");
          return await Array.fromAsync(createReadStream(`${path}/secret.txt`), String);
        },
        "node cp": async (path) =>
          (await import("node:fs")).cpSync(`${path}/secret.txt`, `${path}/copy.txt`),
        "node sqlite": async (path) => {
          const { DatabaseSync } = await import("node:sqlite");
          new DatabaseSync(`${path}/secret.txt`).close();
        },
        "fetch of a file": async (path) => await (await fetch(`file://${path}/secret.txt`)).text(),
        "environment of the host": () => Deno.readTextFile(`/proc/${Deno.ppid}/environ`),
        "its own environment": () => Deno.readTextFile("/proc/self/environ"),
        "its own memory": () => Deno.open("/proc/self/mem"),
        "standard input by name": () => Deno.readTextFile("/dev/stdin"),
        passwords: () => Deno.readTextFile("/etc/passwd"),
        "a path with NUL": (path) => Deno.readTextFile(`${path}/secret.txt\0`),
      },
    );
    assert(guest.denials.includes(`read ${folder.path}/secret.txt`), `${guest.denials}`);
    const own = await guest.value(() => Deno.cwd()) as string;
    await guest.isRefused(NOT_CAPABLE, own, {
      "its own folder": (path) => Array.fromAsync(Deno.readDir(path)),
    });
  });
  assertEquals(await names(folder.path), ["secret.json", "secret.ts", "secret.txt"]);
});

Deno.test("a guest without grants imports no file but its own", async () => {
  await using folder = await secretFolder();
  await withWitness({}, async (guest) => {
    await guest.isRefused(
      /Requires read access|NotCapable|Requires import access|not cached|Cannot find module|Module not found|loading unprepared module|not a valid module type|Uncaught/,
      folder.path,
      {
        code: async (path) => (await import(`file://${path}/secret.ts`)).default,
        "code by path": async (path) => (await import(`${path}/secret.ts`)).default,
        json: async (path) =>
          (await import(`file://${path}/secret.json`, { with: { type: "json" } })).default,
        text: async (path) =>
          (await import(`file://${path}/secret.txt`, { with: { type: "text" } })).default,
        bytes: async (path) =>
          (await import(`file://${path}/secret.txt`, { with: { type: "bytes" } })).default,
        "import from data": async (path) =>
          (await import(`data:text/javascript,export * from "file://${path}/secret.ts"`)).default,
        require: async (path) => {
          const { createRequire } = await import("node:module");
          return createRequire(`file://${path}/`)("./secret.json");
        },
        resolve: async (path) => {
          const { createRequire } = await import("node:module");
          return createRequire(`file://${path}/`).resolve("./secret.json");
        },
        worker: (path) =>
          new Promise((_, reject) => {
            const worker = new Worker(`file://${path}/secret.ts`, { type: "module" });
            worker.onerror = (event) => {
              event.preventDefault();
              worker.terminate();
              reject(new Error(event.message));
            };
          }),
      },
    );
  });
});

Deno.test("a guest without grants writes no file, whichever way it asks", async () => {
  await using folder = await secretFolder();
  await withWitness({}, async (guest) => {
    await guest.isRefused(
      /Requires (?:read|write|all|sys) access|too many attached databases|NotCapable|not (?:yet )?implemented|NotSupported|ERR_METHOD_NOT_IMPLEMENTED/,
      folder.path,
      {
        writeTextFile: (path) => Deno.writeTextFile(`${path}/new.txt`, "x"),
        append: (path) => Deno.writeTextFile(`${path}/secret.txt`, "x", { append: true }),
        "open to write": async (path) =>
          (await Deno.open(`${path}/new.txt`, { write: true, create: true })).close(),
        mkdir: (path) => Deno.mkdir(`${path}/new`),
        remove: (path) => Deno.remove(`${path}/secret.txt`),
        rename: (path) => Deno.rename(`${path}/secret.txt`, `${path}/new.txt`),
        copyFile: (path) => Deno.copyFile(`${path}/secret.txt`, `${path}/new.txt`),
        symlink: (path) => Deno.symlink("/etc/passwd", `${path}/new.txt`),
        link: (path) => Deno.link(`${path}/secret.txt`, `${path}/new.txt`),
        truncate: (path) => Deno.truncate(`${path}/secret.txt`),
        chmod: (path) => Deno.chmod(`${path}/secret.txt`, 0o777),
        chown: (path) => Deno.chown(`${path}/secret.txt`, 0, 0),
        utime: (path) => Deno.utime(`${path}/secret.txt`, 0, 0),
        makeTempDir: () => Deno.makeTempDir(),
        makeTempFile: () => Deno.makeTempFile(),
        chdir: (path) => Deno.chdir(path),
        umask: () => Deno.umask(0),
        "node writeFileSync": async (path) =>
          (await import("node:fs")).writeFileSync(`${path}/new.txt`, "x"),
        "node rmSync": async (path) => (await import("node:fs")).rmSync(path, { recursive: true }),
        "node sqlite": async (path) => {
          const { DatabaseSync } = await import("node:sqlite");
          new DatabaseSync(`${path}/new.db`).exec("create table t (x)");
        },
        "attached sqlite": async (path) => {
          const { DatabaseSync } = await import("node:sqlite");
          new DatabaseSync(":memory:").exec(`attach '${path}/new.db' as d; create table d.t (x)`);
        },
        "heap snapshot": async (path) =>
          (await import("node:v8")).writeHeapSnapshot(`${path}/new.heapsnapshot`),
        "/dev/stdout": () => Deno.writeTextFile("/dev/stdout", "x\n"),
        "/proc/self/fd/1": () => Deno.writeTextFile("/proc/self/fd/1", "x\n"),
        "/dev/shm": () => Deno.writeTextFile("/dev/shm/fakellm-escape", "x"),
      },
    );
  });
  assertEquals(await names(folder.path), ["secret.json", "secret.ts", "secret.txt"]);
  assertEquals(await Deno.readTextFile(`${folder.path}/secret.txt`), SECRET);
});

Deno.test("a guest keeps nothing on disk through caches, localStorage or a database", async () => {
  await withWitness({}, async (guest) => {
    const folder = await folderOf(await guest.pid());
    const before = await sizeOf(folder);
    await guest.isRefused(/./, undefined, {
      caches: async () => {
        const cache = await caches.open("a");
        await cache.put("http://a.example/", new Response("x".repeat(1_000_000)));
      },
      localStorage: () => localStorage.setItem("a", "x".repeat(1_000_000)),
      openKv: async () => {
        const kv = await (Deno as unknown as { openKv(): Promise<Disposable> }).openKv();
        kv[Symbol.dispose]();
      },
    });
    // What is made up at run time is no code to keep.
    await guest.does(async () => {
      for (let index = 0; index < 50; index++) {
        await import(`data:text/javascript,export default ${index}//${"x".repeat(100_000)}`);
      }
    });
    assertEquals(await guest.value(() => sessionStorage.length), 0);
    const after = await sizeOf(folder);
    assert(after - before < 100_000, `wrote ${after - before} bytes`);
  });
});

Deno.test("a guest that may write changes neither its own code nor the host's cache", async () => {
  const obedient = await Deno.readTextFile(new URL("modules/obedient.ts", import.meta.url));
  await using server = new RecordingServer({ "/agent.ts": code(obedient) });
  await using beside = await secretFolder();
  const temporary = beside.path.slice(0, beside.path.lastIndexOf("/"));
  for (const grants of [[`write=${temporary}`, `read=${temporary}`], ["write", "read"], []]) {
    await using guest = await TestGuest.start({ specifier: `${server.url}/agent.ts`, grants });
    const folder = await folderOf(await guest.pid());
    await guest.isRefused(NOT_CAPABLE, folder, {
      write: (path) => Deno.writeTextFile(`${path}/guest.lock`, "{}"),
      "write anew": (path) => Deno.writeTextFile(`${path}/new.txt`, ""),
      remove: (path) => Deno.remove(`${path}/guest.lock`),
    });
    // Whoever may write to one folder may write to another's.
    assertEquals(await linkedIn(`${folder}/remote`), []);
  }
});

/** Files that are somewhere else, too. */
async function linkedIn(folder: string): Promise<string[]> {
  const linked: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) linked.push(...await linkedIn(path));
    else if ((await Deno.stat(path)).nlink !== 1) linked.push(path);
  }
  return linked;
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    bytes += isDirectory ? await sizeOf(path) : (await Deno.stat(path)).size;
  }
  return bytes;
}
